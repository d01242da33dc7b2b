"""Measures `valetkey serve` against the plain Flask peer in one run, as ratios: `python -m tests.bench.run`.

The servers share one core and take turns, the load has another, so that what slows the machine slows both sides.
Targets: single grants at least 3 times the peer's rate; grants by batches of 100 at least 5 times the single rate;
no memory kept per grant over 100,000 grants. Ends with status 1 when one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import (
    Plan,
    Series,
    kept_per_grant,
    measure_memory,
    measure_peers,
    measure_rounds,
)
from tests.bench.peers import pinned, plain_server, valetkey_server

FULL = Plan(
    rounds=7, single_requests=3000, batch_requests=150, memory_grants=100_000, memory_samples=50, connections=32,
    peer_threads=(1, 2, 4, 8, 16),
)  # fmt: skip
QUICK = Plan(
    rounds=3, single_requests=900, batch_requests=30, memory_grants=0, memory_samples=0, connections=32,
    peer_threads=(2, 4, 8),
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """One target of the benchmark and what was measured for it."""

    name: str
    measured: float
    target: float
    at_least: bool

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self.measured >= self.target if self.at_least else self.measured <= self.target


@dataclass(frozen=True)
class Report:
    """Everything one run found."""

    peers: dict[int, Series]
    rounds: tuple[Series, Series, Series]
    memory: list[tuple[int, int]]

    def verdicts(self) -> list[Verdict]:
        """The targets of the project; memory only where it was measured."""
        plain, single, batch = self.rounds
        found = [
            Verdict("single grants / plain Flask", single.rate / plain.rate, 3.0, at_least=True),
            Verdict("batched grants / single grants", batch.rate / single.rate, 5.0, at_least=True),
        ]
        if self.memory:
            # The least that can be kept for a grant, its id as 16 bytes in a list, costs 57 bytes.
            kept = kept_per_grant(self.memory)
            found.append(Verdict("bytes of memory kept per grant", kept, 24.0, at_least=False))
        return found

    def as_json(self) -> dict[str, object]:
        """For `--json`: the rows, the samples of memory, the targets."""
        return {
            "peers": [series.row() for series in self.peers.values()],
            "rounds": [series.row() for series in self.rounds],
            "memory": [{"grants": grants, "rss_bytes": rss} for grants, rss in self.memory],
            "targets": [vars(verdict) | {"met": verdict.met} for verdict in self.verdicts()],
        }


def run(plan: Plan, folder: Path) -> Report:
    """Servers on the first core we may use, the load on the second; RuntimeError when there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError("two cores are needed: one for the servers, one for the load")
    with pinned(cores[1]):
        peers = measure_peers(plan, folder, cores[0])
        best = max(peers, key=lambda threads: peers[threads].fastest)
        with plain_server(folder, cores[0], best) as plain, valetkey_server(folder, cores[0]) as ours:
            rounds = measure_rounds(plan, plain, ours)
        if not plan.memory_grants:
            return Report(peers, rounds, [])
        fresh = folder / "memory"
        fresh.mkdir()
        # A server of its own: memory that the rounds took is not there to be used again.
        with valetkey_server(fresh, cores[0]) as ours:
            return Report(peers, rounds, measure_memory(plan, ours))


def show(report: Report) -> None:
    """Print the tables for people."""
    columns = ("grants_per_second", "slowest", "fastest", "p50_ms", "p99_ms", "server_cpu_us", "load_core")
    print(f"{'':24}" + "".join(f"{name:>18}" for name in columns))
    for series in (*report.peers.values(), *report.rounds):
        row = series.row()
        print(f"{series.name:24}" + "".join(f"{row[name]:>18}" for name in columns))
    if report.memory:
        every = max(1, len(report.memory) // 10)
        print("\nmemory of the server, MiB by grants:")
        print("  ".join(f"{grants}: {rss / 2**20:.1f}" for grants, rss in report.memory[::every]))
    print()
    for verdict in report.verdicts():
        bound = "at least" if verdict.at_least else "at most"
        met = "met" if verdict.met else "MISSED"
        print(f"{verdict.name:32} {verdict.measured:8.2f}  ({bound} {verdict.target:g}: {met})")


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, and no memory")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    # /var/tmp and not /tmp, which is often in memory, where an fsync costs nothing and proves nothing.
    parser.add_argument("--dir", type=Path, default=Path("/var/tmp"), help="where the databases go (a real disk)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="valetkey-bench-") as folder:
        report = run(QUICK if options.quick else FULL, Path(folder))
    show(report)
    if options.json:
        options.json.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    return 0 if all(verdict.met for verdict in report.verdicts()) else 1


if __name__ == "__main__":
    sys.exit(main())
