"""Rounds of requests to servers that take turns: A B A B, so that what slows the machine slows both."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bench import profiles
from tests.bench.load import Load, Result, run_load
from tests.bench.result import Latency

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.bench.peers import Server
    from tests.bench.result import Profile

CONNECTIONS = 32


@dataclass
class Side:
    """A running server, and a round of its requests; each answer stands for ``things``, of which rates count."""

    server: Server
    load: Load
    things: int = 1
    warm_ups: int = 1
    results: list[Result] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def warm_up(self) -> None:
        """A round that does not count, or as many as it takes until the server is as fast as it gets."""
        for _ in range(self.warm_ups):
            self._run(self.load)

    def round(self) -> None:
        """One that counts. RuntimeError with the first bad answer if any failed."""
        cpu = self.server.cpu_seconds()
        self.results.append(self._run(self.load))
        self.cpu.append((self.server.cpu_seconds() - cpu) / (self.load.requests * self.things))

    def profile(self) -> Profile:
        """Where the time goes meanwhile."""
        return profiles.of_server(self.server.process.pid, lambda: self._run(self._part(10)))

    def _part(self, parts: int) -> Load:
        load = self.load
        return Load(load.request, load.accept, max(load.requests // parts, load.connections), load.connections)

    def _run(self, load: Load) -> Result:
        result = run_load(self.server.address, load)
        if result.failures:
            raise RuntimeError(f"{self.server.name}: {result.failures} failed, the first: {result.first_failure}")
        return result

    @property
    def rate(self) -> float:
        """Median things per second."""
        return statistics.median(result.rate for result in self.results) * self.things

    @property
    def latency(self) -> Latency:
        """Of requests, not of things; medians over the rounds."""
        p50, p99 = (statistics.median(result.percentile(percent) for result in self.results) for percent in (50, 99))
        return Latency(p50 * 1e3, p99 * 1e3)

    @property
    def bound(self) -> str:
        """How much of its core the server used, and for what."""
        cpu = statistics.median(self.cpu)
        busy = statistics.median(
            one * result.rate * self.things for one, result in zip(self.cpu, self.results, strict=True)
        )
        load = statistics.median(result.load_cpu for result in self.results)
        used = f"the service used {busy:.0%} of its core, {cpu * 1e6:.0f} µs for each"
        return f"{used}; the load used {load:.0%} of the other"


def in_turns(ours: Side, peer: Side, rounds: int) -> None:
    """A B A B, after a warm-up of each."""
    for side in (ours, peer):
        side.warm_up()
    for _ in range(rounds):
        ours.round()
        peer.round()


def best_of(servers: Mapping[int, Server], load: Callable[[Server], Load], rounds: int) -> int:
    """With how many threads a peer is fastest, by its best round: we compare with that."""
    with ExitStack() as stack:
        sides = {threads: Side(stack.enter_context(server), load(server)) for threads, server in servers.items()}
        for side in sides.values():
            side.warm_up()
        for _ in range(rounds):
            for side in sides.values():
                side.round()
    return max(sides, key=lambda threads: max(result.rate for result in sides[threads].results))
