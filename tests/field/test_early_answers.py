"""A store's response that arrives before it has read the body is used, whatever the connection does meanwhile.

Over TLS, `AllAccessDisabled` and `EntityTooLarge` became "unreachable" after all attempts, and `ExpiredToken` got no
fresh grant: the end of the connection has other names there.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.field.hushed import Hushed, hushed
from tests.support.tls import tls_for

from valetkey.cli import main

SIZE = 24_000_000
"""More than the sockets' buffers take."""


def answer(status: int, body: bytes = b"", *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 %d X" % status, b"Connection: close", b"Content-Length: %d" % len(body), *headers, b"", b""]
    return b"\r\n".join(lines) + body


def error(status: int, code: str) -> bytes:
    return answer(status, f"<Error><Code>{code}</Code></Error>".encode())


@dataclass
class Hasty:
    """A store that says ``early`` to its first requests, before it reads the body, and takes the others whole."""

    early: list[bytes]
    take: Callable[[], object]
    polite: bool
    """Whether it ends TLS as it should, by a close_notify."""
    attempts: int = 0
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    def serve(self, tls: ssl.SSLContext | None) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection, tls), daemon=True).start()

    def _one(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        try:
            with connection, tls.wrap_socket(connection, server_side=True) if tls else connection as secured:
                self._respond(secured)
        except OSError:
            """Whoever sends has gone."""

    def _respond(self, to: socket.socket) -> None:
        reader = to.makefile("rb")
        if not reader.readline():  # a look whether TLS is spoken
            return
        while reader.readline().strip():
            pass
        self.attempts += 1
        if self.early:
            to.sendall(self.early.pop(0))
            threading.Event().wait(0.2)  # closing what was not read resets the connection
            if self.polite and isinstance(to, ssl.SSLSocket):
                to.settimeout(0.1)
                to.unwrap()
            return
        reader.read(SIZE)
        self.take()
        to.sendall(answer(200, b"", b'ETag: "x"'))


@contextmanager
def hasty(play: Hushed, early: list[bytes], folder: Path, kind: str) -> Iterator[Hasty]:
    """It stands in the grants of ``play``, over TLS where ``kind`` says so, until the block ends."""
    store = Hasty(early, lambda: play.keep(1, b""), kind == "polite tls")
    server, _ = tls_for("127.0.0.1", folder)
    scheme = "http" if kind == "plain" else "https"
    url = f"{scheme}://127.0.0.1:{store.listener.getsockname()[1]}/s3/1"
    usual = play.grant
    play.grant = lambda: usual() | {"url": url}  # type: ignore[method-assign]
    thread = threading.Thread(target=store.serve, args=(None if kind == "plain" else server,))
    thread.start()
    try:
        yield store
    finally:
        store.listener.shutdown(socket.SHUT_RDWR)
        store.listener.close()
        thread.join()


def put(play: Hushed, folder: Path) -> tuple[int, dict[str, Any]]:
    path = folder / "big.bin"
    with path.open("wb") as file:
        file.truncate(SIZE)
    trusted = {"SSL_CERT_FILE": str(folder / "server.pem")}
    options = ["--json", "--endpoint", play.address, "--no-resume", "-c", "1", "--retry-for", "60", "--wait", "1"]
    done = CliRunner(env=trusted).invoke(main, ["put", str(path), *options])
    return done.exit_code, json.loads(done.stdout)


KINDS = ["plain", "tls", "polite tls"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("status", "code"), [(403, "AllAccessDisabled"), (400, "EntityTooLarge")])
def test_what_ends_the_upload_ends_it(tmp_path: Path, kind: str, status: int, code: str) -> None:
    """At the first attempt, and with the store's own word."""
    with hushed("PUT", SIZE) as play, hasty(play, [error(status, code)] * 9, tmp_path, kind) as store:
        exit_code, row = put(play, tmp_path)
        assert (exit_code, code in row["error"]["detail"], store.attempts) == (4, True, 1), row


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "early", [error(400, "ExpiredToken"), error(503, "SlowDown"), answer(200)], ids=["400", "503", "200"]
)
def test_what_may_pass_is_tried_again(tmp_path: Path, kind: str, early: bytes) -> None:
    """With a fresh grant, after a wait; and what was taken without being read is asked for, and sent again."""
    with hushed("PUT", SIZE) as play, hasty(play, [early], tmp_path, kind) as store:
        exit_code, row = put(play, tmp_path)
        assert (exit_code, store.attempts, play.confirmed) == (0, 2, True), row


def test_a_service_that_answers_early(tmp_path: Path) -> None:
    """So is a proxy in front of the service, which takes no more than the head of a call."""
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        for _ in range(9):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(10)
                connection.sendall(answer(403, b'{"code": "forbidden", "detail": "Not from here."}'))

    thread = threading.Thread(target=refuse)
    thread.start()
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    metadata = [word for number in range(20) for word in ("--metadata", f"n{number}={'x' * 100}")]
    options = ["--json", "--no-resume", "--endpoint", address, "--retry-for", "1", *metadata]
    done = CliRunner().invoke(main, ["put", str(path), *options])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (4, "forbidden"), done.stdout
