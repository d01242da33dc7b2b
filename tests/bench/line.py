"""Measures `valetkey put` and the browser client over lines from loopback to 300 ms: `python -m tests.bench.line`.

Each line is a relay in a process of its own between a sender and one Ceph RGW (`tests.support.lines`); the service has
no line before it. The commands send the same file, from their start to their end: `valetkey put` with its grant and the
confirmation, boto3's transfer manager with 10 threads, `aws s3 cp`. In one Chromium, our client and Uppy. They take
turns in an order that rotates; a first round does not count. Medians, ratios to boto3 or Uppy, and what the line itself
would take are printed. Ends with status 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import browser
from tests.bench.put import MIB, Command, compiled, empty, in_turns, ours, write
from tests.bench.result import Row
from tests.support.lines import KIB, NetworkLink, line_to
from tests.support.servers import VALETKEY, running_valetkey
from tests.support.stores import Bucket, Rgw, fresh_bucket, stop_rgw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.place import Place
    from tests.bench.result import Profile


@dataclass(frozen=True)
class Track:
    """A line, what is sent over it, and how much of boto3's time we may take."""

    line: NetworkLink | None
    """None is no relay: the store itself, on this machine."""
    size: int
    target: float
    files: int = 1
    """Into how many files of the same size it is cut."""

    @property
    def name(self) -> str:
        many = f", {self.files} files" if self.files > 1 else ""
        return f"{self.line.name if self.line else 'loopback'}{many}"


DISTANT = NetworkLink("distant, 80 ms", 0.080, 256 * KIB, 50e6)
TRACKS = (
    Track(None, 512 * MIB, 0.65),
    Track(NetworkLink("office, 5 ms", 0.005, 256 * KIB, 40e6), 128 * MIB, 1.0),
    Track(NetworkLink("home, 30 ms", 0.030, 1 * MIB, 4e6, 14 * KIB), 32 * MIB, 1.0),
    Track(DISTANT, 128 * MIB, 0.6),
    Track(DISTANT, 40 * MIB, 1.0),
    Track(NetworkLink("stalls, 80 ms", 0.080, 256 * KIB, 30e6, 14 * KIB, 0.002), 128 * MIB, 1.0),
    Track(NetworkLink("ocean, 180 ms", 0.180, 512 * KIB, 50e6, 14 * KIB), 256 * MIB, 1.0),
    Track(NetworkLink("far, 300 ms", 0.300, 256 * KIB, 30e6), 128 * MIB, 1.0),
    Track(DISTANT, 20 * MIB, 1.0, 500),
)
TABLE = tuple(track for track in TRACKS if track.target < 1)
"""The two of which more is asked than to be no slower than boto3."""

IN_BROWSER = Track(DISTANT, 128 * MIB, 0.2)
CONNECTIONS = 6
"""What a browser opens to a host."""

PEER = """
import sys
import boto3
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.config import Config
endpoint, region, bucket, threads, *files = sys.argv[1:]
config = Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required",
                response_checksum_validation="when_required", max_pool_connections=int(threads))
client = boto3.client("s3", endpoint_url=endpoint, region_name=region, config=config)
with create_transfer_manager(client, TransferConfig(max_concurrency=int(threads))) as manager:
    for sent in [manager.upload(file, bucket, f"peer-{number}") for number, file in enumerate(files)]:
        sent.result()
"""

AWS_CONFIG = """[default]
s3 =
    addressing_style = path
request_checksum_calculation = when_required
response_checksum_validation = when_required
"""


def boto3(bucket: Bucket, url: str, folder: Path, files: Path) -> Command:
    """Its transfer manager with 10 threads, and no checksums, as we ask for none."""
    names = [str(file) for file in sorted(files.iterdir())]
    words = [sys.executable, "-c", PEER, url, bucket.server.region, bucket.name, "10", *names]
    return Command(words, _peers_env(bucket, folder))


def aws(bucket: Bucket, url: str, folder: Path, what: Path) -> Command:
    """The AWS CLI, which has as many by default, with a file or all files of a folder."""
    (folder / "aws.conf").write_text(AWS_CONFIG)
    words = [str(Path(sys.executable).with_name("aws")), "--endpoint-url", url, "--region", bucket.server.region]
    words += ["s3", "cp", *(["--recursive"] if what.is_dir() else []), "--only-show-errors", str(what)]
    env = _peers_env(bucket, folder) | {"AWS_CONFIG_FILE": str(folder / "aws.conf")}
    return Command([*words, f"s3://{bucket.name}/aws/"], env)


def _peers_env(bucket: Bucket, folder: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return env | bucket.server.env() | compiled(folder)


@dataclass(frozen=True)
class Taken:
    """Seconds of each command by round, and what ours was busy with."""

    seconds: dict[str, list[float]]
    cpu: float
    profile: Profile


def commands(track: Track, rgw: Rgw, rounds: int, *, concurrency: int | None = None, with_aws: bool = True) -> Taken:
    """All of them in turns, and ours once more for its CPU and its profile."""
    with tempfile.TemporaryDirectory(prefix="valetkey-line-") as name, ExitStack() as stack:
        folder = Path(name)
        files = folder / "files"
        files.mkdir()
        for number in range(track.files):
            write(files / f"{number:04}.bin", track.size // track.files)
        bucket = stack.enter_context(fresh_bucket(rgw))
        url = stack.enter_context(line_to(rgw.endpoint_url, track.line)) if track.line else rgw.endpoint_url
        env = {"VALETKEY_S3_PUBLIC_ENDPOINT_URL": url}
        server = stack.enter_context(running_valetkey(folder, bucket, env=env, executable=[VALETKEY]))
        options = ["--concurrency", str(concurrency)] if concurrency else []
        put = ours(server, server.create_key("bench").key, files, options)
        works = {"valetkey put": put, "boto3, 10 threads": boto3(bucket, url, folder, files)}
        if with_aws:
            works["aws s3 cp"] = aws(bucket, url, folder, files)
        seconds = in_turns(works, rounds, lambda: empty(bucket, rgw))
        cpu = put.cpu()
        empty(bucket, rgw)
        return Taken(seconds, cpu, put.profile())


def pages(track: Track, rgw: Rgw, rounds: int) -> dict[str, list[float]]:
    """Seconds of each browser client by round; Uppy as it comes."""
    assert track.line is not None
    with tempfile.TemporaryDirectory(prefix="valetkey-line-") as name, ExitStack() as stack:
        bucket = stack.enter_context(fresh_bucket(rgw))
        env = {"VALETKEY_S3_PUBLIC_ENDPOINT_URL": stack.enter_context(line_to(rgw.endpoint_url, track.line))}
        ready = stack.enter_context(browser.track(Path(name), bucket, track.size, env))
        taken: dict[str, list[float]] = {"@valetkey/client": [], "Uppy": []}
        for number in range(rounds + 1):
            for contender in (browser.OUR_CLIENT, browser.UPPY)[:: 1 if number % 2 else -1]:
                seconds = ready.seconds(contender)
                empty(bucket, rgw)
                if number:
                    taken[contender.name].append(seconds)
        return taken


def rows(place: Place, tracks: Sequence[Track] | None = None) -> Iterator[Row]:
    """`valetkey put` beside boto3: over the distant line, and on loopback, unless ``tracks`` are others."""
    for whole in tracks or TABLE:
        track = replace(whole, size=place.size(whole.size))
        taken = commands(track, place.rgw, place.rounds(5), with_aws=False)
        ours_, theirs = (statistics.median(seconds) for seconds in taken.seconds.values())
        line = f"the line alone takes {track.line.limit(track.size):.2f} s; " if track.line else ""
        yield Row(
            f"`valetkey put`, {track.size // MIB} MiB, {track.name}", ours_, track.target, unit="s", at_least=False,
            peer="boto3's transfer manager, 10 threads", theirs=theirs, profile=taken.profile,
            bound=f"{line}the command used {taken.cpu:.2f} s of CPU",
        )  # fmt: skip


def every_line(place: Place) -> Iterator[Row]:
    """All lines."""
    return rows(place, TRACKS)


def page_rows(place: Place) -> Iterator[Row]:
    """The browser client over the distant line, beside Uppy, and beside what six connections carry."""
    track, line = IN_BROWSER, DISTANT  # never less: up to 100 MiB Uppy sends a file whole, and nobody confirms it
    taken = pages(track, place.rgw, 1 if place.quick else 3)
    medians = [statistics.median(seconds) for seconds in taken.values()]
    limit = line.limit(track.size, CONNECTIONS)
    work = f"browser client, {track.size // MIB} MiB, {track.name}"
    bound = f"six connections of this line cannot carry it in less than {limit:.2f} s"
    yield Row(work, medians[0], track.target, "s", "Uppy 6", medians[1], at_least=False, bound=bound)
    yield Row(work, medians[0], 1.1, "s", "the limit of six connections", limit, at_least=False, bound=bound)


def show(track: Track, taken: dict[str, list[float]], connections: float = math.inf) -> bool:
    """Prints the figures; whether the target is met."""
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    ours_, *others = medians
    print(f"{track.name}: {track.size / MIB:.0f} MiB")
    if track.line:
        limit = track.line.limit(track.size, connections)
        print(f"  the line alone {limit:.2f} s; {ours_} / that: {medians[ours_] / limit:.2f}")
    for name, seconds in taken.items():
        print(f"  {name:18} median {medians[name]:6.2f} s, {min(seconds):6.2f} to {max(seconds):6.2f} s")
    for other in others:
        print(f"  {ours_} / {other}: {medians[ours_] / medians[other]:.2f}")
    met = medians[ours_] <= track.target * medians[others[0]]
    print(f"  at most {track.target:g} of {others[0]}: {'met' if met else 'MISSED'}", flush=True)
    return met


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.line", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="lines whose name contains this")
    parser.add_argument("--no-aws", dest="aws", action="store_false", help="leave the AWS CLI out")
    parser.add_argument("--concurrency", type=int, help="for `valetkey put`, instead of its default")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    given = parser.parse_args()
    met, figures = True, {}
    with tempfile.TemporaryDirectory(prefix="valetkey-line-") as folder:
        rgw = Rgw.start(Path(folder) / "rgw", owner=os.getpid())
        try:
            for track in TRACKS:
                if (given.only or "") in track.name:
                    taken = figures[track.name] = commands(
                        track, rgw, given.rounds, concurrency=given.concurrency, with_aws=given.aws
                    ).seconds
                    met &= show(track, taken)
            if (given.only or "") in "browser":
                taken = figures["browser"] = pages(IN_BROWSER, rgw, given.rounds)
                met &= show(IN_BROWSER, taken, CONNECTIONS)
        finally:
            stop_rgw(rgw.directory)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
