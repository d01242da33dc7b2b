"""Measures how long `valetkey serve` takes until it answers: `python -m tests.bench.start`.

Wall time ends with the answer to `/healthz`; the CPU is that of the whole process tree until then. Target: less than a
second.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.peers import valetkey_server

if TYPE_CHECKING:
    from tests.bench.peers import Server

TARGET = 1.0
"""In seconds."""


def start(server: Server) -> tuple[float, float]:
    """Seconds until ``server`` answers, and what CPU it has taken by then; it is stopped afterwards."""
    began = time.perf_counter()
    with server:
        connection = HTTPConnection(*server.address, timeout=30)
        connection.request("GET", "/healthz")
        if connection.getresponse().status != 200:
            raise RuntimeError("it is not alive")
        connection.close()
        return time.perf_counter() - began, server.cpu_seconds()


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="valetkey-bench-") as folder:
        server = valetkey_server(Path(folder), min(os.sched_getaffinity(0)))
        times = [start(server) for _ in range(options.rounds)]
    wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"valetkey serve answers after {wall:.2f} s, {cpu:.2f} s of CPU (target: less than {TARGET:g} s)")
    return 0 if wall < TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
