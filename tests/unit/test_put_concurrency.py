"""How many bodies `valetkey put` sends at once, over several kinds of network. The clock is ours."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from valetkey.client.sending.concurrency import INITIAL, ConcurrencyLimit

MIB = 1024**2
SIZE = 8 * MIB


class Network:
    """Carries bodies one after the other; ``rate_of`` says how many bytes a second so many connections have."""

    def __init__(self, most: int, rate_of: Callable[[int], float]) -> None:
        self.now = 0.0
        self.limit = ConcurrencyLimit(most, lambda: self.now)
        self._rate_of = rate_of
        self._going: deque[AbstractContextManager[None]] = deque()

    def carry(self, bodies: int, error: type[Exception] | None = None) -> int:
        """Sends them, as many at once as are allowed; how many that are in the end."""
        for _ in range(bodies):
            while len(self._going) < self.limit.limit:
                body = self.limit.slot(SIZE)
                body.__enter__()
                self._going.append(body)
            self.now += SIZE / self._rate_of(len(self._going))
            self._end(self._going.popleft(), error)
        return self.limit.limit

    @staticmethod
    def _end(body: AbstractContextManager[None], error: type[Exception] | None) -> None:
        kept_silent = body.__exit__(error, error() if error else None, None)
        assert not kept_silent


def test_a_store_nearby_is_sent_few() -> None:
    """The network is full with them: one more is tried, and no further one."""
    assert Network(64, lambda _: 400 * MIB).carry(500) == INITIAL + 1


def test_a_distant_store_is_sent_as_many_as_are_allowed() -> None:
    """Each connection carries as much as the others."""
    assert Network(16, lambda connections: connections * 5 * MIB).carry(500) == 16


def test_a_network_that_is_full_in_between() -> None:
    """More and more, until one more is of no use."""
    assert Network(64, lambda connections: min(connections, 7) * 5 * MIB).carry(500) == 8


def test_a_store_that_slows_down_is_sent_no_more() -> None:
    """It has said enough when one more makes the whole slower, whatever comes later."""
    network = Network(64, lambda connections: 100 * MIB / connections)
    assert network.carry(30) == INITIAL + 1
    assert network.carry(500) == INITIAL + 1


@pytest.mark.parametrize("most", [1, 2, INITIAL])
def test_never_more_than_asked_for(most: int) -> None:
    """A smaller number is the number."""
    assert Network(most, lambda connections: connections * MIB).carry(100) == most


def test_bodies_that_fail_are_no_proof() -> None:
    """What was not sent made nothing faster; its place is free again."""
    assert Network(16, lambda connections: connections * MIB).carry(100, ValueError) == INITIAL


def test_others_wait() -> None:
    """A thread gets in when another one is done, and not before."""
    limit, entered = ConcurrencyLimit(1), threading.Event()

    def second() -> None:
        with limit.slot(1):
            entered.set()

    thread = threading.Thread(target=second)
    with limit.slot(1):
        thread.start()
        assert not entered.wait(0.2)
    thread.join(10)
    assert entered.is_set()
