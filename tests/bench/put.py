"""Measures `valetkey put` against boto3's transfer manager, in one run and in turns: `python -m tests.bench.put`.

Both send the same file to the same Ceph RGW on this machine, as commands: from their start to their end, `valetkey put`
with its grant and the service's confirmation, boto3 with 10 threads and no checksums. The target is at most 0.75 of its
time. The ratio to boto3's `upload_file` alone, in a process where all is loaded and connected, is printed beside it.
Ends with status 1 when the target is missed.
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
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig
from tests.support.servers import VALETKEY, ValetkeyServer, running_valetkey
from tests.support.stores import Bucket, Rgw, fresh_bucket, stop_rgw

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024**2
TARGET = 0.75
PEER_THREADS = 10


def timed(work: Callable[[], None]) -> float:
    """How long it takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compiled(folder: Path) -> dict[str, str]:
    """Python keeps what it compiles, as where a package is installed, whatever the caller's environment says."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def ours(server: ValetkeyServer, key: str, file: Path, options: list[str]) -> Callable[[], None]:
    """The whole command; RuntimeError when it fails."""
    env = os.environ | {"VALETKEY_TOKEN": key, "VALETKEY_ENDPOINT": server.base_url}
    env["XDG_STATE_HOME"] = str(server.directory / "state")
    env |= compiled(server.directory)
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


PEER = """
import sys
import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
endpoint, region, bucket, file, threads = sys.argv[1:]
config = Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required",
                response_checksum_validation="when_required", max_pool_connections=int(threads))
client = boto3.client("s3", endpoint_url=endpoint, region_name=region, config=config)
client.upload_file(file, bucket, "peer", Config=TransferConfig(max_concurrency=int(threads)))
"""


def peer_command(bucket: Bucket, file: Path, folder: Path) -> Callable[[], None]:
    """The same as a script of its own; RuntimeError when it fails."""
    server = bucket.server
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    env |= server.env() | compiled(folder)
    command = [
        sys.executable,
        "-c",
        PEER,
        server.endpoint_url,
        server.region,
        bucket.name,
        str(file),
        str(PEER_THREADS),
    ]

    def run() -> None:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"boto3 exited {done.returncode}: {done.stderr}")

    return run


def empty(bucket: Bucket, rgw: Rgw) -> None:
    """Remove every object, and have RGW free its memory now: it has only so much, and keeps what is removed a while."""
    for page in bucket.client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name):
        for item in page.get("Contents", []):
            bucket.client.delete_object(Bucket=bucket.name, Key=item["Key"])
    collect = ["radosgw-admin", "-c", "ceph.conf", "gc", "process", "--include-all"]
    subprocess.run(collect, cwd=rgw.directory, check=True, capture_output=True)


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
            works = {
                "valetkey put": ours(server, key, file, options),
                "boto3 command": peer_command(bucket, file, folder),
                "boto3 call": peer(bucket, file),
            }
            taken: dict[str, list[float]] = {name: [] for name in works}
            for number in range(rounds + 1):
                for name, work in works.items():
                    seconds = timed(work)
                    empty(bucket, rgw)
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
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    for name, seconds in taken.items():
        spread, rate = f"{min(seconds):6.2f} to {max(seconds):6.2f}", given.size / medians[name]
        print(f"{name:14} median {medians[name]:6.2f} s {spread}  {rate:7.0f} MiB/s")
    ratios = {name: medians["valetkey put"] / median for name, median in medians.items() if name != "valetkey put"}
    ratio = ratios["boto3 command"]
    met = "met" if ratio <= TARGET else "MISSED"
    print(f"valetkey put / boto3 command  {ratio:.2f}  (at most {TARGET:g}: {met})")
    print(f"valetkey put / boto3 call     {ratios['boto3 call']:.2f}")
    if given.json:
        given.json.write_text(json.dumps({"size_mib": given.size, "seconds": taken, "ratios": ratios}, indent=2) + "\n")
    return 0 if ratio <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
