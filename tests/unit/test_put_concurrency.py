"""The threads of `valetkey put`: as many as `Trials` allows send at once, and failures reach it. The clock is ours."""

import threading
import time

import pytest

from valetkey.client.errors import StoreBusy, Transient
from valetkey.client.sending import concurrency
from valetkey.client.sending.concurrency import MOST, ConcurrencyLimit
from valetkey.client.sending.trials import FIRST_TRIAL, INITIAL


class Threads:
    """Threads that want to send, until they are let go."""

    def __init__(self, limit: ConcurrencyLimit) -> None:
        self._limit = limit
        self._go = threading.Event()
        self._counted = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    def start(self, count: int) -> None:
        """So many more."""
        for _ in range(count):
            self._threads.append(threading.Thread(target=self._send))
            self._threads[-1].start()

    def sending(self, at_least: int) -> int:
        """How many more have begun: waits for so many, and a moment for others."""
        for _ in range(at_least):
            assert self._counted.acquire(timeout=10)
        time.sleep(0.05)
        more = 0
        while self._counted.acquire(blocking=False):
            more += 1
        return at_least + more

    def end(self) -> None:
        self._go.set()
        for thread in self._threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in self._threads)

    def _send(self) -> None:
        with self._limit.slot(1):
            self._counted.release()
            self._go.wait(10)


def failing(error: Exception) -> str:
    """An attempt."""
    raise error


def test_others_wait() -> None:
    """A thread gets in when another one is done, and not before."""
    threads = Threads(ConcurrencyLimit(1))
    threads.start(3)
    assert threads.sending(at_least=1) == 1
    threads.end()


def test_those_that_wait_begin_the_trial() -> None:
    """Nobody else has to: twice as many once the time has come."""
    now = [0.0]
    threads = Threads(ConcurrencyLimit(64, lambda: now[0]))
    threads.start(3 * INITIAL)
    assert threads.sending(at_least=INITIAL) == INITIAL
    now[0] = FIRST_TRIAL
    assert threads.sending(at_least=INITIAL) == INITIAL
    threads.end()


@pytest.mark.parametrize(("error", "left"), [(StoreBusy("503 SlowDown"), INITIAL // 2), (Transient("reset"), INITIAL)])
def test_a_store_that_is_busy_gets_fewer(error: Exception, left: int) -> None:
    """What an attempt raises is raised, and noticed; a connection that breaks alone says nothing of the store."""
    limit = ConcurrencyLimit(64, lambda: 0.0)
    with limit.slot(1), pytest.raises(Transient, match=str(error)):
        limit.watching(lambda: failing(error))()
    threads = Threads(limit)
    threads.start(2 * INITIAL)
    assert threads.sending(at_least=left) == left
    threads.end()


def test_a_block_that_raises_frees_its_place() -> None:
    """It is not lost."""
    limit = ConcurrencyLimit(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), limit.slot(1):
            raise ValueError("broken")


def test_bytes_are_passed_on() -> None:
    """Whoever was told of them still is."""
    limit, told = ConcurrencyLimit(1), list[int]()
    with limit.slot(10):
        limit.counting(told.append)(7)
        limit.counting(told.append)(-7)
    assert told == [7, -7]


@pytest.mark.parametrize(("soft", "most"), [(-1, MOST), (1024, MOST), (256, MOST), (100, 12), (20, 1)])
def test_no_more_than_files_may_be_open(monkeypatch: pytest.MonkeyPatch, soft: int, most: int) -> None:
    """Each body opens a few."""
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, -1))
    assert concurrency.default_most() == most
