"""How many bodies are sent at once, across any number of threads."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from valetkey.client.errors import StoreBusy, Transient
from valetkey.client.sending.trials import Trials

MOST = 64
"""How many bodies may be sent at once by default."""

FILES_PER_BODY = 3
"""How many files a body may have open at a time: itself, its connection, and one to spare for the record."""

OTHER_FILES = 64
"""How many open files are left to everything else."""


def default_most() -> int:
    """How many bodies may be sent at once: `MOST`, or fewer where this process may not open as many files."""
    try:
        import resource  # not on Windows, where the limit is larger
    except ImportError:
        return MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft < 0 else max(1, min(MOST, (soft - OTHER_FILES) // FILES_PER_BODY))


class ConcurrencyLimit:
    """Lets as many bodies be sent at once as `Trials` decides, up to ``most``."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._changed = threading.Condition()
        self._trials: Trials | None = None
        self._active = 0
        self._waiting = 0

    @contextmanager
    def slot(self, size: int) -> Iterator[None]:
        """Waits until a body of ``size`` bytes may be sent."""
        self._enter(size)
        try:
            yield
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify()

    def counting(self, on_sent: Callable[[int], None]) -> Callable[[int], None]:
        """``on_sent``, which is told of the bytes of a body as they are sent, with us listening."""

        def moved(count: int) -> None:
            with self._changed:
                if self._trials:
                    self._trials.moved(count)
            on_sent(count)

        return moved

    def watching(self, attempt: Callable[[], str]) -> Callable[[], str]:
        """``attempt``, which sends a body; we take notice when it fails."""

        def watched() -> str:
            try:
                return attempt()
            except Transient as error:
                with self._changed:
                    if self._trials:
                        self._trials.failed(self._clock(), busy=isinstance(error, StoreBusy))
                raise

        return watched

    def _enter(self, size: int) -> None:
        with self._changed:
            trials = self._trials = self._trials or Trials(self._most, self._clock())
            self._waiting += 1
            try:
                self._wait(trials)
            finally:
                self._waiting -= 1
            self._active += 1
            trials.began(size)

    def _wait(self, trials: Trials) -> None:
        while self._active >= trials.limit:
            before = trials.limit
            trials.decide(self._clock(), waiting=True)
            if trials.limit > before:
                self._changed.notify_all()
            else:
                self._changed.wait(max(trials.due - self._clock(), 0.001))
