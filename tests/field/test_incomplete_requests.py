"""Requests whose bodies have not arrived: their trials, deadlines and memory hold up no other request."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from valetkey.intake.incomplete import MAX_REST, PER_TICK, TICK, IncompleteRequest, IncompleteRequests


class Body:
    """What the coroutine of a request waits for."""

    def __init__(self) -> None:
        self.given_up_by: threading.Thread | None = None

    def cancel(self) -> None:
        self.given_up_by = threading.current_thread()


def incomplete(requests: IncompleteRequests, count: int) -> list[IncompleteRequest]:
    added = [IncompleteRequest({}, None, 100) for _ in range(count)]
    for request in added:
        request.future = Body()
        requests.add(request)
    return added


def never(_: float, __: Callable[[], None]) -> None:
    """A loop that does not tick: `inspect` is called by the test."""


def test_others_go_before_slow_clients() -> None:
    """Their requests are tried one at a time, with a pause after each that is as long as the trial. Otherwise other
    threads would wait five milliseconds for the interpreter again and again, until all have been tried."""
    took: list[float] = []
    done = threading.Event()

    def application(environ: dict[str, Any], _: Any) -> Any:
        begun = time.monotonic()
        while time.monotonic() < begun + 0.001:
            pass
        took.append(time.monotonic() - begun)
        if len(took) == PER_TICK:
            done.set()
        return environ["wsgi.input"].read()

    requests = IncompleteRequests(application, 30)
    incomplete(requests, PER_TICK)
    requests.start(never)
    time.sleep(TICK)
    begun = time.monotonic()
    requests.inspect()
    assert done.wait(60)
    assert time.monotonic() - begun > sum(took) + sum(min(one, MAX_REST) for one in took[:-1])


class Stuck:
    """An application whose ledger does not respond: a trial waits for it until ``answer`` is set."""

    def __init__(self) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()

    def __call__(self, environ: dict[str, Any], _: Any) -> Any:
        self.asked.set()
        assert self.answer.wait(150)
        return environ["wsgi.input"].read()


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    application = Stuck()
    yield application
    application.answer.set()


def all_given_up(late: list[IncompleteRequest], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not all(request.future.given_up_by for request in late) and time.monotonic() < deadline:
        time.sleep(0.01)
    return all(request.future.given_up_by for request in late)


def test_the_loop_gives_up_nobody_itself() -> None:
    """The responses to hundreds of requests whose time ends at one moment hold up nothing else."""
    requests = IncompleteRequests(lambda *_: [], 0)
    late = incomplete(requests, PER_TICK)
    requests.start(never)
    time.sleep(0.01)
    requests.inspect()
    assert all_given_up(late)
    [thread] = {request.future.given_up_by for request in late}
    assert thread is not threading.current_thread()


def test_so_many_are_given_up_at_a_time() -> None:
    """Each of them comes back, and costs the same again: thousands at one moment held up all others for seconds."""
    requests = IncompleteRequests(lambda *_: [], 0)
    late = incomplete(requests, 2 * PER_TICK)
    requests.start(never)
    time.sleep(0.01)
    requests.inspect()
    assert all_given_up(late[:PER_TICK])
    assert not any(request.future.given_up_by for request in late[PER_TICK:])
    requests.inspect()
    assert all_given_up(late)


@pytest.mark.parametrize("stops", [False, True])
def test_a_trial_that_waits_keeps_nobody_longer(monkeypatch: pytest.MonkeyPatch, stuck: Stuck, stops: bool) -> None:
    """Deadlines hold while the ledger that trials ask is unavailable, also that of a process that stops. The request
    that is being tried gets the response of its trial, or is given up after it."""
    monkeypatch.setattr("valetkey.intake.incomplete.STOP_SECONDS", 0.5)
    requests = IncompleteRequests(stuck, 600)
    tried, *late = incomplete(requests, 10 * PER_TICK if stops else PER_TICK)
    requests.start(never)
    time.sleep(TICK)
    requests.inspect()
    assert stuck.asked.wait(60)
    if stops:
        requests.stop_waiting()
        time.sleep(0.5)
    else:
        for request in [tried, *late]:
            request.since -= 600
    requests.inspect()
    assert all_given_up(late)
    assert tried.future.given_up_by is None
    stuck.answer.set()
    deadline = time.monotonic() + 60
    while tried.future.given_up_by is None and time.monotonic() < deadline:
        requests.inspect()
        time.sleep(0.01)
    assert tried.future.given_up_by


def test_who_is_late_takes_room_until_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its body still counts as memory, so others are given up, or it is."""
    monkeypatch.setattr("valetkey.intake.incomplete.MAX_MEMORY", 1_000)
    going, go_on = threading.Event(), threading.Event()

    class Slow(Body):
        def cancel(self) -> None:
            super().cancel()
            going.set()
            assert go_on.wait(120)

    requests = IncompleteRequests(lambda environ, _: environ["wsgi.input"].read(), 30)
    late = incomplete(requests, 10)
    for request in late:
        request.since -= 60
    late[0].future = Slow()
    requests.start(never)
    requests.inspect()
    assert going.wait(60)
    early = incomplete(requests, 10)
    requests.inspect()
    assert sum(request.size for request in late + early if request.future.given_up_by is None) <= 1_000
    go_on.set()


def test_who_is_being_tried_takes_room(monkeypatch: pytest.MonkeyPatch, stuck: Stuck) -> None:
    """Its memory counts, and it is not given up meanwhile: its trial may already have had an effect."""
    monkeypatch.setattr("valetkey.intake.incomplete.MAX_MEMORY", 1_000)
    requests = IncompleteRequests(stuck, 30)
    [tried] = incomplete(requests, 1)
    tried.size = 900
    requests.start(never)
    time.sleep(TICK)
    requests.inspect()
    assert stuck.asked.wait(60)
    others = incomplete(requests, 2)
    requests.inspect()
    assert sum(request.future.given_up_by is not None for request in others) == 1
    assert tried.future.given_up_by is None
