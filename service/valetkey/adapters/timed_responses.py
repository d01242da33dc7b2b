"""Responses of other systems that arrive within a time limit or fail, so that a server that sends a byte now and then
blocks no thread.

A socket's own time-out starts again with each byte.
"""

import io
from contextlib import suppress
from socket import socket
from time import monotonic
from typing import Any

from valetkey.final_response import FinalResponse

TIMES = 2
"""The time limit of a whole response, as a multiple of the time-out for a byte."""

SLOWEST = 64 * 1024
"""Bytes per second: the time limit grows with the bytes read, so that large responses arrive over slow lines."""


class TimeLeft:
    """The time left for one response on ``sock``, whose own time-out applies to each byte. ``whole`` is the limit in
    seconds, if it does not depend on that time-out."""

    __slots__ = ("_each", "_sock", "_until")

    def __init__(self, sock: socket, whole: float | None = None) -> None:
        self._sock = sock
        self._each = sock.gettimeout() or 0.0
        self._until = monotonic() + (TIMES * self._each if whole is None else whole)

    def limit(self) -> None:
        """Has to be called before a read, which then waits no longer than the time left. Raises `TimeoutError` if there
        is none."""
        if (left := self._until - monotonic()) < self._each:
            if left <= 0:
                raise TimeoutError("the response takes too long")
            self._sock.settimeout(left)

    def extend(self, read: int) -> None:
        """Has to be called after a read, with the number of bytes."""
        self._until += read / SLOWEST

    def restore(self) -> None:
        """Has to be called after the response: restores the socket's time-out for the next request. Raises
        `OSError`."""
        self._sock.settimeout(self._each)


class _Reader(io.RawIOBase):
    """Reads from ``sock`` until its time is over, then raises `TimeoutError`."""

    def __init__(self, sock: socket, whole: float | None) -> None:
        self._raw: Any = sock.makefile("rb", buffering=0)
        self._time = TimeLeft(sock, whole)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._time.limit()
        found: int | None = self._raw.readinto(buffer)
        self._time.extend(found or 0)
        return found

    def close(self) -> None:
        if not self.closed:
            with suppress(OSError):  # the connection may be gone
                self._time.restore()
        self._raw.close()
        super().close()


class TimedSocket:
    """As much of a socket as `HTTPResponse` uses."""

    def __init__(self, sock: socket, whole: float | None = None) -> None:
        self._sock = sock
        self._whole = whole

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._whole))


class TimedResponse(FinalResponse):
    """A response class for connections of `http.client`, with a time limit and without interim responses.

    ``whole`` is that of `TimeLeft`.
    """

    whole: float | None = None

    def __init__(self, sock: socket, *args: Any, **options: Any) -> None:
        super().__init__(TimedSocket(sock, self.whole), *args, **options)  # type: ignore[arg-type]
