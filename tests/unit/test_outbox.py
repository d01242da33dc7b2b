"""The rules of delivery: retries of webhooks, when one is dead, and the ids of ends."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valetkey.adapters.memory import MemoryLedger
from valetkey.core.announcing.dispatcher import DELAYS, JITTER, LEASE, RETENTION, STARTED, Dispatcher
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.announcement import EVENT_TYPES, Announcement, Announcer, Status
from valetkey.core.model.upload import TRANSITIONS, Upload, UploadState
from valetkey.core.ports.announcing import DeliveryOutcome, DeliveryReceipt
from valetkey.testing.contracts.samples import new_upload

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
OK, BAD, GONE = (DeliveryReceipt(outcome, outcome.value) for outcome in DeliveryOutcome)


def render(kind: str, at: datetime, upload: Upload) -> str:
    return f"{kind} {at:%H:%M:%S} {upload.state}"


@dataclass
class World:
    """A ledger, a receiver with scripted responses, and a clock that the test moves."""

    now: datetime = NOW
    chance: float = 0.5  # no jitter
    answers: list[DeliveryReceipt] = field(default_factory=list)
    sent: list[Announcement] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(announce=Announcer(render, lambda: self.now))
        self.dispatcher = self.worker()

    def worker(self, *, counts_starts: bool = False) -> Dispatcher:
        now, chance = (lambda: self.now), (lambda: self.chance)
        return Dispatcher(self.ledger, self, counts_starts=counts_starts, clock=now, chance=chance)

    def deliver(self, announcement: Announcement, at: datetime) -> DeliveryReceipt:
        assert at == self.now
        self.sent.append(announcement)
        return self.answers.pop(0)

    def abort(self) -> str:
        """Ends an upload; the id of its announcement."""
        upload = new_upload(NOW)
        self.ledger.add([upload])
        assert self.ledger.replace(upload, upload.moved(UploadState.ABORTED))
        return f"{upload.id}-aborted"

    def run(self, *answers: DeliveryReceipt) -> int:
        """Sends what is due now; how many."""
        self.answers += answers
        claimed = self.dispatcher.claim(10)
        for one in claimed:
            self.dispatcher.deliver(one)
        return len(claimed)

    def only(self) -> Announcement:
        [one] = self.ledger.announcements(None, 10)
        return one


@pytest.fixture
def world() -> World:
    return World()


def test_every_end_has_an_event_and_one_id() -> None:
    """All final states and `expired`; others are not announced."""
    announce = Announcer(render, lambda: NOW)
    named = {}
    for state in UploadState:
        before = new_upload(NOW, state=UploadState.STORED if state is not UploadState.STORED else state)
        made = announce(before, before._replace(state=state))
        again = announce(before, before._replace(state=state, version=9))
        if made:
            assert made == again
            assert made.id == f"{before.id}-{state}"
            assert "." not in made.id
            named[state] = made.type
    assert named == dict(EVENT_TYPES)
    assert set(named) == set(UploadState) - {UploadState.PENDING, UploadState.STORED}
    assert set(named.values()) == {f"upload.{state}" for state in named}


def test_no_end_can_be_entered_twice() -> None:
    """The id is derived from upload and state, so no path in the table may lead to an announced state again."""

    def reachable(state: UploadState, seen: frozenset[UploadState]) -> frozenset[UploadState]:
        new = TRANSITIONS[state] - seen
        return seen.union(*(reachable(one, seen | new) for one in new)) | new

    for state in EVENT_TYPES:
        assert state not in reachable(state, frozenset())


def test_a_change_within_a_state_is_no_end() -> None:
    """A renewal, or a late write to an upload that has ended."""
    announce = Announcer(render, lambda: NOW)
    for upload in (new_upload(NOW), new_upload(NOW, state=UploadState.CONFIRMED)):
        assert announce(upload, upload.changed(expires_at=NOW)) is None


def test_a_delivery_is_sent_once(world: World) -> None:
    """It is kept as delivered until its retention is over."""
    name = world.abort()
    assert world.run(OK) == 1
    assert world.run() == 0
    one = world.only()
    assert (one.id, one.status, one.attempts) == (name, Status.DELIVERED, 1)
    world.now += RETENTION - timedelta(microseconds=1)
    assert world.dispatcher.prune() == 0
    world.now += timedelta(microseconds=1)
    assert world.dispatcher.prune() == 1
    assert world.ledger.announcements(None, 10) == []


def test_the_schedule_of_standard_webhooks(world: World) -> None:
    """At once, then after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 hours; after the tenth failure it is dead."""
    world.abort()
    for seconds in (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400):
        if seconds:
            world.now += timedelta(seconds=seconds, microseconds=-1)
            assert world.run() == 0
            world.now += timedelta(microseconds=1)
        assert world.run(BAD) == 1
    one = world.only()
    assert (one.status, one.attempts, one.detail) == (Status.DEAD, 10, "failed")
    assert {(sent.id, sent.body) for sent in world.sent} == {(one.id, one.body)}
    world.now += timedelta(days=1000)
    assert (world.run(), world.dispatcher.prune()) == (0, 0)
    assert world.only() == one


@given(st.floats(0, 1, exclude_max=True), st.integers(1, len(DELAYS)))
def test_jitter_stays_within_its_bounds(chance: float, failures: int) -> None:
    """Each delay varies by at most a tenth."""
    world = World(chance=chance)
    world.abort()
    for _ in range(failures):
        world.now = world.only().due_at
        assert world.run(BAD) == 1
    wait = (world.only().due_at - world.now).total_seconds()
    assert abs(wait - DELAYS[failures - 1]) <= DELAYS[failures - 1] * JITTER + 1e-6


def test_jitter_reaches_both_bounds() -> None:
    """The extreme random values give a tenth less and a tenth more."""
    waits = []
    for chance in (0.0, 1.0):
        world = World(chance=chance)
        world.abort()
        world.run(BAD)
        waits.append((world.only().due_at - NOW).total_seconds())
    assert waits == [4.5, 5.5]


@pytest.mark.parametrize(("asked", "waited"), [(60, 60), (1, 5), (0, 5), (10**9, 86_400), (float("inf"), 86_400)])
def test_retry_after(world: World, asked: float, waited: float) -> None:
    """A longer delay than ours is respected, a shorter one is not, and none is longer than a day."""
    world.abort()
    world.run(DeliveryReceipt(DeliveryOutcome.FAILED, "HTTP 503", asked))
    assert (world.only().due_at - NOW).total_seconds() == waited


def test_gone_is_dead_at_once_and_stops_the_rest(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """410: no further attempts at all, and a clear line in the log; waiting rows stay, for a worker started later."""
    first, second = world.abort(), world.abort()
    [claimed] = world.dispatcher.claim(1)
    world.answers = [GONE]
    with caplog.at_level(logging.ERROR):
        world.dispatcher.deliver(claimed)
    assert "410 Gone" in caplog.text
    world.now += LEASE
    assert world.run() == 0
    assert {one.id: one.status for one in world.ledger.announcements(None, 10)} == {
        first: Status.DEAD,
        second: Status.WAITING,
    }
    world.dispatcher = world.worker()
    assert world.run(OK) == 1


def test_a_dead_one_is_replayed_from_the_start(world: World) -> None:
    """It has the same id and body, and the whole schedule again."""
    name = world.abort()
    world.run(GONE)
    world.dispatcher = world.worker()
    assert world.ledger.replay(None, world.now) == [name]
    assert world.run(BAD) == 1
    assert (world.only().status, world.only().attempts) == (Status.WAITING, 1)
    assert [sent.id for sent in world.sent] == [name, name]
    assert world.sent[0].body == world.sent[1].body


def test_a_worker_that_dies_loses_nothing(world: World) -> None:
    """Claimed and never settled: nobody takes it during the lease, and then it is sent with the same id."""
    name = world.abort()
    assert [one.id for one in world.dispatcher.claim(10)] == [name]
    assert world.run() == 0
    world.now += LEASE
    assert world.run(OK) == 1
    assert [sent.id for sent in world.sent] == [name]
    assert world.only().attempts == 1


def test_a_worker_slower_than_its_lease_does_not_undo_the_other(world: World) -> None:
    """It fails after another one has delivered: the row stays delivered."""
    world.abort()
    [slow] = world.dispatcher.claim(10)
    world.now += LEASE
    assert world.run(OK) == 1
    world.answers = [BAD]
    world.dispatcher.deliver(slow)
    assert world.only().status is Status.DELIVERED


def test_a_ledger_that_is_away_when_it_is_noted(world: World) -> None:
    """Sent but not recorded: it is sent again after its lease, with the same id."""
    world.abort()

    def away(operation: str, _: str) -> None:
        if operation == "settle":
            raise LedgerUnavailable("away")

    world.ledger.before = away
    with pytest.raises(LedgerUnavailable):
        world.run(OK)
    world.ledger.before = None
    world.now += LEASE
    assert world.run(OK) == 1
    assert len({sent.id for sent in world.sent}) == 1
    assert len(world.sent) == 2


def test_a_long_delivery_keeps_its_lease(world: World) -> None:
    """A hook may take an hour: no other worker takes its call meanwhile, and its result is recorded."""
    world.abort()
    other = world.worker()
    [claimed] = world.dispatcher.claim(1)

    def long(announcement: Announcement, at: datetime) -> DeliveryReceipt:
        for _ in range(200):
            world.now += LEASE / 2
            world.dispatcher.extend()
            assert other.claim(1) == []
        return OK

    world.deliver = long  # type: ignore[method-assign]
    world.dispatcher.deliver(claimed)
    assert (world.only().status, world.only().attempts) == (Status.DELIVERED, 1)


def test_a_lease_that_is_over_is_not_taken_back(world: World) -> None:
    """A worker that was suspended has lost it to another one, and does not record its result."""
    world.abort()
    other = world.worker()
    [claimed] = world.dispatcher.claim(1)

    def stopped(announcement: Announcement, at: datetime) -> DeliveryReceipt:
        world.now += LEASE
        assert len(other.claim(1)) == 1
        world.dispatcher.extend()
        return OK

    world.deliver = stopped  # type: ignore[method-assign]
    world.dispatcher.deliver(claimed)
    assert (world.only().status, world.only().attempts) == (Status.WAITING, 0)


class Killed(BaseException):
    """The process has ended: nothing after it happens."""


def test_what_takes_its_process_along_is_dead_after_the_tenth_time(world: World) -> None:
    """A library crashes on a picture: each attempt counts when it starts, so the worker does not crash for ever."""
    world.abort()
    seen: list[int] = []

    def crash(announcement: Announcement, at: datetime) -> DeliveryReceipt:
        seen.append(announcement.attempts)
        raise Killed

    world.deliver = crash  # type: ignore[method-assign]
    for _ in range(20):
        worker = world.worker(counts_starts=True)
        for one in worker.claim(1):
            with pytest.raises(Killed):
                worker.deliver(one)
        world.now += LEASE
    assert seen == list(range(1, 11))
    assert (world.only().status, world.only().detail) == (Status.DEAD, STARTED)


def test_attempts_that_count_as_they_begin_count_once(world: World) -> None:
    """The schedule is the same."""
    world.abort()
    world.dispatcher = world.worker(counts_starts=True)
    for seconds in (0, *DELAYS):
        world.now += timedelta(seconds=seconds)
        assert world.run(BAD) == 1
    assert (world.only().status, world.only().attempts, world.only().detail) == (Status.DEAD, 10, "failed")
