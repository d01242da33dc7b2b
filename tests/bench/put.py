"""Measures `valetkey put` against boto3's transfer manager, in one run and in turns: `python -m tests.bench.put`.

Both send the same file to the same Ceph RGW on this machine. `valetkey put` is the whole command, from its start to the
confirmed upload; boto3 is `upload_file` alone in a process that has imported everything, with 10 threads, no checksums and a
client that has been used before. Target: at most 0.75 of its time. Ends with status 1 when it is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from boto3.s3.transfer import TransferConfig
from tests.servers import VALETKEY, ValetkeyServer, running_valetkey
from tests.stores import Bucket, Rgw, fresh_bucket, stop_rgw

MIB = 1024**2
TARGET = 0.75
PEER_THREADS = 10


def timed(work: Callable[[], None]) -> float:
    """How long it takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ours(server: ValetkeyServer, key: str, file: Path, options: list[str]) -> Callable[[], None]:
    """The whole command; RuntimeError when it fails."""
    env = os.environ | {"VALETKEY_TOKEN": key, "VALETKEY_ENDPOINT": server.base_url}
    env["XDG_STATE_HOME"] = str(server.directory / "state")
    command = [str(VALETKEY), "put", str(file), "--json", *options]

    def run() -> None:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"valetkey put exited {done.returncode}: {done.stdout}{done.stderr}")

    return run


def peer(bucket: Bucket, file: Path) -> Callable[[], None]:
    """boto3's transfer manager."""
    client = bucket.server.client(max_pool_connections=PEER_THREADS)
    config = TransferConfig(max_concurrency=PEER_THREADS)
    return lambda: client.upload_file(str(file), bucket.name, "peer", Config=config)


def empty(bucket: Bucket) -> None:
    """Remove every object, so that memory is the same for each round."""
    for page in bucket.client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name):
        for item in page.get("Contents", []):
            bucket.client.delete_object(Bucket=bucket.name, Key=item["Key"])


def write(file: Path, size: int) -> None:
    """Random bytes, in the page cache afterwards, as a file that was just made is."""
    with file.open("wb") as out:
        for _ in range(size // MIB):
            out.write(os.urandom(MIB))


def measure(folder: Path, size: int, rounds: int, options: list[str]) -> dict[str, list[float]]:
    """Seconds by round, after a round of each that does not count."""
    file = folder / "file.bin"
    write(file, size)
    rgw = Rgw.start(folder / "rgw", owner=os.getpid())
    try:
        with fresh_bucket(rgw) as bucket, running_valetkey(folder, bucket) as server:
            key = server.create_key("bench").key
            works = {"valetkey put": ours(server, key, file, options), "boto3": peer(bucket, file)}
            taken: dict[str, list[float]] = {name: [] for name in works}
            for number in range(rounds + 1):
                for name, work in works.items():
                    seconds = timed(work)
                    empty(bucket)
                    if number:
                        taken[name].append(seconds)
            return taken
    finally:
        stop_rgw(folder / "rgw")


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.put", description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="MiB")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--concurrency", type=int, help="for `valetkey put`, instead of its default")
    given = parser.parse_args()
    options = ["--concurrency", str(given.concurrency)] if given.concurrency else []
    with tempfile.TemporaryDirectory(prefix="valetkey-bench-") as folder:
        taken = measure(Path(folder), given.size * MIB, given.rounds, options)
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        print(
            f"{name:14} median {median:6.2f} s  {min(seconds):6.2f} to {max(seconds):6.2f}  {given.size / median:7.0f} MiB/s"
        )
    ratio = statistics.median(taken["valetkey put"]) / statistics.median(taken["boto3"])
    print(f"ratio of medians {ratio:.2f}  (at most {TARGET:g}: {'met' if ratio <= TARGET else 'MISSED'})")
    if given.json:
        given.json.write_text(json.dumps({"size_mib": given.size, "seconds": taken, "ratio": ratio}, indent=2) + "\n")
    return 0 if ratio <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
