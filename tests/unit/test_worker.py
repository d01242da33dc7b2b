"""The worker's loops: what they do with each message, and that only a stop ends them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from threading import Event, Thread, current_thread
from time import monotonic, sleep

import pytest
from tests.unit.memory_world import OWNER, World

from valetkey.adapters.memory import MemoryLedger
from valetkey.core.announcing.dispatcher import PRUNE_BATCH, Dispatcher
from valetkey.core.errors import LedgerUnavailable, StoreUnavailable
from valetkey.core.events.event import EventCounts, StoreEvent
from valetkey.core.model.announcement import Announcement
from valetkey.core.model.schedule import Schedule
from valetkey.core.ports.announcing import DeliveryReceipt
from valetkey.core.ports.queue import Message
from valetkey.senders.records import read_queued_records
from valetkey.worker import CleanLoop, EraseLoop, RetentionLoop, SweepLoop, Worker
from valetkey.worker import loop as loops
from valetkey.worker import outbox as outboxes
from valetkey.worker.queue import MAX_ATTEMPTS, QueueLoop
from valetkey.worker.sweep import last_look

GOOD = b'{"Records": []}'
TEST_EVENT = b'{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}'


class Queue:
    """An `EventQueue` that delivers its messages once."""

    def __init__(self, *batches: list[bytes], visibility: float = 60) -> None:
        self.batches: list[list[bytes] | Exception] = list(batches)
        self.seconds = visibility
        self.deleted: list[bytes] = []
        self.extended = 0
        self.delete_error: Exception | None = None
        self.empty = Event()

    @property
    def visibility(self) -> int:
        return self.seconds  # type: ignore[return-value]  # fractions make a test quick

    def receive(self, wait: int) -> Sequence[Message]:
        if not self.batches:
            self.empty.set()
            sleep(0.01)
            return []
        batch = self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return [Message(body, body.decode()) for body in batch]

    def extend(self, messages: Sequence[Message]) -> None:
        self.extended += 1
        raise StoreUnavailable("An extension that fails hinders nothing.")

    def delete(self, messages: Sequence[Message]) -> None:
        if error := self.delete_error:
            self.delete_error = None
            raise error
        self.deleted.extend(message.body for message in messages)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "PAUSE", 0.01)


def nothing(_: Iterable[StoreEvent]) -> EventCounts:
    return EventCounts()


def until_empty(queue: Queue, handle: Callable[[Iterable[StoreEvent]], EventCounts] = nothing) -> None:
    """Runs a loop until it has requested more messages than there are."""
    loop = QueueLoop(queue, read_queued_records, handle)
    working = Worker([loop])
    working.start()
    assert queue.empty.wait(60)
    working.stop()


def test_messages_that_were_heard_are_deleted() -> None:
    """All of a batch at once; S3's test message, which has no records, is silently accepted."""
    queue = Queue([GOOD, TEST_EVENT], [GOOD])
    until_empty(queue)
    assert queue.deleted == [GOOD, TEST_EVENT, GOOD]


@pytest.mark.parametrize("poison", [b"", b"[]", b"nonsense", b"{}", b'{"Records": 1}', b"[" * 100_000])
def test_a_message_that_cannot_be_read_is_left_to_the_redrive_policy(poison: bytes) -> None:
    """It is not deleted; the others of its batch are."""
    queue = Queue([GOOD, poison, TEST_EVENT])
    until_empty(queue)
    assert queue.deleted == [GOOD, TEST_EVENT]


def test_no_thread_waits_for_one_of_several_stores() -> None:
    """A message for an unavailable store is delivered again by the queue; meanwhile the next one is handled."""
    queue, tries = Queue([GOOD, TEST_EVENT]), list[None]()

    def handle(_: Iterable[StoreEvent]) -> EventCounts:
        tries.append(None)
        if len(tries) == 1:
            raise StoreUnavailable("Its bytes are on their way.", refused=True)
        return EventCounts()

    loop = QueueLoop(queue, read_queued_records, handle, several_stores=True)
    working = Worker([loop])
    working.start()
    assert queue.empty.wait(60)
    working.stop()
    assert len(tries) == 2
    assert queue.deleted == [TEST_EVENT]


def test_a_bug_leaves_its_message(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with its traceback, and the next message is handled."""
    calls = iter([ZeroDivisionError(), None])

    def handle(_: Iterable[StoreEvent]) -> EventCounts:
        if error := next(calls):
            raise error
        return EventCounts()

    queue = Queue([GOOD, TEST_EVENT])
    until_empty(queue, handle)
    assert queue.deleted == [TEST_EVENT]
    assert "ZeroDivisionError" in caplog.text


def test_an_outage_costs_no_delivery() -> None:
    """While the ledger is unavailable the current message is tried again, and deleted only when it was handled."""
    queue = Queue([GOOD])
    tries: list[list[bytes]] = []

    def handle(_: Iterable[StoreEvent]) -> EventCounts:
        tries.append(list(queue.deleted))
        if len(tries) < MAX_ATTEMPTS:
            raise LedgerUnavailable("The ledger is unavailable.")
        return EventCounts()

    until_empty(queue, handle)
    assert tries == [[]] * MAX_ATTEMPTS
    assert queue.deleted == [GOOD]


def test_a_long_outage_gives_the_message_back() -> None:
    """After some attempts it is left to the queue, which delivers it again later."""
    queue = Queue([GOOD], [TEST_EVENT])
    tries = 0

    def handle(_: Iterable[StoreEvent]) -> EventCounts:
        nonlocal tries
        tries += 1
        if tries <= MAX_ATTEMPTS:
            raise StoreUnavailable("The store is unavailable.")
        return EventCounts()

    until_empty(queue, handle)
    assert queue.deleted == [TEST_EVENT]


def test_slow_work_keeps_its_messages() -> None:
    """Their visibility is extended until they are handled, and no longer; a failure to extend does no harm."""
    queue = Queue([GOOD], visibility=0.03)

    def handle(_: Iterable[StoreEvent]) -> EventCounts:
        deadline = monotonic() + 60
        while queue.extended < 3:
            assert monotonic() < deadline
            sleep(0.005)
        return EventCounts()

    until_empty(queue, handle)
    assert queue.deleted == [GOOD]
    extended = queue.extended
    sleep(0.1)
    assert queue.extended == extended


@pytest.mark.parametrize("error", [StoreUnavailable("The queue is unavailable."), ZeroDivisionError()])
def test_a_queue_that_fails_is_asked_again(error: Exception) -> None:
    """Receiving fails, then deleting: the loop continues after a pause."""
    queue = Queue([GOOD], [TEST_EVENT])
    queue.batches.insert(0, error)
    queue.delete_error = error
    until_empty(queue)
    assert queue.deleted == [TEST_EVENT]


def test_a_stop_finishes_the_messages_in_hand() -> None:
    """`stop` returns when they are handled and deleted, and no others are requested."""
    started, go = Event(), Event()

    def handle(_: Iterable[StoreEvent]) -> EventCounts:
        started.set()
        assert go.wait(120)
        return EventCounts()

    queue = Queue([GOOD, TEST_EVENT], [GOOD])
    working = Worker([QueueLoop(queue, read_queued_records, handle)])
    working.start()
    assert started.wait(60)
    stopping = Thread(target=working.stop)
    stopping.start()
    stopping.join(0.05)
    assert stopping.is_alive()
    go.set()
    stopping.join(60)
    assert not stopping.is_alive()
    assert queue.deleted == [GOOD, TEST_EVENT]
    assert queue.batches == [[GOOD]]


def test_a_stop_does_not_wait_for_an_outage_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message that could not be handled is released at once."""
    monkeypatch.setattr(loops, "PAUSE", 600)
    started = Event()

    def handle(_: Iterable[StoreEvent]) -> EventCounts:
        started.set()
        raise StoreUnavailable("The store is unavailable.")

    queue = Queue([GOOD])
    working = Worker([QueueLoop(queue, read_queued_records, handle)])
    working.start()
    assert started.wait(60)
    before = monotonic()
    working.stop()
    assert monotonic() - before < 120
    assert queue.deleted == []


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.before = None


def looks(world: World, number: int, *, error: Exception | None = None) -> list[str]:
    """The operations of a sweep's loops until one has checked ``number`` times, and the other has listed staging and
    quarantine; the first check fails with ``error``."""
    enough = Event()

    def count(name: str) -> None:
        seen = world.operations.count("due")
        if seen >= number and world.operations.count("old_objects") >= 2:
            enough.set()
        if name == "due" and seen == 1 and error is not None:
            raise error

    world.before = count
    working = sweeping(world)
    working.start()
    assert enough.wait(60)
    working.stop()
    return world.operations


def sweeping(world: World) -> Worker:
    """The loops of the sweep, as `background.loops` creates them."""
    sweep, retention = world.sweep, world.core.retention
    return Worker([SweepLoop(sweep, 0.001), CleanLoop(sweep, 0.001, 3600), RetentionLoop(retention, 0.001, 3600)])


@pytest.mark.parametrize("operation", ["forget_keys", "forget_allowances", "over", "old_objects"])
def test_the_look_waits_for_nothing_that_may_take_hours(operation: str) -> None:
    """Idempotency keys of years, once a retention is set; all ended uploads; a list of a large bucket."""
    world = World(schedule=Schedule(ledger_retention=timedelta(days=30)))
    held, enough, go = Event(), Event(), Event()

    def hold(name: str) -> None:
        if name == operation:
            held.set()
            go.wait(150)
        elif name == "due" and held.is_set() and world.operations[world.operations.index(operation) :].count("due") > 4:
            enough.set()

    world.before = hold
    working = sweeping(world)
    working.start()
    try:
        assert enough.wait(60)
    finally:
        go.set()
        working.stop()


@pytest.mark.parametrize("fails", [False, True], ids=["hangs", "fails"])
@pytest.mark.parametrize(
    ("operation", "named"),
    [
        ("due", "the sweep of store default"),
        ("old_objects", "cleaning up of store default"),
        ("forget_keys", "removing old rows"),
    ],
)
def test_a_loop_that_does_not_get_on_is_named(operation: str, named: str, fails: bool) -> None:
    """Also during its first piece of work, with the time; other loops make progress."""
    world = World(schedule=Schedule(ledger_retention=timedelta(days=30)))
    sweep, retention = world.sweep, world.core.retention
    each = [SweepLoop(sweep, 0.001), CleanLoop(sweep, 0.001, 0.001), RetentionLoop(retention, 0.001, 0.001)]
    enough, go = Event(), Event()
    reached: list[datetime] = []
    others: Counter[str] = Counter()

    def stand(name: str) -> None:
        if name == operation:
            reached.append(datetime.now(UTC))
            if fails:
                raise ZeroDivisionError
            go.wait(150)
        elif reached and name in {"due", "old_objects", "forget_keys"}:
            others[name] += 1
            if len(others) == 2 and min(others.values()) > 5:
                enough.set()

    world.before = stand
    working = Worker(each)
    working.start()
    try:
        assert enough.wait(60)
        assert [loop.standing(datetime.now(UTC)) for loop in each] == [None] * 3  # nobody is that fast
        later = [found for loop in each if (found := loop.standing(datetime.now(UTC) + timedelta(days=1)))]
        assert len(later) == 3
        assert [work for work, since in later if since <= reached[0]] == [named]
    finally:
        go.set()
        working.stop()


def test_a_store_that_was_never_looked_at_counts(world: World) -> None:
    """Even beside one that is checked all the time, there is no last check of all stores."""
    often, never = SweepLoop(world.sweep, 1), SweepLoop(world.sweep, 1)
    often.looked_at = datetime.now(UTC)
    assert last_look([often, never]) is None
    never.looked_at = often.looked_at - timedelta(hours=1)
    assert last_look([often, never]) == never.looked_at


@pytest.mark.parametrize("error", [LedgerUnavailable("The ledger is unavailable."), ZeroDivisionError()])
def test_a_sweep_that_failed_is_begun_again(world: World, error: Exception) -> None:
    """After any exception and a pause the loop checks again, and does the clean-up that it had missed."""
    operations = looks(world, 5, error=error)
    assert operations.count("old_objects") == 2  # staging and quarantine


def test_the_bucket_is_listed_seldom(world: World) -> None:
    """It is listed once at the start and then at its own interval, however often due uploads are checked."""
    assert looks(world, 20).count("old_objects") == 2  # staging and quarantine


@pytest.mark.parametrize("error", [LedgerUnavailable("The ledger is unavailable."), ZeroDivisionError()])
def test_erasing_goes_on_after_a_failure(world: World, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """After any exception and a pause the loop takes the job again, until it is done."""
    monkeypatch.setattr(loops, "PAUSE", 0.01)
    upload = world.create()
    job = world.service.erase(OWNER, upload.owner)
    failed, done = Event(), Event()

    def fail(name: str) -> None:
        if name == "due_erasures" and not failed.is_set():
            failed.set()
            raise error
        if name == "due_erasures" and world.ledger._erasures[job.id].finished_at:
            done.set()

    world.before = fail
    working = Worker([EraseLoop(world.eraser, 0.001)])
    working.start()
    assert done.wait(60)
    working.stop()
    assert failed.is_set()
    assert world.now(upload).owner == ""


def test_every_loop_has_a_thread_of_its_own() -> None:
    """A loop that waits does not delay others."""
    names: list[str] = []
    together = Event()

    class One:
        def run(self) -> None:
            names.append(current_thread().name)
            if len(names) == 2:
                together.set()
            together.wait(60)

        def stop(self) -> None: ...

    working = Worker([One(), One()])
    working.start()
    assert together.wait(60)
    working.stop()
    assert len(set(names)) == 2


def test_a_minute_of_delivered_webhooks_is_removed_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: step after step; once no more are left, the next check is after a minute."""
    monkeypatch.setattr(outboxes, "POLL_INTERVAL", 0.01)
    steps, over, asked_in_vain = [PRUNE_BATCH, PRUNE_BATCH, PRUNE_BATCH - 1], Event(), list[datetime]()

    class Unasked:
        def deliver(self, announcement: Announcement, at: datetime) -> DeliveryReceipt:
            raise AssertionError("nothing is due")

    class Full(MemoryLedger):
        def prune(self, now: datetime, limit: int) -> int:
            assert limit == PRUNE_BATCH
            if not steps:
                asked_in_vain.append(now)
                return 0
            removed = steps.pop(0)
            if not steps:
                over.set()
            return removed

    loop = outboxes.OutboxLoop(Dispatcher(Full(), Unasked()))
    working = Worker([loop])
    working.start()
    try:
        assert over.wait(60)
        sleep(0.2)
    finally:
        working.stop()
    assert steps == []
    assert not asked_in_vain
