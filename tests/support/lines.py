"""A simulated network link to a store: a relay process with a delay, a window and a shared rate.

    with line_to(rgw.endpoint_url, DISTANT) as url:     # the URL for clients; the store gets their Host
        ...

A connection may have `window` unacknowledged bytes; all connections share `rate`. Responses are delayed, too, but do
not count for the rate. The system's own buffers come on top, as on a real link.
"""

import argparse
import asyncio
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.support import processes

ROOT = Path(__file__).parents[2]
CHUNK = 32 * 1024
KIB = 1024
MIB = 1024**2


@dataclass(frozen=True)
class NetworkLink:
    """The properties of a link."""

    name: str
    round_trip: float
    """The round-trip time in seconds. Opening a connection takes one."""
    window: int
    """The number of bytes of one connection that may be unacknowledged."""
    rate: float
    """The bytes per second of all connections together."""
    initial_window: int | None = None
    """The window of a new connection, which doubles with each round trip; None: the full window."""
    stalls: float = 0.0
    """The share of 32 KiB chunks that are lost: their connection stalls for a while, and its window is halved."""

    def limit(self, size: int, connections: float = float("inf")) -> float:
        """The minimum time in seconds in which ``connections`` can transfer ``size`` bytes, including the last
        response."""
        each = self.window / self.round_trip if self.round_trip else float("inf")
        return size / min(self.rate, connections * each) + 2 * self.round_trip


class Wire:
    """The shared rate: it sends one chunk after the other."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free_at = 0.0

    def depart(self, count: int) -> float:
        """The time when the last of ``count`` bytes, which are sent now, has left."""
        self._free_at = max(time.monotonic(), self._free_at) + count / self._rate
        return self._free_at


class Carrier:
    """A client's connection, and the corresponding one to the store."""

    def __init__(
        self, line: NetworkLink, wire: Wire, client: socket.socket, store: socket.socket, chance: random.Random
    ) -> None:
        self._line = line
        self._wire = wire
        self._client = client
        self._store = store
        self._chance = chance
        self._window = float(line.initial_window or line.window)
        self._under_way = 0
        self._acknowledged = asyncio.Event()
        self._sent: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._answered: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._arrival = 0.0

    async def run(self) -> None:
        """Relays until the store closes its side, or either connection is lost."""
        works = [self._take(), self._deliver(self._sent, self._store, self._acknowledge_later), self._listen()]
        tasks = [asyncio.ensure_future(work) for work in works]
        answers = asyncio.ensure_future(self._deliver(self._answered, self._client, None))
        try:
            with suppress(OSError):  # a connection that broke is the client's and the store's affair
                await answers
        finally:
            for task in (*tasks, answers):
                task.cancel()
            await asyncio.gather(*tasks, answers, return_exceptions=True)
            self._client.close()
            self._store.close()

    async def _take(self) -> None:
        """Receives from the client as many bytes as the window allows."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._line.round_trip)  # the connection opens
        while True:
            while (room := min(CHUNK, int(self._window) - self._under_way)) <= 0:
                self._acknowledged.clear()
                await self._acknowledged.wait()
            chunk = b""
            with suppress(OSError):
                chunk = await loop.sock_recv(self._client, room)
            self._under_way += len(chunk)
            arrival = self._wire.depart(len(chunk)) + self._line.round_trip / 2
            if chunk and self._chance.random() < self._line.stalls:
                arrival += max(0.2, self._line.round_trip)
                self._window = max(self._window / 2, CHUNK)
            self._arrival = max(self._arrival, arrival)
            self._sent.put_nowait((self._arrival, chunk))
            if not chunk:
                return

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            chunk = b""
            with suppress(OSError):
                chunk = await loop.sock_recv(self._store, 256 * KIB)
            self._answered.put_nowait((time.monotonic() + self._line.round_trip / 2, chunk))
            if not chunk:
                return

    async def _deliver(
        self, queue: asyncio.Queue[tuple[float, bytes]], to: socket.socket, delivered: Callable[[int], None] | None
    ) -> None:
        """Delivers the chunks in ``queue``, each at its time."""
        loop = asyncio.get_running_loop()
        while True:
            at, chunk = await queue.get()
            await asyncio.sleep(at - time.monotonic())
            if not chunk:
                with suppress(OSError):
                    to.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(to, chunk)
            if delivered:
                delivered(len(chunk))

    def _acknowledge_later(self, count: int) -> None:
        asyncio.get_running_loop().call_later(self._line.round_trip / 2, self._acknowledge, count)

    def _acknowledge(self, count: int) -> None:
        self._under_way -= count
        self._window = min(self._window + count, self._line.window)
        self._acknowledged.set()


async def relay(line: NetworkLink, store: tuple[str, int]) -> None:
    """Listens on a free port, prints it, and relays until it is killed."""
    loop = asyncio.get_running_loop()
    wire, chance = Wire(line.rate), random.Random(7)  # the same losses each time
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * KIB)
    listener.setblocking(False)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    carriers: set[asyncio.Future[None]] = set()
    while True:
        client, _ = await loop.sock_accept(listener)
        upstream = socket.create_connection(store)
        for end in (client, upstream):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.ensure_future(Carrier(line, wire, client, upstream, chance).run())
        carriers.add(task)
        task.add_done_callback(carriers.discard)


@contextmanager
def line_to(endpoint_url: str, line: NetworkLink) -> Iterator[str]:
    """Yields the URL under which the store at ``endpoint_url`` is reached over ``line``."""
    store = urlsplit(endpoint_url)
    command = [sys.executable, "-m", "tests.support.lines", f"{store.hostname}:{store.port}", json.dumps(asdict(line))]
    with processes.running(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        yield f"http://127.0.0.1:{port}"


def main() -> None:
    """The relay's process."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.lines", description=__doc__)
    parser.add_argument("store", metavar="HOST:PORT")
    parser.add_argument("line", type=json.loads)
    given = parser.parse_args()
    host, _, port = given.store.rpartition(":")
    with suppress(KeyboardInterrupt):
        asyncio.run(relay(NetworkLink(**given.line), (host, int(port))))


if __name__ == "__main__":
    main()
