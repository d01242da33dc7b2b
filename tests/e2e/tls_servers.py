"""Servers behind TLS, with certificates of an authority that is made here."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.e2e.proxy import CHUNK, CountingProxy
from tests.support import processes
from tests.support.servers import free_port
from tests.support.stores import Rgw

"""Before a command: it is killed when the test process is."""


@dataclass(frozen=True)
class Authority:
    """A certificate authority that nobody knows; ``file`` holds its certificate."""

    file: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, directory: Path) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("An authority of tests")
        basic = x509.BasicConstraints(ca=True, path_length=0)
        certificate = _certificate(name, name, key, key.public_key(), 1).add_extension(basic, critical=True)
        certificate = certificate.add_extension(_SIGNS, critical=True)
        signed = certificate.sign(key, hashes.SHA256())
        file = directory / "authority.pem"
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return cls(file, signed, key)

    def issue(self, name: str, *, address: str = "127.0.0.1", days: int = 1) -> Path:
        """A file with a key and a certificate for ``address``. It ended yesterday where ``days`` is -1."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        made = _certificate(_name(name), self.certificate.subject, self.key, key.public_key(), days)
        signed = made.add_extension(names, critical=False).sign(self.key, hashes.SHA256())
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = self.file.with_name(f"{name}.pem")
        file.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
        return file


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _certificate(
    subject: x509.Name, issuer: x509.Name, by: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    """With what Python 3.13 wants to see: which key it has, and which one signed it."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )


class TlsProxy(CountingProxy):
    """In front of ``target``, with the key and the certificate in a file: what a load balancer does."""

    def __init__(self, target: str, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        super().__init__(target)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    def _relay(self, near: socket.socket, far: socket.socket) -> None:
        with near, far, suppress(OSError):  # closed by one side, or no TLS at all
            inside = self._context.wrap_socket(near, server_side=True)
            threading.Thread(target=_pump, args=(far, inside), daemon=True).start()
            _pump(inside, far)


def _pump(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            to.sendall(data)
        to.shutdown(socket.SHUT_RDWR)


class ConnectProxy(CountingProxy):
    """A proxy for CONNECT, as companies have them, for who knows ``credential`` (Basic, in base64)."""

    def __init__(self, credential: str = "") -> None:
        self._credential = credential
        self.asked: list[str] = []
        super().__init__("")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # stop()
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._tunnel, args=(near,), daemon=True).start()

    def _tunnel(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += near.recv(1)
            target = head.split(b" ", 2)[1].decode()
            self.asked.append(target)
            if self._credential.encode() not in head:
                near.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port))) as far:
                near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                threading.Thread(target=_pump, args=(far, near), daemon=True).start()
                _pump(near, far)


@contextmanager
def tls_gateway(rgw: Rgw, directory: Path, certificate: Path) -> Iterator[str]:
    """A second radosgw on the cluster of ``rgw``, which speaks TLS by itself; its URL."""
    port = free_port()
    lines = (rgw.directory / "ceph.conf").read_text().splitlines()
    config = [line for line in lines if not line.startswith(("rgw_frontends", "keyring"))]
    (directory / "ceph.conf").write_text("\n".join(config) + "\n")
    frontend = f"beast ssl_endpoint=127.0.0.1:{port} ssl_certificate={certificate} ssl_private_key={certificate}"
    with (directory / "radosgw.log").open("ab") as log:
        process = processes.start(
            ["radosgw", "-f", "-c", "ceph.conf", "-n", "client.admin", f"--rgw-frontends={frontend}"],
            cwd=directory,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(port, process, directory / "radosgw.log")
        yield f"https://127.0.0.1:{port}"
    finally:
        processes.end(process)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"radosgw does not listen:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
