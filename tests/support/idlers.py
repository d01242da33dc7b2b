"""Clients that hold connections open and do next to nothing: each kind of waiting that HTTP allows."""

import itertools
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

REOPENED_IN_A_SECOND = 500
"""What the server closes is opened again, but no faster: these clients are slow, they do not flood."""

DRIP = 5.0
"""How often a connection sends one more byte, in seconds."""

TICK = 0.1
"""How often connections are opened and bytes sent, in seconds: a part of them each time, as clients that know nothing
of each other do. All at once would be 5,000 packets in one moment, every five seconds."""


def kinds(host: str, credential: str) -> Mapping[str, bytes]:
    """What is sent on each kind of connection, before it drips: on every route, with a credential and without."""
    key = f"Authorization: Bearer {credential}\r\n"

    def head(line: str, *headers: str) -> bytes:
        return f"{line} HTTP/1.1\r\nHost: {host}\r\n{''.join(headers)}".encode()

    json, length, end = "Content-Type: application/json\r\n", "Content-Length: 4000\r\n", "\r\n"
    chunked = "Transfer-Encoding: chunked\r\n"
    return {
        "nothing at all": b"",
        "half a head": head("POST /v1/uploads", key)[:-9],
        "a body, with a key": head("POST /v1/uploads", key, json, length, end) + b"{",
        "a body, without a key": head("POST /v1/uploads", json, length, end) + b"{",
        "a batch, with a key": head("POST /v1/uploads/batch", key, json, "Content-Length: 200000\r\n", end) + b"{",
        "a chunked body, with a key": head("POST /v1/uploads", key, json, chunked, end) + b"fff\r\n{",
        "a body of a ticket": head("POST /v1/tickets", key, json, length, end) + b"{",
        "events of a stranger": head("POST /v1/events/ceph?secret=wrong", json, length, end) + b"{",
        "events whose proof is in them": head("POST /v1/events/ceph", json, length, end) + b"{",
        "uppy, with a key": head("POST /uppy/s3/multipart", key, json, length, end) + b"{",
        "uppy, without": head("POST /uppy/vt_u.none/s3/multipart", json, length, end) + b"{",
        "an unknown path": head("POST /nowhere", json, length, end) + b"{",
        "a body for /healthz": head("GET /healthz", length, end) + b"{",
        "a body for a renewal": head("POST /v1/uploads/none/grant", key, length, end) + b"{",
        "answers that nobody reads": head("GET /openapi.json", end) * 8,
    }


class Idlers:
    """``count`` connections to ``address``, of all ``kinds`` in turn; what is closed is opened again, ``pace`` in a
    second."""

    def __init__(self, address: tuple[str, int], kinds: Mapping[str, bytes], count: int, pace: int) -> None:
        self._address = address
        self._pace = pace
        self._kinds = list(kinds.items())
        self._count = count
        self._selector = selectors.DefaultSelector()
        self._open: dict[socket.socket, str] = {}
        self._turns: list[set[socket.socket]] = [set() for _ in range(round(DRIP / TICK))]
        self._made = 0
        self._over = threading.Event()
        self._ready = threading.Event()
        self.closed: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """How many are open now."""
        return len(self._open)

    def run(self) -> None:
        """Holds them until `stop`."""
        turns = itertools.cycle(self._turns)
        until = time.monotonic()
        while not self._over.is_set():
            missing = self._count - len(self._open)
            for _ in range(min(missing, int(self._pace * TICK))):
                self._begin()
            if self._made >= self._count:
                self._ready.set()
            until = max(until + TICK, time.monotonic())
            while (left := until - time.monotonic()) > 0:
                for key, _ in self._selector.select(left):
                    self._hear(key.fileobj)  # type: ignore[arg-type]  # a socket: nothing else is registered
            self._drip(next(turns))
        for one in self._open:
            one.close()
        self._selector.close()

    def wait(self, seconds: float) -> None:
        """Until as many have been opened, or AssertionError."""
        assert self._ready.wait(seconds), f"only {self._made} of {self._count} connections were opened"

    def stop(self) -> None:
        self._over.set()

    def _begin(self) -> None:
        kind, said = self._kinds[self._made % len(self._kinds)]
        self._made += 1
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(5)
        try:
            one.connect(self._address)
            one.sendall(said)
        except OSError:
            one.close()
            self.closed[kind] += 1
            return
        one.setblocking(False)
        self._open[one] = kind
        self._turns[self._made % len(self._turns)].add(one)
        if "nobody reads" not in kind:
            self._selector.register(one, selectors.EVENT_READ)

    def _hear(self, one: socket.socket) -> None:
        with suppress(OSError):
            if one.recv(65_536):
                return
        self._end(one)

    def _drip(self, turn: set[socket.socket]) -> None:
        for one in list(turn):
            kind = self._open.get(one)
            if kind is None:
                turn.discard(one)
            elif kind not in {"nothing at all", "answers that nobody reads"}:
                try:
                    one.send(b" ")
                except OSError:
                    self._end(one)

    def _end(self, one: socket.socket) -> None:
        self.closed[self._open.pop(one)] += 1
        with suppress(KeyError):
            self._selector.unregister(one)
        one.close()


@contextmanager
def idling(
    address: tuple[str, int], kinds: Mapping[str, bytes], count: int, pace: int = REOPENED_IN_A_SECOND
) -> Iterator[Idlers]:
    """`Idlers` in a thread, from when each was opened once until the block ends."""
    idlers = Idlers(address, kinds, count, pace)
    thread = threading.Thread(target=idlers.run, name="idlers", daemon=True)
    thread.start()
    try:
        idlers.wait(60)
        yield idlers
    finally:
        idlers.stop()
        thread.join()


def hold(address: tuple[str, int], kinds: Mapping[str, bytes], count: int, told: Connection) -> None:
    """The same in a process of its own: says "open" to ``told``, and when it hears a word how many were closed."""
    with idling(address, kinds, count) as idlers:
        told.send("open")
        told.recv()
        told.send((idlers.open, idlers.closed))
