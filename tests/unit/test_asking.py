"""What a store is asked before its first PUT: once, by few, and not again at once where it gives no answer."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.memory_world import FIRST, NOW, OWNER, World

from valetkey import waiting
from valetkey.core.errors import StoreUnavailable
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grantor import Granted
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.upload import Method

UNKNOWN = Capabilities(heeds_unsigned=True)
PUT = UploadRequest("a.png", "image/png", len(FIRST), method=Method.PUT)


class Asked(World):
    """Its store answers a question about its lock by `answer`; ``times`` has when it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Callable[["Asked"], None]) -> None:
        super().__init__(capabilities=UNKNOWN)
        self.answer = answer
        self.times: list[float] = []
        monkeypatch.setattr(self.store, "learn", self._learn)

    def _learn(self) -> None:
        self.times.append((self.time - NOW).total_seconds())
        self.answer(self)

    def knows(self, **found: bool) -> None:
        self.store._capabilities = replace(self.store._capabilities, **found)


def fail(world: Asked) -> None:
    world.time += timedelta(seconds=20)  # as long as a store that drops packets is waited for
    raise StoreUnavailable("The store drops packets.", 7, refused=True)


def say_no(world: Asked) -> None:
    world.knows(object_lock=False)


def test_a_batch_asks_a_store_that_fails_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its PUTs get the error, and its forms are granted."""
    world = Asked(monkeypatch, fail)
    results = world.service.create_batch(OWNER, [PUT] * 99 + [PUT._replace(method=Method.POST)])
    assert world.times == [0]
    assert isinstance(results.pop(), Granted)
    assert {(str(one), one.retry_after, one.refused) for one in results if isinstance(one, StoreUnavailable)} == {
        ("The store drops packets.", 7, True)
    }
    assert not any(isinstance(one, Granted) for one in results)


def test_it_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """By one, and by nobody once it has answered."""
    world = Asked(monkeypatch, fail)
    for seconds in (0, 4.9, 0.2):
        world.time += timedelta(seconds=seconds)
        with pytest.raises(StoreUnavailable, match="drops packets"):
            world.service.create(OWNER, PUT)
    assert world.times == [0, 25.1]
    world.answer = say_no
    world.time += timedelta(seconds=5)
    for _ in range(2):
        assert world.service.create(OWNER, PUT).grant
    assert len(world.times) == 3


def test_a_renewal_asks_within_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process that has asked for nothing yet: else a slow store would hold every thread."""
    world = Asked(monkeypatch, say_no)
    upload = world.service.create(OWNER, PUT).upload
    world.store._capabilities = UNKNOWN
    with ExitStack() as stack:
        hold_all_places(world, stack)
        with pytest.raises(StoreUnavailable, match="Too many"):
            world.service.renew(OWNER, upload.id)
    assert len(world.times) == 1
    world.answer = fail
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="drops packets"):
            world.service.renew(OWNER, upload.id)
    assert len(world.times) == 2
    world.answer, world.time = say_no, world.time + timedelta(seconds=5)
    assert world.service.renew(OWNER, upload.id).grant


def hold_all_places(world: World, stack: ExitStack) -> None:
    """As completions do that wait for a slow store."""
    upload = world.create()
    for _ in range(48):
        stack.enter_context(world.core.gates.of(upload).open_for(upload))


@pytest.mark.parametrize("found", ["object_lock", "hides_object_lock"])
def test_no_place_is_needed_where_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    """A store that has answered, and one that will not: its PUTs are granted while others wait for it."""
    world = Asked(monkeypatch, lambda world: world.knows(**{found: found == "hides_object_lock"}))
    upload = world.service.create(OWNER, PUT).upload
    with ExitStack() as stack:
        hold_all_places(world, stack)
        assert world.service.create(OWNER, PUT).grant
        assert world.service.renew(OWNER, upload.id).grant
    assert len(world.times) == 1


def test_a_thread_that_must_not_wait_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is begun anew in one that may, at once."""
    world = Asked(monkeypatch, lambda _: waiting.look())
    with pytest.raises(waiting.WouldWait):
        waiting.without(world.service.create, OWNER, PUT)
    world.answer = say_no
    assert world.service.create(OWNER, PUT).grant
