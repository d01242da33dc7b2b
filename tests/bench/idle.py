"""5,000 idle connections on every route while whole uploads go on.

`valetkey serve` and Ceph RGW on this machine. Uploads (grant, form to RGW, completion) go on at a steady pace, at
first alone, then while `tests.support.idlers` hold connections open for a minute, of every kind, with a key and
without. Target: the 99th percentile of an upload's own calls at most doubles, and no call fails.

These clients have the same processors as the service and the store. So the same run has them once more, at a server
that does nothing (`tests.support.mute_server`) and closes each kind as soon as valetkey did: what uploads are slower by
then is no work of valetkey's.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from tests.bench.peers import cpu_seconds
from tests.bench.result import Latency, Row
from tests.support.clients import post_form
from tests.support.idlers import hold, kinds
from tests.support.mute_server import close_late
from tests.support.servers import VALETKEY, running_valetkey
from tests.support.stores import Rgw, fresh_bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.connection import Connection
    from pathlib import Path

    from tests.bench.place import Place

WANTED = {"filename": "a.png", "content_type": "image/png", "size": 5}
PAUSE = 0.1
"""From the end of one upload to the begin of the next, in seconds."""


@dataclass
class Times:
    """How long each call took, in seconds, by what it was."""

    calls: dict[str, list[float]] = field(default_factory=dict)
    failures: int = 0

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Adds the time that the block takes; what it raises is a failure."""
        begun = time.perf_counter()
        try:
            yield
        except (httpx.HTTPError, AssertionError) as error:
            print(f"{name}: {error!r}", file=sys.stderr)
            self.failures += 1
        self.calls.setdefault(name, []).append(time.perf_counter() - begun)

    def add(self, others: Times) -> None:
        """``others`` count as these."""
        for name, times in others.calls.items():
            self.calls.setdefault(name, []).extend(times)
        self.failures += others.failures

    def percentile(self, name: str, percent: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.calls[name])
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1e3


def uploads(client: httpx.Client, seconds: float) -> Times:
    """Whole uploads, one after another, for so long."""
    times, until = Times(), time.monotonic() + seconds
    while time.monotonic() < until:
        with times.of("grant"):
            granted = client.post("/v1/uploads", json=WANTED).raise_for_status().json()
            assert post_form(granted["grant"]["url"], granted["grant"]["fields"], b"hello").status == 201
        with times.of("complete"):
            done = client.post(f"/v1/uploads/{granted['upload']['id']}/complete").raise_for_status().json()
            assert done["state"] == "confirmed"
        with times.of("healthz"):
            client.get("/healthz").raise_for_status()
        time.sleep(PAUSE)
    return times


@dataclass
class Idle:
    """What became of the idle connections."""

    open: int = 0
    closed: Counter[str] = field(default_factory=Counter)
    lives: Mapping[str, float] = field(default_factory=dict)
    cpu: float = 0.0
    """Seconds that these clients took themselves, from when all had been opened once."""

    def tell(self) -> None:
        """Prints what the server has closed."""
        print(f"{self.open} connections open at the end; closed by the server meanwhile, after so many seconds:")
        for kind, times in self.closed.most_common():
            print(f"  {times:7} {kind} ({self.lives[kind]:.1f})")


@contextmanager
def holding(address: tuple[str, int], sent: Mapping[str, bytes], count: int) -> Iterator[Idle]:
    """The idle connections, in a process of their own; what is yielded is filled at the end."""
    found = Idle()
    with _process(hold, address, sent, count) as (pid, clients):
        clients.recv()
        before = cpu_seconds(pid)
        yield found
        found.cpu = cpu_seconds(pid) - before
        clients.send("enough")
        found.open, found.closed, found.lives = clients.recv()
    found.tell()


@contextmanager
def _process(run: Callable[..., None], *args: object) -> Iterator[tuple[int, Connection]]:
    """``run`` in a process of its own, and a pipe to it, which is its last argument."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=run, args=(*args, theirs), daemon=True)
    process.start()
    try:
        yield process.pid or 0, ours
    finally:
        process.terminate()
        process.join()


@dataclass
class Measured:
    """An upload's calls: alone, beside idle connections to valetkey, and beside the same to a server that does nothing.

    CPU seconds are of the time beside them, and of the same time alone."""

    alone: Times
    beside: Times
    elsewhere: Times
    idle: Idle
    service: float
    service_alone: float

    def why(self, name: str) -> str:
        """What the ratio of a call is made of."""
        elsewhere = self.elsewhere.percentile(name, 99) / self.alone.percentile(name, 99)
        return (
            f"with the same clients at a server that does nothing the ratio is {elsewhere:.2f}; the service used "
            f"{self.service:.1f} s of CPU beside them and {self.service_alone:.1f} s alone, they used "
            f"{self.idle.cpu:.1f} s"
        )


def measure(rgw: Rgw, folder: Path, connections: int, seconds: float) -> Measured:
    """RuntimeError where a call failed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * connections)), hard))
    with fresh_bucket(rgw) as bucket, running_valetkey(folder, bucket, executable=[VALETKEY]) as server:
        key = server.create_key("bench")
        parts = urlsplit(server.base_url)
        sent = kinds(parts.netloc, key.key)
        address = (parts.hostname or "", parts.port or 0)
        with httpx.Client(base_url=server.base_url, headers=key.headers, timeout=30) as client:

            def during(seconds: float) -> tuple[Times, float]:
                before = cpu_seconds(server.pid)
                times = uploads(client, seconds)
                return times, cpu_seconds(server.pid) - before

            during(3)
            alone, cpu_alone = during(seconds / 2)
            with holding(address, sent, connections) as idle:
                beside, cpu = during(seconds)
            lives = {sent[kind]: life for kind, life in idle.lives.items()}
            with _process(close_late, lives) as (_, mute), holding(mute.recv(), sent, connections):
                elsewhere, _ = during(seconds)
            later, cpu_later = during(seconds / 2)
            alone.add(later)
    failures = {"alone": alone.failures, "beside": beside.failures, "elsewhere": elsewhere.failures}
    print(f"failures: {failures}")
    if any(failures.values()):
        raise RuntimeError(f"calls failed: {failures}")
    return Measured(alone, beside, elsewhere, idle, cpu, cpu_alone + cpu_later)


def rows(place: Place) -> Iterator[Row]:
    """For each call of an upload its 99th percentile beside the idle connections, and beside the same at a server that
    does nothing; each compared with uploads alone."""
    connections, seconds = (500, 6) if place.quick else (5_000, 60)
    found = measure(place.rgw, place.fresh("idle"), connections, seconds)
    for name in found.alone.calls:
        work = f"`{name}` beside {connections:,} idle connections"
        yield _row(f"{work}, p99", name, found.beside, found.alone, found.why(name))
    for name in found.alone.calls:
        work = f"`{name}` beside {connections:,} idle connections elsewhere"
        yield _row(
            f"{work}, p99",
            name,
            found.elsewhere,
            found.alone,
            "nothing of it is valetkey's work: the clients take the processors that it has",
        )


def _row(work: str, name: str, beside: Times, alone: Times, bound: str) -> Row:
    latency, theirs = (Latency(times.percentile(name, 50), times.percentile(name, 99)) for times in (beside, alone))
    return Row(
        work,
        latency.p99,
        2,
        "ms",
        "without them",
        theirs.p99,
        at_least=False,
        latency=latency,
        their_latency=theirs,
        bound=bound,
    )
