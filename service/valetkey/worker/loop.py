"""Work that goes on until it is told to stop, whatever fails."""

import logging
from threading import Event
from typing import Protocol

from valetkey.core.errors import Unavailable

log = logging.getLogger("valetkey")

PAUSE = 2
"""How long to leave alone what does not answer, in seconds."""


class Loop(Protocol):
    """Work that goes on until it is told to stop."""

    def run(self) -> None:
        """Returns after `stop`, with the piece of work in hand finished."""

    def stop(self) -> None:
        """May be called from any thread, any number of times."""


class GoesOn:
    """Where a loop's work fails, it is logged, and the loop goes on after a pause, which a stop ends.

    ``away`` is what is said of an `Unavailable`, ``failed`` of anything else.
    """

    def __init__(self, stop: Event, *, away: str, failed: str) -> None:
        self._stop = stop
        self._away = away
        self._failed = failed

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, Unavailable):
            log.warning("%s: %s", self._away, error.detail)
        elif isinstance(error, Exception):
            log.error(self._failed, exc_info=error)
        else:
            return False
        pause(self._stop)
        return True


def pause(stop: Event, doubled: int = 0) -> bool:
    """Waits for `PAUSE`, ``doubled`` so many times, or until ``stop`` is set; says whether it is."""
    return stop.wait(PAUSE * 2**doubled)
