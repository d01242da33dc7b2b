"""A receiver of webhooks on loopback, with configurable misbehaviour."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from time import monotonic, sleep

Behaviour = Callable[[BaseHTTPRequestHandler], None]
"""Answers a request whose body was read."""


@dataclass(frozen=True)
class Received:
    """A received request; header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """A running receiver; ``behave`` may be changed at any time."""

    url: str
    behave: Behaviour
    received: list[Received] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def wait_for(self, enough: Callable[[list[Received]], bool], seconds: float = 60) -> list[Received]:
        """Waits until the received requests are ``enough``, and returns them; fails after so many seconds."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            with self.lock:
                received = list(self.received)
            if enough(received):
                return received
            sleep(0.01)
        raise AssertionError(f"not enough after {seconds} s: {len(received)} requests")


def answer(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Behaviour:
    """Always responds with this status."""

    def behave(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return behave


def hang_up(request: BaseHTTPRequestHandler) -> None:
    """Closes the connection without a response."""
    request.connection.shutdown(socket.SHUT_RDWR)


def after(seconds: float, then: Behaviour) -> Behaviour:
    """Waits for so long, and then responds."""

    def behave(request: BaseHTTPRequestHandler) -> None:
        sleep(seconds)
        then(request)

    return behave


@contextmanager
def running_receiver(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on a free port of 127.0.0.1, stopped afterwards; with ``tls`` it uses HTTPS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # whoever sent it was killed, or gave up, before all of it had left: no delivery
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            with receiver.lock:
                receiver.received.append(Received(self.path, headers, body.decode()))
            with suppress(OSError):  # the client may have given up
                receiver.behave(self)

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver = Receiver(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/hook?to=app", behave)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
