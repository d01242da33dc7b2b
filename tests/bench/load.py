"""A closed-loop HTTP/1.1 load generator that costs far less than the servers it measures.

One thread, one epoll, keep-alive sockets, one request in flight on each. Nothing is decoded but the status and
where the body ends, so that the generator's core stays mostly idle and the rate is the server's own.
"""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_STALL_SECONDS = 30.0
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Load:
    """What to send: `request(n)` is the n-th request's bytes, `accept(body)` says whether a 2xx body is right."""

    request: Callable[[int], bytes]
    accept: Callable[[bytes], bool]
    requests: int
    connections: int


@dataclass(frozen=True)
class Result:
    """One run. Times in seconds; `failures` are answers that are not 2xx or not accepted, and broken connections."""

    requests: int
    failures: int
    seconds: float
    load_cpu: float
    latencies: list[float]
    first_failure: str = ""

    @property
    def rate(self) -> float:
        """Accepted answers per second."""
        return (self.requests - self.failures) / self.seconds

    def percentile(self, percent: float) -> float:
        """Latency in seconds that `percent` of the requests stayed under."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * percent / 100))]


@dataclass
class _Connection:
    address: tuple[str, int]
    received: bytearray = field(default_factory=bytearray)
    sent_at: float = 0.0
    length: int = 0

    def __post_init__(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=_STALL_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        self.received.clear()
        self.length = 0
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read what is there; True when the answer is complete. Raises ConnectionError at its end."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("closed by the server")
        self.received += data
        self.length = self.length or answer_length(self.received)
        return 0 < self.length <= len(self.received)


def answer_length(received: bytes | bytearray) -> int:
    """Length of the whole answer that begins `received`, or 0 while that cannot be told yet."""
    head_end = received.find(_HEAD_END)
    if head_end < 0:
        return 0
    head = bytes(received[: head_end + 2]).lower()
    body = head_end + len(_HEAD_END)
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        return body + int(head[at + 17 : head.index(b"\r\n", at + 2)])
    if b"\r\ntransfer-encoding: chunked\r\n" in head:
        return _chunked_end(received, body)
    return body


def _chunked_end(received: bytes | bytearray, at: int) -> int:
    """Where a chunked body without trailers ends, or 0 while its last chunk is not there."""
    while (line_end := received.find(b"\r\n", at)) >= 0:
        size = int(received[at:line_end].split(b";")[0], 16)
        at = line_end + 2 + size + 2
        if size == 0:
            return at
    return 0


class _Run:
    """The state of one run: which requests are out, and what came back."""

    def __init__(self, address: tuple[str, int], load: Load) -> None:
        self.address = address
        self.load = load
        self.sent = 0
        self.failures = 0
        self.first_failure = ""
        self.latencies: list[float] = []
        self.poll = select.epoll()
        self.open: dict[int, _Connection] = {}

    def connect(self) -> None:
        connection = _Connection(self.address)
        self.open[connection.socket.fileno()] = connection
        self.poll.register(connection.socket.fileno(), select.EPOLLIN)
        self.next(connection)

    def next(self, connection: _Connection) -> None:
        """Send the next request on this connection, or close it when all have been sent."""
        if self.sent == self.load.requests:
            self.close(connection)
            return
        self.sent += 1
        connection.send(self.load.request(self.sent))

    def close(self, connection: _Connection) -> None:
        del self.open[connection.socket.fileno()]
        connection.socket.close()

    def readable(self, connection: _Connection) -> None:
        try:
            complete = connection.receive()
        except OSError as error:
            self.fail(str(error))
            self.close(connection)
            if self.sent < self.load.requests:
                self.connect()
            return
        if complete:
            self.latencies.append(time.perf_counter() - connection.sent_at)
            self.judge(connection.received)
            self.next(connection)

    def judge(self, answer: bytearray) -> None:
        """Count an answer that is not a 2xx with the body expected: `HTTP/1.1 2xx`, the digit is byte 9."""
        if answer[9:10] != b"2" or not self.load.accept(bytes(answer)):
            self.fail(answer[:600].decode("utf-8", "replace"))

    def fail(self, why: str) -> None:
        self.failures += 1
        self.first_failure = self.first_failure or why


def run_load(address: tuple[str, int], load: Load) -> Result:
    """Send `load.requests` requests over `load.connections` connections; TimeoutError if the server stalls 30 s."""
    run = _Run(address, load)
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(min(load.connections, load.requests)):
        run.connect()
    while run.open:
        ready = run.poll.poll(_STALL_SECONDS)
        if not ready:
            raise TimeoutError(f"no answer within {_STALL_SECONDS:.0f} s")
        for descriptor, _ in ready:
            run.readable(run.open[descriptor])
    seconds = time.perf_counter() - started
    cpu = (time.process_time() - cpu) / seconds
    run.poll.close()
    return Result(load.requests, run.failures, seconds, cpu, sorted(run.latencies) or [seconds], run.first_failure)
