"""Several stores in one installation: whose work an upload is, and what one that is down does to the others."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Timer
from typing import Any

import pytest
from tests.unit.memory_world import FIRST, NOW, OWNER, SCANNER, md5

from valetkey.adapters.magic import MagicDetector
from valetkey.adapters.memory import MemoryLedger, MemoryStore
from valetkey.core.access.tickets import Tickets
from valetkey.core.assembly import Assembly
from valetkey.core.errors import (
    ConfigurationError,
    CopyUnproven,
    LedgerUnavailable,
    RulesUnknown,
    StateConflict,
    StoreUnavailable,
)
from valetkey.core.events.event import EventCounts, ObjectEvent, ScanEvent
from valetkey.core.gate import Room
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grantor import Granted
from valetkey.core.granting.grants import MultipartGrant, PostGrant
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.erasure import ErasureState
from valetkey.core.model.multipart import MIB
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Detect
from valetkey.core.model.upload import Upload, UploadState, Verdict
from valetkey.core.outages import PAUSE, Outages
from valetkey.core.stores import Choose, NamedStore, Stores, no_choice
from valetkey.core.sweeping.findings import Action
from valetkey.core.sweeping.sweep import BATCH
from valetkey.core.sweeping.sweeps import Sweeps

PROFILES = {
    "default": Profile("default"),
    "docs": Profile("docs", store="us"),
    "checked": Profile("checked", store="us", detect=Detect.REJECT),
    "scanned": Profile("scanned", store="us", scan=True),
    "parts": Profile("parts", store="us", multipart_from=1, part_size=5 * MIB, max_size=20 * MIB),
}


class Silent:
    def ended(self, upload: Upload) -> None: ...


@dataclass
class Installation:
    """An installation on the stores that are in ``configured`` now; `restart` makes its process anew."""

    eu: MemoryStore = field(init=False)
    us: MemoryStore = field(init=False)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    profiles: Mapping[str, Profile] = field(default_factory=lambda: PROFILES)
    choose: Choose = no_choice
    time: datetime = NOW
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    core: Assembly = field(init=False)

    def __post_init__(self) -> None:
        self.eu = MemoryStore("bucket-eu", clock=self.now, before=self._hook("default"))
        self.us = MemoryStore("bucket-us", clock=self.now, before=self._hook("us"))
        self.restart()

    def now(self) -> datetime:
        return self.time

    def _hook(self, name: str) -> Callable[[str, str], None]:
        def before(operation: str, subject: str) -> None:
            self.asked.append(name)
            if name in self.down:
                raise StoreUnavailable(f"{name} does not answer.")

        return before

    def restart(self, *stores: NamedStore, **changes: Any) -> None:
        """A process that is configured with ``stores``: with both, where none is given."""
        both = (NamedStore("default", self.eu), NamedStore("us", self.us))
        self.core = Assembly(
            stores=Stores(stores or both, self.choose),
            ledger=self.ledger,
            notifier=Silent(),
            detector=MagicDetector(),
            profiles=self.profiles,
            tickets=Tickets(["secret"]),
            public_url=lambda: "https://uploads.example",
            clock=self.now,
            pause=lambda _: None,
            **changes,
        )
        self.service = self.core.service

    def create(self, profile: str = "default", owner: str | None = None, **asked: Any) -> Upload:
        request = UploadRequest("a photo.png", "image/png", len(FIRST), profile=profile, owner=owner)
        return self.service.create(OWNER, request._replace(**asked)).upload

    def send(self, upload: Upload, content: bytes = FIRST) -> None:
        """The client's POST, to where its grant says."""
        grant = self.service.renew(OWNER, upload.id).grant
        assert isinstance(grant, PostGrant)
        place = {self.eu.post_url: self.eu, self.us.post_url: self.us}[grant.url]
        assert place.post(list(grant.fields.items()), content).status == 201

    def arrived(self, profile: str, **asked: Any) -> Upload:
        """An upload whose bytes are there, and which nobody has reported."""
        upload = self.create(profile, **asked)
        self.send(upload)
        return upload

    def state(self, upload: Upload) -> UploadState:
        return self.ledger._uploads[upload.id].state

    def store_of(self, upload: Upload) -> MemoryStore:
        return self.us if upload.store == "us" else self.eu

    def event(self, *uploads: Upload, sender: str | None = None) -> EventCounts:
        """The stores' events for these uploads, in one delivery."""
        events = [ObjectEvent(one.bucket, one.arrival_key) for one in uploads]
        return self.service.observe(events, sender=sender)


@pytest.fixture
def both() -> Installation:
    return Installation()


def test_uploads_end_under_the_bucket_of_their_profile(both: Installation) -> None:
    """What no profile says goes to `default`; each is confirmed there, and nowhere else."""
    here, there = both.arrived("default"), both.arrived("docs")
    assert [(one.store, one.bucket) for one in (here, there)] == [("default", "bucket-eu"), ("us", "bucket-us")]
    for one in (here, there):
        assert both.service.complete(OWNER, one.id).state is UploadState.CONFIRMED
    assert both.eu.keys() == [here.key]
    assert both.us.keys() == [there.key]


def test_events_of_both_confirm(both: Installation) -> None:
    """Also in one delivery."""
    assert both.event(both.arrived("default"), both.arrived("docs")) == EventCounts(confirmed=2)


def test_an_owner_goes_before_a_profile(both: Installation) -> None:
    """Where its rule names a store: else the profile's counts."""
    both.choose = lambda owner, profile: "default" if owner == "acme" and profile == "docs" else None
    both.restart()
    assert both.create("docs", "acme").store == "default"
    assert both.create("docs", "globex").store == "us"
    assert both.create("default", "acme").store == "default"


def test_a_rule_that_names_no_store_of_ours(both: Installation) -> None:
    """A function of the application may do that at any time: a sentence, and nothing is created."""
    both.choose = lambda owner, profile: "mars"
    both.restart()
    with pytest.raises(StoreUnavailable, match="'mars', which is not configured"):
        both.create()
    assert both.ledger._uploads == {}


def test_an_upload_stays_with_its_store(both: Installation) -> None:
    """Whatever its owner's rule, or its profile, says later."""
    upload = both.arrived("docs")
    both.choose = lambda owner, profile: "default"
    both.profiles = {"default": Profile("default"), "docs": Profile("docs", store="default")}
    both.restart()
    assert both.create("docs").store == "default"
    assert both.service.complete(OWNER, upload.id).state is UploadState.CONFIRMED
    assert both.us.keys() == [upload.key]
    assert both.service.download(OWNER, upload.id).url.startswith("memory://bucket-us/")
    assert both.service.open(OWNER, upload.id).read() == FIRST
    assert both.service.where(upload) == f"memory://bucket-us/{upload.key}".replace(" ", "%20")


def test_a_cdn_has_what_is_in_the_store_of_its_profile(both: Installation) -> None:
    """What a rule brought elsewhere, or what began on another store, is not behind it."""
    both.profiles = {"default": Profile("default", download_base_url="https://cdn.example")}
    both.choose = lambda owner, _: "us" if owner == "acme" else None
    both.restart()
    here, there = both.arrived("default"), both.arrived("default", owner="acme")
    urls = {}
    for one in (here, there):
        both.service.complete(OWNER, one.id)
        urls[one.store] = both.service.download(OWNER, one.id).url
    assert urls["default"] == f"https://cdn.example/{here.key}"
    assert urls["us"].startswith("memory://bucket-us/")
    both.profiles = {"default": replace(both.profiles["default"], store="us")}
    both.restart()
    assert both.service.download(OWNER, here.id).url.startswith("memory://bucket-eu/")
    assert both.service.download(OWNER, there.id).url == f"https://cdn.example/{there.key}"


def test_the_capabilities_are_those_of_its_store(both: Installation) -> None:
    """One store takes no forms, the other one does."""
    both.us = MemoryStore("bucket-us", clock=both.now, capabilities=Capabilities(post=False))
    both.restart()
    assert [both.create(one).method for one in ("default", "docs")] == ["post", "put"]


def test_parts_go_to_their_store(both: Installation) -> None:
    """From the start of a multipart upload to its join."""
    upload = both.create("parts", size=6 * MIB)
    granted = both.service.renew(OWNER, upload.id).grant
    assert isinstance(granted, MultipartGrant)
    for part in granted.parts:
        assert part.size is not None
        assert both.us.send(part.url, part.headers, b"x" * part.size).status == 200
    assert len(both.service.parts(OWNER, upload.id)[1]) == 2
    done = both.service.complete(OWNER, upload.id)
    assert (done.state, both.us.keys()) == (UploadState.CONFIRMED, [upload.key])
    both.service.remove(OWNER, upload.id)
    assert both.us.keys() == []


def test_prefixes_are_kept_with_the_upload(both: Installation) -> None:
    """Before `staging/` and `quarantine/`, and before final keys: also when the store has others by then."""
    both.profiles = {"default": Profile("default"), "scanned": Profile("scanned", store="us", scan=True)}
    theirs = NamedStore("us", both.us, prefix="acme/", staging_prefix="incoming/acme/")
    both.restart(NamedStore("default", both.eu), theirs)
    upload = both.arrived("scanned")
    assert both.us.keys() == [f"incoming/acme/staging/{upload.id}"]
    both.event(upload)
    both.restart()
    key = f"incoming/acme/quarantine/{upload.id}/1"
    clean = ScanEvent("bucket-us", key, md5(FIRST), clean=True)
    assert both.service.observe([clean]) == EventCounts(confirmed=1)
    assert both.us.keys() == [f"acme/uploads/{upload.id}/a_photo.png"]


def test_the_key_of_a_store_encrypts(both: Installation) -> None:
    """What no profile has encrypted otherwise; that is kept with the upload as its other rules are."""
    both.profiles = {
        "default": Profile("default", storage_class="STANDARD_IA"),
        "own": Profile("own", sse="aws:kms", sse_kms_key_id="theirs"),
        "plain": Profile("plain", sse="AES256"),
    }
    both.restart(NamedStore("default", both.eu, kms_key_id="ours"))
    made = {name: both.create(name).rules for name in both.profiles}
    placed = {
        name: (rules.placement.sse, rules.placement.sse_kms_key_id) for name, rules in made.items() if rules is not None
    }
    assert placed == {"default": ("aws:kms", "ours"), "own": ("aws:kms", "theirs"), "plain": ("AES256", None)}
    assert made["default"] is not None
    assert made["default"].placement.storage_class == "STANDARD_IA"
    assert made["default"].expires_in == PROFILES["default"].expires_in


def test_buckets_of_one_name_at_two_endpoints(both: Installation) -> None:
    """The id tells whose object it is, and where senders are named, only theirs are heard."""
    eu, us = MemoryStore("shared", clock=both.now), MemoryStore("shared", clock=both.now)
    both.eu, both.us = eu, us
    ours = NamedStore("default", eu, endpoint="https://one", senders=frozenset({"ceph"}))
    both.restart(ours, NamedStore("us", us, endpoint="https://two", senders=frozenset({"minio"})))
    here, there = both.create("default"), both.create("docs")
    for one, store in ((here, eu), (there, us)):
        grant = both.service.renew(OWNER, one.id).grant
        assert isinstance(grant, PostGrant)
        assert store.post(list(grant.fields.items()), FIRST).status == 201
    assert both.event(here, there, sender="minio") == EventCounts(confirmed=1, ignored=1)
    assert [both.state(here), both.state(there)] == [UploadState.PENDING, UploadState.CONFIRMED]
    assert both.event(here, there, sender="ceph") == EventCounts(confirmed=1, ignored=1)
    assert (eu.keys(), us.keys()) == ([here.key], [there.key])


def test_a_verdict_of_anothers_sender_counts_for_nothing(both: Installation) -> None:
    """Whoever runs one store's sender cannot call clean what is in another one's quarantine."""
    trusted = NamedStore("us", both.us, senders=frozenset({"eventbridge"}))
    both.restart(NamedStore("default", both.eu), trusted)
    upload = both.arrived("scanned")
    both.event(upload, sender="eventbridge")
    verdict = ScanEvent("bucket-us", f"quarantine/{upload.id}/1", md5(FIRST), clean=True)
    assert both.service.observe([verdict], sender="ceph") == EventCounts(ignored=1)
    assert both.state(upload) is UploadState.STORED
    assert both.service.observe([verdict], sender="eventbridge") == EventCounts(confirmed=1)


# --- a store that is down ---


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
    beside = both.core.observer._beside
    assert beside is not None
    beside.outages.failed("us")
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


@pytest.mark.parametrize("stores", [2, 3, 5, 12, 47, 48, 49, 200])
@pytest.mark.parametrize("limit", [2, 4, 48])
def test_the_room_of_many_stores(limit: int, stores: int) -> None:
    """Two that hang leave room for others, however many there are; one alone has more than an equal share."""
    room = Room(limit, stores)

    def fill(name: str) -> int:
        return next(count for count in range(limit + 1) if not room.enter(name))

    alone = fill("a")
    assert limit // stores <= alone <= limit // 2 + 1
    assert alone >= limit // 4
    second = fill("b")
    assert second >= 1
    assert stores == 2 or limit <= 4 or room.enter("c")
    for name, count in {"a": alone, "b": second}.items():
        for _ in range(count):
            room.leave(name)
    assert fill("b") == alone


def test_who_waits_gets_the_place_that_is_left() -> None:
    """For as long as it says, and not longer."""
    room = Room(2, 2)
    assert room.enter("a")
    assert not room.enter("a", 0.01)
    leaving = Timer(0.05, room.leave, ["a"])
    leaving.start()
    assert room.enter("a", 60)
    leaving.join()


def test_one_store_has_all_the_room() -> None:
    """Whatever is left of it."""
    room = Room(3)
    assert [room.enter("default") for _ in range(4)] == [True, True, True, False]
    room.leave("default")
    assert room.enter("default")


def test_grants_of_many_stores(both: Installation) -> None:
    """With more stores than requests may wait, each of them still gives several grants at once."""
    many = [NamedStore(f"store-{number}", MemoryStore(f"bucket-{number}", clock=both.now)) for number in range(60)]
    both.restart(NamedStore("default", both.eu), NamedStore("us", both.us), *many, store_limit=48)
    depth: list[str] = []

    def ask_meanwhile(operation: str, subject: str) -> None:
        if operation == "credentials" and len(depth) < 8:
            depth.append(operation)
            both.create("docs")

    both.us.before = ask_meanwhile
    assert both.create("docs").store == "us"
    assert len(depth) == 8


def test_each_store_has_its_own_sweep(both: Installation) -> None:
    """That of one that is down gives up for a while; that of the other finds what nobody reported."""
    lost = [both.arrived("docs") for _ in range(7)]
    found = both.arrived("default")
    both.time += timedelta(minutes=2)
    both.down = {"us"}
    default, us = both.core.sweeps
    with pytest.raises(StoreUnavailable):
        list(us.look())
    assert [one.subject for one in default.look()] == [found.id]
    assert both.state(found) is UploadState.CONFIRMED
    both.down, both.time = set(), both.time + timedelta(minutes=10)
    assert {one.subject for one in us.look()} == {one.id for one in lost}


def test_a_sweep_by_hand_takes_every_store(both: Installation) -> None:
    """One that does not answer is a finding after those of the others; an error only where none does."""
    both.arrived("docs")
    found = both.arrived("default")
    both.time += timedelta(minutes=2)
    both.down = {"us"}
    both.restart(NamedStore("us", both.us), NamedStore("default", both.eu))
    *_, last = seen = list(Sweeps(both.core.sweeps, both.ledger).run())
    assert found.id in [one.subject for one in seen]
    assert (last.action, last.subject) == (Action.FAIL, "us")
    assert both.state(found) is UploadState.CONFIRMED
    both.down = {"us", "default"}
    with pytest.raises(StoreUnavailable):
        list(Sweeps(both.core.sweeps, both.ledger).run())


def test_leftovers_are_looked_for_in_each_store(both: Installation) -> None:
    """Below the prefixes of each, and never what belongs to an upload that is open, whatever its store is called."""
    theirs = NamedStore("us", both.us, prefix="acme/", staging_prefix="acme/")
    both.profiles = {"default": Profile("default"), "docs": Profile("docs", store="us")}
    both.restart(NamedStore("default", both.eu), theirs)
    pending = both.create("docs")
    both.us.put("acme/staging/nobodys", b"x")
    both.us.put("staging/anothers", b"x")
    both.eu.put("staging/nobodys", b"x")
    both.us.put(pending.staging_key, b"x")
    both.time += timedelta(days=2)
    both.ledger._uploads[pending.id] = both.ledger._uploads[pending.id]._replace(due_at=None)
    both.profiles = {"default": Profile("default", store="default")}
    both.restart(NamedStore("default", both.eu), NamedStore("renamed", both.us, prefix="acme/", staging_prefix="acme/"))
    removed = [one.subject for sweep in both.core.sweeps for one in sweep.clean() if one.action is Action.REMOVE]
    assert sorted(removed) == ["acme/staging/nobodys", "staging/nobodys"]
    assert both.us.keys() == [pending.staging_key, "staging/anothers"]


def test_an_owner_is_erased_in_every_store(both: Installation) -> None:
    """One that is down delays the end of the job, and what is in the others is gone before."""
    here, there = both.arrived("default", owner="ann"), both.arrived("docs", owner="ann")
    for one in (here, there):
        both.service.complete(OWNER, one.id)
    both.down = {"us"}
    job = both.service.erase(OWNER, "ann")
    for _ in range(3):
        list(both.core.eraser.run())
        both.time += timedelta(minutes=2)
    assert both.eu.keys() == []
    assert both.service.erasure(OWNER, job.id).state is ErasureState.RUNNING
    both.down = set()
    for _ in range(3):
        list(both.core.eraser.run())
        both.time += timedelta(minutes=2)
    assert both.us.keys() == []
    assert both.service.erasure(OWNER, job.id).state is ErasureState.DONE


def test_erasing_waits_seldom_for_a_store_that_hangs(both: Installation) -> None:
    """What else is to be erased does not stand behind each of its uploads."""
    for owner, profile in [("ann", "docs")] * 20 + [("bob", "default")]:
        both.service.complete(OWNER, both.arrived(profile, owner=owner).id)
    waited: list[datetime] = []

    def hang(operation: str, subject: str) -> None:
        waited.append(both.time)
        both.time += timedelta(seconds=33)
        raise StoreUnavailable("It does not answer.")

    both.us.before = hang
    both.service.erase(OWNER, "ann")
    bobs = both.service.erase(OWNER, "bob")
    steps = list(both.core.eraser.run())
    assert both.service.erasure(OWNER, bobs.id).state is ErasureState.DONE
    assert len(waited) <= 2
    assert len(steps) < 10


# --- a store that was taken out ---


def without_us(both: Installation) -> None:
    both.profiles = {"default": Profile("default")}
    both.restart(NamedStore("default", both.eu))


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
        f"Store 'us' is not configured here, and uploads wait for it: {len(waiting)}. Nothing of them is lost. They go "
        "on when it is back."
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
    [found] = Sweeps(both.core.sweeps, both.ledger).foresee()
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
    found = list(Sweeps(both.core.sweeps, both.ledger).look())
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
    assert "Store 'default' is another here" in said
    assert "bucket 'elsewhere' at https://s3.example in us-east-1 here, bucket 'bucket-eu' at AWS in us-east-1" in said
    assert "Store 'us' is not configured here; a process that started at 2026-03-01 12:00:00 has it." in said
    caplog.clear()
    both.service.declare()
    assert "Store 'default'" not in caplog.text


# --- what is refused at the start ---


def a_store(name: str, **said: Any) -> NamedStore:
    return NamedStore(name, MemoryStore(said.pop("bucket", "one")), **said)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"prefix": "a/"}, {}),
        ({"prefix": "a/", "staging_prefix": "a/"}, {"prefix": "a/b/", "staging_prefix": "b/"}),
        ({"prefix": "a/"}, {"prefix": "b/"}),
        ({"prefix": "a/", "staging_prefix": "b/"}, {"prefix": "b/", "staging_prefix": "a/"}),
        ({"endpoint": "https://s3.example"}, {"endpoint": "https://S3.example:443/"}),
        ({"endpoint": "https://s3.example"}, {"endpoint": "http://s3.example:80"}),
        ({}, {"endpoint": "https://s3.us-east-1.amazonaws.com"}),
        ({"endpoint": "https://s3.dualstack.eu-west-1.amazonaws.com"}, {"endpoint": "https://s3.amazonaws.com"}),
        (
            {"endpoint": "https://s3.cn-north-1.amazonaws.com.cn"},
            {"endpoint": "https://s3.dualstack.cn-northwest-1.amazonaws.com.cn"},
        ),
        ({"endpoint": "https://s3.example"}, {"endpoint": "https://s3.example."}),
        ({"endpoint": "http://[::1]:9000"}, {"endpoint": "http://[0:0:0:0:0:0:0:1]:9000"}),
    ],
)
def test_two_stores_in_each_others_way(one: dict[str, str], other: dict[str, str]) -> None:
    """In one bucket of one endpoint, where the keys of one could be those of the other."""
    with pytest.raises(ConfigurationError, match=r"The stores 'a' and 'b' are both in the bucket 'one'"):
        Stores([a_store("a", **one), a_store("b", **other)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"bucket": "two"}),
        ({}, {"endpoint": "https://other"}),
        ({"endpoint": "http://s3.example:9000"}, {"endpoint": "http://s3.example:9001"}),
        ({"endpoint": "http://s3.example/a"}, {"endpoint": "http://s3.example/A"}),
        ({}, {"endpoint": "https://s3.cn-north-1.amazonaws.com.cn"}),
        ({"prefix": "a/", "staging_prefix": "a/"}, {"prefix": "b/", "staging_prefix": "b/"}),
        ({"prefix": "a/", "staging_prefix": "in/a/"}, {"prefix": "b/", "staging_prefix": "in/b/"}),
    ],
)
def test_two_stores_side_by_side(one: dict[str, str], other: dict[str, str]) -> None:
    """In two buckets, at two endpoints, or with prefixes apart."""
    assert len(Stores([a_store("a", **one), a_store("b", **other)])) == 2


@pytest.mark.parametrize(
    ("profile", "stores", "said"),
    [
        (Profile("p", store="mars"), [a_store("default")], r"names the store 'mars', which is not configured"),
        (Profile("p"), [a_store("a"), a_store("b", bucket="two")], "names no store, and none of them is called 'def"),
        (Profile("p", key="aging/{id}"), [a_store("default", prefix="st")], "could be among those below 'staging/'"),
        (Profile("p", key="a/staging/{id}"), [a_store("x", staging_prefix="a/")], "could be among those below 'a/stag"),
        (
            Profile("p", key=f"a/{'x' * 900}/{{id}}"),
            [a_store("default", prefix="b" * 100 + "/")],
            "could have 1052 bytes, and S3 takes 1024",
        ),
    ],
)
def test_profiles_that_fit_no_store(profile: Profile, stores: list[NamedStore], said: str) -> None:
    """At the start, with what to change."""
    with pytest.raises(ConfigurationError, match=said):
        Stores(stores).require_fit({"p": profile})


def test_one_store_of_any_name_needs_to_be_named_by_nobody() -> None:
    """Where there is only one, all uploads go there."""
    stores = Stores([a_store("only")])
    stores.require_fit({"p": Profile("p")})
    assert stores.for_new(Profile("p"), "ann").name == "only"


def test_an_aborted_upload_of_another_state(both: Installation) -> None:
    """The table of states holds there, too: a store that is missing opens no other way."""
    upload = both.arrived("docs")
    both.service.complete(OWNER, upload.id)
    without_us(both)
    with pytest.raises(StateConflict):
        both.service.abort(OWNER, upload.id)


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
