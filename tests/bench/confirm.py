"""Confirmations beside the commit before and a bare boto3 loop: `python -m tests.bench.confirm --before FOLDER`.

Each side has one core, the same one, and they take turns; Ceph RGW and the load have the other. What is counted for a
side is its own CPU, in milliseconds for a confirmation, and how many it ends in a second with eight at once: by the
client's call, by events, and with a check of the bytes (in quarantine), for which a worker is needed. FOLDER is a work
tree of another commit. The loops are what an application does by hand with boto3 and eight threads: HEAD, COPY, HEAD,
DELETE, or HEAD and COPY alone.

Targets: at most a fifth of the CPU of the commit before, and twice the rate of the loop of four calls, unless the
store's core has nothing left (``store`` says how much of it was used). Ends with status 1 when one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
from botocore.config import Config
from tests.bench.load import Load, run_load
from tests.bench.peers import Server, free_port, pinned
from tests.bench.result import Row
from tests.e2e.rgw_events import created_event
from tests.support.stores import Bucket, Rgw, fresh_bucket, stop_rgw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.bench.place import Place

_BIN = Path(sys.executable).parent
_ROOT = Path(__file__).parents[2]
AT_ONCE = 8
BODY = os.urandom(1000)
PROFILES = '[profiles.checked]\ndetect = "reject"\n'
SETTLE = 1.5
"""Seconds after a run in which what a side puts off is done, and counted."""

FULL_STORE = 0.85
"""From here on the store's core counts as used up: the rest is the load's and the kernel's."""


@dataclass
class Times:
    """What was measured of one side and one way to confirm: a value for each round."""

    rates: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    store: list[float] = field(default_factory=list)
    """The share of its core that the store used."""

    def add(self, count: int, seconds: float, cpu: float, store: float) -> None:
        """``cpu`` and ``store`` are seconds of CPU that ``count`` confirmations took."""
        self.rates.append(count / seconds)
        self.cpu_ms.append(cpu / count * 1000)
        self.store.append(store / seconds)

    def medians(self) -> tuple[float, float, float]:
        """Confirmations per second, milliseconds of CPU for each, and the store's share."""
        return statistics.median(self.rates), statistics.median(self.cpu_ms), statistics.median(self.store)


@dataclass
class Store:
    """The RGW, the bucket, and how much CPU its processes have used."""

    rgw: Rgw
    bucket: Bucket

    def cpu(self) -> float:
        """In seconds."""
        mark, ticks = str(self.rgw.directory).encode(), 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (folder / "cwd").resolve() == self.rgw.directory or mark in (folder / "cmdline").read_bytes():
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                    ticks += int(fields[11]) + int(fields[12])
            except OSError:  # it has ended, or is not ours to look at
                continue
        return ticks / os.sysconf("SC_CLK_TCK")

    def put(self, keys: Sequence[tuple[str, dict[str, str]]]) -> None:
        """Writes objects as a client's upload would leave them."""
        s3: Any = self.bucket.client
        put = partial(s3.put_object, Bucket=self.bucket.name, Body=BODY, ContentType="text/plain")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda one: put(Key=one[0], Metadata=one[1]), keys))


class Side:
    """`valetkey serve`, and a worker where one is needed, of the work tree ``root``, on ``core``."""

    def __init__(self, name: str, root: Path, folder: Path, store: Store, core: int) -> None:
        self.name, self._root, self._folder, self._store, self._core = name, root, folder, store, core
        self._folder.mkdir()
        (self._folder / "valetkey.toml").write_text(PROFILES)
        self._secret = secrets.token_hex(16)
        self._port = free_port()
        self._env = os.environ | self._settings()

    def _settings(self) -> dict[str, str]:
        rgw = self._store.rgw
        return {
            "PYTHONPATH": f"{self._root / 'service'}{os.pathsep}{self._root}",
            "AWS_ACCESS_KEY_ID": rgw.access_key,
            "AWS_SECRET_ACCESS_KEY": rgw.secret_key,
            "VALETKEY_DATABASE_URL": f"sqlite:///{self._folder / 'valetkey.db'}",
            "VALETKEY_SECRET_KEYS": secrets.token_urlsafe(48),
            "VALETKEY_BUCKET": self._store.bucket.name,
            "VALETKEY_PUBLIC_URL": f"http://127.0.0.1:{self._port}",
            "VALETKEY_S3_ENDPOINT_URL": rgw.endpoint_url,
            "VALETKEY_S3_REGION": rgw.region,
            "VALETKEY_S3_ADDRESSING_STYLE": "path",
            "VALETKEY_EVENTS_CEPH_SECRET": self._secret,
            "VALETKEY_CONFIG": str(self._folder / "valetkey.toml"),
            "VALETKEY_SWEEP_INTERVAL": "1",
        }

    def start(self, stack: ExitStack) -> None:
        """Starts both, until the stack is closed."""
        self._valetkey("migrate")
        key = json.loads(self._valetkey("keys", "create", "bench", "--json"))["key"]
        serve = ["serve", "--host", "127.0.0.1", "--port", str(self._port)]
        self.server = stack.enter_context(self._server("serve", serve, key))
        self.worker = self._server("worker", ["worker"], key)
        self.http = stack.enter_context(
            httpx.Client(
                base_url=f"http://127.0.0.1:{self._port}", headers={"Authorization": f"Bearer {key}"}, timeout=60
            )
        )

    def _server(self, name: str, arguments: list[str], key: str) -> Server:
        command = [str(_BIN / "valetkey"), *arguments]
        return Server(self.name, command, self._env, self._core, self._folder / f"{name}.log", self._port, key)

    def _valetkey(self, *arguments: str) -> str:
        command = [str(_BIN / "valetkey"), *arguments]
        return subprocess.run(command, env=self._env, cwd=_ROOT, capture_output=True, text=True, check=True).stdout

    def uploads(self, count: int, profile: str) -> list[str]:
        """The ids of new uploads whose objects have arrived."""
        asked = {"filename": "a.txt", "content_type": "text/plain", "size": len(BODY), "profile": profile}
        ids: list[str] = []
        for at in range(0, count, 100):
            some = {"uploads": [asked] * min(100, count - at)}
            results = self.http.post("/v1/uploads/batch", json=some).raise_for_status().json()["results"]
            ids.extend(one["upload"]["id"] for one in results)
        self._store.put([(f"staging/{one}", {"upload-id": one}) for one in ids])
        return ids

    def completing(self, ids: Sequence[str]) -> Callable[[int], bytes]:
        """Requests by which a client says that it is done."""
        return lambda number: self._request(f"/v1/uploads/{ids[number - 1]}/complete", b"")

    def telling(self, ids: Sequence[str]) -> Callable[[int], bytes]:
        """Requests by which Ceph RGW says that an object is there."""
        path, bucket = f"/v1/events/ceph?secret={self._secret}", self._store.bucket.name
        events = [json.dumps(created_event(bucket, f"staging/{one}", len(BODY), "")).encode() for one in ids]
        return lambda number: self._request(path, events[number - 1])

    def _request(self, path: str, body: bytes) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.server.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def measure(self, row: Times, count: int, how: str) -> None:
        """One run of ``count`` confirmations."""
        ids = self.uploads(count, "checked" if how == "checked" else "default")
        with ExitStack() as stack:
            servers = [self.server]
            if how == "checked":
                servers.append(stack.enter_context(self.worker))
                time.sleep(3)  # it has begun
            requests = self.telling(ids) if how == "event" else self.completing(ids)
            begun, cpu, store = time.perf_counter(), self._cpu(servers), self._store.cpu()
            result = run_load(("127.0.0.1", self._port), Load(requests, lambda _: True, count, AT_ONCE))
            if result.failures:
                raise RuntimeError(f"{self.name}, {how}: {result.failures} failures: {result.first_failure}")
            if how == "checked":
                self._wait(ids)
            seconds, used = time.perf_counter() - begun, self._store.cpu() - store
            time.sleep(SETTLE)
            row.add(count, seconds, self._cpu(servers) - cpu, used)
        states = {self._state(one) for one in ids[:: max(1, count // 10)]}
        if states != {"confirmed"}:
            raise RuntimeError(f"{self.name}, {how}: {states}")

    def _wait(self, ids: Sequence[str]) -> None:
        """Until the worker has ended all of them, which it does in the order in which they came."""
        end = time.monotonic() + 180
        while self._state(ids[-1]) != "confirmed" or self._state(ids[0]) != "confirmed":
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name}: the worker has not ended all")
            time.sleep(0.25)

    def _state(self, one: str) -> str:
        return str(self.http.get(f"/v1/uploads/{one}").raise_for_status().json()["state"])

    @staticmethod
    def _cpu(servers: Sequence[Server]) -> float:
        return sum(server.cpu_seconds() for server in servers)


def measure_loop(row: Times, store: Store, core: int, count: int, *, calls: int) -> None:
    """The same by hand: boto3 in a process of its own."""
    keys = [f"staging/loop-{secrets.token_hex(8)}" for _ in range(count)]
    store.put([(key, {"upload-id": "loop"}) for key in keys])
    asked: dict[str, Any] = {
        "endpoint": store.rgw.endpoint_url,
        "region": store.rgw.region,
        "bucket": store.bucket.name,
    }
    asked |= {"access_key": store.rgw.access_key, "secret_key": store.rgw.secret_key, "keys": keys, "calls": calls}
    before = store.cpu()
    command = [sys.executable, "-m", "tests.bench.confirm", "--loop"]
    with pinned(core):
        done = subprocess.run(command, input=json.dumps(asked), cwd=_ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    row.add(count, found["seconds"], found["cpu"], store.cpu() - before)


def loop() -> None:
    """What `measure_loop` starts: says how long the calls took and how much CPU, without that of the imports."""
    asked = json.load(sys.stdin)
    config = Config(s3={"addressing_style": "path"}, max_pool_connections=AT_ONCE)
    session = boto3.Session(asked["access_key"], asked["secret_key"], region_name=asked["region"])
    s3: Any = session.client("s3", endpoint_url=asked["endpoint"], config=config)
    bucket = asked["bucket"]
    s3.list_buckets()

    def confirm(key: str) -> None:
        final = key.replace("staging/", "uploads/")
        found = s3.head_object(Bucket=bucket, Key=key)
        s3.copy_object(
            Bucket=bucket,
            Key=final,
            CopySource={"Bucket": bucket, "Key": key},
            CopySourceIfMatch=found["ETag"],
            MetadataDirective="REPLACE",
            Metadata=found["Metadata"],
            ContentType=found["ContentType"],
        )
        if asked["calls"] == 4:
            s3.head_object(Bucket=bucket, Key=final)
            s3.delete_object(Bucket=bucket, Key=key)

    before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(confirm, asked["keys"]))
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    json.dump({"seconds": seconds, "cpu": cpu}, sys.stdout)


WAYS = ("complete", "event", "checked")


def run(before: Path | None, rounds: int, count: int, folder: Path) -> dict[str, Times]:
    """All sides in turn, in one run; each begins with one round that is not counted."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError("two cores are needed: one for the sides, one for the store and the load")
    found_of: dict[str, Times] = {}
    with ExitStack() as stack:
        stack.enter_context(pinned(cores[1]))
        rgw = Rgw.start(folder / "rgw", owner=os.getpid())  # one of its own: it shares a core with the load
        stack.callback(stop_rgw, folder / "rgw")
        store = Store(rgw, stack.enter_context(fresh_bucket(rgw)))
        trees = {"now": _ROOT} | ({"before": before} if before else {})
        sides = [Side(name, root, folder / name, store, cores[0]) for name, root in trees.items()]
        for side in sides:
            side.start(stack)
        for number in range(rounds + 1):
            found = found_of if number else {}
            for way in WAYS:
                for side in sides:
                    side.measure(found.setdefault(f"{side.name} {way}", Times()), count, way)
            for calls in (4, 2):
                measure_loop(found.setdefault(f"boto3, {calls} calls", Times()), store, cores[0], count, calls=calls)
    return found_of


def verdicts(rows: dict[str, Times]) -> Iterator[tuple[str, bool]]:
    """Each target in words, and whether it was met."""
    loop_rate = rows["boto3, 4 calls"].medians()[0]
    for way in WAYS:
        rate, cpu, store = rows[f"now {way}"].medians()
        if (before := rows.get(f"before {way}")) is not None:
            share = cpu / before.medians()[1]
            yield f"{way}: {share:.2f} of the CPU of the commit before (at most 0.2)", share <= 0.2
        if way != "checked":
            times = rate / loop_rate
            bound = store >= FULL_STORE
            said = f"{way}: {times:.2f} times the rate of four calls by boto3 (at least 2"
            yield f"{said}, or the store's core full: {store:.2f})", times >= 2 or bound


def rows(place: Place) -> Iterator[Row]:
    """By the client's call and by events, beside the loop of four calls; a store whose core is full bounds all."""
    times = run(None, place.rounds(5), 50 if place.quick else 400, place.fresh("confirm"))
    loop_rate = times["boto3, 4 calls"].medians()[0]
    for way in ("complete", "event"):
        rate, cpu, store = times[f"now {way}"].medians()
        bound = f"the store used {store:.0%} of the core that it shares with the load; {cpu:.2f} ms of CPU for each"
        work = f"confirmation by {'the call `complete`' if way == 'complete' else 'an event'}, 8 at once"
        yield Row(work, rate, 2, peer="boto3 in 8 threads: HEAD, COPY, HEAD, DELETE", theirs=loop_rate, bound=bound)


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.confirm", description=__doc__)
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="a work tree of the commit to compare with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=400, help="confirmations in a round")
    parser.add_argument("--dir", type=Path, default=Path("/var/tmp"), help="where the databases go (a real disk)")
    parser.add_argument("--loop", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loop:
        loop()
        return 0
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="valetkey-bench-") as folder:
        rows = run(options.before and options.before.resolve(), options.rounds, options.count, Path(folder))
    print(f"{'':20}{'a second':>12}{'CPU, ms':>12}{'store':>12}    load of the machine: {os.getloadavg()[0]:.1f}")
    for name, row in rows.items():
        rate, cpu, store = row.medians()
        print(f"{name:20}{rate:12.1f}{cpu:12.2f}{store:12.2f}    {', '.join(f'{one:.1f}' for one in row.cpu_ms)}")
    met = True
    for words, good in verdicts(rows):
        met &= good
        print(f"{'met' if good else 'MISSED':8}{words}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
