"""Requests that may wait: each has a thread while there are fewer than the limit."""

import queue
import threading
from threading import Event, Thread
from typing import Any

import pytest

from valetkey.intake import threads
from valetkey.intake.threads import Threads


class Queue(queue.SimpleQueue[Any]):
    """One whose reader may take a while to go on after it has got something."""

    taken: Event
    may_go_on: Event

    def get(self, *args: Any, **kwargs: Any) -> Any:
        step = super().get(*args, **kwargs)
        if self.may_go_on.is_set():
            return step
        self.taken.set()
        assert self.may_go_on.wait(120)
        return step


def test_a_thread_that_is_slow_to_wake_is_not_counted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "SimpleQueue", Queue)
    Queue.taken, Queue.may_go_on = Event(), Event()
    Queue.may_go_on.set()
    some: Any = Threads(4)  # a step is called, no more
    first, slow, second = Event(), Event(), Event()
    some.add_done_callback(first.set)
    assert first.wait(60)
    while not some._idle:
        pass
    Queue.may_go_on.clear()
    some.add_done_callback(lambda: slow.wait(120))
    assert Queue.taken.wait(60)
    Queue.may_go_on.set()
    some.add_done_callback(second.set)
    assert second.wait(60)
    slow.set()


def test_what_the_system_has_no_thread_for_is_done_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under a limit of processes: the place is not lost for good."""

    class NoThread(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    some: Any = Threads(1)
    first, second = Event(), Event()
    monkeypatch.setattr(threads, "Thread", NoThread)
    some.add_done_callback(first.set)
    monkeypatch.setattr(threads, "Thread", threading.Thread)
    some.add_done_callback(second.set)
    assert first.wait(60)
    assert second.wait(60)


def test_no_more_than_the_limit_at_once() -> None:
    some: Any = Threads(3)
    over = Event()
    running: list[int] = []
    most, done, lock = 0, 0, threading.Lock()

    def step() -> None:
        nonlocal most, done
        with lock:
            running.append(1)
            most = max(most, len(running))
        with lock:
            running.pop()
            done += 1
            if done == 3000:
                over.set()

    def put() -> None:
        for _ in range(1000):
            some.add_done_callback(step)

    putting = [Thread(target=put) for _ in range(3)]
    for one in putting:
        one.start()
    assert over.wait(120)
    assert most <= 3
