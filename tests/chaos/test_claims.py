"""Claims while the application and the workers are killed: none is lost, none happens twice, unclaimed uploads go."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from subprocess import Popen
from typing import Any

import pytest
from tests.chaos.forum import CLAIM_WITHIN
from tests.chaos.plan import FULL, SEED
from tests.chaos.restarted import supervised
from tests.e2e.api import wait_for
from tests.support import ledgers, processes, servers
from tests.support.servers import environment
from tests.support.stores import Bucket

COUNT = 2_000 if FULL else 200
KILLS = (0.5, 1.5)
LEASES = 200
"""How many seconds at most what a killed worker was about to do is left alone."""
FORUM = "tests.chaos.forum"
CONFIG = f"""
[profiles.photos]
claim_within = {CLAIM_WITHIN}
"""


class Forum:
    """The application of `tests.chaos.forum` on a ledger and a bucket."""

    def __init__(self, directory: Path, bucket: Bucket, ledger: str) -> None:
        self.directory, self.bucket, self.log = directory, bucket, directory / "forum.log"
        config = directory / "valetkey.toml"
        config.write_text(CONFIG)
        self.env = environment(directory, bucket) | {
            "VALETKEY_DATABASE_URL": ledger,
            "VALETKEY_CONFIG": str(config),
        }
        ledgers.migrate(self.env["VALETKEY_DATABASE_URL"])

    @contextmanager
    def running(self, *role: str) -> Iterator[Popen[bytes]]:
        """The application with this role; it is ended."""
        with self.log.open("ab") as log:
            started = servers.start(role, self.env, self.directory, log, module=FORUM)
        with processes.ended(started, signal.SIGTERM) as running:
            yield running

    def run(self, *role: str) -> None:
        with self.running(*role) as process:
            assert process.wait(120) == 0, self.log.read_text()[-4000:]

    def state(self) -> tuple[dict[str, str], dict[str, bool], dict[str, Any]]:
        """The posts, what was begun and whether it was finished, and the uploads."""
        self.run("tell")
        found = json.loads((self.directory / "told.json").read_text())
        return found["posts"], found["begun"], found["uploads"]

    def objects(self) -> set[str]:
        pages = self.bucket.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket.name)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}


@pytest.fixture(params=["sqlite", "postgresql"])
def forum(request: pytest.FixtureRequest, tmp_path: Path, rgw_bucket: Bucket) -> Forum:
    sqlite = f"sqlite:///{tmp_path / 'valetkey.db'}"
    ledger = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Forum(tmp_path, rgw_bucket, ledger)


@pytest.mark.timeout(2400 if FULL else 1200)
def test_no_claim_is_lost_and_none_happens_twice(forum: Forum) -> None:
    """Two members want each photo, some of them just when its time ends; two workers remove what nobody claims.

    All four are killed again and again, between a claim and its post, too. What was claimed and committed stays, with
    its object; of two members one gets it; and all else is gone within its time after the application has mended what
    the crashes left.
    """
    members = {f"member {name}": (FORUM, "member", name) for name in ("ann", "bob")}
    chance, kills = Random(SEED), 0
    names = [*members, "worker 1", "worker 2"]
    with supervised(dict.fromkeys(names, forum.env), forum.directory, members) as running:
        with forum.running("photos", str(COUNT)) as photos:
            deadline = time.monotonic() + (2000 if FULL else 300)  # a machine that is busy takes its time
            while photos.poll() is None and time.monotonic() < deadline:
                time.sleep(chance.uniform(*KILLS))
                kills += running.kill(chance.choice(names))
            assert photos.poll() == 0, forum.log.read_text()[-4000:]
        for _ in range(CLAIM_WITHIN):
            time.sleep(1)
            kills += running.kill(chance.choice(names))
        time.sleep(5)  # what is begun is finished
    with supervised({"worker 1": forum.env, "worker 2": forum.env}, forum.directory):
        forum.run("mend")
        posts, begun, uploads = forum.state()
        assert wait_for(lambda: not _undecided(forum), CLAIM_WITHIN + LEASES, every=2), _undecided(forum)
    kept, begun, uploads = forum.state()
    assert kept == posts
    assert len(uploads) == COUNT
    assert kills > 10
    assert any(not done for done in begun.values()) or not FULL  # some crashed in the middle
    claimed = {upload_id: upload["claim"]["reference"] for upload_id, upload in uploads.items() if upload["claim"]}
    assert {photo: reference for reference, photo in posts.items()} == claimed  # one post has it, and it has one post
    assert len(posts) == len(claimed) > COUNT / 4
    objects = forum.objects()
    for upload_id, upload in uploads.items():
        if upload_id in claimed:
            assert upload["state"] == "confirmed"
            assert upload["object"]["key"] in objects
        else:
            assert (upload["state"], upload["reason"]["code"]) == ("deleted", "unclaimed")
            assert not any(upload_id in key for key in objects)
    print(f"\n{COUNT} photos, {kills} kills, {len(claimed)} claimed, {COUNT - len(claimed)} removed as unclaimed")


def _undecided(forum: Forum) -> dict[str, Any]:
    """The uploads that are neither claimed nor removed, and what lies at the store of those that are."""
    _, _, uploads = forum.state()
    objects = forum.objects()
    open_ones = {i: upload for i, upload in uploads.items() if upload["state"] == "confirmed" and not upload["claim"]}
    removed = {i for i, upload in uploads.items() if upload["state"] != "confirmed"}
    return open_ones | {i: found for i in removed if (found := [key for key in objects if i in key])}
