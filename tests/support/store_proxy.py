"""A store with quirks: a proxy in front of a real S3 server, which makes it behave like another vendor's.

    with quirky(rgw, CopiesGetAnotherETag(), NoListParts()) as server:   # an S3Server like any other
        with fresh_bucket(server) as bucket:
            ...
    server.requests                                                      # the requests, in order
    server.count("COPY")                                                 # the number of requests of an operation

Quirks are in `tests.support.store_quirks`, and can be combined: the first one is nearest to the client. Bodies are
streamed. A request that no quirk has changed arrives as it was signed, with its Host; a changed one is signed again
with the server's own credentials.
"""

import http.client
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.support.stores import S3Server

CHUNK = 256 * 1024
Headers = list[tuple[str, str]]

_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
}
_SIGNED_PREFIXES = ("x-amz-", "content-type", "content-md5", "host", "if-")


@dataclass
class Request:
    """A client's request. A quirk that changes ``query`` or ``headers`` sets `sign_again`."""

    method: str
    path: str
    query: str
    headers: Headers
    resign: bool = False

    def header(self, name: str) -> str | None:
        return _find(self.headers, name)

    def set_header(self, name: str, value: str | None) -> None:
        """Replaces a header, or removes it; the request is signed again."""
        _replace(self.headers, name, value)
        self.resign = True

    @property
    def parameters(self) -> dict[str, str]:
        """The decoded parameters of the query."""
        return {name: values[0] for name, values in parse_qs(self.query, keep_blank_values=True).items()}

    @property
    def bucket(self) -> str:
        return unquote(self.path).removeprefix("/").partition("/")[0]

    @property
    def key(self) -> str:
        """The object's key; empty for a request about the bucket."""
        return unquote(self.path).removeprefix("/").partition("/")[2]

    @property
    def operation(self) -> str:
        """The operation: one of `OPERATIONS`."""
        names, about = self.parameters.keys(), "object" if self.key else "bucket"
        copies = self.header("x-amz-copy-source") is not None
        for (method, subject, parameter, copying), operation in _OPERATIONS.items():
            named = parameter in names if parameter else not names & _SUBRESOURCES
            if (method, subject, copying) == (self.method, about, copies) and named:
                return operation
        return "OTHER"


_OPERATIONS = {
    ("PUT", "object", "partNumber", False): "PART",
    ("PUT", "object", "partNumber", True): "COPY_PART",
    ("PUT", "object", "", False): "PUT",
    ("PUT", "object", "", True): "COPY",
    ("POST", "object", "uploadId", False): "COMPLETE",
    ("POST", "object", "uploads", False): "CREATE",
    ("POST", "bucket", "delete", False): "DELETE_MANY",
    ("POST", "bucket", "", False): "FORM",
    ("DELETE", "object", "uploadId", False): "ABORT",
    ("GET", "object", "uploadId", False): "LIST_PARTS",
    ("GET", "object", "", False): "GET",
    ("HEAD", "object", "", False): "HEAD",
    ("DELETE", "object", "", False): "DELETE",
    ("GET", "bucket", "uploads", False): "LIST_MULTIPARTS",
    ("GET", "bucket", "versions", False): "LIST_VERSIONS",
    ("GET", "bucket", "", False): "LIST",
}
"""Operations by method, subject, distinguishing query parameter (none: no subresource), and whether it is a copy."""

OPERATIONS = frozenset({*_OPERATIONS.values(), "OTHER"})
_SUBRESOURCES = {"acl", "cors", "encryption", "legal-hold", "lifecycle", "location", "notification", "object-lock"}
_SUBRESOURCES |= {"policy", "retention", "tagging", "versioning"}


class Answer:
    """The store's response. ``body`` is read on access, and streamed if no quirk accesses it."""

    def __init__(
        self, status: int, headers: Headers, stream: BinaryIO | None = None, body: bytes | None = None
    ) -> None:
        self.status = status
        self.headers = headers
        self._stream = stream
        self._body = body

    def header(self, name: str) -> str | None:
        return _find(self.headers, name)

    def set_header(self, name: str, value: str | None) -> None:
        _replace(self.headers, name, value)

    @property
    def ok(self) -> bool:
        return self.status in range(200, 300)

    @property
    def body(self) -> bytes:
        if self._body is None:
            self._body = self._stream.read() if self._stream else b""
        return self._body

    @body.setter
    def body(self, content: bytes) -> None:
        self._body = content
        self.set_header("Content-Length", str(len(content)))

    def pieces(self) -> Iterator[bytes]:
        if self._body is not None or self._stream is None:
            yield self._body or b""
            return
        while piece := self._stream.read(CHUNK):
            yield piece


def refusal(status: int, code: str, message: str = "As this store does.") -> Answer:
    """An S3 error document."""
    text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    body = text.encode()
    return Answer(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))], body=body)


class Quirk:
    """A deviation of a store. Its methods are called in several threads."""

    def before(self, request: Request) -> Answer | None:
        """May change the request. If it returns a response, the client gets that, and the store does not get the
        request."""
        return None

    def after(self, request: Request, answer: Answer) -> None:
        """May change the response."""


@dataclass(frozen=True)
class QuirkyServer(S3Server):
    """The proxy as an S3 server, with all ``requests`` that it received."""

    requests: list[Request] = field(default_factory=list, compare=False)

    def count(self, operation: str, key_prefix: str = "") -> int:
        """The number of requests of this operation (see `OPERATIONS`) on keys with this prefix."""
        assert operation in OPERATIONS, operation
        return sum(one.operation == operation and one.key.startswith(key_prefix) for one in [*self.requests])


@contextmanager
def quirky(server: S3Server, *quirks: Quirk) -> Iterator[QuirkyServer]:
    """Runs a proxy for ``server`` on a free port of loopback."""
    proxy = _Proxy(server, quirks)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{proxy.server_address[1]}"
        yield QuirkyServer(url, server.access_key, server.secret_key, server.region, proxy.requests)
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join(10)


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # kept connections of clients end with their threads
    request_queue_size = 128

    def __init__(self, server: S3Server, quirks: Sequence[Quirk]) -> None:
        self.target = server
        self.quirks = quirks
        self.requests: list[Request] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints errors of quirks, but not disconnecting clients."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def _serve(self) -> None:
        proxy = cast("_Proxy", self.server)
        parts = urlsplit(self.path)
        headers = [(name, value) for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP]
        request = Request(self.command, parts.path, parts.query, headers)
        proxy.requests.append(Request(self.command, parts.path, parts.query, [*headers]))
        for quirk in proxy.quirks:
            if answer := quirk.before(request):
                for _ in self._body():  # a kept connection starts again after the body
                    pass
                return self._send(answer)
        return self._pass_on(proxy, request)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = _serve  # noqa: N815 -- names of http.server

    def _pass_on(self, proxy: _Proxy, request: Request) -> None:
        if request.resign:
            _sign(request, proxy.target)
        connection = http.client.HTTPConnection(urlsplit(proxy.target.endpoint_url).netloc, timeout=120)
        try:
            taken = self._ask(connection, request)
            came = connection.getresponse()
            kept = [(name, value) for name, value in came.getheaders() if name.lower() not in _HOP_BY_HOP]
            answer = Answer(came.status, kept, cast("BinaryIO", came))
            for quirk in reversed(proxy.quirks):
                quirk.after(request, answer)
            self.close_connection |= not taken
            self._send(answer)
        finally:
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection, request: Request) -> bool:
        """Whether the store read the whole body: it may respond before that."""
        target = request.path + (f"?{request.query}" if request.query else "")
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value)
        chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        try:
            for piece in self._body():
                connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            if chunked:
                connection.send(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left and (piece := self.rfile.read(min(left, CHUNK))):
            left -= len(piece)
            yield piece

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        bare = self.command == "HEAD" or answer.status in {204, 304}
        chunked = not bare and answer.header("Content-Length") is None
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if bare:
            return
        for piece in answer.pieces():
            if piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- its name in http.server
        """Logs nothing: tests read `QuirkyServer.requests`."""


class _Signer(S3SigV4Auth):
    """Signs a request without reading its body: with the digest in the client's header, or none."""

    def payload(self, request: AWSRequest) -> str:
        return str(request.context.get("digest", "UNSIGNED-PAYLOAD"))


def _sign(request: Request, server: S3Server) -> None:
    """Replaces the client's signature by that of ``server``'s own user."""
    digest = request.header("x-amz-content-sha256") or "UNSIGNED-PAYLOAD"
    kept = [pair for pair in request.query.split("&") if pair and not pair.lower().startswith("x-amz-")]
    request.query = "&".join(kept)
    for name in ("Authorization", "X-Amz-Date", "X-Amz-Content-SHA256"):
        _replace(request.headers, name, None)
    ours = {name: value for name, value in request.headers if name.lower().startswith(_SIGNED_PREFIXES)}
    url = f"http://{request.header('Host')}{request.path}" + (f"?{request.query}" if request.query else "")
    signed: Any = AWSRequest(request.method, url, headers=ours)
    signed.context["digest"] = digest
    credentials = Credentials(server.access_key, server.secret_key)
    _Signer(credentials, "s3", server.region).add_auth(signed)
    for name in ("Authorization", "X-Amz-Date", "X-Amz-Content-SHA256"):
        _replace(request.headers, name, str(signed.headers[name]))


def _find(headers: Headers, name: str) -> str | None:
    return next((value for known, value in headers if known.lower() == name.lower()), None)


def _replace(headers: Headers, name: str, value: str | None) -> None:
    headers[:] = [(known, old) for known, old in headers if known.lower() != name.lower()]
    if value is not None:
        headers.append((name, value))
