"""Clients that keep connections open and are almost idle, in each way that HTTP allows.

They share a machine with the server under test, so they are cheap: they use descriptors and arrays instead of objects
and prepared bytes, and they read no responses, but only notice when the server closes a connection. 5,000 of them take
a twentieth of a core, three quarters of it in the kernel for packets; few are active at the same time.
"""

import itertools
import os
import select
import socket
import threading
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

REOPENED_IN_A_SECOND = 500
"""The maximum rate at which closed connections are opened again: these clients are slow, they do not flood."""

DRIP = 5.0
"""The interval at which a connection sends one more byte, in seconds."""

TICK = 0.02
"""The interval at which some connections are opened and some bytes sent, in seconds, as by independent clients. All at
once would be 5,000 packets at one moment, every five seconds."""

UNREAD = "answers that nobody reads"
SILENT = {"nothing at all", UNREAD}
"""The kinds of connection that send no further bytes."""


def kinds(host: str, credential: str) -> Mapping[str, bytes]:
    """The initial bytes of each kind of connection: for every route, with a credential and without."""
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
        UNREAD: head("GET /openapi.json", end) * 8,
    }


@dataclass
class Closed:
    """The connections that the server has closed, by kind."""

    times: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """The total time for which these connections were open."""

    def lives(self) -> dict[str, float]:
        """The average time for which connections of each kind were open, in seconds; without kinds of which none was
        closed."""
        return {kind: self.seconds[kind] / times for kind, times in self.times.items()}


class Idlers:
    """``count`` connections to ``address``, of all ``kinds`` in turn. Closed connections are opened again, up to
    ``pace`` per second."""

    def __init__(self, address: tuple[str, int], kinds: Mapping[str, bytes], count: int, pace: int) -> None:
        self._address = address
        self._kinds = list(kinds)
        self._sent = list(kinds.values())
        self._drips = [kind not in SILENT for kind in self._kinds]
        self._count = count
        self._pace = pace
        self._poll = select.epoll()
        self._turns: list[set[int]] = [set() for _ in range(round(DRIP / TICK))]
        self._made = 0
        self._number = array("q")
        """The number of the connection of each descriptor, which determines its kind; -1 if there is none."""
        self._since = array("d")
        self._over = threading.Event()
        self._ready = threading.Event()
        self._closed = Closed()
        self.open = 0
        """The number of open connections."""

    @property
    def closed(self) -> Counter[str]:
        """The number of connections of each kind that the server has closed."""
        return self._closed.times

    @property
    def lives(self) -> Mapping[str, float]:
        """The average time after which the server closed each kind, in seconds."""
        return self._closed.lives()

    def run(self) -> None:
        """Keeps the connections open until `stop`."""
        until = time.monotonic()
        for turn in itertools.cycle(self._turns):
            if self._over.is_set():
                break
            for _ in range(min(self._count - self.open, round(self._pace * TICK) or 1)):
                self._begin()
            if self._made >= self._count:
                self._ready.set()
            until = max(until + TICK, time.monotonic())
            time.sleep(max(0.0, until - time.monotonic()))
            for descriptor, _ in self._poll.poll(0):
                self._end(descriptor)
            for descriptor in tuple(turn):
                self._drip(descriptor)
        for descriptor, number in enumerate(self._number):
            if number >= 0:
                os.close(descriptor)
        self._poll.close()

    def wait(self, seconds: float) -> None:
        """Waits until all connections were opened. Raises `AssertionError` if that takes too long."""
        assert self._ready.wait(seconds), f"only {self._made} of {self._count} connections were opened"

    def stop(self) -> None:
        self._over.set()

    def _begin(self) -> None:
        number = self._made
        self._made += 1
        kind = number % len(self._kinds)
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        if self._kinds[kind] == UNREAD:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect_ex(self._address)  # on this machine it is made at once, or not at all
        try:
            one.send(self._sent[kind])
        except OSError:
            one.close()
            self._closed.times[self._kinds[kind]] += 1
            return
        self._keep(one.detach(), number)

    def _keep(self, descriptor: int, number: int) -> None:
        while len(self._number) <= descriptor:
            self._number.append(-1)
            self._since.append(0)
        self._number[descriptor], self._since[descriptor] = number, time.monotonic()
        self.open += 1
        self._poll.register(descriptor, select.EPOLLRDHUP)
        if self._drips[number % len(self._kinds)]:
            self._turns[number % len(self._turns)].add(descriptor)

    def _drip(self, descriptor: int) -> None:
        try:
            os.write(descriptor, b" ")
        except OSError:
            self._end(descriptor)

    def _end(self, descriptor: int) -> None:
        number, kind = self._number[descriptor], self._kinds[self._number[descriptor] % len(self._kinds)]
        self._closed.times[kind] += 1
        self._closed.seconds[kind] += time.monotonic() - self._since[descriptor]
        self._turns[number % len(self._turns)].discard(descriptor)
        self._number[descriptor] = -1
        self.open -= 1
        os.close(descriptor)


@contextmanager
def idling(
    address: tuple[str, int], kinds: Mapping[str, bytes], count: int, pace: int = REOPENED_IN_A_SECOND
) -> Iterator[Idlers]:
    """`Idlers` in a thread; yields when each connection was opened once, and stops after the block."""
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
    """The same in its own process: sends "open" to ``told``, and when it receives a message, the number of open and of
    closed connections, and how long those were open."""
    with idling(address, kinds, count) as idlers:
        told.send("open")
        told.recv()
        told.send((idlers.open, idlers.closed, idlers.lives))
