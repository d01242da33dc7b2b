"""A store that is unavailable, slow, or refuses: its effects on other stores."""

from contextlib import suppress
from datetime import timedelta

import pytest
from tests.unit.memory_world import FIRST, NOW, OWNER, md5
from tests.unit.two_stores import Installation

from valetkey.adapters.memory import MemoryStore
from valetkey.core.errors import (
    CopyUnproven,
    LedgerUnavailable,
    RulesUnknown,
    StoreUnavailable,
)
from valetkey.core.events.event import EventCounts, ObjectEvent, ScanEvent
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grantor import Granted
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import UploadState, Verdict
from valetkey.core.outages import PAUSE, Outages
from valetkey.core.stores import NamedStore
from valetkey.core.sweeping.findings import Action


@pytest.fixture
def both() -> Installation:
    return Installation()


def test_a_store_that_is_down_hinders_no_upload_of_the_other(both: Installation) -> None:
    """Created, sent, confirmed, downloaded and removed as ever; the other's get a problem and are not lost."""
    waiting = both.arrived("docs")
    both.down = {"us"}
    upload = both.arrived("default")
    assert both.service.complete(OWNER, upload.id).state is UploadState.CONFIRMED
    assert both.service.download(OWNER, upload.id).url
    both.service.remove(OWNER, upload.id)
    both.service.check()
    with pytest.raises(StoreUnavailable, match="us does not answer"):
        both.service.complete(OWNER, waiting.id)
    both.down = set()
    assert both.service.complete(OWNER, waiting.id).state is UploadState.CONFIRMED


def test_all_stores_down_is_not_ready(both: Installation) -> None:
    """The one that answered last is asked first: a silent one is waited for once."""
    both.down = {"default"}
    both.service.check()
    both.asked.clear()
    both.service.check()
    assert both.asked == ["us"]
    both.down = {"default", "us"}
    with pytest.raises(StoreUnavailable):
        both.service.check()


def test_each_store_has_its_own_gate(both: Installation) -> None:
    """As many requests as may wait for a silent store leave the other one's alone."""
    both.restart(store_limit=2)
    here, there = both.arrived("default"), both.arrived("docs")
    with both.core.gates["us"].open_for(there):
        with pytest.raises(StoreUnavailable, match="Too many"):
            both.service.complete(OWNER, there.id)
        assert both.service.complete(OWNER, here.id).state is UploadState.CONFIRMED


def test_credentials_that_are_long_in_coming(both: Installation) -> None:
    """As many as may wait for one store's leave the grants of the other alone."""
    both.restart(store_limit=2)
    refused: list[str] = []

    def ask_meanwhile(operation: str, subject: str) -> None:
        if operation == "credentials":
            both.us.before = None
            with pytest.raises(StoreUnavailable, match="Too many grants"):
                both.create("docs")
            refused.append(both.create().store)

    both.us.before = ask_meanwhile
    assert both.create("docs").store == "us"
    assert refused == ["default"]


def test_a_batch_with_uploads_of_a_store_without_credentials(both: Installation) -> None:
    """Those of the other are granted: each has its own answer. Where none is, the call says it."""

    def refuse(operation: str, subject: str) -> None:
        if operation == "credentials":
            raise StoreUnavailable("The role cannot be assumed now.", 7)

    both.us.before = refuse
    asked = [UploadRequest("a.png", "image/png", 1, profile=name) for name in ("docs", "default")]
    there, here = both.service.create_batch(OWNER, asked)
    assert isinstance(there, StoreUnavailable)
    assert isinstance(here, Granted)
    assert here.upload.store == "default"
    with pytest.raises(StoreUnavailable, match="role"):
        both.service.create_batch(OWNER, asked[:1])


def test_a_delivery_with_events_of_a_store_that_is_down(both: Installation) -> None:
    """Those of the other one count before its sender is told to come again; the silent one is asked once."""
    first, second = both.arrived("docs"), both.arrived("docs")
    other = both.arrived("default")
    both.down = {"us"}
    both.asked.clear()
    with pytest.raises(StoreUnavailable):
        both.event(first, second, other)
    assert both.state(other) is UploadState.CONFIRMED
    assert both.asked.count("us") == 1
    both.down = set()
    assert both.event(first, second, other) == EventCounts(confirmed=2, ignored=1)


def test_the_workers_events_of_a_store_that_is_down(both: Installation) -> None:
    """They are left to that store's sweep at once, and hold up no thread: it is tried again by one, after a while."""
    first, second = both.arrived("docs"), both.arrived("docs")
    observe = both.core.observer.observe
    both.down, both.time = {"us"}, both.time + timedelta(seconds=1)
    assert observe([ObjectEvent("bucket-us", first.staging_key)]) == EventCounts(ignored=1)
    both.asked.clear()
    assert observe([ObjectEvent("bucket-us", second.staging_key)]) == EventCounts(ignored=1)
    assert both.asked == []
    assert [upload.id for upload in both.ledger.due(both.time, 9)] == [first.id, second.id]
    both.down, both.time = set(), both.time + timedelta(seconds=31)
    third = both.arrived("docs")
    assert observe([ObjectEvent("bucket-us", third.staging_key)]) == EventCounts(confirmed=1)
    swept = [one.action for sweep in both.core.sweeps for one in sweep.look()]
    assert swept == [Action.CONFIRM, Action.CONFIRM]
    assert both.ledger._uploads[first.id].state is UploadState.CONFIRMED


def test_a_verdict_is_not_left_to_the_sweep_before_it_is_known(both: Installation) -> None:
    """What a scanner said is in the ledger, or its message comes again: also while the store is down."""
    upload, unseen = both.arrived("scanned"), both.create("scanned")
    both.event(upload)
    verdict = ScanEvent("bucket-us", f"quarantine/{upload.id}/1", md5(FIRST), clean=True)
    both.down = {"us"}
    assert both.core.observer.observe([verdict]) == EventCounts(ignored=1)
    assert both.ledger._uploads[upload.id].verdict == Verdict(md5(FIRST), clean=True, key=verdict.key)
    early = ScanEvent("bucket-us", f"quarantine/{unseen.id}/1", md5(FIRST), clean=True)
    with pytest.raises(StoreUnavailable):
        both.core.observer.observe([early])
    both.down, both.time = set(), both.time + timedelta(minutes=2)
    assert next(one.action for one in both.core.sweeps[1].look()) is Action.CONFIRM
    assert both.state(upload) is UploadState.CONFIRMED


def test_verdicts_do_not_wait_for_a_store_that_is_known_to_be_down(both: Installation) -> None:
    """They are kept without it, and its sweep goes on with them: a copy that hangs takes two minutes of a thread that
    others' events wait for. What is not in quarantine yet comes again."""
    uploads = [both.arrived("scanned") for _ in range(3)]
    both.event(*uploads[:2])
    clean, bad, early = (
        ScanEvent("bucket-us", f"quarantine/{one.id}/1", md5(FIRST), clean=one is not uploads[1]) for one in uploads
    )
    both.down = {"us"}
    observe = both.core.observer.observe
    assert observe([ObjectEvent("bucket-us", uploads[2].staging_key)]) == EventCounts(ignored=1)
    both.asked.clear()
    assert observe([clean, bad, clean]) == EventCounts(ignored=3)
    with pytest.raises(StoreUnavailable):
        observe([early])
    assert both.asked == []
    assert both.ledger._uploads[uploads[0].id].verdict == Verdict(md5(FIRST), clean=True, key=clean.key)
    assert {one.id for one in both.ledger.due(both.time, 9)} == {one.id for one in uploads}
    both.down = set()
    list(both.core.sweeps[1].look())
    assert [both.state(one) for one in uploads[:2]] == [UploadState.CONFIRMED, UploadState.REJECTED]


def had_an_outage(both: Installation) -> None:
    """One of us may try the store `us` now, which did not answer before."""
    isolation = both.core.observer._isolation
    assert isolation is not None
    isolation.outages.failed("us")
    both.time += PAUSE


def test_what_a_store_refuses_holds_up_nothing(both: Installation) -> None:
    """It has answered: its other events are not left to the sweep, and no thread comes back to this one."""
    refused, good = both.arrived("docs"), both.arrived("docs")
    tell = both.core.observer.observe
    had_an_outage(both)

    def refuse(operation: str, subject: str) -> None:
        if subject == refused.staging_key:
            raise StoreUnavailable("The store refused HeadObject: AccessDenied.", refused=True)

    both.us.before = refuse
    assert tell([ObjectEvent("bucket-us", refused.staging_key)]) == EventCounts(ignored=1)
    assert tell([ObjectEvent("bucket-us", good.staging_key)]) == EventCounts(confirmed=1)
    assert [one.id for one in both.ledger.due(both.time, 9)] == [refused.id]


@pytest.mark.parametrize("error", [CopyUnproven("It may be good."), LedgerUnavailable("Not now."), RulesUnknown("?")])
def test_what_says_nothing_of_a_store_is_no_outage(both: Installation, error: Exception) -> None:
    """A copy that cannot be proven, a ledger that is away and rules that nobody knows: the next event is tried."""
    first, good = both.arrived("docs"), both.arrived("docs")
    had_an_outage(both)

    def fail(operation: str, subject: str) -> None:
        if subject == first.staging_key:
            raise error

    both.us.before = fail
    with suppress(LedgerUnavailable):
        both.core.observer.observe([ObjectEvent("bucket-us", first.staging_key)])
    again = both.core.observer.observe([ObjectEvent("bucket-us", good.staging_key)])
    assert again == EventCounts(confirmed=1)


def test_a_slow_store_leaves_threads_to_the_others(both: Installation) -> None:
    """As many events as may wait for it: the next one is left to its sweep, and those of the other are heard."""
    both.restart(event_threads=2)
    slow, left, other = both.arrived("docs"), both.arrived("docs"), both.arrived("default")
    tell, meanwhile = both.core.observer.observe, list[EventCounts]()

    def come_meanwhile(operation: str, subject: str) -> None:
        both.us.before = None
        meanwhile.append(tell([ObjectEvent("bucket-us", left.staging_key)]))
        meanwhile.append(tell([ObjectEvent("bucket-eu", other.staging_key)]))

    both.us.before = come_meanwhile
    assert tell([ObjectEvent("bucket-us", slow.staging_key)]) == EventCounts(confirmed=1)
    assert meanwhile == [EventCounts(ignored=1), EventCounts(confirmed=1)]
    assert [one.id for one in both.ledger.due(both.time, 9)] == [left.id]


def test_events_do_not_queue_up_behind_a_slow_store(both: Installation) -> None:
    """One that takes long to answer is left to its sweep for a while, as one that does not answer is."""
    slow, next_one = both.arrived("docs"), both.arrived("docs")
    waited: list[str] = []

    def wait(operation: str, subject: str) -> None:
        waited.append(subject)
        both.time += timedelta(seconds=3)

    both.us.before = wait
    tell = both.core.observer.observe
    assert tell([ObjectEvent("bucket-us", slow.staging_key)]) == EventCounts(confirmed=1)
    waited.clear()
    assert tell([ObjectEvent("bucket-us", next_one.staging_key)]) == EventCounts(ignored=1)
    assert waited == []
    assert next_one.id in [one.id for one in both.ledger.due(both.time, 9)]


@pytest.mark.parametrize("beside", [True, False], ids=["worker", "service"])
def test_events_of_a_store_that_is_not_here(both: Installation, *, beside: bool) -> None:
    """They are another process's: its sweep looks at once, and a verdict comes again until that process hears it."""
    pending, scanned = both.arrived("docs"), both.arrived("scanned")
    both.event(scanned)
    knows = both.core
    both.profiles = {"default": Profile("default")}
    both.restart(NamedStore("default", both.eu), NamedStore("mars", MemoryStore("bucket-mars", clock=both.now)))
    observe = both.core.observer.observe if beside else both.service.observe
    here = both.arrived("default")
    verdict = ScanEvent("bucket-us", f"quarantine/{scanned.id}/1", md5(FIRST), clean=True)
    both.time += timedelta(seconds=1)
    with pytest.raises(StoreUnavailable, match="the store 'us', which is not configured"):
        observe([ObjectEvent("bucket-us", pending.staging_key), verdict, ObjectEvent("bucket-eu", here.staging_key)])
    assert both.state(here) is UploadState.CONFIRMED
    assert [one.action for one in knows.sweeps[1].look()] == [Action.CONFIRM]
    assert knows.observer.observe([verdict]) == EventCounts(confirmed=1)
    assert {both.state(one) for one in (pending, scanned)} == {UploadState.CONFIRMED}


def test_a_clock_that_is_set_back_prolongs_no_outage() -> None:
    """A store is left alone for as long as `PAUSE` says, whatever the clock says."""
    times = [NOW]
    outages = Outages(lambda: times[-1])
    outages.failed("us")
    assert not outages.may_try("us")
    times.append(NOW - timedelta(days=1))
    assert outages.may_try("us")
    assert not outages.may_try("us")
    times.append(NOW - timedelta(days=1) + PAUSE)
    assert outages.may_try("us")
