"""How many bodies are sent at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INITIAL = 4
"""How many bodies are sent at once at first. To a store on the same machine 6, 8 and 12 were not faster."""

MIN_GAIN = 1.05
"""By which factor one more body at once has to raise the throughput, for another one to be tried."""


class ConcurrencyLimit:
    """Allows up to ``most`` bodies at once: a few at first, and one more as long as that raises the throughput.

    A distant store gives each connection a share of the bandwidth, so more connections carry more; one nearby does not,
    and a store that slows down gets no more of them. Any number of threads may use it.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._limit = min(INITIAL, most)
        self._free = threading.Semaphore(self._limit)
        self._best_rate: float | None = None
        self._start_measuring()

    @property
    def limit(self) -> int:
        """How many bodies may be sent at once now."""
        return self._limit

    @contextmanager
    def slot(self, size: int) -> Iterator[None]:
        """Waits until a body of ``size`` bytes may be sent. A block that raises does not count as sent."""
        with self._free:
            yield
        with self._lock:
            self._count(size)

    def _count(self, size: int) -> None:
        self._bytes += size
        self._bodies += 1
        if self._limit == self._most or self._bodies < 2 * self._limit:
            return
        rate = self._bytes / max(self._clock() - self._since, 1e-6)
        if self._best_rate is None:
            self._best_rate = 0.0  # a new connection is slow: that is not measured
        elif rate > self._best_rate * MIN_GAIN:
            self._best_rate = rate
            self._limit += 1
            self._free.release()
        else:
            self._most = self._limit
        self._start_measuring()

    def _start_measuring(self) -> None:
        self._bytes = self._bodies = 0
        self._since = self._clock()
