"""A store that was removed from the configuration: its uploads wait, and nothing is lost."""

import logging
from datetime import timedelta

import pytest
from tests.unit.memory_world import OWNER, SCANNER
from tests.unit.two_stores import PROFILES, Installation, without_us

from valetkey.adapters.memory import MemoryStore
from valetkey.core.errors import (
    StateConflict,
    StoreUnavailable,
)
from valetkey.core.events.event import EventCounts
from valetkey.core.model.erasure import ErasureState
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import UploadState, Verdict
from valetkey.core.stores import NamedStore
from valetkey.core.sweeping.findings import Action
from valetkey.core.sweeping.sweep import BATCH
from valetkey.core.sweeping.sweeps import Sweeps


@pytest.fixture
def both() -> Installation:
    return Installation()


def test_a_store_that_was_taken_out_is_named(both: Installation, caplog: pytest.LogCaptureFixture) -> None:
    """Once a start, with how many uploads wait for it; those that have ended do not."""
    both.service.declare()
    waiting = [both.create("docs"), both.arrived("docs")]
    both.service.complete(OWNER, both.arrived("docs").id)
    without_us(both)
    with caplog.at_level(logging.WARNING):
        both.service.declare()
    [sentence] = [record.getMessage() for record in caplog.records if "Store" in record.getMessage()]
    assert sentence == (
        f"Store 'us' is not configured here, and uploads wait for it: {len(waiting)}. Nothing is lost. They "
        "continue when it is configured again."
    )


def test_a_store_that_has_another_bucket_by_now_is_named(both: Installation, caplog: pytest.LogCaptureFixture) -> None:
    """The uploads of its old one wait as those of a store that is gone do."""
    both.service.declare()
    waiting = both.create("docs")
    both.restart(NamedStore("default", both.eu), NamedStore("us", MemoryStore("bucket-mars", clock=both.now)))
    with caplog.at_level(logging.WARNING):
        both.service.declare()
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "Store 'us' is not configured here with the bucket 'bucket-us', and uploads wait for it: 1." in said
    [found] = Sweeps(both.core.sweeps, both.core.retention, both.ledger).foresee()
    assert (found.action, found.subject) == (Action.SKIP, "us")
    assert both.state(waiting) is UploadState.PENDING


def test_uploads_of_a_store_that_was_taken_out_wait(both: Installation) -> None:
    """They answer a problem that names it, and everything that is asked of the store; what was confirmed stays so."""
    waiting, confirmed, pending = both.arrived("docs"), both.arrived("docs"), both.create("docs")
    both.service.complete(OWNER, confirmed.id)
    without_us(both)
    assert both.service.get(OWNER, waiting.id).state is UploadState.PENDING
    for ask in (
        lambda: both.service.complete(OWNER, waiting.id),
        lambda: both.service.renew(OWNER, waiting.id),
        lambda: both.service.download(OWNER, confirmed.id),
        lambda: both.service.open(OWNER, confirmed.id),
        lambda: both.service.remove(OWNER, confirmed.id),
        lambda: both.service.judge(SCANNER, waiting.id, Verdict("e", clean=True)),
    ):
        with pytest.raises(StoreUnavailable, match="the store 'us', which is not configured") as told:
            ask()
        assert told.value.retry_after == 60
    assert both.event(waiting) == EventCounts(ignored=1)
    both.service.remove(OWNER, pending.id)
    assert both.state(pending) is UploadState.ABORTED
    assert both.state(confirmed) is UploadState.CONFIRMED


def test_they_go_on_when_it_is_back(both: Installation) -> None:
    """However long it took: nothing has expired meanwhile, and nothing was removed."""
    waiting = both.arrived("docs")
    without_us(both)
    for _ in range(4):
        both.time += timedelta(days=1)
        assert list(both.core.sweep.look()) == []
        assert list(both.core.sweep.clean()) == []
    assert both.state(waiting) is UploadState.PENDING
    both.profiles = PROFILES
    both.restart()
    both.time += timedelta(hours=1)
    assert [(one.action, one.subject) for one in both.core.sweeps[1].look()] == [(Action.CONFIRM, waiting.id)]
    assert both.us.keys() == [waiting.key]


def test_the_other_stores_go_on_beside_it(both: Installation) -> None:
    """With several left, no sweep stands behind what waits, which whoever sweeps by hand is told of."""
    for _ in range(BATCH + 1):
        both.arrived("docs")
    both.profiles = {"default": Profile("default")}
    both.restart(NamedStore("default", both.eu), NamedStore("mars", MemoryStore("bucket-mars", clock=both.now)))
    here = both.arrived("default")
    both.time += timedelta(minutes=2)
    found = list(Sweeps(both.core.sweeps, both.core.retention, both.ledger).look())
    assert [(one.action, one.subject) for one in found] == [(Action.CONFIRM, here.id), (Action.SKIP, "us")]
    assert found[1].detail.endswith(f"not configured here: {BATCH + 1}")


@pytest.mark.parametrize("lacks", ["the store", "its bucket"])
def test_a_worker_that_lacks_a_store_postpones_nothing_of_it(both: Installation, lacks: str) -> None:
    """Another one, which has it, finds what is due there at once, whoever looked first."""
    waiting = both.arrived("docs")
    knows = both.core
    elsewhere = NamedStore("us", MemoryStore("bucket-mars", clock=both.now))
    if lacks == "the store":
        both.profiles = {"default": Profile("default")}
    both.restart(NamedStore("default", both.eu), *([] if lacks == "the store" else [elsewhere]))
    both.time += timedelta(minutes=2)
    due_at = both.ledger._uploads[waiting.id].due_at
    for sweep in both.core.sweeps:
        assert [*sweep.check(), *sweep.look(), *sweep.clean()] == []
    assert both.ledger._uploads[waiting.id].due_at == due_at
    assert [one.action for one in knows.sweeps[1].look()] == [Action.CONFIRM]


def test_erasing_says_what_is_in_a_store_that_was_taken_out(both: Installation) -> None:
    """The job ends when nobody else has removed it for an hour, and names what stays."""
    both.service.complete(OWNER, both.arrived("docs", owner="ann").id)
    without_us(both)
    job = both.service.erase(OWNER, "ann")
    list(both.core.eraser.run())
    running = both.service.erasure(OWNER, job.id)
    assert (running.state, running.kept) == (ErasureState.RUNNING, ())
    both.time += timedelta(hours=2)
    list(both.core.eraser.run())
    done = both.service.erasure(OWNER, job.id)
    assert done.state is ErasureState.INCOMPLETE
    assert done.kept[0].reason == "It is in the store 'us', which is not configured."


def test_a_worker_that_lacks_a_store_ends_no_erasure(both: Installation) -> None:
    """Another one has it, and removes what is there."""
    here, there = both.arrived("default", owner="ann"), both.arrived("docs", owner="ann")
    for one in (here, there):
        both.service.complete(OWNER, one.id)
    knows = both.core
    without_us(both)
    job = both.service.erase(OWNER, "ann")
    list(both.core.eraser.run())
    assert (both.eu.keys(), both.us.keys()) == ([], [there.key])
    both.time += timedelta(minutes=10)
    for _ in range(3):
        list(knows.eraser.run())
        both.time += timedelta(minutes=2)
    assert both.us.keys() == []
    assert both.service.erasure(OWNER, job.id).state is ErasureState.DONE


def test_processes_that_disagree_say_so(both: Installation, caplog: pytest.LogCaptureFixture) -> None:
    """At their start: what another one is, and what is missing here."""
    both.service.declare()
    both.profiles = {"default": Profile("default")}
    both.restart(NamedStore("default", MemoryStore("elsewhere", clock=both.now), endpoint="https://s3.example"))
    with caplog.at_level(logging.WARNING):
        both.service.declare()
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "Store 'default' differs from that of a process" in said
    assert "bucket 'elsewhere' at https://s3.example in us-east-1 here, bucket 'bucket-eu' at AWS in us-east-1" in said
    assert "Store 'us' is not configured here; a process that started at 2026-03-01 12:00:00 has it." in said
    caplog.clear()
    both.service.declare()
    assert "Store 'default'" not in caplog.text


def test_an_aborted_upload_of_another_state(both: Installation) -> None:
    """The table of states holds there, too: a store that is missing opens no other way."""
    upload = both.arrived("docs")
    both.service.complete(OWNER, upload.id)
    without_us(both)
    with pytest.raises(StateConflict):
        both.service.abort(OWNER, upload.id)
