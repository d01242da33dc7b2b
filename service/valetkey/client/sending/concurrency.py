"""The number of bodies that are sent at the same time, across all threads."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from valetkey.client.errors import StoreBusy, Transient
from valetkey.client.sending.trials import Trials

MOST = 64
"""The default limit of bodies that are sent at the same time."""

FILES_PER_BODY = 3
"""The most open files for each body: the file, the connection, and one for the record."""

OTHER_FILES = 64
"""The number of open files that are reserved for everything else."""


def default_most() -> int:
    """The most bodies that are sent at the same time: `MOST`, or fewer if the process may not open enough files."""
    try:
        import resource  # not on Windows, where the limit is larger
    except ImportError:
        return MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft < 0 else max(1, min(MOST, (soft - OTHER_FILES) // FILES_PER_BODY))


class ConcurrencyLimit:
    """Limits the number of bodies that are sent at the same time to what `Trials` decides, up to ``most``."""

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
        """``on_sent``, wrapped to count the bytes that are sent."""

        def moved(count: int) -> None:
            with self._changed:
                if self._trials:
                    self._trials.moved(count)
            on_sent(count)

        return moved

    def watching(self, attempt: Callable[[], str]) -> Callable[[], str]:
        """``attempt``, which sends a body, wrapped to notice failures."""

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
