"""nginx and Caddy with the files of infra/proxies, as they stand there but for names, ports and certificates."""

import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.e2e.tls_servers import Authority
from tests.support import processes
from tests.support.servers import free_port

PROXIES = Path(__file__).parents[2] / "infra" / "proxies"

PREFIX = "/uploads"
"""Where the files for a prefix have valetkey."""


@dataclass(frozen=True)
class Ports:
    """Where each site listens, and what is behind them."""

    uploads: int
    prefixed: int
    store: int
    service: int
    behind_store: int

    @classmethod
    def free(cls, behind_store: int) -> "Ports":
        return cls(free_port(), free_port(), free_port(), free_port(), behind_store)


@dataclass(frozen=True)
class Front:
    """A proxy that runs: its sites by their URLs, and an authority that signed for them."""

    ports: Ports
    authority: Authority
    directory: Path

    @property
    def uploads(self) -> str:
        return f"https://127.0.0.1:{self.ports.uploads}"

    @property
    def prefixed(self) -> str:
        return f"https://127.0.0.1:{self.ports.prefixed}{PREFIX}"

    @property
    def store(self) -> str:
        return f"https://127.0.0.1:{self.ports.store}"

    def client(self, base_url: str, token: str | None = None) -> httpx.Client:
        """A client that trusts it, and follows no redirect."""
        trusted = ssl.create_default_context(cafile=self.authority.file)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=base_url, verify=trusted, headers=headers, timeout=60)

    @property
    def logged(self) -> str:
        """All that it wrote of requests and errors."""
        return "".join(file.read_text(errors="replace") for file in self.directory.glob("*.log"))


def put_in(text: str, replacements: Mapping[str, str]) -> str:
    """``text`` with each of these replaced. Raises ValueError where one does not occur: the file has changed."""
    for old, new in replacements.items():
        if old not in text:
            raise ValueError(f"{old!r} does not stand in the file any more")
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(directory: Path, ports: Ports, certificate: Path) -> Iterator[None]:
    """The files of nginx in one `http`, and a server around that with the prefix."""
    here = {
        "127.0.0.1:8000": f"127.0.0.1:{ports.service}",
        "127.0.0.1:7480": f"127.0.0.1:{ports.behind_store}",
        "/etc/ssl/valetkey/fullchain.pem": str(certificate),
        "/etc/ssl/valetkey/privkey.pem": str(certificate),
        "/var/log/nginx/valetkey.log": "valetkey.log",
    }
    sites = put_in((PROXIES / "nginx.conf").read_text(), here)
    first, second = sites.split("listen 443 ssl;", 1)
    sites = f"{first}listen 127.0.0.1:{ports.uploads} ssl;{second}"
    sites = put_in(sites, {"listen 443 ssl;": f"listen 127.0.0.1:{ports.store} ssl;"})
    below = (PROXIES / "nginx-prefix.conf").read_text()
    mapped = "\n".join(line.removeprefix("#") for line in below.splitlines() if line.startswith("#  "))
    (directory / "prefix.conf").write_text(below)
    whole = f"""
        daemon off; pid nginx.pid; worker_processes 1; error_log error.log; events {{}}
        http {{
            client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
            access_log valetkey.log;
            {sites}
            {mapped}
            server {{
                listen 127.0.0.1:{ports.prefixed} ssl;
                ssl_certificate {certificate};
                ssl_certificate_key {certificate};
                include prefix.conf;
                access_log off;
            }}
        }}
    """
    (directory / "nginx.conf").write_text(whole)
    account = ["-g", "user root;"] if os.getuid() == 0 else []
    command = ["nginx", "-p", str(directory), "-e", "error.log", "-c", str(directory / "nginx.conf"), *account]
    with _listening(command, directory, ports):
        yield


@contextmanager
def caddy(directory: Path, ports: Ports, certificate: Path) -> Iterator[None]:
    """The files of Caddy in one, with a certificate of ours instead of one that it would get."""

    def here(site: str, port: int) -> dict[str, str]:
        return {f"\n{site} {{": f"\nhttps://127.0.0.1:{port} {{\n\ttls {certificate} {certificate}"}

    service = {"127.0.0.1:8000": f"127.0.0.1:{ports.service}"}
    behind = {"127.0.0.1:7480": f"127.0.0.1:{ports.behind_store}"}
    sites = here("uploads.example", ports.uploads) | here("s3.example", ports.store) | service | behind
    whole = "{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\n"
    whole += put_in((PROXIES / "Caddyfile").read_text(), sites)
    whole += put_in((PROXIES / "Caddyfile.prefix").read_text(), here("www.example", ports.prefixed) | service)
    (directory / "Caddyfile").write_text(whole)
    command = ["caddy", "run", "--config", str(directory / "Caddyfile"), "--adapter", "caddyfile"]
    with _listening(command, directory, ports):
        yield


@contextmanager
def _listening(command: list[str], directory: Path, ports: Ports, seconds: float = 30) -> Iterator[None]:
    env = os.environ | {"HOME": str(directory), "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    with (directory / "printed.log").open("wb") as log:
        running = processes.running(command, env=env, cwd=directory, stdout=log, stderr=subprocess.STDOUT)
        with running as process:
            deadline = time.monotonic() + seconds
            for port in (ports.uploads, ports.prefixed, ports.store):
                while not _open(port):
                    if process.poll() is not None or time.monotonic() > deadline:
                        said = "".join(file.read_text(errors="replace") for file in directory.glob("*.log"))
                        raise RuntimeError(f"{command[0]} does not listen:\n{said[-4000:]}")
                    time.sleep(0.05)
            yield


def _open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


KINDS = {"nginx": nginx, "caddy": caddy}


@contextmanager
def running_front(kind: str, directory: Path, behind_store: int) -> Iterator[Front]:
    """The proxy of this name before a service on ``ports.service`` and a store on port ``behind_store``."""
    authority, ports = Authority.make(directory), Ports.free(behind_store)
    with KINDS[kind](directory, ports, authority.issue("server")):
        yield Front(ports, authority, directory)
