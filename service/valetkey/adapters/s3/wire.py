"""HTTP/1.1 on urllib3's connections, read by llhttp (httptools) in place of http.client and the email package.

Connections, TLS, proxies, time-outs and the pool are urllib3's. A request is written in one piece, and a response is a
status, headers and bytes, which is all that a signed call needs: a call takes a third of the instructions.
"""

from collections.abc import Mapping
from http import HTTPStatus
from http.client import RemoteDisconnected
from queue import Empty, Full
from typing import Any, cast

import urllib3
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ProtocolError

from valetkey.adapters.timed_responses import TimedResponse, TimeLeft

PIECE = 65_536
"""How many bytes are read at once: the announced length of a response reserves no memory."""

MAX_HEAD = PIECE
"""The maximum size of a response's head in bytes."""

_ONCE = urllib3.Retry(False, redirect=False)
"""No retries: the caller decides about them."""

_WITHOUT_LENGTH = frozenset({"HEAD", "GET", "DELETE"})
"""Methods without a body, which need no Content-Length."""


_LENIENT = {
    "lenient_headers": True,
    "lenient_chunked_length": True,
    "lenient_data_after_close": True,
    "lenient_optional_lf_after_cr": True,
    "lenient_optional_cr_before_lf": True,
    "lenient_optional_crlf_after_chunk": True,
    "lenient_spaces_after_chunk_size": True,
}
"""Deviations that `http.client` has always accepted from stores and proxies, such as bare line feeds. They are
dangerous only if another program on the way reads them differently, and there is none after us."""


class StreamedResponse:
    """A response: its ``status``, its ``headers`` with names in lower case, and by `read` its body."""

    # attributes that urllib3 sets and logs
    retries: Any = None
    _connection: Any = None
    _pool: Any = None
    version_string = "HTTP/1.1"
    length_remaining: int | None = None

    def __init__(self, connection: HTTPConnection, method: str) -> None:
        self._time = TimeLeft(connection.sock)
        self.status = 0
        self.headers: dict[str, str] = {}
        self._wire = connection
        self._bodiless = method == "HEAD"
        self._parser: Any = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(**_LENIENT)
        self._body = bytearray()
        self._room = MAX_HEAD
        self._has_head = self._is_whole = self._is_too_much = self._may_stay = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handles a line of the head; lines of a trailer are ignored."""
        if self._has_head:
            return
        if (room := self._room - len(name) - len(value)) < 0:
            raise ValueError("the head of the store's response is too long")  # llhttp turns it into its own error
        self._room = room
        name_, value_ = name.decode("latin-1").lower(), value.decode("latin-1")
        if (known := self.headers.get(name_)) is None:
            self.headers[name_] = value_
        elif known != value_:  # a proxy may have repeated the same value
            self.headers[name_] = f"{known}, {value_}"

    def on_headers_complete(self) -> None:
        """Handles the end of the head, whose values llhttp keeps until the response is complete."""
        if self._has_head:
            return
        self.status = self._parser.get_status_code()
        self._has_head = self.status >= HTTPStatus.OK
        self._may_stay = self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        """Handles a piece of the body."""
        if not self._is_too_much:
            self._body += piece

    def on_message_begin(self) -> None:
        """Handles the beginning of a response, or of a second one, which was not requested."""
        self._is_too_much = self._is_whole

    def on_message_complete(self) -> None:
        """Handles the end of the response, or of an interim response before it."""
        self._is_whole = self._has_head
        if not self._has_head:
            self.headers.clear()

    def receive_head(self) -> None:
        """Reads the head. Raises `OSError`, and `ProtocolError` for bytes that are not a response."""
        received = 0
        while not self._has_head:
            if not (data := self._receive()):
                raise RemoteDisconnected("The store closed the connection without a response.")
            received += len(data)
            self._take(data)
            if not self._has_head and received > MAX_HEAD:  # bytes after the head do not count
                raise ProtocolError("The head of the store's response is too long.")

    def read(self, limit: int) -> bytes:
        """The body, or its first ``limit`` bytes. The connection is kept if the response was read to its end.

        Raises `OSError`, and `ProtocolError` if less arrives than was announced.
        """
        if self._bodiless:
            self._leave(good=not self._body and not self._is_too_much)
            return b""
        while not self._is_whole and len(self._body) < limit:
            if not (data := self._receive()):
                if "content-length" in self.headers or "transfer-encoding" in self.headers:
                    raise ProtocolError("The store's response ends too early.")
                break  # the end of a body whose length was not announced
            self._take(data)
        self._leave(good=self._is_whole and not self._is_too_much)
        return bytes(self._body[:limit])

    def close(self) -> None:
        """Closes the connection, which cannot be used again."""
        self._leave(good=False)

    def _receive(self) -> bytes:
        """The next bytes, as soon as any arrive. Raises `TimeoutError`, also if the whole response takes too long."""
        self._time.limit()
        data: bytes = self._wire.sock.recv(PIECE)
        self._time.extend(len(data))
        return data

    def _take(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self._is_whole:
                raise ProtocolError("The store's response is not HTTP.", error) from error
            self._is_too_much = True

    def _leave(self, *, good: bool) -> None:
        """Returns the connection to its pool."""
        self._parser = None  # it refers to this object
        if not (good and self._may_stay):
            self._wire.close()
        if self._connection is not None:
            self._pool._put_conn(self._connection)  # noqa: SLF001 - as urllib3's own answers do
            self._connection = None


def _written(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request as it is sent. Raises `ValueError` for a line break in a header."""
    lines = [f"{method} {target} HTTP/1.1", *[f"{name}: {value}" for name, value in headers.items()]]
    lines.append("Accept-Encoding: identity")
    if body or method not in _WITHOUT_LENGTH:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError("a header of a request has a line break in it")
    return f"{head}\r\n\r\n".encode("latin-1") + body


class _Calls(HTTPConnection):
    """The two halves of an exchange, as urllib3's pool calls them."""

    response_class = TimedResponse  # for a proxy's response to CONNECT
    _asked = ""

    def request(  # type: ignore[override]
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> None:
        """Sends the request; connects first if necessary. Raises `OSError` and `ValueError`."""
        data = _written(method, url, headers or {}, body or b"")
        if self.sock is None:
            self.connect()
        elif self.sock.gettimeout() != self.timeout:  # a slow response leaves its remaining time
            self.sock.settimeout(self.timeout)
        self._asked = method
        self.sock.sendall(data)

    def getresponse(self) -> StreamedResponse:  # type: ignore[override]
        """The response, as soon as its head has arrived. Raises like `StreamedResponse.receive_head`."""
        if self.sock.gettimeout() != self.timeout:  # it costs a system call
            self.sock.settimeout(self.timeout)
        answer = StreamedResponse(self, self._asked)
        answer.receive_head()
        return answer


class _PlainConnection(_Calls): ...


class _TlsConnection(_Calls, HTTPSConnection): ...


class _IdleConnections:
    """urllib3's queue of a pool that never blocks: a list is enough, as its operations are atomic.

    The queue's lock and conditions take 2% of the CPU time of a confirmation.
    """

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize
        self._connections: list[HTTPConnection] = []

    def put(self, connection: HTTPConnection | None, **_: Any) -> None:
        """Keeps a connection; urllib3 also puts None, for one that may still be made. Raises `queue.Full`."""
        if connection is None:
            return
        if len(self._connections) >= self._maxsize:
            raise Full
        self._connections.append(connection)

    def get(self, **_: Any) -> HTTPConnection:
        """The connection that was kept last. Raises `queue.Empty`."""
        try:
            return self._connections.pop()
        except IndexError:
            raise Empty from None

    def qsize(self) -> int:
        """The number of connections."""
        return len(self._connections)


class _Pool(HTTPConnectionPool):
    """A pool that avoids `urlopen` if it has a connection, which saves a tenth of a call."""

    QueueCls: Any = _IdleConnections

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout: urllib3.Timeout
    ) -> StreamedResponse:
        """The response, of which only the head was read. Raises `OSError` and urllib3's errors."""
        wire: Any = self._get_conn()
        if wire.is_closed:  # urllib3 connects, perhaps through a proxy and with TLS, and handles the errors
            self._put_conn(wire)
            answer: Any = self.urlopen(
                method,
                target,
                body or None,
                headers,
                retries=_ONCE,
                redirect=False,
                assert_same_host=False,
                timeout=timeout,
                preload_content=False,
            )
            return cast("StreamedResponse", answer)
        try:
            # a whole URL is for a proxy
            wire.request(method, target, body, headers if target[0] == "/" else {**headers, **self.proxy_headers})
            wire.timeout = timeout.read_timeout
            found: StreamedResponse = wire.getresponse()
        except BaseException:
            wire.close()
            self._put_conn(wire)
            raise
        found._connection, found._pool = wire, self  # noqa: SLF001 - as `urlopen` does
        return found


class _PlainPool(_Pool):
    ConnectionCls: Any = _PlainConnection


class _TlsPool(_Pool, HTTPSConnectionPool):
    ConnectionCls: Any = _TlsConnection


POOLS = {"http": _PlainPool, "https": _TlsPool}
"""For a `PoolManager`, by scheme."""
