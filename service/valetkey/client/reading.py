"""Answers that are there as a whole by a moment, or not at all."""

import http.client
import io
import time
from collections.abc import Callable
from socket import SocketIO, socket
from typing import Any


class TimedReader(io.RawIOBase):
    """What comes by a socket until ``deadline`` (of the monotonic clock); then `TimeoutError`.

    A socket's own time-out begins anew with each byte, so an answer that trickles would never end.
    """

    def __init__(self, sock: socket, deadline: float) -> None:
        self._sock = sock
        self._raw: SocketIO = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Timed:
    """As much of a socket as `HTTPResponse` wants."""

    def __init__(self, sock: socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(TimedReader(self._sock, self._deadline))


def within_seconds(seconds: float) -> Callable[..., http.client.HTTPResponse]:
    """A response class for `HTTPConnection`: what it reads has to be there within ``seconds`` from now."""
    deadline = time.monotonic() + seconds

    def respond(sock: socket, *args: Any, **options: Any) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(_Timed(sock, deadline), *args, **options)  # type: ignore[arg-type]

    return respond
