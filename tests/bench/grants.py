"""What is measured: rates of single and batched grants, side by side, and memory over many grants."""

from __future__ import annotations

import json
import statistics
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bench.load import Load, Result, run_load
from tests.bench.peers import Server, plain_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BATCH_SIZE = 100


@dataclass(frozen=True)
class Plan:
    """How much is sent. Requests are counted, not timed, so that both sides do the same work."""

    rounds: int
    single_requests: int
    batch_requests: int
    memory_grants: int
    memory_samples: int
    connections: int
    peer_threads: tuple[int, ...]


@dataclass
class Series:
    """The rounds of one measured thing; every answer stands for `grants` grants."""

    name: str
    grants: int = 1
    results: list[Result] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Median grants per second."""
        return statistics.median(result.rate for result in self.results) * self.grants

    @property
    def fastest(self) -> float:
        """Grants per second of the best round: what it can do when nothing else disturbs it."""
        return max(result.rate for result in self.results) * self.grants

    @property
    def failures(self) -> int:
        """Failed requests of all rounds."""
        return sum(result.failures for result in self.results)

    def row(self) -> dict[str, float | str]:
        """Medians over the rounds; times in milliseconds per request, CPU in µs per grant."""
        rates = [result.rate * self.grants for result in self.results]
        return {
            "name": self.name,
            "grants_per_second": round(self.rate, 1),
            "slowest": round(min(rates), 1),
            "fastest": round(self.fastest, 1),
            "p50_ms": self._percentile(50),
            "p99_ms": self._percentile(99),
            "server_cpu_us": round(statistics.median(self.cpu) * 1e6, 1),
            "load_core": round(statistics.median(result.load_cpu for result in self.results), 3),
            "failures": self.failures,
        }

    def _percentile(self, percent: float) -> float:
        return round(statistics.median(result.percentile(percent) for result in self.results) * 1e3, 2)


def upload(number: int) -> dict[str, object]:
    """The n-th upload asked for: every one has its own file name."""
    return {
        "filename": f"holiday {number:07d}.jpg",
        "content_type": "image/jpeg",
        "size": 123456,
        "metadata": {"album": "summer"},
    }


def requests_of(server: Server, path: str, body: Callable[[int], object]) -> Callable[[int], bytes]:
    """The bytes of the n-th request; bodies are made from one text, because json.dumps costs load time."""
    marker = b"%07d" % 0
    template = json.dumps(body(0)).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {server.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(template)}\r\n\r\n"
    ).encode()
    return lambda number: head + template.replace(marker, b"%07d" % number)


def single(server: Server, requests: int, connections: int) -> Load:
    """POST /v1/uploads; an answer without a policy is a failure."""
    return Load(requests_of(server, "/v1/uploads", upload), _has_policies(1), requests, connections)


def batch(server: Server, requests: int) -> Load:
    """POST /v1/uploads/batch of 100 over 4 connections; one refused upload makes the answer a failure."""
    body = requests_of(server, "/v1/uploads/batch", lambda n: {"uploads": [upload(n)] * BATCH_SIZE})
    return Load(body, _has_policies(BATCH_SIZE), requests, 4)


def _has_policies(count: int) -> Callable[[bytes], bool]:
    return lambda answer: answer.count(b'"policy":') == count


def measure(series: Series, server: Server, load: Load) -> None:
    """One round: add its result to the series; RuntimeError with the first bad answer if any failed."""
    cpu = server.cpu_seconds()
    result = run_load(server.address, load)
    if result.failures:
        raise RuntimeError(f"{series.name}: {result.failures} failed, the first: {result.first_failure}")
    series.results.append(result)
    series.cpu.append((server.cpu_seconds() - cpu) / (load.requests * series.grants))


def measure_peers(plan: Plan, folder: Path, core: int) -> dict[int, Series]:
    """The peer's rate by its number of threads, taking turns."""
    found = {threads: Series(f"plain, {threads} threads") for threads in plan.peer_threads}
    with ExitStack() as stack:
        peers = {threads: stack.enter_context(plain_server(folder, core, threads)) for threads in found}
        for peer in peers.values():
            run_load(peer.address, single(peer, 200, plan.connections))
        for _ in range(max(3, plan.rounds // 2)):
            for threads, peer in peers.items():
                measure(found[threads], peer, single(peer, plan.single_requests // 4, plan.connections))
    return found


def measure_rounds(plan: Plan, peer: Server, ours: Server) -> tuple[Series, Series, Series]:
    """Peer, single and batch in turns, after a warm-up of each."""
    series = Series("plain"), Series("valetkey single"), Series(f"valetkey batch of {BATCH_SIZE}", BATCH_SIZE)
    for server in (peer, ours):
        run_load(server.address, single(server, 500, plan.connections))
    run_load(ours.address, batch(ours, 10))
    for _ in range(plan.rounds):
        # The peer does a third of the requests: rounds of about the same length share the machine's moods.
        measure(series[0], peer, single(peer, plan.single_requests // 3, plan.connections))
        measure(series[1], ours, single(ours, plan.single_requests, plan.connections))
        measure(series[2], ours, batch(ours, plan.batch_requests))
    return series


def measure_memory(plan: Plan, server: Server) -> list[tuple[int, int]]:
    """(grants so far, RSS in bytes of the server's tree) along the way."""
    step = plan.memory_grants // plan.memory_samples
    samples = [(0, server.rss())]
    for number in range(1, plan.memory_samples + 1):
        result = run_load(server.address, single(server, step, plan.connections))
        if result.failures:
            raise RuntimeError(f"memory: {result.failures} failed, the first: {result.first_failure}")
        samples.append((number * step, server.rss()))
    return samples


def kept_per_grant(samples: list[tuple[int, int]]) -> float:
    """Bytes by which memory grew per grant, after the first fifth, in which caches fill."""
    steady = samples[len(samples) // 5 :]
    return statistics.linear_regression([s[0] for s in steady], [s[1] for s in steady]).slope
