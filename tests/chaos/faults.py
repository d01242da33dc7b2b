"""Processes that are killed, and parts that go away and come back."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.chaos.expectations import World
from tests.chaos.restarted import Supervised, role


class Killer:
    """Kills one of those that are at work every one to three seconds, in a random order; each of them at least once."""

    def __init__(self, world: World, processes: Supervised) -> None:
        self._world = world
        self._processes = processes
        self._chance = world.plan.chance("killer")
        self._turns: list[str] = []
        self._spared = set(processes.names)

    def run(self) -> None:
        while not (self._world.over.wait(pause := self._chance.uniform(*self._world.plan.kill_every))):
            self._kill()
        while self._spared:
            time.sleep(pause)
            self._kill()

    def _kill(self) -> None:
        names = self._processes.names
        self._turns = self._turns or self._chance.sample(names, len(names))
        name = self._turns.pop()
        if self._processes.kill(name):
            self._spared.discard(name)
            self._world.count(f"kills of {role(name)}")


@dataclass(frozen=True)
class Part:
    """Something that the services need, and how to take it away and bring it back."""

    name: str
    stop: Callable[[], None]
    start: Callable[[], None]


TIMES = 2
"""How often each part goes away."""


class Outages:
    """Takes each part away twice, in turn, at even distances in the run's progress."""

    def __init__(self, world: World, parts: Sequence[Part]) -> None:
        self._world = world
        self._turns = [part for _ in range(TIMES) for part in parts]

    def run(self) -> None:
        for number, part in enumerate(self._turns, 1):
            while self._world.progress < number / (len(self._turns) + 1):
                if self._world.over.wait(0.05):
                    return
            part.stop()
            time.sleep(self._world.plan.outage)
            part.start()
            self._world.count(f"outages of {part.name}")
