"""One run from its start to its verdict."""

import json
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from tests.chaos.client import Client
from tests.chaos.contents import PROFILES
from tests.chaos.events import mangled_events
from tests.chaos.expectations import World
from tests.chaos.faults import Killer, Outages, Part
from tests.chaos.hostile import Hostile
from tests.chaos.moods import Moods
from tests.chaos.plan import Plan
from tests.chaos.promises import Evidence, broken, wrong_bytes
from tests.chaos.report import figures, toothless
from tests.chaos.restarted import Supervised, supervised
from tests.chaos.scanner import Reader, Scanner, looking
from tests.chaos.watcher import Watcher
from tests.e2e.rgw_events import pushing
from tests.support import ledgers
from tests.support.receiver import Receiver, running_receiver
from tests.support.servers import environment, free_port, run_valetkey
from tests.support.stores import Bucket

SETTINGS = {
    "VALETKEY_SWEEP_INTERVAL": "1",
    "VALETKEY_SWEEP_FIRST_LOOK": "2",
    "VALETKEY_SWEEP_GRACE": "5",
    "VALETKEY_SWEEP_RETENTION": "15",
    "VALETKEY_SWEEP_CLEAN_INTERVAL": "2",
    "VALETKEY_WEBHOOK_ALLOW_PRIVATE": "true",
    "VALETKEY_WEBHOOK_DELAYS": ",".join(["1"] * 60),
}
"""In seconds. Whatever is left when the faults stop is settled within a minute by design, on a machine that has
nothing else to do: what lies under ``staging/`` for 15 s is looked at or removed; 5 s after a grant's 15, what never
came expires and copies of overwritten bytes that a killed process left go; a webhook that a killed worker had in hand
comes back after its lease of 30."""


@dataclass(frozen=True)
class Verdict:
    """What a run came to. ``faults`` says what broke, ``figures`` what happened."""

    faults: list[str]
    figures: str


class Run:
    """Two services and two workers on one ledger, and all that happens to them."""

    def __init__(
        self,
        plan: Plan,
        buckets: Sequence[Bucket],
        database_url: str,
        *,
        parts: Sequence[Part],
        directory: Path,
        turn: Lock,
        pushes: bool = True,
        lacks: Sequence[str] = (),
    ) -> None:
        """Each of ``buckets`` is a store of its own.

        ``turn`` is held while clients and faults are at work: a machine has room for one such run at a time.

        ``pushes`` says whether the bucket's store pushes events, ``lacks`` what none of these stores can do.
        """
        self._pushes = pushes
        self._plan = plan
        self._turn = turn
        self._buckets = buckets
        self._parts = parts
        self._directory = directory
        self._secret = f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
        (directory / "valetkey.toml").write_text(PROFILES + _further_stores(buckets[1:], directory, lacks))
        self._env = (
            environment(directory, buckets[0])
            | SETTINGS
            | {"AWS_SHARED_CREDENTIALS_FILE": str(directory / "credentials")}
            | {
                "VALETKEY_DATABASE_URL": database_url,
                "VALETKEY_CONFIG": str(directory / "valetkey.toml"),
                "VALETKEY_WEBHOOK_SECRETS": self._secret,
                "VALETKEY_S3_LACKS": ",".join(lacks),
            }
        )

    def run(self) -> Verdict:
        ledgers.migrate(self._env["VALETKEY_DATABASE_URL"])
        key, scanners = self._key("uploads"), self._key("verdict")
        ports = [free_port(), free_port()]
        world = World(self._plan, [f"http://127.0.0.1:{port}" for port in ports], key)
        moods = Moods(self._plan)
        with running_receiver(moods) as receiver:
            env = self._env | {"VALETKEY_WEBHOOK_URL": receiver.url}
            wanted = {f"serve {port}": env | {"VALETKEY_PORT": str(port)} for port in ports}
            wanted |= {f"worker {number}": env for number in (1, 2)}
            with supervised(wanted, self._directory) as processes, mangled_events(world) as url:
                events = f"{url}/v1/events/ceph?secret={env['VALETKEY_EVENTS_CEPH_SECRET']}"
                looks = [Scanner(world, self._buckets, scanners).look]
                looks += [Reader(world, bucket).look for bucket in self._buckets]
                with looking(*(looks if self._plan.checked else ())):
                    with ExitStack() as stack, self._turn:
                        for bucket in self._buckets if self._pushes else ():
                            stack.enter_context(pushing(bucket, events))
                        seconds = self._upload(world, processes)
                    moods.be_good()
                    return self._judge(world, processes, lambda: self._look(world, receiver, moods), seconds)

    def _key(self, scope: str) -> str:
        _, text = ledgers.create_key(self._env["VALETKEY_DATABASE_URL"], "default", scope)
        return text

    def _upload(self, world: World, processes: Supervised) -> float:
        """Everybody at work until the last client is done and the last fault is over; the seconds that it took."""
        begun = time.monotonic()
        clients: list[Callable[[], None]] = [Client(world, number).run for number in range(self._plan.clients)]
        others = [Hostile(world).run, Watcher(world).run]
        others += [Killer(world, processes).run, Outages(world, self._parts).run]
        with ThreadPoolExecutor(len(clients) + len(others)) as pool:
            beside = [pool.submit(call) for call in others]
            try:
                for done in [pool.submit(call) for call in clients]:
                    done.result()
            finally:
                world.over.set()
            for done in beside:
                done.result()
        return time.monotonic() - begun

    def _judge(self, world: World, processes: Supervised, look: Callable[[], Evidence], seconds: float) -> Verdict:
        """Asks until everything holds or the time is over; then looks at the bytes, and whether it still holds."""
        begun = time.monotonic()
        faults = broken(seen := look())
        while faults and time.monotonic() - begun < self._plan.settle:
            time.sleep(1)
            faults = broken(seen := look())
        settled = time.monotonic() - begun
        faults += wrong_bytes(seen, self._contents(seen))
        faults += [f"afterwards: {fault}" for fault in broken(look()) if fault not in faults]
        faults += (
            self._undelivered(seen.taken)
            + list(dict.fromkeys(world.unexpected))
            + list(toothless(world, seen, self._parts, pushes=self._pushes))
        )
        faults += [
            f"{name} met an error that it did not know" for name in processes.names if processes.is_surprised(name)
        ]
        return Verdict(faults, figures(world, seen, seconds, settled))

    def _look(self, world: World, receiver: Receiver, moods: Moods) -> Evidence:
        watcher = Watcher(world)
        ledger = {str(upload["id"]): upload for upload in watcher.uploads()}
        keys = frozenset(key for bucket in self._buckets for key in _keys(bucket))
        with receiver.lock:
            received = tuple(receiver.received)
        return Evidence(world.journeys, ledger, keys, self._versions(), received, moods.all_taken(), self._secret)

    def _versions(self) -> frozenset[tuple[str, str]] | None:
        if not self._plan.versioned:
            return None
        return frozenset(version for bucket in self._buckets for version in _versions(bucket))

    def _contents(self, seen: Evidence) -> Iterator[tuple[str, bytes]]:
        buckets = {bucket.name: bucket for bucket in self._buckets}
        for upload_id, upload in seen.ledger.items():
            if upload_id in seen.journeys and upload["object"] and upload["object"]["key"] in seen.keys:
                stored = upload["object"]
                found = buckets[stored["bucket"]].client.get_object(Bucket=stored["bucket"], Key=stored["key"])
                yield upload_id, found["Body"].read()

    def _undelivered(self, taken: Container[str]) -> list[str]:
        """What the outbox still holds, but for what was ``taken``: its worker may have been killed right then."""
        faults = []
        for state in ("waiting", "dead"):
            args = ("webhooks", "list", "--state", state, "--limit", "10000", "--json")
            rows = json.loads(run_valetkey(*args, env=self._env, directory=self._directory))["webhooks"]
            faults += [f"webhook {row['id']} is {state}: {row['detail']}" for row in rows if row["id"] not in taken]
        return faults


def _further_stores(buckets: Sequence[Bucket], directory: Path, lacks: Sequence[str]) -> str:
    """A table of the toml for each bucket behind the first; the keys of these stores are in a file of AWS's."""
    profiles, tables = "", ""
    for number, bucket in enumerate(buckets, 1):
        server = bucket.server
        profiles += f"[store-{number}]\naws_access_key_id = {server.access_key}\n"
        profiles += f"aws_secret_access_key = {server.secret_key}\n"
        tables += f"""
[stores.store-{number}]
bucket = "{bucket.name}"
endpoint_url = "{server.endpoint_url}"
region = "{server.region}"
aws_profile = "store-{number}"
lacks = {json.dumps(lacks)}
"""
    (directory / "credentials").write_text(profiles)
    rules = "".join(f'"owner-{number}" = "store-{number}"\n' for number in range(1, len(buckets) + 1))
    return f"{tables}\n[stores_by_owner]\n{rules}" if buckets else ""


def _keys(bucket: Bucket) -> Iterator[str]:
    for page in bucket.client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name):
        yield from (item["Key"] for item in page.get("Contents", []))


def _versions(bucket: Bucket) -> Iterator[tuple[str, str]]:
    for page in bucket.client.get_paginator("list_object_versions").paginate(Bucket=bucket.name):
        kept = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        yield from ((one["Key"], one["VersionId"]) for one in kept)
