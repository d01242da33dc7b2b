"""Everything at once: clients, signals, queue, owner, sweep, outbox and the clock, in an order that Hypothesis chooses.

Where `test_interleavings` looks at one upload between any two steps of its confirmation, this looks at a whole
valetkey over days: several uploads, processes that die before or in the middle of anything, and what is promised once
the faults have stopped.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.world import FIRST, OWNER, SECOND, World

from valetkey.adapters.memory import MemoryLedger
from valetkey.core.announcement import EVENT_TYPES, Announcement, Announcer, Status
from valetkey.core.errors import LedgerUnavailable, StateConflict, StoreUnavailable
from valetkey.core.events import ObjectEvent
from valetkey.core.outbox import Dispatcher
from valetkey.core.ports import Outcome, Receipt
from valetkey.core.upload import TRANSITIONS, Signal, Upload, UploadId, UploadState

MAX_UPLOADS = 4
STEPS = 12
"""The longest that a process lives on after a fault was ordered, in operations on the store and the ledger."""

LEDGER = {"add", "add_once", "get", "replace", "due", "reschedule", "page", "claim", "settle", "prune", "announcements"}
TOO_LATE = (StateConflict, StoreUnavailable, LedgerUnavailable)


AFTER = st.none() | st.integers(0, STEPS)
KIND = st.sampled_from(["killed", "away"])


class Killed(BaseException):
    """The process is gone: nothing after this is done, and nobody is told."""


class Operations(RuleBasedStateMachine):
    """A valetkey whose processes may die before any operation, and whose store and ledger may be away."""

    @initialize(versioned=st.booleans())
    def begin(self, versioned: bool) -> None:
        self.world = World(versioned=versioned)
        announcer = Announcer(lambda kind, _, upload: f"{kind} {upload.id}", lambda: self.world.time)
        self._announce_through(self.world.ledger, announcer)
        self.dispatcher = Dispatcher(self.world.ledger, self, clock=lambda: self.world.time, chance=lambda: 0.5)
        self.queue: list[ObjectEvent] = []
        self.claimed: list[Announcement] = []
        self.delivered: list[Announcement] = []
        self.answers: list[Outcome] = []
        self.history: dict[UploadId, list[UploadState]] = {}
        self.arrived: set[UploadId] = set()
        self.confirmed: dict[UploadId, object] = {}

    @staticmethod
    def _announce_through(ledger: MemoryLedger, announcer: Announcer) -> None:
        ledger._announce = announcer

    def deliver(self, announcement: Announcement, at: datetime) -> Receipt:
        """The `WebhookReceiver`."""
        assert at == self.world.time
        self.delivered.append(announcement)
        outcome = self.answers.pop() if self.answers else Outcome.DELIVERED
        return Receipt(outcome, outcome.value)

    @contextmanager
    def fault(self, after: int | None, kind: str) -> Iterator[None]:
        """From the operation number ``after`` on nothing answers, or the process is dead; None: all goes well."""
        left = after

        def before(name: str) -> None:
            nonlocal left
            if left is None:
                return
            if left == 0:
                if kind == "killed":
                    raise Killed
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

    def _uploads(self) -> list[Upload]:
        return list(self.world.ledger._uploads.values())

    def _one(self, data: st.DataObject) -> Upload:
        return data.draw(st.sampled_from(self._uploads()))

    @precondition(lambda self: len(self._uploads()) < MAX_UPLOADS)
    @rule(after=AFTER, kind=KIND)
    def create(self, after: int | None, kind: str) -> None:
        """A client asks for an upload."""
        with self.fault(after, kind):
            self.world.create()

    @precondition(lambda self: self._uploads())
    @rule(data=st.data(), content=st.sampled_from([FIRST, SECOND]), told=st.integers(0, 2))
    def post(self, data: st.DataObject, content: bytes, told: int) -> None:
        """A client sends bytes with the last grant it has, dead or not; the store tells of it not at all, or twice."""
        upload = self._one(data)
        grant = self.world.grants.post(upload, self.world.profiles["default"], upload.created_at)
        alive = self.world.time < upload.expires_at
        if alive:
            grant = self.world.grants.post(upload, self.world.profiles["default"], self.world.time)
        answer = self.world.store.post(list(grant.fields.items()), content)
        if answer.status == 201:
            self.arrived.add(upload.id)
            self.queue += [ObjectEvent("memory", upload.staging_key, "ObjectCreated:Post")] * told

    @precondition(lambda self: self._uploads())
    @rule(data=st.data(), signal=st.sampled_from([Signal.CLIENT, Signal.REDIRECT]), after=AFTER, kind=KIND)
    def signal(self, data: st.DataObject, signal: Signal, after: int | None, kind: str) -> None:
        """A client says that it is done, or is sent back by the store."""
        upload = self._one(data)
        service = self.world.service
        with self.fault(after, kind):
            service.complete(OWNER, upload.id) if signal is Signal.CLIENT else service.returned(upload.id)

    @precondition(lambda self: self._uploads())
    @rule(data=st.data(), after=AFTER, kind=KIND)
    def renew(self, data: st.DataObject, after: int | None, kind: str) -> None:
        """A client asks for a fresh grant."""
        upload = self._one(data)
        with self.fault(after, kind):
            self.world.service.renew(OWNER, upload.id)

    @precondition(lambda self: self._uploads())
    @rule(data=st.data(), after=AFTER, kind=KIND)
    def remove(self, data: st.DataObject, after: int | None, kind: str) -> None:
        """The owner aborts or deletes."""
        upload = self._one(data)
        with self.fault(after, kind):
            self.world.service.remove(OWNER, upload.id)

    @precondition(lambda self: self.queue)
    @rule(data=st.data(), after=AFTER, kind=KIND)
    def receive(self, data: st.DataObject, after: int | None, kind: str) -> None:
        """A worker takes any message of the queue, and deletes it when all has gone well: else it comes again."""
        event = data.draw(st.sampled_from(self.queue))
        with self.fault(after, kind):
            self.world.service.observe([event])
            self.queue.remove(event)

    @rule(part=st.sampled_from(["look", "clean"]), after=AFTER, kind=KIND)
    def sweep(self, part: str, after: int | None, kind: str) -> None:
        """A worker sweeps."""
        run: Callable[[], Iterator[Any]] = getattr(self.world.sweep, part)
        with self.fault(after, kind):
            for _ in run():
                pass

    @rule(after=AFTER, kind=KIND, number=st.integers(1, 8))
    def claim(self, after: int | None, kind: str, number: int) -> None:
        """A worker takes announcements that are due."""
        with self.fault(after, kind):
            self.claimed += self.dispatcher.claim(number)

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), outcome=st.sampled_from([Outcome.DELIVERED, Outcome.FAILED]), after=AFTER, kind=KIND)
    def send(self, data: st.DataObject, outcome: Outcome, after: int | None, kind: str) -> None:
        """It sends one; another worker may have it meanwhile, and this one may die before it has noted how it went."""
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
        """Time goes by."""
        self.world.time += timedelta(minutes=minutes)

    @invariant()
    def promises(self) -> None:
        """At every moment: confirmed bytes are there and stay, no state goes backwards, each end has one id."""
        if not hasattr(self, "world"):
            return
        self.world.check_confirmed()
        for upload in self._uploads():
            seen = self.history.setdefault(upload.id, [UploadState.PENDING])
            if upload.state is not seen[-1]:
                assert upload.state in _reachable(seen[-1]), f"{seen[-1]} became {upload.state}"
                seen.append(upload.state)
            if upload.state is UploadState.CONFIRMED:
                assert self.confirmed.setdefault(upload.id, upload.object) == upload.object
        self._one_announcement_for_each_end()

    def _one_announcement_for_each_end(self) -> None:
        rows = self.world.ledger._outbox.values()
        assert len({(row.upload_id, row.type) for row in rows}) == len(rows)
        have = {(row.upload_id, row.type) for row in rows}
        for upload in self._uploads():
            if kind := EVENT_TYPES.get(upload.state):
                assert (upload.id, kind) in have, f"the end of {upload} is not announced"

    def teardown(self) -> None:
        """No faults any more, and two days: the workers do what they do, and everything that was promised holds."""
        if not hasattr(self, "world"):
            return
        self.world.before = None
        self.claimed.clear()
        for event in self.queue:
            self.world.service.observe([event])
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
            assert upload.state not in {UploadState.PENDING, UploadState.STORED}, f"{upload} was forgotten"
            if upload.state is UploadState.EXPIRED:
                assert upload.id not in self.arrived, f"the bytes of {upload} were lost"
        pointed_at = {one.object.key for one in self._uploads() if one.state is UploadState.CONFIRMED and one.object}
        assert set(self.world.store.keys()) == pointed_at
        rows = self.world.ledger._outbox.values()
        assert {row.status for row in rows} <= {Status.DELIVERED}
        told = Counter((one.id, one.upload_id, one.type, one.body) for one in self.delivered)
        assert set(told) == {(row.id, row.upload_id, row.type, row.body) for row in rows}


def _reachable(state: UploadState) -> set[UploadState]:
    """What may follow ``state``, in any number of steps."""
    found: set[UploadState] = set()
    after = set(TRANSITIONS[state])
    while after - found:
        found |= after
        after = {further for one in found for further in TRANSITIONS[one]}
    return found


TestOperations = Operations.TestCase
TestOperations.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
