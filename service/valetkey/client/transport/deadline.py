"""HTTP responses that arrive completely before a deadline, or fail."""

import http.client
import io
import time
from collections.abc import Callable
from socket import SocketIO, socket
from typing import Any

from valetkey.final_response import FinalResponse


class DeadlineReader(io.RawIOBase):
    """Reads from a socket until ``deadline`` (of the monotonic clock), then raises `TimeoutError`.

    A socket's own timeout starts again with each byte, so a response that trickles in would never end.
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
            raise TimeoutError("the response takes too long")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _SocketWithDeadline:
    """As much of a socket as `HTTPResponse` uses."""

    def __init__(self, sock: socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(DeadlineReader(self._sock, self._deadline))


def response_within(seconds: float) -> Callable[..., http.client.HTTPResponse]:
    """A response class for `HTTPConnection`. It must read the whole response within ``seconds`` from now."""
    deadline = time.monotonic() + seconds

    def respond(sock: socket, *args: Any, **options: Any) -> http.client.HTTPResponse:
        return FinalResponse(_SocketWithDeadline(sock, deadline), *args, **options)  # type: ignore[arg-type]

    return respond
