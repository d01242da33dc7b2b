"""HTTP/1.1 by connections that are kept, and bodies that go from a file to the socket."""

import http.client
import socket as socket_module
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from socket import IPPROTO_TCP, SHUT_RDWR, SO_KEEPALIVE, SOL_SOCKET, socket
from typing import BinaryIO, NamedTuple
from urllib.parse import SplitResult, urlsplit

from valetkey.client.errors import Doubtful, FileChanged, Transient
from valetkey.client.reading import within_seconds
from valetkey.client.sources import Source
from valetkey.client.tls import mistake
from valetkey.store_answers import seconds_until

STEP = 1024 * 1024
"""Bytes between two looks at whether to go on."""

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of an answer that are read: 10,000 parts with their URLs are fewer."""

HUNG_UP_SECONDS = 2.0
"""How long an answer is waited for that may have come before the body was taken."""

DIGESTED = 8 * 1024 * 1024
"""Bytes a second that the slowest store digests: it answers when it has."""


class Timing(NamedTuple):
    """How long, in seconds: until a connection is there; without a byte that moves; for an answer after the last byte,
    to which the time is added that a store takes for the bytes themselves."""

    connect: float = 10.0
    stall: float = 60.0
    answer: float = 300.0

    def answered(self, size: int) -> float:
        """How long the answer to ``size`` bytes may take, in seconds."""
        return self.answer + size / DIGESTED


PATIENT = Timing()


class Answer(NamedTuple):
    """An HTTP answer; ``headers`` are looked up without regard to case."""

    status: int
    headers: Message
    body: bytes

    @property
    def retry_after(self) -> float | None:
        """What the server asks for, in seconds; None where it does not."""
        return seconds_until(self.headers.get("Retry-After", ""), datetime.now(UTC))


@dataclass
class Body:
    """``count`` bytes of a file from ``offset``, between ``head`` and ``tail``. It can be sent again.

    ``on_sent`` is told of each step in bytes, and a negative number when the body is begun again. ``check`` is
    called before each step, and ends it by raising. ``left`` says that the last byte is on its way.
    """

    source: Source
    offset: int
    count: int
    on_sent: Callable[[int], None]
    check: Callable[[], None]
    head: bytes = b""
    tail: bytes = b""
    left: bool = field(default=False, init=False)
    _sent: int = field(default=0, init=False)

    def __len__(self) -> int:
        return len(self.head) + self.count + len(self.tail)

    def send(self, to: socket) -> None:
        """Raises `FileChanged` before the last byte has left, so that the store never has the whole of a mixture."""
        self.rewind()
        self.left = False
        with self.source.open() as file:
            _push(to, self.head)
            while self._sent < self.count:
                self.check()
                self._step(to, file)
            self.source.require_unchanged(file)
            _push(to, self.tail)
        self.left = True

    def rewind(self) -> None:
        """Nothing of it is sent, as far as ``on_sent`` is concerned."""
        if self._sent:
            self.on_sent(-self._sent)
            self._sent = 0

    def _step(self, to: socket, file: BinaryIO) -> None:
        step = min(STEP, self.count - self._sent)
        self.source.require_unchanged(file)
        moved = _move(to, file, self.offset + self._sent, step)
        self._sent += moved
        self.on_sent(moved)
        if moved < step:  # the file has become shorter
            raise FileChanged(self.source.name)


def _move(to: socket, file: BinaryIO, offset: int, count: int) -> int:
    """Sends ``count`` bytes of ``file``; fewer only where it ends."""
    if not isinstance(to, ssl.SSLSocket):
        return to.sendfile(file, offset, count)  # the kernel copies
    file.seek(offset)
    chunk = file.read(count)
    _push(to, chunk)
    return len(chunk)


def _push(to: socket, chunk: bytes) -> None:
    """Sends all of it. The socket's time-out is for each step here; `sendall` has it for the whole of a slow line."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[to.send(rest) :]


class Wire:
    """Connections, each kept by the thread that made it. `close` may be called by any thread."""

    def __init__(self, timing: Timing = PATIENT) -> None:
        self._timing = timing
        self._kept = threading.local()
        self._lock = threading.Lock()
        self._open: set[http.client.HTTPConnection] = set()
        self._tls: ssl.SSLContext | None = None

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | bytes = b"", *, long: bool = False
    ) -> Answer:
        """One exchange. A connection that the server has closed meanwhile is replaced; else `Transient` is raised, and
        `Doubtful` where the last byte of a file had left already. ``long`` is for what the server may take minutes for.

        Raises `Unreachable` at once where the certificate is not trusted, or the address takes TLS for what it is not.
        """
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        within = self._timing.answered(len(body)) if long or isinstance(body, Body) else self._timing.stall
        try:
            connection, used = self._connection(parts)
            try:
                return self._exchange(connection, method, target, headers, body, within=within)
            except (OSError, http.client.HTTPException) as error:
                if not used or isinstance(error, TimeoutError) or _has_left(body):
                    raise
            connection, _ = self._connection(parts)
            return self._exchange(connection, method, target, headers, body, within=within)
        except (OSError, http.client.HTTPException) as error:
            if (wrong := mistake(parts, error)) is not None:
                raise wrong from error
            said = f"{parts.netloc} cannot be reached: {str(error) or type(error).__name__}."
            raise (Doubtful if _has_left(body) else Transient)(said) from error

    def close(self) -> None:
        """Ends every connection; threads that wait on one wake up with an error."""
        with self._lock:
            for connection in self._open:
                _cut(connection)

    def _connection(self, address: SplitResult) -> tuple[http.client.HTTPConnection, bool]:
        """A connection of this thread, and whether it has been used before."""
        kept: dict[tuple[str, str], http.client.HTTPConnection] = self._kept.__dict__.setdefault("by_origin", {})
        connection = kept.get(address[:2])
        if connection is not None and connection.sock is not None:
            return connection, True
        connection = self._secure(address) if address.scheme == "https" else self._plain(address)
        _keep_alive(connection.sock)
        with self._lock:
            self._open.add(connection)
        kept[address[:2]] = connection
        return connection, False

    def _secure(self, address: SplitResult) -> http.client.HTTPConnection:
        from valetkey.client.proxy import proxy_for, tunnel  # what it needs of urllib takes a while to load

        self._tls = self._tls or ssl.create_default_context()
        if (proxy := proxy_for(address)) is not None:
            return tunnel(proxy, address, self._tls, self._timing.connect)
        connection = http.client.HTTPSConnection(address.netloc, timeout=self._timing.connect, context=self._tls)
        connection.connect()
        return connection

    def _plain(self, address: SplitResult) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(address.netloc, timeout=self._timing.connect)
        connection.connect()
        return connection

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Body | bytes,
        *,
        within: float,
    ) -> Answer:
        reusable = False
        connection.sock.settimeout(self._timing.stall)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() != "content-length":
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body if isinstance(body, bytes) and body else None)
            whole = _send(connection, body)
            connection.response_class = within_seconds(within if whole else HUNG_UP_SECONDS)  # type: ignore[assignment]
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read(LARGEST_ANSWER))
            reusable = whole and not response.will_close and response.isclosed()
            return answer
        finally:
            if not reusable:
                with self._lock:
                    self._open.discard(connection)
                connection.close()


def _has_left(body: Body | bytes) -> bool:
    return isinstance(body, Body) and body.left


def _keep_alive(to: socket) -> None:
    """A peer that is gone is noticed within a minute or two, also while nothing but its answer is waited for."""
    to.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):
        if hasattr(socket_module, name):  # not on every system
            to.setsockopt(IPPROTO_TCP, getattr(socket_module, name), value)


def _send(connection: http.client.HTTPConnection, body: Body | bytes) -> bool:
    """Whether the body was taken. Where it was not, an early answer may be there to be read."""
    if isinstance(body, bytes):
        return True
    try:
        body.send(connection.sock)
    except (BrokenPipeError, ConnectionResetError, TimeoutError):
        return False
    return True


def _cut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(SHUT_RDWR)
