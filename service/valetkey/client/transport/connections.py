"""HTTP requests over connections that are kept open."""

import http.client
import os
import socket as socket_module
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from errno import EPROTOTYPE
from socket import IPPROTO_TCP, SHUT_RDWR, SO_KEEPALIVE, SOL_SOCKET, socket
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from valetkey.client.errors import DeliveryUnknown, Transient
from valetkey.client.transport.body import FileBody
from valetkey.client.transport.deadline import response_within
from valetkey.client.transport.diagnosis import diagnose
from valetkey.client.transport.responses import HttpResponse, read_response

EARLY_RESPONSE_SECONDS = 2.0
"""How long to wait for a response that the server may have sent before it took the whole body, in seconds."""

MAX_IDLE = 64
"""The most idle connections to one address: as many as `put` may use at the same time."""

DIGEST_RATE = 8 * 1024 * 1024
"""The bytes per second that the slowest store digests before it responds."""


class Timeouts(NamedTuple):
    """All in seconds."""

    connect: float = 10.0
    """How long a connection may take to open."""
    stall: float = 60.0
    """The longest time without progress while sending."""
    answer: float = 300.0
    """How long the response may take after the last byte, besides the time that the store needs for the bytes."""

    def for_response(self, size: int) -> float:
        """How long the response to a body of ``size`` bytes may take, in seconds."""
        return self.answer + size / DIGEST_RATE


DEFAULT_TIMEOUTS = Timeouts()

Origin = tuple[str, str]
"""A scheme, and a host with its port."""


class Connections:
    """HTTP connections that are kept open and shared by threads. Thread-safe.

    A forked process does not use its parent's connections: the two processes would read each other's responses.
    """

    def __init__(self, timeouts: Timeouts = DEFAULT_TIMEOUTS) -> None:
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._idle: dict[Origin, list[http.client.HTTPConnection]] = {}
        self._open: set[http.client.HTTPConnection] = set()
        self._process = os.getpid()
        self._tls: ssl.SSLContext | None = None

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: FileBody | bytes = b"", *, slow: bool = False
    ) -> HttpResponse:
        """Sends one request and returns its response. ``slow`` marks a call that may take the server minutes.

        A kept connection that the server has closed is replaced. Raises `Transient` for any other failure, and
        `DeliveryUnknown` when the last byte of a file had been sent. Raises `Unreachable` at once when the certificate
        is not trusted, or when http:// and https:// are mixed up.
        """
        parts = urlsplit(url)
        slow = slow or isinstance(body, FileBody)
        within = self._timeouts.for_response(len(body)) if slow else self._timeouts.stall
        try:
            kept = self._take(parts)
            try:
                return self._exchange(kept or self._connect(parts), parts, method, headers, body, within=within)
            except (OSError, http.client.HTTPException) as error:
                if kept is None or isinstance(error, TimeoutError) or _is_completed(body):
                    raise
            return self._exchange(self._connect(parts), parts, method, headers, body, within=within)
        except (OSError, http.client.HTTPException) as error:
            if (permanent := diagnose(parts, error)) is not None:
                raise permanent from error
            detail = f"{parts.netloc} cannot be reached: {str(error) or type(error).__name__}."
            raise (DeliveryUnknown if _is_completed(body) else Transient)(detail) from error

    def close(self) -> None:
        """Closes every connection; threads that wait on one wake up with an error."""
        with self._lock:
            self._leave_to_parent()
            self._close_idle()
            for connection in self._open:
                _shut_down(connection)

    def _leave_to_parent(self) -> None:
        """Forgets connections that were opened before a fork: the parent still uses them."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._close_idle()
            self._open = set()

    def _close_idle(self) -> None:
        for kept in self._idle.values():
            for connection in kept:
                self._open.discard(connection)
                connection.close()
        self._idle = {}

    def _take(self, address: SplitResult) -> http.client.HTTPConnection | None:
        """The connection to ``address`` that was used last; None if there is none."""
        with self._lock:
            self._leave_to_parent()
            kept = self._idle.get((address.scheme, address.netloc))
            return kept.pop() if kept else None

    def _keep(self, address: SplitResult, connection: http.client.HTTPConnection) -> bool:
        """Keeps ``connection`` for the next request; returns False if enough are kept."""
        with self._lock:
            kept = self._idle.setdefault((address.scheme, address.netloc), [])
            if len(kept) >= MAX_IDLE:
                return False
            kept.append(connection)
            return True

    def _connect(self, address: SplitResult) -> http.client.HTTPConnection:
        """A new connection."""
        connection = self._open_tls(address) if address.scheme == "https" else self._open_plain(address)
        _enable_keepalive(connection.sock)
        with self._lock:
            self._open.add(connection)
        return connection

    def _open_tls(self, address: SplitResult) -> http.client.HTTPConnection:
        from valetkey.client.transport.proxy import find_proxy, open_tunnel  # the urllib it needs takes long to import

        self._tls = self._tls or ssl.create_default_context()
        if (proxy := find_proxy(address)) is not None:
            return open_tunnel(proxy, address, self._tls, self._timeouts.connect)
        connection = http.client.HTTPSConnection(address.netloc, timeout=self._timeouts.connect, context=self._tls)
        connection.connect()
        return connection

    def _open_plain(self, address: SplitResult) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(address.netloc, timeout=self._timeouts.connect)
        connection.connect()
        return connection

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        address: SplitResult,
        method: str,
        headers: Mapping[str, str],
        body: FileBody | bytes,
        *,
        within: float,
    ) -> HttpResponse:
        reusable = False
        target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        connection.sock.settimeout(self._timeouts.stall)
        try:
            connection.putrequest(method, target)  # it asks for no content coding
            for name, value in headers.items():
                if name.lower() != "content-length":
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            whole = _send(connection, body)
            seconds = within if whole else EARLY_RESPONSE_SECONDS
            connection.response_class = response_within(seconds)  # type: ignore[assignment]
            response = connection.getresponse()
            read = read_response(response)
            reusable = whole and not response.will_close and response.isclosed()
            return read
        finally:
            if not (reusable and self._keep(address, connection)):
                with self._lock:
                    self._open.discard(connection)
                connection.close()


def _is_completed(body: FileBody | bytes) -> bool:
    return isinstance(body, FileBody) and body.completed


def _enable_keepalive(to: socket) -> None:
    """Has the system detect a dead peer within a minute or two, even while waiting for its response."""
    to.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):
        if hasattr(socket_module, name):  # not on every system
            to.setsockopt(IPPROTO_TCP, getattr(socket_module, name), value)


def _send(connection: http.client.HTTPConnection, body: FileBody | bytes) -> bool:
    """Whether the server received the whole request. If not, there may be an early response."""
    try:
        connection.endheaders((body or None) if isinstance(body, bytes) else None)
        if isinstance(body, FileBody):
            body.send(connection.sock)
    except OSError as error:
        if not _stopped_reading(error):
            raise
        return False
    return True


def _stopped_reading(error: OSError) -> bool:
    """Whether the peer has closed the connection, or stopped reading, while we were sending.

    With TLS, the first is an `ssl.SSLEOFError` or another error. macOS returns `EPROTOTYPE` for some sockets.
    """
    return isinstance(error, ConnectionError | TimeoutError | ssl.SSLError) or error.errno == EPROTOTYPE


def _shut_down(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(SHUT_RDWR)
