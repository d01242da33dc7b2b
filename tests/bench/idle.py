"""5,000 idle connections on every route while whole uploads go on.

`valetkey serve` and Ceph RGW on this machine. Uploads (grant, form to RGW, completion) go on at a steady pace, at
first alone, then while `tests.support.idlers` hold connections open for a minute, of every kind, with a key and
without. Target: the 99th percentile of an upload's own calls at most doubles, and no call fails.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from tests.bench.result import Latency, Row
from tests.support.clients import post_form
from tests.support.idlers import hold, kinds
from tests.support.servers import VALETKEY, running_valetkey
from tests.support.stores import Rgw, fresh_bucket

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
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


@contextmanager
def holding(address: tuple[str, int], sent: Mapping[str, bytes], count: int) -> Iterator[None]:
    """The idle connections, in a process of their own; prints what the service has closed of them."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=hold, args=(address, sent, count, theirs), daemon=True)
    process.start()
    try:
        ours.recv()
        yield
        ours.send("enough")
        still, closed = ours.recv()
        print(f"{still} connections open at the end; closed by the service meanwhile:")
        for kind, times in closed.most_common():
            print(f"  {times:7} {kind}")
    finally:
        process.terminate()
        process.join()


def measure(rgw: Rgw, folder: Path, connections: int, seconds: float) -> tuple[Times, Times]:
    """Alone, and beside idle connections. RuntimeError where a call failed beside them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * connections)), hard))
    with fresh_bucket(rgw) as bucket, running_valetkey(folder, bucket, executable=[VALETKEY]) as server:
        key = server.create_key("bench")
        parts = urlsplit(server.base_url)
        address = (parts.hostname or "", parts.port or 0)
        with httpx.Client(base_url=server.base_url, headers=key.headers, timeout=30) as client:
            uploads(client, 3)
            alone = uploads(client, seconds / 2)
            with holding(address, kinds(parts.netloc, key.key), connections):
                beside = uploads(client, seconds)
            alone.add(uploads(client, seconds / 2))
    print(f"failures: {alone.failures} alone, {beside.failures} beside")
    if beside.failures:
        raise RuntimeError(f"{beside.failures} calls failed beside {connections} idle connections")
    return alone, beside


def rows(place: Place) -> Iterator[Row]:
    """A row for each call of an upload: its 99th percentile, beside the idle connections and alone."""
    connections, seconds = (500, 6) if place.quick else (5_000, 60)
    alone, beside = measure(place.rgw, place.fresh("idle"), connections, seconds)
    for name in alone.calls:
        latency, theirs = (Latency(times.percentile(name, 50), times.percentile(name, 99)) for times in (beside, alone))
        work = f"`{name}` beside {connections:,} idle connections, p99"
        yield Row(
            work,
            latency.p99,
            2,
            "ms",
            "without them",
            theirs.p99,
            at_least=False,
            latency=latency,
            their_latency=theirs,
        )
