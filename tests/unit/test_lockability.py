"""The request before a store's first PUT grant: made once, by few threads, and not repeated at once after a failure."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from tests.unit.memory_world import FIRST, NOW, OWNER, World

from valetkey import waiting
from valetkey.core.errors import SizeOutOfRange, StoreUnavailable, UnknownProfile, ValetKeyError
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grantor import Granted
from valetkey.core.granting.lockability import RETRY_INTERVAL
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.upload import Method
from valetkey.core.ports.ledger import Query
from valetkey.core.signing.credentials import Credentials

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


def give_once(asked: Iterator[int], credentials: Credentials) -> Credentials:
    if next(asked):
        raise StoreUnavailable("Too many grants wait.", 1)
    return credentials


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


@pytest.mark.parametrize("others", [[], [UnknownProfile("There is none.")]], ids=["alone", "beside"])
def test_a_batch_to_which_no_store_answers(others: list[ValetKeyError], monkeypatch: pytest.MonkeyPatch) -> None:
    """The call fails as that of one upload does, so that its caller waits; unless he has to know of a mistake."""
    world = Asked(monkeypatch, fail)
    if not others:
        with pytest.raises(StoreUnavailable) as refused:
            world.service.create_batch(OWNER, [PUT] * 3)
        assert (refused.value.retry_after, world.times) == (7, [0])
        return
    *puts, other = world.service.create_batch(OWNER, [PUT, PUT, *others])
    assert [type(one) for one in puts] == [StoreUnavailable] * 2
    assert other is others[0]


def test_a_batch_of_nothing_but_mistakes() -> None:
    """Each has its own answer, and the call is good: nothing is to be tried again. So has an empty one none."""
    world = World()
    asked = [UploadRequest("a.png", "image/png", 10**15), UploadRequest("a.png", "image/png", 1, profile="none")]
    answers = world.service.create_batch(OWNER, asked)
    assert [type(one) for one in answers] == [SizeOutOfRange, UnknownProfile]
    assert world.service.create_batch(OWNER, []) == []
    assert world.ledger.page(Query(OWNER.require_account(), 10)) == []


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


def test_a_renewal_that_is_refused_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload for which nobody got a new grant ends when it would have ended."""
    world = Asked(monkeypatch, say_no)
    upload = world.service.create(OWNER, PUT).upload
    world.store._capabilities = UNKNOWN  # as in another process
    world.answer = fail
    world.time += timedelta(minutes=5)
    with pytest.raises(StoreUnavailable):
        world.service.renew(OWNER, upload.id)
    assert world.ledger.get(upload.id) == upload
    world.answer = say_no
    world.time += RETRY_INTERVAL
    assert world.service.renew(OWNER, upload.id).upload.expires_at > upload.expires_at


@pytest.mark.parametrize("method", list(Method))
def test_a_renewal_that_cannot_be_signed_moves_nothing(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where too many wait for the store's credentials: known after it was known how long a grant could live."""
    world = World()
    asked = PUT._replace(method=method, size=20 * 1024**2)
    upload = world.service.create(OWNER, asked).upload
    world.time += timedelta(minutes=40)

    calls: list[Callable[[], object]] = [lambda: world.service.renew(OWNER, upload.id)]
    if method is Method.MULTIPART:
        calls.append(lambda: world.service.sign_parts(OWNER, upload.id, [1]))
    for call in calls:
        asked_for = count()
        with monkeypatch.context() as patched:
            patched.setattr(world.store, "credentials", partial(give_once, asked_for, world.store.credentials()))
            with pytest.raises(StoreUnavailable):
                call()
        assert next(asked_for) > 1
        assert world.ledger.get(upload.id) == upload


def test_a_thread_that_must_not_wait_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is begun anew in one that may, at once."""
    world = Asked(monkeypatch, lambda _: waiting.look())
    with pytest.raises(waiting.WouldWait):
        waiting.without(world.service.create, OWNER, PUT)
    world.answer = say_no
    assert world.service.create(OWNER, PUT).grant
