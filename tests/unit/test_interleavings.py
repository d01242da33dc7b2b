"""Confirmers, owners and re-POSTs in every order: Hypothesis chooses who takes the next step, and who is stopped."""

from collections.abc import Callable
from itertools import count
from threading import Semaphore, Thread, current_thread

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.world import FIRST, OWNER, World

from valetkey.core.errors import StateConflict, StoreUnavailable
from valetkey.core.upload import Signal, StoredObject, UploadState

MAX_ACTORS = 4


class Actor(Thread):
    """Somebody at work, who waits before each operation on the store or the ledger until told to go on."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._go, self._waits = Semaphore(0), Semaphore(0)
        self._stopped = False
        self.done = False
        self.error: Exception | None = None
        self.start()
        self._waits.acquire()

    def run(self) -> None:
        try:
            self._work()
        except (StateConflict, StoreUnavailable):
            pass  # what somebody is told who is too late, or stopped
        except Exception as error:
            self.error = error
        self.done = True
        self._waits.release()

    def before(self) -> None:
        """Called in this thread before each operation."""
        self._waits.release()
        self._go.acquire()
        if self._stopped:
            raise StoreUnavailable("The store is away.")

    def step(self, *, stopped: bool = False) -> None:
        """One operation more, or none from now on; returns when the next one waits or all is done."""
        self._stopped = stopped
        self._go.release()
        self._waits.acquire()


class Interleavings(RuleBasedStateMachine):
    """One upload and up to four actors. What is announced, kept and pointed at has to agree in the end."""

    @initialize(versioned=st.booleans(), outages=st.booleans())
    def begin(self, versioned: bool, outages: bool) -> None:
        self.world = World(versioned=versioned)
        self.world.before = lambda _: self._pause()
        self.outages = outages
        self.numbers = count()
        self.actors: list[Actor] = []
        self.confirmed: StoredObject | None = None
        self.upload = self.world.create()

    @staticmethod
    def _pause() -> None:
        actor = current_thread()
        if isinstance(actor, Actor):
            actor.before()

    def _start(self, work: Callable[[], object]) -> None:
        self.actors.append(Actor(work))
        self._sort_out()

    def _sort_out(self) -> None:
        for actor in self.actors:
            if actor.error is not None:
                raise actor.error
        self.actors = [actor for actor in self.actors if not actor.done]

    def _may_start(self) -> bool:
        return len(self.actors) < MAX_ACTORS

    @precondition(_may_start)
    @rule(signal=st.sampled_from(Signal))
    def signal(self, signal: Signal) -> None:
        """A signal, which reads the ledger now and acts when it is its turn."""
        upload = self.world.now(self.upload)
        self._start(lambda: self.world.confirmation.run(upload, signal))

    @precondition(_may_start)
    @rule()
    def remove(self) -> None:
        """The owner aborts or deletes."""
        self._start(lambda: self.world.service.remove(OWNER, self.upload.id))

    @precondition(_may_start)
    @rule()
    def tidy(self) -> None:
        """The store's event for an upload that has ended already."""
        upload = self.world.now(self.upload)
        if upload.ended:
            self._start(lambda: self.world.confirmation.tidy(upload))

    @rule(same=st.booleans())
    def post(self, same: bool) -> None:
        """The client sends its bytes: other ones each time, or the first again.

        Where signals may be stopped the first bytes never come back, and come seldom enough never to be `overwritten`:
        a copy that nobody points at could stay then, which only a sweep can find.
        """
        number = next(self.numbers)
        if not self.outages or number < 4:
            again = number == 0 or (same and not self.outages)
            assert self.world.post(self.upload, FIRST if again else f"{number:>{len(FIRST)}}".encode()).status == 201

    @precondition(lambda self: self.actors)
    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """One of those at work does its next operation."""
        data.draw(st.sampled_from(self.actors)).step()
        self._sort_out()

    @precondition(lambda self: self.actors and self.outages)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        """One of those at work finds the store away."""
        data.draw(st.sampled_from(self.actors)).step(stopped=True)
        self._sort_out()

    @invariant()
    def confirmed_bytes_stay(self) -> None:
        """Confirmed bytes are the ledger's, and what the ledger points at never changes."""
        self.world.check_confirmed()
        upload = self.world.now(self.upload)
        if upload.state is UploadState.CONFIRMED:
            self.confirmed = self.confirmed or upload.object
            assert upload.object == self.confirmed

    def teardown(self) -> None:
        """All finish; a sweep and a tidy follow; then everything agrees."""
        if not hasattr(self, "world"):
            return
        while self.actors:
            self.actors[0].step()
            self._sort_out()
        self.confirmed_bytes_stay()
        after = self.world.run(self.upload, Signal.SWEEP)
        if after.state in {UploadState.ABORTED, UploadState.DELETED}:
            self.world.service.remove(OWNER, self.upload.id)
        if after.ended:
            self.world.confirmation.tidy(after)
            assert self.world.store.keys() == self.world.final_keys()
        self.world.check_settled()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
