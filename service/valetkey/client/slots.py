"""How many bodies are on their way at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FEW = 4
"""With how many it begins. Beside a store on the same machine 6, 8 and 12 were not faster."""

GAIN = 1.05
"""By how much one more has to make the whole faster, for another one to be tried."""


class Slots:
    """At most ``most`` bodies at once: a few at first, and one more as long as that makes the whole faster.

    A distant store gives each connection a part of the line, so more of them carry more; one nearby does not, and a
    store that asks for patience gets no more of them. Any number of threads may use it.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._open = min(FEW, most)
        self._free = threading.Semaphore(self._open)
        self._best: float | None = None
        self._forget()

    @property
    def open(self) -> int:
        """How many bodies may be on their way now."""
        return self._open

    @contextmanager
    def one(self, size: int) -> Iterator[None]:
        """Waits until a body of ``size`` bytes may be sent. It counts when it was sent, not when this was left by an
        exception."""
        with self._free:
            yield
        with self._lock:
            self._sent(size)

    def _sent(self, size: int) -> None:
        self._bytes += size
        self._bodies += 1
        if self._open == self._most or self._bodies < 2 * self._open:
            return
        rate = self._bytes / max(self._clock() - self._since, 1e-6)
        if self._best is None:
            self._best = 0.0  # a connection is slow at first: that is not measured
        elif rate > self._best * GAIN:
            self._best = rate
            self._open += 1
            self._free.release()
        else:
            self._most = self._open
        self._forget()

    def _forget(self) -> None:
        self._bytes = self._bodies = 0
        self._since = self._clock()
