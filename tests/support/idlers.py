"""Clients that hold connections open and do next to nothing: each kind of waiting that HTTP allows.

They share a machine with what they try, so they cost little: descriptors and arrays instead of objects, prepared bytes,
and of what a server says only that it has closed. Nothing that it says is read. 5,000 of them take a twentieth of a
core, and three quarters of that is the system's, for their packets; few act at once.
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
"""What the server closes is opened again, but no faster: these clients are slow, they do not flood."""

DRIP = 5.0
"""How often a connection sends one more byte, in seconds."""

TICK = 0.02
"""How often connections are opened and bytes sent, in seconds: a part of them each time, as clients that know nothing
of each other do. All at once would be 5,000 packets in one moment, every five seconds."""

UNREAD = "answers that nobody reads"
SILENT = {"nothing at all", UNREAD}
"""The kinds on which nothing drips."""


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
        UNREAD: head("GET /openapi.json", end) * 8,
    }


@dataclass
class Closed:
    """What the server has closed, by kind."""

    times: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """How long these connections were open, all together."""

    def lives(self) -> dict[str, float]:
        """How long a connection of each kind was open, in seconds; without those that none was closed of."""
        return {kind: self.seconds[kind] / times for kind, times in self.times.items()}


class Idlers:
    """``count`` connections to ``address``, of all ``kinds`` in turn; what is closed is opened again, ``pace`` in a
    second."""

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
        """Of the connection that has a descriptor: its kind and its turn follow from it. -1 where there is none."""
        self._since = array("d")
        self._over = threading.Event()
        self._ready = threading.Event()
        self._closed = Closed()
        self.open = 0
        """How many are open now."""

    @property
    def closed(self) -> Counter[str]:
        """How many of each kind the server has closed."""
        return self._closed.times

    @property
    def lives(self) -> Mapping[str, float]:
        """How long the server let each kind live, in seconds."""
        return self._closed.lives()

    def run(self) -> None:
        """Holds them until `stop`."""
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
        """Until as many have been opened, or AssertionError."""
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
    """The same in a process of its own: says "open" to ``told``, and when it hears a word how many are open, how many
    were closed, and how long those had lived."""
    with idling(address, kinds, count) as idlers:
        told.send("open")
        told.recv()
        told.send((idlers.open, idlers.closed, idlers.lives))
