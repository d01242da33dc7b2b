"""How many bodies `valetkey put` sends at once over various simulated lines."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from valetkey.client.sending.trials import INITIAL, RECOVERY, STEP, Trials

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024**2
PART = 8 * MIB
STEP_SECONDS = 0.02


@dataclass
class Body:
    """A body on its way."""

    size: int
    begins: float
    """When the first byte can move: the connection opens."""
    moved: float = 0.0
    told: int = 0
    arrives: float | None = None
    """When its answer is here."""


@dataclass
class Played:
    """A line, and who sends over it. ``each`` and ``whole`` are bytes a second, of a connection and of all together."""

    each: float
    whole: float
    round_trip: float
    most: int = 64
    buffered: int = 0
    """Bytes that the system takes at once from each body, before any has left."""
    now: float = 0.0
    limits: list[int] = field(default_factory=list)
    """How many were sent at once, at each step."""

    def carry(
        self, sizes: list[int], fixed: int | None = None, at: Callable[[Played, Trials], None] | None = None
    ) -> float:
        """Sends bodies of ``sizes``, at most ``fixed`` at once; how long it takes. ``at`` is called at each step."""
        began = self.now
        trials, waiting, going = Trials(self.most, self.now), sizes[::-1], list[Body]()
        while waiting or going:
            if waiting and len(going) >= trials.limit:
                trials.decide(self.now, waiting=True)
            while waiting and len(going) < (fixed or trials.limit):
                body = Body(waiting.pop(), self.now + self.round_trip)
                trials.began(body.size)
                self._tell(trials, body, min(self.buffered, body.size))
                going.append(body)
            self.limits.append(len(going))
            self.now += STEP_SECONDS
            self._move(trials, going)
            going = [body for body in going if body.arrives is None or body.arrives > self.now]
            if at:
                at(self, trials)
        return self.now - began

    def _move(self, trials: Trials, going: list[Body]) -> None:
        moving = [body for body in going if body.begins <= self.now and body.arrives is None]
        for body in moving:
            body.moved += min(self.each, self.whole / len(moving)) * STEP_SECONDS
            if body.moved >= body.size:
                body.moved, body.arrives = body.size, self.now + self.round_trip
            self._tell(trials, body, min(body.moved + self.buffered, body.size))

    @staticmethod
    def _tell(trials: Trials, body: Body, handed_over: float) -> None:
        """As the sender does: of each MiB, once the system has taken all of it."""
        steps = body.size if handed_over >= body.size else int(handed_over) // STEP * STEP
        if steps > body.told:
            trials.moved(steps - body.told)
            body.told = steps


def distant(most: int = 64, buffered: int = 0) -> Played:
    """80 ms, 256 KiB under way per connection, 50 MB/s in all."""
    return Played(256 * 1024 / 0.08, 50e6, 0.08, most, buffered)


@pytest.mark.parametrize("buffered", [0, 2_600_000])
def test_a_distant_store_is_sent_all_of_a_file_soon(buffered: int) -> None:
    """18 parts: those beyond ten follow at once, and none waits for another."""
    sizes = [128 * MIB // 18] * 18
    ours = distant(buffered=buffered).carry(sizes)
    assert ours < 0.65 * distant(buffered=buffered).carry(sizes, fixed=10)


@pytest.mark.parametrize("buffered", [0, 2_600_000])
def test_a_very_distant_store_is_sent_as_many_as_may_be(buffered: int) -> None:
    """The line is never full with ten, nor with forty."""
    line = Played(256 * 1024 / 0.3, 1e9, 0.3, buffered=buffered)
    assert line.carry([PART] * 400) < 0.3 * Played(256 * 1024 / 0.3, 1e9, 0.3, buffered=buffered).carry(
        [PART] * 400, fixed=10
    )
    assert max(line.limits) == 64


def test_a_full_line_is_sent_few() -> None:
    """Where a few fill it, a body is to take 30 s at most: after the first trial more are tried seldom."""
    line, allowed = Played(2e6, 4e6, 0.03), list[int]()
    line.carry([PART] * 200, at=lambda _, trials: allowed.append(trials.limit))
    assert max(allowed) < 30
    assert sum(allowed) / len(allowed) < 20
    assert min(allowed) == INITIAL


@pytest.mark.parametrize(
    ("each", "whole", "round_trip", "size", "buffered"),
    list(itertools.product([2e5, 3e6, 1e9], [4e6, 4e7], [0.0005, 0.3], [40_000, PART], [0, 2_600_000])),
)
def test_never_slower_than_ten(each: float, whole: float, round_trip: float, size: int, buffered: int) -> None:
    """Whatever the line."""
    sizes = [size] * (120 if size < MIB else 24)
    ours = Played(each, whole, round_trip, buffered=buffered).carry(sizes)
    assert ours <= 1.02 * Played(each, whole, round_trip, buffered=buffered).carry(sizes, fixed=10) + 0.1


def test_a_busy_store_is_sent_fewer() -> None:
    """It says so to each body that is on its way: that halves once. Nothing is tried for a while; then it is."""
    before, during, after = list[int](), list[int](), list[int]()

    def busy(line: Played, trials: Trials) -> None:
        if 3.0 <= line.now < 3.5:
            trials.failed(line.now, busy=True)
        (before if line.now < 3.0 else during if line.now < 3.0 + RECOVERY else after).append(trials.limit)

    distant().carry([PART] * 400, at=busy)
    assert set(during) == {before[-1] // 2}
    assert max(after) >= before[-1]


def test_a_store_that_stays_busy_is_sent_one() -> None:
    """However long it does."""
    trials = Trials(64, 0.0)
    for second in range(0, 20, 2):
        trials.failed(float(second), busy=True)
    assert trials.limit == 1


def test_other_failures_leave_ten() -> None:
    """A line that breaks now and then is not full."""
    trials = Trials(64, 0.0)
    trials.decide(0.2, waiting=True)
    assert trials.limit == 2 * INITIAL
    for second in range(2, 20, 2):
        trials.failed(float(second), busy=False)
    assert trials.limit == INITIAL


@pytest.mark.parametrize("most", [1, 2, INITIAL, 13])
def test_never_more_than_asked_for(most: int) -> None:
    """A smaller number is the number."""
    line = distant(most=most)
    line.carry([PART] * 60)
    assert max(line.limits) == most


def test_nothing_is_tried_where_nothing_waits() -> None:
    """Fewer bodies than are allowed prove nothing."""
    trials = Trials(64, 0.0)
    for tenth in range(100):
        trials.decide(tenth / 10, waiting=False)
    assert trials.limit == INITIAL
