"""Clients, signals, queue, owner, sweep, outbox and clock at once, in an order that Hypothesis chooses.

Where `test_interleavings` looks at one upload between any two steps of its confirmation, this looks at a whole
valetkey over days: several uploads, processes that die before or in the middle of anything, and what is promised once
the faults have stopped.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.memory_world import FIRST, OWNER, SECOND, World

from valetkey.adapters.memory import MemoryLedger
from valetkey.core.announcing.dispatcher import Dispatcher
from valetkey.core.errors import LedgerUnavailable, StateConflict, StoreUnavailable
from valetkey.core.events.event import ObjectEvent
from valetkey.core.model.announcement import Announcement, Announcer, Status
from valetkey.core.model.upload import TRANSITIONS, Signal, Upload, UploadId, UploadState, upload_id_of
from valetkey.core.ports.announcing import DeliveryOutcome, DeliveryReceipt
from valetkey.core.ports.queue import Message
from valetkey.worker import QueueLoop

MAX_UPLOADS = 4
STEPS = 12
"""The longest that a process lives on after a fault was ordered, in operations on the store and the ledger."""

LEDGER = {"add", "add_once", "get", "replace", "due", "reschedule", "page", "claim", "settle", "prune", "announcements"}
ELSEWHERE = LEDGER | {"delete messages", "send"}
"""What goes well although the store is away."""

TOO_LATE = (StateConflict, StoreUnavailable, LedgerUnavailable)

LARGER = FIRST + b" and more"
"""What no grant allows: somebody who has the bucket's keys has written it."""

OPEN = {UploadState.PENDING, UploadState.STORED}
"""The states that are nobody's end, and not announced."""

GRACE = timedelta(minutes=15)
"""How long after its grant's death an upload may not be called expired, as promised; not as configured."""

AFTER = st.none() | st.integers(0, 3) | st.integers(0, STEPS)
KIND = st.sampled_from(["killed", "away", "store away"])


class Killed(BaseException):
    """The process has ended: nothing after this happens, and nobody is notified."""


class Batch:
    """An `EventQueue` that delivers these messages and then stops its worker."""

    visibility = 3600

    def __init__(self, messages: Sequence[Message], before: Callable[[str], None]) -> None:
        self._messages = messages
        self._before = before
        self.received: Callable[[], None] = lambda: None
        self.deleted: list[Message] = []

    def receive(self, wait: int) -> Sequence[Message]:
        assert wait
        self.received()
        return self._messages

    def extend(self, messages: Sequence[Message]) -> None:
        raise AssertionError("the clock stands still")

    def delete(self, messages: Sequence[Message]) -> None:
        self._before("delete messages")
        self.deleted += messages


class Operations(RuleBasedStateMachine):
    """A valetkey whose processes may die before any operation, and whose store and ledger may be unavailable."""

    @initialize(versioned=st.booleans())
    def begin(self, versioned: bool) -> None:
        self.versioned = versioned
        self.world = World(versioned=versioned)
        announcer = Announcer(lambda kind, _, upload: f"{kind} {upload.id}", lambda: self.world.time)
        self._announce_through(self.world.ledger, announcer)
        self.dispatcher = Dispatcher(self.world.ledger, self, clock=lambda: self.world.time, chance=lambda: 0.5)
        self.queue: list[Message] = []
        self.claimed: list[Announcement] = []
        self.delivered: list[Announcement] = []
        self.answers: list[DeliveryOutcome] = []
        self.history: dict[UploadId, list[UploadState]] = {}
        self.arrived: Counter[UploadId] = Counter()
        self.confirmed: dict[UploadId, object] = {}

    @staticmethod
    def _announce_through(ledger: MemoryLedger, announcer: Announcer) -> None:
        ledger._announce = announcer

    def deliver(self, announcement: Announcement, at: datetime) -> DeliveryReceipt:
        """The `Receiver`."""
        assert at == self.world.time
        try:
            self._before("send")
        except (StoreUnavailable, LedgerUnavailable):
            return DeliveryReceipt(DeliveryOutcome.FAILED, "away")
        outcome = self.answers.pop() if self.answers else DeliveryOutcome.DELIVERED
        if outcome is DeliveryOutcome.DELIVERED:
            self.delivered.append(announcement)
        return DeliveryReceipt(outcome, outcome.value)

    def _before(self, name: str) -> None:
        """Called by the store and the ledger before each operation: makes everything else fail."""
        if self.world.before is not None:
            self.world.before(name)

    @contextmanager
    def fault(self, after: int | None, kind: str) -> Iterator[None]:
        """From operation number ``after`` on nothing responds, or the process is dead; None: no failure."""
        left = after
        were_open = {upload.id for upload in self._uploads() if not upload.ended}

        def before(name: str) -> None:
            nonlocal left
            if left is None:
                return
            if left == 0:
                if kind == "killed":
                    raise Killed
                if kind == "store away" and name in ELSEWHERE:
                    return
                if name in LEDGER:
                    raise LedgerUnavailable("The ledger is away.")
                raise StoreUnavailable("The store is away.")
            left -= 1

        self.world.before = before
        try:
            yield
        except Killed:
            pass
        except TOO_LATE:
            pass
        finally:
            self.world.before = None
        if after is None:
            self._check_tidied(were_open)

    def _check_tidied(self, were_open: set[UploadId]) -> None:
        """Whoever ends an upload unhindered takes its bytes out of staging, not leaving them to a sweep days later.

        Where the bucket keeps versions, those of a later POST stay for that one's own event.
        """
        for upload in self._uploads():
            if upload.id in were_open and upload.ended and not (self.versioned and self.arrived[upload.id] > 1):
                assert self.world.store.read(upload.staging_key) is None, f"the staging object of {upload} was left"

    def _uploads(self) -> list[Upload]:
        return list(self.world.ledger._uploads.values())

    def _one(self, data: st.DataObject) -> Upload:
        return data.draw(st.sampled_from(self._uploads()))

    @precondition(lambda self: len(self._uploads()) < MAX_UPLOADS)
    @rule(after=AFTER, kind=KIND)
    def create(self, after: int | None, kind: str) -> None:
        """A client requests an upload."""
        with self.fault(after, kind):
            self.world.create()

    @precondition(lambda self: len(self._uploads()) < MAX_UPLOADS)
    @rule(told=st.integers(0, 2), completes=st.booleans())
    def upload(self, told: int, completes: bool) -> None:
        """A client does all steps, as most do, or all but the completion."""
        upload = self.world.create()
        self._post(upload, FIRST, told)
        if completes:
            assert self.world.service.complete(OWNER, upload.id).state is UploadState.CONFIRMED

    @precondition(lambda self: self._uploads())
    @rule(data=st.data(), content=st.sampled_from([FIRST, SECOND, LARGER]), told=st.integers(0, 2))
    def post(self, data: st.DataObject, content: bytes, told: int) -> None:
        """A client sends bytes with its last grant, valid or not; the store sends no event, or two."""
        self._post(self._one(data), content, told)

    def _post(self, upload: Upload, content: bytes, told: int) -> None:
        if self._write(upload, content):
            self.arrived[upload.id] += 1
            self.queue += [Message(upload.staging_key.encode(), "")] * told

    def _write(self, upload: Upload, content: bytes) -> bool:
        if content == LARGER:
            self.world.store.put(upload.staging_key, content, upload.content_type, {"upload-id": upload.id})
            return True
        alive = self.world.time < upload.expires_at
        signed_at = self.world.time if alive else upload.created_at
        grant = self.world.grants.post(upload, self.world.profiles["default"].rules, signed_at)
        return self.world.store.post(list(grant.fields.items()), content).status == 201

    @precondition(lambda self: self._uploads())
    @rule(data=st.data(), signal=st.sampled_from([Signal.CLIENT, Signal.REDIRECT]), after=AFTER, kind=KIND)
    def signal(self, data: st.DataObject, signal: Signal, after: int | None, kind: str) -> None:
        """A client completes its upload, or is redirected back by the store."""
        upload = self._one(data)
        service = self.world.service
        with self.fault(after, kind):
            service.complete(OWNER, upload.id) if signal is Signal.CLIENT else service.returned(upload.id)

    @precondition(lambda self: self._uploads())
    @rule(data=st.data(), after=AFTER, kind=KIND)
    def renew(self, data: st.DataObject, after: int | None, kind: str) -> None:
        """A client requests a new grant."""
        upload = self._one(data)
        with self.fault(after, kind):
            self.world.service.renew(OWNER, upload.id)

    @precondition(lambda self: self._uploads())
    @rule(data=st.data(), after=st.none() | st.integers(0, 4), kind=KIND)
    def remove(self, data: st.DataObject, after: int | None, kind: str) -> None:
        """The owner aborts or deletes."""
        upload = self._one(data)
        with self.fault(after, kind):
            self.world.service.remove(OWNER, upload.id)

    @precondition(lambda self: self.queue)
    @rule(data=st.data(), number=st.integers(1, 3), after=AFTER, kind=KIND)
    def receive(self, data: st.DataObject, number: int, after: int | None, kind: str) -> None:
        """A worker receives some messages, in any order; those that it does not delete are delivered again."""
        self._work(data.draw(st.permutations(self.queue))[:number], after, kind)

    def _work(self, messages: Sequence[Message], after: int | None = None, kind: str = "") -> None:
        had_ended = {upload.id for upload in self._uploads() if upload.ended}
        batch = Batch(messages, self._before)
        loop = QueueLoop(batch, _read, self.world.service.observe)
        batch.received = loop.stop
        with self.fault(after, kind):
            loop.run()
        for message in batch.deleted:
            self.queue.remove(message)
            self._check_observed(message, had_ended)
        assert after is not None or len(batch.deleted) == len(messages)

    def _check_observed(self, message: Message, had_ended: set[UploadId]) -> None:
        """A message is off the queue: what it told of is done, or the ledger has it that a sweep comes for the rest.

        That may be where the upload had ended before: removing what came too late decides no answer.
        """
        upload_id = upload_id_of(message.body.decode())
        assert upload_id is not None
        upload = self.world.ledger._uploads[upload_id]
        if not upload.ended or upload.id in had_ended:
            is_left = self.world.store.read(upload.staging_key) is not None
            assert not is_left or (upload.ended and upload.due_at), f"{upload} had an event, which is lost"

    @rule(part=st.sampled_from(["look", "clean"]), after=AFTER, kind=KIND)
    def sweep(self, part: str, after: int | None, kind: str) -> None:
        """A worker sweeps."""
        run: Callable[[], Iterator[Any]] = getattr(self.world.sweep, part)
        with self.fault(after, kind):
            for _ in run():
                pass

    @rule(after=AFTER, kind=KIND, number=st.integers(1, 8))
    def claim(self, after: int | None, kind: str, number: int) -> None:
        """A worker claims due announcements."""
        with self.fault(after, kind):
            self.claimed += self.dispatcher.claim(number)

    @precondition(lambda self: self.claimed)
    @rule(
        data=st.data(),
        outcome=st.sampled_from([DeliveryOutcome.DELIVERED, DeliveryOutcome.FAILED]),
        after=st.none() | st.integers(0, 2),
        kind=KIND,
    )
    def send(self, data: st.DataObject, outcome: DeliveryOutcome, after: int | None, kind: str) -> None:
        """It sends one; another worker may have it meanwhile, and this one may die before it records the result."""
        announcement = data.draw(st.sampled_from(self.claimed))
        self.claimed.remove(announcement)
        self.answers = [outcome]
        with self.fault(after, kind):
            self.dispatcher.deliver(announcement)

    @precondition(lambda self: self.claimed)
    @rule()
    def forget(self) -> None:
        """The worker that has claimed dies."""
        self.claimed.clear()

    @rule(minutes=st.sampled_from([1, 10, 16, 61, 600, 1500]))
    def wait(self, minutes: int) -> None:
        """Time passes."""
        self.world.time += timedelta(minutes=minutes)

    @rule()
    def neglect(self) -> None:
        """For a day nothing that is due is checked; then a worker removes objects without an owner."""
        self.world.time += timedelta(days=1, hours=1)
        list(self.world.sweep.clean())

    @invariant()
    def promises(self) -> None:
        """At every moment: confirmed bytes exist and stay, no state goes backwards, each end has one id."""
        if not hasattr(self, "world"):
            return
        self.world.check_confirmed()
        for upload in self._uploads():
            seen = self.history.setdefault(upload.id, [UploadState.PENDING])
            if upload.state is not seen[-1]:
                assert upload.state in _reachable(seen[-1]), f"{seen[-1]} became {upload.state}"
                seen.append(upload.state)
                if upload.state is UploadState.EXPIRED:
                    assert self.world.time >= upload.expires_at + GRACE, f"bytes of {upload} may be on their way"
            if upload.state is UploadState.CONFIRMED:
                assert self.confirmed.setdefault(upload.id, upload.object) == upload.object
        self._one_announcement_for_each_end()

    def _one_announcement_for_each_end(self) -> None:
        """Its id is derived from the upload and the state, so the same end cannot have a second one."""
        rows = {row.id: row for row in self.world.ledger._outbox.values()}
        states = {upload.id: self.history[upload.id] for upload in self._uploads()}
        ends = {(id_, state) for id_, seen in states.items() for state in seen if state not in OPEN}
        assert rows.keys() == {f"{id_}-{state}" for id_, state in ends}
        for id_, state in ends:
            row = rows[f"{id_}-{state}"]
            assert (row.type, row.upload_id) == (f"upload.{state}", id_)

    def teardown(self) -> None:
        """Two days without faults: the workers do their work, and every promise holds."""
        if not hasattr(self, "world"):
            return
        self.world.before = None
        self.claimed.clear()
        while self.queue:
            self._work(self.queue[:10])
        for _ in range(60):
            list(self.world.sweep.run())
            self._send_all()
            self.world.time += timedelta(hours=1)
            self.promises()
        self._check_settled()

    def _send_all(self) -> None:
        self.answers.clear()
        while claimed := self.dispatcher.claim(8):
            for one in claimed:
                self.dispatcher.deliver(one)

    def _check_settled(self) -> None:
        for upload in self._uploads():
            assert upload.state not in OPEN, f"{upload} was forgotten"
            assert upload.due_at is None, f"{upload} is looked at for ever"
            if upload.state is UploadState.EXPIRED:
                assert not self.arrived[upload.id], f"the bytes of {upload} were lost"
        pointed_at = {one.object.key for one in self._uploads() if one.state is UploadState.CONFIRMED and one.object}
        assert set(self.world.store.keys()) == pointed_at
        rows = self.world.ledger._outbox.values()
        assert {row.status for row in rows} <= {Status.DELIVERED}
        told = Counter((one.id, one.upload_id, one.type, one.body) for one in self.delivered)
        assert set(told) == {(row.id, row.upload_id, row.type, row.body) for row in rows}


def _read(body: bytes) -> list[ObjectEvent]:
    """A message here is only a key."""
    return [ObjectEvent("memory", body.decode())]


def _reachable(state: UploadState) -> set[UploadState]:
    """The states that may follow ``state``, in any number of steps."""
    found: set[UploadState] = set()
    after = set(TRANSITIONS[state])
    while after - found:
        found |= after
        after = {further for one in found for further in TRANSITIONS[one]}
    return found


TestOperations = Operations.TestCase
TestOperations.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
