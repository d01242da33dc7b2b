"""Responses of other systems that arrive within a time limit or fail, so that a server that sends a byte now and then
blocks no thread.

A socket's own time-out begins anew with each byte.
"""

import io
from contextlib import suppress
from socket import socket
from time import monotonic
from typing import Any

from valetkey.final_response import FinalResponse

TIMES = 2
"""How many times the time-out for a byte the whole answer may take, however large it is."""

SLOWEST = 64 * 1024
"""Bytes per second: a larger answer may take so much longer, so that slow lines can read it."""


class TimeLeft:
    """For one answer by ``sock``, whose own time-out is that for a byte. ``whole`` is how many seconds the answer may
    take where that has nothing to do with it."""

    __slots__ = ("_each", "_sock", "_until")

    def __init__(self, sock: socket, whole: float | None = None) -> None:
        self._sock = sock
        self._each = sock.gettimeout() or 0.0
        self._until = monotonic() + (TIMES * self._each if whole is None else whole)

    def limit(self) -> None:
        """Before a read: it waits no longer than there is time. Raises `TimeoutError` where none is left."""
        if (left := self._until - monotonic()) < self._each:
            if left <= 0:
                raise TimeoutError("the answer takes too long")
            self._sock.settimeout(left)

    def extend(self, read: int) -> None:
        """After a read of so many bytes."""
        self._until += read / SLOWEST

    def restore(self) -> None:
        """After the answer: what is sent next on the connection has the whole time-out again. Raises `OSError`."""
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
            with suppress(OSError):  # of a connection that is gone
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
    """A response class for connections of `http.client`: the answer comes in time, and without interim ones before it.

    ``whole`` is that of `TimeLeft`.
    """

    whole: float | None = None

    def __init__(self, sock: socket, *args: Any, **options: Any) -> None:
        super().__init__(TimedSocket(sock, self.whole), *args, **options)  # type: ignore[arg-type]
