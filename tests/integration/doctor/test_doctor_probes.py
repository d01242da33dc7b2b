"""How checks are run, and that the objects they write are removed, whatever ends the run."""

import signal
from _thread import interrupt_main
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from tests.support.doctors import line, visit
from tests.support.stores import Bucket

from valetkey.adapters.s3 import S3Store
from valetkey.core.model.upload import new_upload_id
from valetkey.doctor.checks import Check, Group
from valetkey.doctor.examination import examine
from valetkey.doctor.findings import Finding, Level, passed
from valetkey.doctor.groups import GROUPS
from valetkey.doctor.probes import Probes, new_probe_id
from valetkey.doctor.running import run_check
from valetkey.doctor.store.writing import put_probe
from valetkey.doctor.visit import Visit


def test_a_check_that_fails_or_hangs_is_a_finding(installation: Visit) -> None:
    """What it found before counts, and the run does not wait for it."""
    never = Event()

    def hangs(_: Visit) -> Iterator[Finding]:
        yield passed("first", "found")
        never.wait(150)

    def fails(_: Visit) -> Iterator[Finding]:
        yield passed("first", str(1 // 0))

    (first, late), is_late = run_check(installation, Check("hangs", hangs, 2.0))
    assert is_late
    assert (first.seen, late.level, late.check) == ("found", Level.FAIL, "hangs")
    never.set()
    found = examine(installation, [Group("group", [Check("fails", fails)])])
    assert line(found, "fails").level is Level.FAIL
    assert "ZeroDivisionError" in line(found, "fails").seen


def test_probes_go_after_an_interrupt(installation: Visit, moto_bucket: Bucket) -> None:
    """Objects and multipart uploads that were written before the interrupt are removed."""

    def interrupt(finding: Finding) -> None:
        if finding.check == "post":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine(installation, [group for group in GROUPS if group.name == "store"], tell=interrupt)
    assert installation.probes.keys
    assert moto_bucket.keys() == []
    assert moto_bucket.client.list_multipart_uploads(Bucket=moto_bucket.name).get("Uploads", []) == []


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, however the test run was started."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_removal_that_is_interrupted_is_made(
    installation: Visit, moto_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt during the removal of probes does not leave any of them."""
    as_ever, asked = Probes.remove, Event()

    def slowly(self: Probes, store: S3Store) -> list[Finding]:
        if not asked.is_set():
            asked.set()
            interrupt_main()
            Event().wait(5)
        return as_ever(self, store)

    monkeypatch.setattr(Probes, "remove", slowly)
    with pytest.raises(KeyboardInterrupt):
        examine(installation, [group for group in GROUPS if group.name == "store"])
    assert moto_bucket.keys() == []


def test_what_an_earlier_run_has_left_is_removed(
    moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Probes have ids of their own kind: objects and parts of others stay, and those of a run at the same time."""
    client, name = moto_bucket.client, moto_bucket.name
    left, others = [new_probe_id() for _ in range(2)], [new_upload_id() for _ in range(2)]
    for written in (*left, *others):
        client.put_object(Bucket=name, Key=f"staging/{written}", Body=b"bytes")
        client.create_multipart_upload(Bucket=name, Key=f"quarantine/{written}/0")
    checks = [Group("store", (Check("probe", lambda here: iter([passed("probe", put_probe(here))])),))]
    assert examine(visit(moto_bucket, tmp_path), checks).ok
    assert len(moto_bucket.keys()) == 4
    monkeypatch.setattr("valetkey.doctor.probes.ABANDONED", timedelta(0))
    report = examine(visit(moto_bucket, tmp_path), checks)
    found, old = line(report, "probes"), line(report, "leftovers")
    assert (found.level, found.seen) == (Level.PASS, "All 1 probe objects are removed.")
    assert (old.level, old.seen) == (Level.PASS, "2 probe objects of an earlier run are removed.")
    assert moto_bucket.keys() == sorted(f"staging/{written}" for written in others)
    kept = client.list_multipart_uploads(Bucket=name)["Uploads"]
    assert sorted(item["Key"] for item in kept) == sorted(f"quarantine/{written}/0" for written in others)
