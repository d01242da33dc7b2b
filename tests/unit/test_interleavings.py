"""Confirmers, scanners, owners and re-POSTs in every order: Hypothesis chooses the steps and who is stopped."""

from collections.abc import Callable
from itertools import count, product
from threading import Semaphore, Thread, current_thread

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.memory_world import FIRST, OWNER, PROVEN, World, md5

from valetkey.core.errors import StateConflict, StoreUnavailable
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Detect
from valetkey.core.model.upload import Signal, StoredObject, UploadState

MAX_ACTORS = 4

PROFILES = [
    Profile("default"),
    Profile("default", detect=Detect.REJECT),
    Profile("default", scan=True),
    Profile("default", detect=Detect.REJECT, scan=True),
]
PNG = b"\x89PNG\r\n\x1a\n"


def is_infected(content: bytes) -> bool:
    """What the scanner here says, always the same of the same bytes."""
    return content[-1:] in b"258"


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

    @initialize(versioned=st.booleans(), outages=st.booleans(), profile=st.sampled_from(PROFILES), proven=st.booleans())
    def begin(self, versioned: bool, outages: bool, profile: Profile, proven: bool) -> None:
        self.set_up(profile, versioned=versioned, outages=outages, proven=proven)

    def set_up(self, profile: Profile, *, versioned: bool, outages: bool, proven: bool) -> None:
        """One upload of ``profile``, with nothing sent yet."""
        capabilities = PROVEN if proven else Capabilities()
        self.world = World(versioned=versioned, profile=profile, capabilities=capabilities)
        self.profile = profile
        self.posted: list[bytes] = []
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
    @rule(signal=st.sampled_from(Signal), worker=st.booleans())
    def signal(self, signal: Signal, worker: bool) -> None:
        """A signal, which reads the ledger now and acts when it is its turn; a worker's may read the object, too."""
        upload = self.world.now(self.upload)
        confirmation = self.world.inspecting if worker else self.world.confirmation
        self._start(lambda: confirmation.run(upload, signal))

    @precondition(lambda self: self._may_start() and self.posted and self.profile.scan)
    @rule(data=st.data())
    def judge(self, data: st.DataObject) -> None:
        """The scanner's verdict on what was sent last, or on something that was sent before."""
        content = data.draw(st.sampled_from(self.posted))
        self._start(lambda: self.world.judge(self.upload, content, clean=not is_infected(content)))

    @precondition(lambda self: self._may_start() and self.profile == PROFILES[0])
    @rule()
    def remove(self) -> None:
        """The owner aborts or deletes, where that does not end what the checks would find."""
        self._start(lambda: self.world.service.remove(OWNER, self.upload.id))

    @precondition(_may_start)
    @rule()
    def tidy(self) -> None:
        """The store's event for an upload that has ended already."""
        upload = self.world.now(self.upload)
        if upload.ended:
            self._start(lambda: self.world.confirmation.tidy(upload))

    @rule(same=st.booleans(), honest=st.booleans())
    def post(self, same: bool, honest: bool) -> None:
        """The client sends its bytes: other ones each time, or the first again; a picture, or what it says is one.

        Where signals may be stopped the first bytes never come back, and come seldom enough never to be `overwritten`:
        a copy that nobody points at could stay then, which only a sweep can find.
        """
        self._send(same=same, honest=honest)

    def _send(self, *, same: bool, honest: bool) -> None:
        number = next(self.numbers)
        if not self.outages or number < 4:
            again = number == 0 or (same and not self.outages)
            content = PNG + f"{number:03}".encode() if honest else f"{number:>{len(FIRST)}}".encode()
            self.posted.append(self.posted[0] if again and self.posted else content)
            assert self.world.post(self.upload, self.posted[-1]).status == 201

    @precondition(lambda self: self.actors)
    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """One of those at work does its next operation."""
        data.draw(st.sampled_from(self.actors)).step()
        self._sort_out()

    @precondition(lambda self: self.actors)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        """One of those at work gets to its end, which steps alone seldom bring about."""
        self._finish(data.draw(st.sampled_from(self.actors)))

    def _finish(self, actor: Actor) -> None:
        while not actor.done:
            actor.step()
        self._sort_out()

    @precondition(lambda self: not self.actors)
    @rule(honest=st.tuples(st.booleans(), st.booleans()), scanner=st.booleans(), steps=st.integers(1, 8))
    def overtake(self, honest: tuple[bool, bool], scanner: bool, steps: int) -> None:
        """Bytes come and are looked at, by a worker or a scanner; others come in the middle of that, and it goes on."""
        self._send(same=False, honest=honest[0])
        self._start(self._look(scanner=scanner))
        for _ in range(steps):
            if self.actors:
                self.actors[0].step()
                self._sort_out()
        self._send(same=False, honest=honest[1])
        for actor in self.actors:
            self._finish(actor)

    def _look(self, *, scanner: bool) -> Callable[[], object]:
        """What a worker does with an upload, or what a scanner has to say of what was sent last."""
        if scanner and self.profile.scan and self.posted:
            content = self.posted[-1]
            return lambda: self.world.judge(self.upload, content, clean=not is_infected(content))
        upload = self.world.now(self.upload)
        return lambda: self.world.inspecting.run(upload, Signal.EVENT)

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

    @invariant()
    def confirmed_bytes_are_checked(self) -> None:
        """Nothing is confirmed that lies about its type, or that the scanner has not found clean; nor is it copied."""
        for key in self.world.final_keys():
            found = self.world.store.read(key)
            assert found is not None
            assert self.profile.detect is Detect.OFF or found.content.startswith(PNG)
            assert not (self.profile.scan and is_infected(found.content))
        upload = self.world.now(self.upload)
        if upload.state is UploadState.CONFIRMED and self.profile.scan:
            assert upload.verdict is not None
            assert upload.object is not None
            assert (upload.verdict.etag, upload.verdict.clean) == (upload.object.etag, True)

    def teardown(self) -> None:
        """All finish; a sweep and a last clearing follow; then everything agrees."""
        if not hasattr(self, "world"):
            return
        while self.actors:
            self.actors[0].step()
            self._sort_out()
        self.confirmed_bytes_stay()
        after = self.world.work(self.upload)
        if after.state is UploadState.STORED:
            assert after.object is not None
            [content] = {content for content in self.posted if md5(content) == after.object.etag}
            after = self.world.judge(self.upload, content, clean=not is_infected(content))
            assert after.ended
        self.confirmed_bytes_are_checked()
        if after.state in {UploadState.ABORTED, UploadState.DELETED}:
            self.world.service.remove(OWNER, self.upload.id)
        if after.ended:
            self.world.confirmation.clear(after)
            assert self.world.store.keys() == self.world.final_keys()
        self.world.check_settled()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("steps", range(1, 9))
@pytest.mark.parametrize("scanner", [False, True])
@pytest.mark.parametrize("profile", PROFILES[1:], ids=["detect", "scan", "both"])
def test_other_bytes_in_the_middle_of_a_look(profile: Profile, steps: int, *, scanner: bool) -> None:
    """No check of earlier bytes counts for those that took their place, at whichever step of it they did.

    Chance alone finds the step too seldom, so here every one has its turn.
    """
    for versioned, proven, *honest in product([False, True], repeat=4):
        machine = Interleavings()
        machine.set_up(profile, versioned=versioned, outages=False, proven=proven)
        machine.overtake(honest=tuple(honest), scanner=scanner, steps=steps)
        machine.confirmed_bytes_stay()
        machine.confirmed_bytes_are_checked()
        machine.teardown()
