"""`valetkey put` as a command, and one small file beside `aws s3 cp`; larger ones are in `line`."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench import profiles
from tests.bench.result import Row
from tests.support.servers import VALETKEY, ValetkeyServer, running_valetkey
from tests.support.stores import Bucket, Rgw, fresh_bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.bench.place import Place
    from tests.bench.result import Profile

MIB = 1024**2
SMALL = 1_000
"""Bytes of the small file."""


def timed(work: Callable[[], object]) -> float:
    """How long it takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compiled(folder: Path) -> dict[str, str]:
    """Python keeps what it compiles, as where a package is installed, whatever the caller's environment says."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


@dataclass(frozen=True)
class Command:
    """A program with its arguments and its environment."""

    words: Sequence[str]
    env: Mapping[str, str]

    def __call__(self) -> None:
        """Runs it to its end; RuntimeError when it fails."""
        done = subprocess.run(self.words, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            said = f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
            raise RuntimeError(f"{self.words[0]} exited {done.returncode}: {said}")

    def cpu(self) -> float:
        """Runs it once more; how many seconds of CPU it takes."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def profile(self) -> Profile:
        """Where its time goes, of one that Python runs."""
        return profiles.of_command(self.words, self.env)


def ours(server: ValetkeyServer, key: str, file: Path, options: Sequence[str] = ()) -> Command:
    """The whole of it: with its grant, and the service's confirmation."""
    env = os.environ | {"VALETKEY_TOKEN": key, "VALETKEY_ENDPOINT": server.base_url}
    env["XDG_STATE_HOME"] = str(server.directory / "state")
    return Command([str(VALETKEY), "put", str(file), "--json", *options], env | compiled(server.directory))


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
        for at in range(0, size, MIB):
            out.write(os.urandom(min(MIB, size - at)))


def in_turns(works: Mapping[str, Callable[[], None]], rounds: int, clear: Callable[[], None]) -> dict[str, list[float]]:
    """Seconds by round, after one that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    names = list(works)
    for number in range(rounds + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            seconds = timed(works[name])
            clear()
            if number:
                taken[name].append(seconds)
    return taken


def rows(place: Place) -> Iterator[Row]:
    """One small file, from the start of the process to its end."""
    from tests.bench.line import aws

    folder = place.fresh("small")
    file = folder / "files" / "small.bin"
    file.parent.mkdir()
    file.write_bytes(os.urandom(SMALL))
    with ExitStack() as stack:
        bucket = stack.enter_context(fresh_bucket(place.rgw))
        server = stack.enter_context(running_valetkey(folder, bucket, executable=[VALETKEY]))
        put = ours(server, server.create_key("bench").key, file)
        copy = aws(bucket, place.rgw.endpoint_url, folder, file)
        taken = in_turns({"ours": put, "theirs": copy}, place.rounds(20), lambda: empty(bucket, place.rgw))
        bound, profile = f"the command used {put.cpu():.2f} s of CPU", put.profile()
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    yield Row(
        "`put` of one small file, process start to exit", medians["ours"], 0.5, unit="s", peer="`aws s3 cp`",
        theirs=medians["theirs"], at_least=False, bound=bound, profile=profile,
    )  # fmt: skip
