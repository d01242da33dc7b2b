"""What doctor says of the ledger and of workers, which are known by what they write there."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from tests.support.doctors import line, lines, report, visit
from tests.support.stores import Bucket

from valetkey.core.model.upload import new_upload_id
from valetkey.core.ports.health import StalledWork, WorkerBeat
from valetkey.doctor.findings import Level
from valetkey.doctor.visit import Visit
from valetkey.worker import BeatLoop


def test_the_ledger(installation: Visit, moto_bucket: Bucket, tmp_path: Path) -> None:
    """A missing ledger and a working one are told apart; a worker is known by its heartbeat."""
    empty = visit(moto_bucket, tmp_path, database_url=f"sqlite:///{tmp_path}/none.db")
    assert "migrate" in line(report(empty, "ledger"), "schema").action
    assert not (tmp_path / "none.db").exists()

    found = report(installation, "ledger")
    assert [line(found, check).level for check in ("schema", "encoding")] == [Level.PASS] * 2
    assert "a commit" in line(found, "latency").seen
    assert line(found, "worker").seen == "No worker runs."

    now = datetime.now(UTC)
    old = WorkerBeat("w", "host", now - timedelta(days=1), now - timedelta(hours=3))
    installation.ledger.beat(old, now - timedelta(days=2))
    assert "seen 3 h ago on host" in line(report(installation, "ledger"), "worker").seen

    stuck = WorkerBeat("w", "host", now - timedelta(days=1), now, now - timedelta(hours=3))
    installation.ledger.beat(stuck, now - timedelta(days=2))
    seen = line(report(installation, "ledger"), "worker")
    assert (seen.level, "3 h ago" in seen.seen) == (Level.WARN, True)

    since = now - timedelta(hours=5)
    installation.ledger.beat(
        replace(stuck, looked_at=now, still=(StalledWork("cleaning up of store eu", since),)), now - timedelta(days=2)
    )
    good, bad = lines(report(installation, "ledger"), "worker")
    assert (good.level, bad.level) == (Level.PASS, Level.WARN)
    assert bad.seen == "On host cleaning up of store eu has made no progress for 5 h."


def test_a_worker_says_that_it_runs(installation: Visit) -> None:
    """Its heartbeat is in the ledger from its start to its end."""
    looked = datetime.now(UTC)
    loop = BeatLoop(installation.ledger, lambda: looked, 0.01)
    thread = Thread(target=loop.run)
    thread.start()
    try:
        for _ in range(6000):
            if installation.ledger.workers():
                break
            Event().wait(0.01)
        [beat] = installation.ledger.workers()
        assert beat.looked_at == looked
        assert beat.still == ()
        assert beat.started_at <= beat.seen_at
    finally:
        loop.stop()
        thread.join(60)
    assert installation.ledger.workers() == []


def test_an_unreadable_database_url_is_one_failure(moto_bucket: Bucket, tmp_path: Path) -> None:
    """The finding shows the expected form of a URL, and nothing of this one."""
    one = visit(moto_bucket, tmp_path, database_url="postgresql://bob:p4ssw0rd@host:none/shop")
    found = report(one, "machine", "ledger", checks=["disk-space", "fsync", "schema", "condition"])
    assert [each.check for each in found.findings if each.level is Level.FAIL] == ["schema"]
    assert "The database URL cannot be read" in line(found, "schema").seen
    assert "p4ssw0rd" not in str(found.as_json())


@pytest.mark.parametrize("url", ["postgresql://bob:p%2F4ss@host/shop", "postgresql://host/shop?password=p/4ss"])
def test_passwords_of_databases_are_not_shown(url: str, moto_bucket: Bucket, tmp_path: Path) -> None:
    """They are removed from findings, percent-encoded or decoded."""
    one = visit(moto_bucket, tmp_path, database_url=url)
    shown = one.redact(f"no entry for {url}, or p/4ss")
    assert "4ss" not in shown


def test_a_ledger_that_cannot_be_written(installation: Visit, tmp_path: Path) -> None:
    """It can still be read; the finding says what is wrong and what to do."""
    with closing(sqlite3.connect(tmp_path / "valetkey.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = report(installation, "ledger", checks=["schema", "latency"])
    assert line(found, "latency").level is Level.FAIL
    assert "can be read, but not written" in line(found, "latency").seen
    assert "holds a lock" in line(found, "latency").action


def test_another_installation_is_seen_behind_many_old_objects(
    installation: Visit, moto_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids and listings are in the order of time; only one page is read, from the time that matters."""
    monkeypatch.setattr("valetkey.doctor.ledger.PAGE", 3)
    for number in range(3):
        moto_bucket.client.put_object(Bucket=moto_bucket.name, Key=f"staging/01000000-000{number}-7000-8000-{'0' * 12}")
    assert line(report(installation, "ledger"), "shared-staging").level is Level.PASS  # their uploads ended long ago
    moto_bucket.client.put_object(Bucket=moto_bucket.name, Key=f"staging/{new_upload_id()}")
    found = line(report(installation, "ledger"), "shared-staging")
    assert found.seen.startswith("Objects under staging/ whose uploads this ledger does not know: 1.")
