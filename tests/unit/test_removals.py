"""Queued removals: when they are made, and their limits."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from tests.unit.memory_world import FIRST, OWNER, World

from valetkey.adapters.memory import MemoryStore
from valetkey.core.confirming import removals
from valetkey.core.confirming.removals import Removals
from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.upload import DEFAULT_STORE, Signal, UploadState
from valetkey.core.ports.store import MAX_BATCH


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is removed by itself before a test has looked, unless it tests that."""
    monkeypatch.setattr(removals, "WAIT", 60)


class Asked:
    """The hook of a store that counts calls and may be unavailable."""

    def __init__(self) -> None:
        self.calls = 0
        self.away = False

    def __call__(self, operation: str, _: str) -> None:
        self.calls += operation == "delete_batch"
        if self.away:
            raise StoreUnavailable("The store is away.")


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def store(asked: Asked) -> MemoryStore:
    return MemoryStore(before=asked)


@pytest.fixture
def waiting(store: MemoryStore) -> Iterator[Removals]:
    made = Removals(store)
    yield made
    with suppress(StoreUnavailable):
        made.flush()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_they_go_together_after_a_while(
    store: MemoryStore, asked: Asked, waiting: Removals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other call is needed for that, and it is one call of the store."""
    monkeypatch.setattr(removals, "WAIT", 1.5)  # far longer than the twenty take to be added
    keys = [f"staging/{number}" for number in range(20)]
    for key in keys:
        store.put(key, b"bytes")
    for key in keys:
        waiting.add([key])
    until(lambda: not store.keys())
    assert asked.calls == 1


def test_a_flush_does_not_wait(store: MemoryStore, asked: Asked, waiting: Removals) -> None:
    """All are removed when it returns, a batch at a time, and nothing is left for a second one."""
    keys = [f"staging/{number}" for number in range(MAX_BATCH + 1)]
    for key in keys:
        store.put(key, b"bytes")
    waiting.add(keys)
    waiting.add(keys)
    assert asked.calls == 0
    waiting.flush()
    assert (store.keys(), asked.calls) == ([], 2)
    waiting.flush()
    assert asked.calls == 2


def test_a_store_that_is_away_is_asked_again(
    store: MemoryStore, asked: Asked, waiting: Removals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few times, with a pause; then they are left to the sweep."""
    monkeypatch.setattr(removals, "PAUSE", 0.01)
    store.put("staging/1", b"bytes")
    asked.away = True
    waiting.add(["staging/1"])
    waiting.flush()
    until(lambda: asked.calls == removals.TRIES)
    time.sleep(0.05)
    assert asked.calls == removals.TRIES
    asked.away = False
    waiting.add(["staging/1"])
    waiting.flush()
    assert store.keys() == []


class LetsGoSlowly:
    """A lock whose holder is delayed after its work, as on a busy machine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.acquire = self._lock.acquire

    def release(self) -> None:
        time.sleep(0.2)
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def test_nobody_who_is_to_come_back_finds_it_taken(
    store: MemoryStore, asked: Asked, waiting: Removals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread before it has just scheduled it, and still held the lock: it gave up, and no other came."""
    monkeypatch.setattr(removals, "PAUSE", 0.01)
    monkeypatch.setattr(waiting, "_removing", LetsGoSlowly())
    store.put("staging/1", b"bytes")
    asked.away = True
    waiting.add(["staging/1"])
    waiting.flush()
    until(lambda: asked.calls == removals.TRIES)


def test_no_more_wait_than_may(
    store: MemoryStore,
    asked: Asked,
    waiting: Removals,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Any more are left to the sweep, and the log says so, even before the first removal."""
    monkeypatch.setattr(removals, "MAX_WAITING", 5)
    for number in range(6):
        store.put(f"staging/{number}", b"bytes")
    waiting.add(f"staging/{number}" for number in range(6))
    assert "1 objects in staging or quarantine are left to the sweep" in caplog.text
    waiting.flush()
    assert (store.keys(), asked.calls) == (["staging/5"], 1)


class Hanging:
    """The hook of a store that does not respond until the test lets it."""

    def __init__(self) -> None:
        self.asked, self.answers = threading.Event(), threading.Event()
        self.calls = 0

    def __call__(self, operation: str, _: str) -> None:
        if operation == "delete_batch":
            self.calls += 1
            self.asked.set()
            assert self.answers.wait(150)


def test_a_store_that_hangs_has_one_thread_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes and however many uploads are confirmed meanwhile: their keys go with the next call, and
    adding keys never waits."""
    monkeypatch.setattr(removals, "WAIT", 0.01)
    monkeypatch.setattr(removals, "OVERDUE", 0.0)
    hanging = Hanging()
    store = MemoryStore(before=hanging)
    waiting = Removals(store)
    before = threading.active_count()
    for number in range(30):
        store.put(f"staging/{number}", b"bytes")
    try:
        waiting.add(["staging/0"])
        assert hanging.asked.wait(60)
        for number in range(1, 30):
            began = time.monotonic()
            waiting.add([f"staging/{number}"])
            assert time.monotonic() - began < 60  # the store says nothing for longer
            time.sleep(0.015)
        until(lambda: threading.active_count() <= before + 1)
        assert hanging.calls == 1
    finally:
        hanging.answers.set()
    until(lambda: not store.keys())
    assert hanging.calls == 2


def test_what_is_just_being_removed_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the end of a process, which flushes, loses none of them."""
    monkeypatch.setattr(removals, "WAIT", 0.01)
    hanging = Hanging()
    store = MemoryStore(before=hanging)
    waiting = Removals(store)
    store.put("staging/1", b"bytes")
    waiting.add(["staging/1"])
    assert hanging.asked.wait(60)
    threading.Timer(0.05, hanging.answers.set).start()
    waiting.flush()
    assert store.keys() == []


def test_a_failure_that_nobody_expects_hinders_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not affect threads that add keys, and later keys are removed."""
    monkeypatch.setattr(threading.Timer, "start", lambda _: None)
    monkeypatch.setattr(removals, "OVERDUE", -100.0)
    failures = [RuntimeError("unexpected")]

    def fail(operation: str, _: str) -> None:
        if operation == "delete_batch" and failures:
            raise failures.pop()

    store = MemoryStore(before=fail)
    waiting = Removals(store)
    for key in ("staging/1", "staging/2"):
        store.put(key, b"bytes")
        waiting.add([key])
    waiting.add(["staging/2"])
    waiting.flush()
    keys = store.keys()
    assert "staging/2" not in keys
    assert failures == []


def test_where_no_thread_runs_the_next_one_does_it(
    store: MemoryStore, waiting: Removals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may run no threads but its own (uWSGI without ``enable-threads``)."""
    monkeypatch.setattr(threading.Timer, "start", lambda _: None)
    for key in ("staging/1", "staging/2"):
        store.put(key, b"bytes")
    waiting.add(["staging/1"])
    assert len(store.keys()) == 2
    monkeypatch.setattr(removals, "monotonic", lambda: time.monotonic() + 100)
    waiting.add(["staging/2"])
    assert store.keys() == []


def test_a_child_leaves_them_to_its_parent(store: MemoryStore, waiting: Removals) -> None:
    """Queued keys are removed once, by the process that added them."""
    store.put("staging/1", b"bytes")
    waiting.add(["staging/1"])
    child = os.fork()
    if child == 0:
        try:
            waiting.flush()
            os._exit(0 if store.keys() == ["staging/1"] else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    waiting.flush()
    assert store.keys() == []


def test_only_what_is_confirmed_may_wait() -> None:
    """A confirmation does not wait for removals; a rejection, an abort and a deletion remove at once."""
    world = World(capabilities=Capabilities(batch_delete=True))
    confirmed, rejected, deleted = world.create(), world.create(), world.create()
    for upload in (confirmed, deleted):
        world.post(upload)
    world.store.put(rejected.staging_key, FIRST)
    assert world.run(rejected).state is UploadState.REJECTED
    assert world.run(deleted).state is UploadState.CONFIRMED
    world.service.remove(OWNER, deleted.id)
    world.confirmation.clear(world.now(deleted))
    assert world.store.keys() == [confirmed.staging_key]
    after = world.run(confirmed, Signal.EVENT)
    left = world.store.keys()
    assert (after.state, confirmed.staging_key in left) == (UploadState.CONFIRMED, True)
    world.confirmation.tidy(after)
    world.core.removals[DEFAULT_STORE].flush()
    assert after.object is not None
    assert world.store.keys() == [after.object.key]
