"""How long `valetkey serve` takes until it answers."""

from __future__ import annotations

import statistics
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from tests.bench import profiles
from tests.bench.peers import valetkey_server
from tests.bench.result import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.peers import Server
    from tests.bench.place import Place

    Times = tuple[float, float]


def start(server: Server) -> Times:
    """Seconds until ``server`` answers `/healthz`, and the CPU that it took by then; it is stopped afterwards."""
    began = time.perf_counter()
    with server:
        connection = HTTPConnection(*server.address, timeout=30)
        connection.request("GET", "/healthz")
        if connection.getresponse().status != 200:
            raise RuntimeError("it is not alive")
        connection.close()
        return time.perf_counter() - began, server.cpu_seconds()


def rows(place: Place) -> Iterator[Row]:
    """One row, without a peer."""
    server = valetkey_server(place.fresh("start"), place.cores[0])
    times = [start(server) for _ in range(place.rounds(9))]
    wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    bound = f"its processes used {cpu:.2f} s of CPU until then"
    profile = profiles.of_command(server.command, server.env, seconds=3)  # once it is ready, it does nothing
    yield Row("`valetkey serve` ready", wall, 1.0, unit="s", at_least=False, bound=bound, profile=profile)
