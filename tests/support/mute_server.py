"""A server that only closes its clients' connections: the minimum cost of any server."""

import os
import select
import socket
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection

from tests.support.idlers import TICK

BACKLOG = 4_096

LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class MuteServer:
    """Closes each connection after the number of seconds that ``lives`` has for its first bytes; never, if it has none.
    Later bytes are not read."""

    def __init__(self, lives: Mapping[bytes, float]) -> None:
        self._lives = {said.strip(): seconds for said, seconds in lives.items()}
        self._due: dict[float, deque[tuple[float, int]]] = {seconds: deque() for seconds in lives.values()}
        """The times to close connections at, by lifetime, so that each queue is in order."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self._listener.setblocking(False)
        self._kept: list[int] = []
        self.address: tuple[str, int] = self._listener.getsockname()

    def serve(self, until: Connection) -> None:
        """Serves until a message arrives from ``until``."""
        waiting = select.poll()
        waiting.register(until.fileno(), select.POLLIN)
        while not waiting.poll(TICK * 1000):
            with suppress(BlockingIOError):
                while True:
                    self._keep(self._listener.accept()[0].detach())
            now = time.monotonic()
            for due in self._due.values():
                while due and due[0][0] <= now:
                    self._close(due.popleft()[1])

    def _keep(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        said = b""
        with suppress(OSError):
            said = os.read(descriptor, 65_536)
        life = self._lives.get(said.strip())
        if life is None:
            self._kept.append(descriptor)
        else:
            self._due[life].append((time.monotonic() + life, descriptor))

    @staticmethod
    def _close(descriptor: int) -> None:
        with suppress(OSError):
            os.write(descriptor, LATE)
        os.close(descriptor)


def close_late(lives: Mapping[bytes, float], told: Connection) -> None:
    """Runs such a server in its own process: sends its address to ``told``, and serves until it receives a message."""
    server = MuteServer(lives)
    told.send(server.address)
    server.serve(told)
