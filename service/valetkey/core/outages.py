"""Which stores this process has seen to be unavailable or slow, so that no work for other stores waits for them."""

from collections.abc import Callable
from datetime import datetime, timedelta

PAUSE = timedelta(seconds=30)
"""How long a store that did not answer is left alone before one thread tries it again."""


class Outages:
    """Which stores to leave alone, each for ``pause``. Thread-safe: two threads may try a store at the same moment,
    which does no harm."""

    def __init__(self, clock: Callable[[], datetime], pause: timedelta = PAUSE) -> None:
        self._clock = clock
        self._pause = pause
        self._until: dict[str, datetime] = {}

    def may_try(self, store: str) -> bool:
        """Whether to ask this store. After a failure one thread may try again once the pause is over, and reports the
        result."""
        until, now = self._until.get(store), self._clock()
        if until is not None:
            if until - self._pause <= now < until:  # an earlier time means that the clock was set back
                return False
            self._until[store] = now + self._pause
        return True

    def failed(self, store: str) -> None:
        """Records that the store did not answer."""
        self._until[store] = self._clock() + self._pause

    def answered(self, store: str) -> None:
        """Records that the store answered."""
        self._until.pop(store, None)

    def undecided(self, store: str) -> None:
        """Records that the try ended for another reason: the next thread may try."""
        if store in self._until:
            self._until[store] = self._clock()
