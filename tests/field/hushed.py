"""A service and its store on loopback, whose store says nothing, too late, or not all of it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONG = "2999-01-01T00:00:00Z"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Expose-Headers": "ETag, Retry-After",
}


@dataclass
class Hushed:
    """Uploads by ``method``. ``mishaps`` come to the bodies that the store gets, one after the other; None is none."""

    method: str
    size: int
    part_size: int = 0
    address: str = ""
    mishaps: list["Mishap | None"] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    stored: dict[int, bytes] = field(default_factory=dict)
    uploads: int = 0
    aborted: int = 0
    looks: int = 0
    etag_of: Callable[[bytes], str] = lambda content: md5(content, usedforsecurity=False).hexdigest()
    confirmed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def has_others(self, named: list[dict[str, Any]] | None) -> bool:
        """Whether the parts at the store are not those that are named."""
        if named is None:
            return False
        return {one["number"]: one["etag"] for one in named} != {
            number: self.etag_of(content).removeprefix("W/").strip('"') for number, content in self.stored.items()
        }

    def service(self, method: str, path: str, body: bytes) -> tuple[int, Any]:  # noqa: PLR0911 - one for each call
        """What a service says to a call."""
        if path == "/v1/uploads":
            self.uploads += 1
            return 201, {"upload": self.upload(), "grant": self.grant(), "ticket": "vt_u"}
        if method == "DELETE":
            self.aborted += 1
            self.stored.clear()
            return 204, None
        if path.endswith("/grant"):
            return 200, {"upload": self.upload(), "grant": self.grant(), "ticket": "vt_u"}
        if path.endswith("/parts"):
            return 200, self.signed(json.loads(body)["numbers"]) if method == "POST" else self.parts()
        if path.endswith("/complete"):
            self.looks += 1
            if self.has_others(json.loads(body or b"{}").get("parts")):
                return 409, {"code": "parts_mismatch", "detail": "The store has others.", "status": 409}
            self.confirmed = self.confirmed or len(self.stored) == self.count
            return 200 if self.confirmed else 202, self.upload()
        return 200, self.upload()

    @property
    def count(self) -> int:
        return -(-self.size // self.part_size) if self.method == "MULTIPART" else 1

    def upload(self) -> dict[str, Any]:
        state = "confirmed" if self.confirmed else "pending"
        whole = b"".join(self.stored[number] for number in sorted(self.stored))
        etag = self.etag_of(whole)
        if self.method == "MULTIPART":
            sums = b"".join(md5(part, usedforsecurity=False).digest() for _, part in sorted(self.stored.items()))
            etag = f"{self.etag_of(sums)}-{self.count}"
        found = {"bucket": "b", "key": "k", "etag": etag, "version_id": None, "size": self.size, "content_type": "a/b"}
        named = {"id": f"u{self.uploads}", "profile": "", "metadata": {}, "filename": "a", "content_type": "a/b"}
        times = {"created_at": "2026-11-26T00:00:00Z", "expires_at": LONG, "confirmed_at": None}
        return named | times | {"state": state, "object": found if self.confirmed else None, "reason": None}

    def grant(self) -> dict[str, Any]:
        common = {"method": self.method, "expires_at": LONG}
        if self.method == "POST":
            return common | {"url": f"{self.address}/s3/1", "fields": {"key": "k"}, "file_field": "file"}
        if self.method == "PUT":
            return common | {"url": f"{self.address}/s3/1", "headers": {"If-None-Match": "*"}}
        return common | {"part_size": self.part_size, "part_count": self.count, "parts": [], "part_checksum": None}

    def signed(self, numbers: list[int]) -> dict[str, Any]:
        sizes = [min(self.part_size, self.size - (number - 1) * self.part_size) for number in numbers]
        common = {"headers": {}, "expires_at": LONG}
        return {
            "parts": [
                {"number": number, "size": size, "url": f"{self.address}/s3/{number}"} | common
                for number, size in zip(numbers, sizes, strict=True)
            ]
        }

    def parts(self) -> dict[str, Any]:
        listed = [
            {"number": number, "size": len(content), "etag": self.etag_of(content)}
            for number, content in sorted(self.stored.items())
        ]
        return {"parts": listed, "part_size": self.part_size, "part_count": self.count}

    def keep(self, number: int, content: bytes) -> str:
        with self.lock:
            self.stored[number] = content
        return self.etag_of(content)


@dataclass(frozen=True)
class Mishap:
    """What comes to one body: whether the store ``keeps`` it, how long it is silent then, and what it answers.

    ``status`` 0 closes the connection without a word. ``trickle`` sends an answer byte by byte, so many seconds apart.
    ``read`` is how many bytes it reads at most; -1 is all.
    """

    keeps: bool = True
    silent: float = 0.0
    status: int = 0
    body: bytes = b""
    trickle: float = 0.0
    read: int = -1


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, play: Hushed) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.play = play


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if self.command == "OPTIONS":
            self._say(204, b"", {})
        elif self.path.startswith("/s3/"):
            self._store(length)
        else:
            status, said = self.server.play.service(self.command, self.path, self.rfile.read(length))
            page = said if isinstance(said, bytes) else None
            self._say(status, page or (b"" if said is None else json.dumps(said).encode()), {"Retry-After": "1"})

    def _store(self, length: int) -> None:
        play, number = self.server.play, int(self.path.rpartition("/")[2])
        with play.lock:
            play.bodies.append(self.path)
            mishap = (play.mishaps.pop(0) if play.mishaps else None) or Mishap(status=200)
        content = self.rfile.read(length if mishap.read < 0 else mishap.read)
        if self.command == "POST":  # the file is the last field of the form
            content = content.split(b"\r\n\r\n")[-1].rpartition(b"\r\n--")[0]
        etag = play.keep(number, content) if mishap.keeps else ""
        time.sleep(mishap.silent)
        if mishap.trickle:
            self._drip(mishap.trickle)
        if mishap.status:
            self._say(mishap.status, mishap.body, {"ETag": f'"{etag}"'})
        else:
            self.close_connection = True

    def _drip(self, every: float) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 60:
            self.wfile.write(bytes([letter]))
            self.wfile.flush()
            time.sleep(every)

    def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Nothing is kept alive: browsers send again by themselves what a used connection did not answer."""
        self.send_response(status)
        length = {} if status == 204 else {"Content-Length": str(len(body))}
        for name, value in {**headers, **CORS, **length, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            """Whoever asked has gone."""

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = _any  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def hushed(method: str, size: int, part_size: int = 0, *mishaps: Mishap) -> Iterator[Hushed]:
    """It runs until the block ends."""
    play = Hushed(method, size, part_size, mishaps=list(mishaps))
    with _Server(play) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        play.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield play
        finally:
            server.shutdown()
            thread.join()
