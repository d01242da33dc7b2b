"""HTTP/1.1 on urllib3's connections, read by llhttp (httptools) in place of http.client and the email package.

Connections, TLS, proxies, timeouts and the pool are urllib3's. A request is written in one piece, and an answer is a
status, its headers and bytes, which is all that a signed call needs: a third of the instructions of a call.
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
"""How many bytes are read at once: what an answer says of its length is no reason to have room for it."""

MAX_HEAD = PIECE
"""How many bytes the head of an answer may have."""

_ONCE = urllib3.Retry(False, redirect=False)
"""Who calls decides what is tried again."""

_WITHOUT_LENGTH = frozenset({"HEAD", "GET", "DELETE"})
"""What sends no body, and need not say so."""


_LENIENT = {
    "lenient_headers": True,
    "lenient_chunked_length": True,
    "lenient_data_after_close": True,
    "lenient_optional_lf_after_cr": True,
    "lenient_optional_cr_before_lf": True,
    "lenient_optional_crlf_after_chunk": True,
    "lenient_spaces_after_chunk_size": True,
}
"""What `http.client` has always taken of stores and proxies, bare line feeds for example. What they call dangerous is
that others on the way may read it otherwise: here nobody comes after us."""


class StreamedResponse:
    """What comes back: ``status`` and ``headers``, whose names are in small letters, and with `read` the body."""

    # what urllib3 sets and logs
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
        """A line of the head, or of what comes after it, which counts for nothing."""
        if self._has_head:
            return
        if (room := self._room - len(name) - len(value)) < 0:
            raise ValueError("the head of the store's answer is too long")  # which llhttp makes an error of its own
        self._room = room
        name_, value_ = name.decode("latin-1").lower(), value.decode("latin-1")
        if (known := self.headers.get(name_)) is None:
            self.headers[name_] = value_
        elif known != value_:  # a proxy may have said the same once more
            self.headers[name_] = f"{known}, {value_}"

    def on_headers_complete(self) -> None:
        """The head is there, and llhttp knows of it until the answer is whole."""
        if self._has_head:
            return
        self.status = self._parser.get_status_code()
        self._has_head = self.status >= HTTPStatus.OK
        self._may_stay = self._parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        """Some of the body."""
        if not self._is_too_much:
            self._body += piece

    def on_message_begin(self) -> None:
        """An answer, and perhaps one more, which nobody has asked for."""
        self._is_too_much = self._is_whole

    def on_message_complete(self) -> None:
        """All of it is there, or all of one that says that the real one is still to come."""
        self._is_whole = self._has_head
        if not self._has_head:
            self.headers.clear()

    def receive_head(self) -> None:
        """Reads until the head is there. Raises `OSError`, and `ProtocolError` for what is no answer."""
        received = 0
        while not self._has_head:
            if not (data := self._receive()):
                raise RemoteDisconnected("The store closed the connection without an answer.")
            received += len(data)
            self._take(data)
            if not self._has_head and received > MAX_HEAD:  # what is behind the head is no part of it
                raise ProtocolError("The head of the store's answer is too long.")

    def read(self, limit: int) -> bytes:
        """The body, or the first ``limit`` bytes of it. The connection is kept where the answer was read to its end.

        Raises `OSError`, and `ProtocolError` where less comes than was announced.
        """
        if self._bodiless:
            self._leave(good=not self._body and not self._is_too_much)
            return b""
        while not self._is_whole and len(self._body) < limit:
            if not (data := self._receive()):
                if "content-length" in self.headers or "transfer-encoding" in self.headers:
                    raise ProtocolError("The store's answer ends too early.")
                break  # of a body whose length nobody said
            self._take(data)
        self._leave(good=self._is_whole and not self._is_too_much)
        return bytes(self._body[:limit])

    def close(self) -> None:
        """The connection is of no use any more."""
        self._leave(good=False)

    def _receive(self) -> bytes:
        """What is there, as soon as there is something. Raises `TimeoutError`, also where all of it takes too long."""
        self._time.limit()
        data: bytes = self._wire.sock.recv(PIECE)
        self._time.extend(len(data))
        return data

    def _take(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self._is_whole:
                raise ProtocolError("The store's answer is no HTTP.", error) from error
            self._is_too_much = True

    def _leave(self, *, good: bool) -> None:
        """Gives the connection back to where it came from."""
        self._parser = None  # which refers to this
        if not (good and self._may_stay):
            self._wire.close()
        if self._connection is not None:
            self._pool._put_conn(self._connection)  # noqa: SLF001 - as urllib3's own answers do
            self._connection = None


def _written(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request as it is sent. Raises `ValueError` for a line that would be several."""
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

    response_class = TimedResponse  # for the answer of a proxy to CONNECT
    _asked = ""

    def request(  # type: ignore[override]
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> None:
        """Sends the request; connects where that was not done yet. Raises `OSError` and `ValueError`."""
        data = _written(method, url, headers or {}, body or b"")
        if self.sock is None:
            self.connect()
        elif self.sock.gettimeout() != self.timeout:  # a slow answer has left what it had left
            self.sock.settimeout(self.timeout)
        self._asked = method
        self.sock.sendall(data)

    def getresponse(self) -> StreamedResponse:  # type: ignore[override]
        """The answer, as soon as its head is there. Raises like `StreamedResponse.receive_head`."""
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
    """A pool that does without `urlopen` where a connection is there: a tenth of a call."""

    QueueCls: Any = _IdleConnections

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout: urllib3.Timeout
    ) -> StreamedResponse:
        """The answer, of which only the head was read. Raises `OSError` and urllib3's errors."""
        wire: Any = self._get_conn()
        if wire.is_closed:  # to connect, by a proxy and with TLS perhaps, and what may go wrong there, is urllib3's
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
