"""Which stores do not answer, or only after long, as far as one process has seen: nobody else's work waits for them
meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta

PAUSE = timedelta(seconds=30)
"""How long a store that did not answer is left alone before one of us asks it again."""


class Outages:
    """Which stores to leave alone, each for ``pause``.

    Threads may share it: where two ask at the same moment, both try, and nothing is lost by that.
    """

    def __init__(self, clock: Callable[[], datetime], pause: timedelta = PAUSE) -> None:
        self._clock = clock
        self._pause = pause
        self._until: dict[str, datetime] = {}

    def may_try(self, store: str) -> bool:
        """Whether to ask this store. Where it did not answer before, one of us tries it again after a while, and says
        afterwards how that went."""
        until, now = self._until.get(store), self._clock()
        if until is not None:
            if until - self._pause <= now < until:  # where it is earlier, the clock was set back
                return False
            self._until[store] = now + self._pause
        return True

    def failed(self, store: str) -> None:
        """It does not answer."""
        self._until[store] = self._clock() + self._pause

    def answered(self, store: str) -> None:
        """It does, again."""
        self._until.pop(store, None)

    def undecided(self, store: str) -> None:
        """Who tried it failed by something else: the next one may."""
        if store in self._until:
            self._until[store] = self._clock()
