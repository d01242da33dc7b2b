"""Retries: exponential back-off with jitter, up to a time limit."""

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


class Patience:
    """Transient failures of calls to one server are retried for ``seconds`` after the first failure.

    If one call has waited that long, and no other succeeded in the meantime, the server is unavailable: other calls
    then make one attempt, so that a thousand files do not wait one after the other. The first success ends that.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.last_success = 0.0
        self.unavailable = False


class Attempts:
    """The attempts of one call."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._failures = 0
        self._first = 0.0

    def succeeded(self) -> None:
        """The last attempt has succeeded."""
        self._patience.last_success, self._patience.unavailable = time.monotonic(), False

    def failed(self, problem: Transient) -> float:
        """The last attempt has failed. Returns the delay before the next one in seconds.

        Raises `Unreachable` if the time is over, and ``problem.permanent`` if the failure is not transient.
        """
        self._failures += 1
        self._first = self._first or time.monotonic()
        if problem.permanent is not None and self._failures >= MIN_ATTEMPTS:
            raise problem.permanent from problem
        delay = max(problem.after or 0.0, _delay(self._failures))
        if self._gives_up(delay):
            detail = f"{problem} ({_attempts(self._failures)})"
            raise Unreachable("unreachable", detail, status=problem.status, problem=problem.problem) from problem
        return delay

    def _gives_up(self, delay: float) -> bool:
        patience = self._patience
        if patience.unavailable:
            return True
        asks_too_much = delay > max(patience.seconds, MAX_DELAY)  # Retry-After may name any day
        late = time.monotonic() + delay - self._first > patience.seconds
        over = (self._failures >= MIN_ATTEMPTS or asks_too_much) and late
        patience.unavailable = over and patience.last_success < self._first
        return over


class Retrier:
    """Retries transient failures; see `Patience`."""

    def __init__(self, seconds: float, stop: threading.Event) -> None:
        self._patience = Patience(seconds)
        self._stop = stop

    def check(self) -> None:
        """Raises `Interrupted` if the user has interrupted the run."""
        if self._stop.is_set():
            raise Interrupted

    def sleep(self, seconds: float) -> None:
        """Sleeps. Raises `Interrupted` as soon as the user interrupts the run."""
        if self._stop.wait(seconds):
            raise Interrupted

    def call(self, attempt: Callable[[], T]) -> T:
        """Calls ``attempt`` until it returns, and returns its result. It raises `Transient` to be called again.

        Raises `Unreachable` if the time is over, `Interrupted`, and any other exception of ``attempt``.
        """
        attempts = Attempts(self._patience)
        while True:
            self.check()
            try:
                result = attempt()
            except Transient as problem:
                self.sleep(attempts.failed(problem))
            else:
                attempts.succeeded()
                return result


def _attempts(count: int) -> str:
    return f"tried {count} times" if count > 1 else "tried once, as it has been unavailable for a while"


def _delay(failures: int) -> float:
    """Exponential, half of it random, so that parts that failed together are not retried together."""
    longest = min(MAX_DELAY, FIRST_DELAY * 2.0 ** (min(failures, 16) - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it
