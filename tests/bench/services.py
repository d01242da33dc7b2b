"""One service on a PostgreSQL, then two on the same one: grants per second, and whose CPU a grant takes.

Services, PostgreSQL and the load share the machine's cores. What bounds two services there follows from the CPU that a
grant takes of each part, and is said with the row: it may be the cores, and not what they wait for from each other.
"""

from __future__ import annotations

import os
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import process_time
from typing import TYPE_CHECKING

from tests.bench.grants import single
from tests.bench.load import run_load
from tests.bench.peers import cpu_seconds, valetkey_server
from tests.bench.result import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.peers import Server
    from tests.bench.place import Place

TARGET = 1.7


@dataclass
class Shares:
    """What grants took, in microseconds of CPU for each; and how many there were in a second."""

    service: list[float] = field(default_factory=list)
    postgresql: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def bound(self, cores: int) -> str:
        """In words, where ``cores`` have all to do. A service has one: its Python runs one thread at a time."""
        service, postgresql, load = map(statistics.median, (self.service, self.postgresql, self.load))
        whole = service + postgresql + load
        one, two = min(1e6 / service, cores * 1e6 / whole), min(2e6 / service, cores * 1e6 / whole)
        return (
            f"a grant took {service:.0f} µs of the service's CPU, {postgresql:.0f} of PostgreSQL's and {load:.0f} of "
            f"ours: {cores} cores have time for {one:,.0f} a second by one service and {two:,.0f} by two, "
            f"{two / one:.2f} times that; PostgreSQL's share is a whole core at {1e6 / postgresql:,.0f} a second"
        )

    @property
    def rate(self) -> float:
        """Grants per second."""
        return statistics.median(self.rates)


def measure(place: Place, servers: list[Server], requests: int, shares: Shares) -> None:
    """One round: all ``servers`` at once, with so many requests each. RuntimeError where one is refused."""
    postgres = place.postgres.pid
    before = cpu_seconds(postgres), sum(one.cpu_seconds() for one in servers), process_time()
    with ThreadPoolExecutor(len(servers)) as pool:
        results = list(pool.map(lambda one: run_load(one.address, single(one, requests)), servers))
    after = cpu_seconds(postgres), sum(one.cpu_seconds() for one in servers), process_time()
    if failures := sum(one.failures for one in results):
        raise RuntimeError(
            f"{failures} grants failed, the first: {results[0].first_failure or results[-1].first_failure}"
        )
    of_postgres, of_services, of_load = (
        (later - earlier) / (requests * len(servers)) * 1e6 for earlier, later in zip(before, after, strict=True)
    )
    shares.postgresql.append(of_postgres)
    shares.service.append(of_services)
    shares.load.append(of_load)
    shares.rates.append(requests * len(servers) / max(one.seconds for one in results))


def rows(place: Place) -> Iterator[Row]:
    """One row: two services beside one."""
    requests = 200 if place.quick else 3000
    one, two = Shares(), Shares()
    with place.postgres.fresh_database() as url:
        settings = {"VALETKEY_DATABASE_URL": url}
        first, second = (valetkey_server(place.fresh(f"service-{n}"), place.cores[n], settings) for n in (0, 1))
        with first, second:
            for servers in ([first], [first, second]):
                measure(place, servers, requests, Shares())
            for _ in range(place.rounds(5)):
                measure(place, [first], requests, one)
                measure(place, [first, second], requests, two)
    cores = len(os.sched_getaffinity(0))
    said = f"By two services, {two.bound(cores)}. By one, {one.bound(cores)}"
    print(f"({said}.)", flush=True)  # also where the target is reached
    yield Row("grants on PostgreSQL by two services", two.rate, TARGET, peer="one", theirs=one.rate, bound=said)
