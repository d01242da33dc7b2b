"""Stores on loopback whose responses are odd: fixed bytes, bytes without an end, or bytes that arrive one by one."""

import http.server
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

import boto3

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.model.multipart import MIB


def store_at(url: str) -> S3Store:
    """An adapter for the store at ``url``, with credentials that nobody checks."""
    return S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))


@contextmanager
def serving(server: socketserver.TCPServer, scheme: str = "http") -> Iterator[str]:
    """The address of ``server``, which runs in a thread until the block ends."""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _threaded(handler: type[socketserver.BaseRequestHandler]) -> socketserver.TCPServer:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    return server


@contextmanager
def answering_server(answer: bytes) -> Iterator[str]:
    """A store that responds to every request with these bytes."""

    class Answering(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(answer)

    with serving(_threaded(Answering)) as url:
        yield url


@contextmanager
def endless_server(status: int) -> Iterator[tuple[str, list[int]]]:
    """A store whose responses do not end, and how many bytes of each it could send."""
    sent: list[int] = []

    class Endless(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(status)
            self.send_header("Content-Length", str(2**40))
            self.end_headers()
            sent.append(0)
            with suppress(OSError):
                while sent[-1] < 64 * MIB:
                    self.wfile.write(b" " * MIB)
                    sent[-1] += MIB

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    with serving(_threaded(Endless)) as url:
        yield url, sent


@contextmanager
def dripping_server(head: bytes, drip: bytes, every: float, ends: tuple[int, bytes] | None = None) -> Iterator[str]:
    """A store that sends ``head``, and then ``drip`` repeatedly, once in ``every`` seconds.

    With ``ends`` it sends ``drip`` that many times, then the final bytes; without it, it never stops.
    """
    over = threading.Event()

    class Dripping(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            with suppress(OSError):
                self.wfile.write(head)
                for _ in count() if ends is None else range(ends[0]):
                    if over.wait(every):
                        return
                    self.wfile.write(drip)
                self.wfile.write(ends[1] if ends else b"")
                over.wait()

    with serving(_threaded(Dripping)) as url:
        try:
            yield url
        finally:
            over.set()
