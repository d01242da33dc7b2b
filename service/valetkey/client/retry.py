"""Going on in spite of a bad network: jittered exponential back-off, and an end to it."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from valetkey.client.errors import Interrupted, Transient, Unreachable

T = TypeVar("T")

FIRST_DELAY = 0.25
LONGEST_DELAY = 8.0
"""Between two attempts, in seconds, unless the server asks for more."""

FEWEST = 3
"""Attempts that are made however long each of them takes."""


class Patience:
    """Repeats what fails for a reason that may pass, for ``seconds`` after its first failure.

    Where one has waited for so long, and nothing else succeeded meanwhile, whoever is asked is away: others make one
    attempt then, so that a thousand files do not wait one after the other. The first success ends that.
    """

    def __init__(self, seconds: float, stop: threading.Event) -> None:
        self._seconds = seconds
        self._stop = stop
        self._succeeded = 0.0
        self._away = False

    def check(self) -> None:
        """Raises `Interrupted` when the user wants no more."""
        if self._stop.is_set():
            raise Interrupted

    def sleep(self, seconds: float) -> None:
        """Waits; raises `Interrupted` as soon as the user wants no more."""
        if self._stop.wait(seconds):
            raise Interrupted

    def persist(self, attempt: Callable[[], T]) -> T:
        """What ``attempt`` returns. It raises `Transient` to be made again; `Unreachable` is the end of that."""
        failures, first = 0, 0.0
        while True:
            self.check()
            try:
                done = attempt()
            except Transient as problem:
                failures += 1
                first = first or time.monotonic()
                if problem.finally_ is not None and failures >= FEWEST:
                    raise problem.finally_ from problem
                delay = max(problem.after or 0.0, _delay(failures))
                if self._is_enough(failures, first, delay):
                    raise Unreachable("unreachable", f"{problem} ({_tried(failures)})") from problem
                self.sleep(delay)
            else:
                self._succeeded, self._away = time.monotonic(), False
                return done

    def _is_enough(self, failures: int, first: float, delay: float) -> bool:
        if self._away:
            return True
        asks_too_much = delay > max(self._seconds, LONGEST_DELAY)  # Retry-After may name any day
        enough = (failures >= FEWEST or asks_too_much) and time.monotonic() + delay - first > self._seconds
        self._away = enough and self._succeeded < first
        return enough


def _tried(times: int) -> str:
    return f"tried {times} times" if times > 1 else "tried once, as it has been away for long"


def _delay(failures: int) -> float:
    """Half of it is chance, so that parts that failed together do not come back together."""
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (min(failures, 16) - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it
