"""Repeating what fails: exponential back-off with jitter, and a limit to it."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from valetkey.client.errors import Interrupted, Transient, Unreachable

T = TypeVar("T")

FIRST_DELAY = 0.25
MAX_DELAY = 8.0
"""Between two attempts, in seconds, unless the server asks for more."""

MIN_ATTEMPTS = 3
"""Attempts that are made however long each of them takes."""


class Retrier:
    """Repeats what fails for a reason that may pass, for ``seconds`` after its first failure.

    When one call has waited that long, and nothing else succeeded meanwhile, the peer is unavailable: others make one
    attempt then, so that a thousand files do not wait one after the other. The first success ends that.
    """

    def __init__(self, seconds: float, stop: threading.Event) -> None:
        self._seconds = seconds
        self._stop = stop
        self._last_success = 0.0
        self._unavailable = False

    def check(self) -> None:
        """Raises `Interrupted` when the user has interrupted the run."""
        if self._stop.is_set():
            raise Interrupted

    def sleep(self, seconds: float) -> None:
        """Sleeps. Raises `Interrupted` as soon as the user interrupts the run."""
        if self._stop.wait(seconds):
            raise Interrupted

    def call(self, attempt: Callable[[], T]) -> T:
        """Calls ``attempt`` until it returns, and returns that. It raises `Transient` to be called again.

        Raises `Unreachable` when the time is over, `Interrupted`, and what else ``attempt`` raises.
        """
        failures, first = 0, 0.0
        while True:
            self.check()
            try:
                result = attempt()
            except Transient as problem:
                failures += 1
                first = first or time.monotonic()
                if problem.permanent is not None and failures >= MIN_ATTEMPTS:
                    raise problem.permanent from problem
                delay = max(problem.after or 0.0, _delay(failures))
                if self._gives_up(failures, first, delay):
                    raise Unreachable("unreachable", f"{problem} ({_attempts(failures)})") from problem
                self.sleep(delay)
            else:
                self._last_success, self._unavailable = time.monotonic(), False
                return result

    def _gives_up(self, failures: int, first: float, delay: float) -> bool:
        if self._unavailable:
            return True
        asks_too_much = delay > max(self._seconds, MAX_DELAY)  # Retry-After may name any day
        over = (failures >= MIN_ATTEMPTS or asks_too_much) and time.monotonic() + delay - first > self._seconds
        self._unavailable = over and self._last_success < first
        return over


def _attempts(count: int) -> str:
    return f"tried {count} times" if count > 1 else "tried once, as it has been unavailable for a while"


def _delay(failures: int) -> float:
    """Half of it is random, so that parts that failed together do not come back together."""
    longest = min(MAX_DELAY, FIRST_DELAY * 2.0 ** (min(failures, 16) - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it
