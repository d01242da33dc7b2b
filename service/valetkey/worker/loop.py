"""The worker's loops: they run until they are stopped, whatever fails."""

import logging
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import ClassVar, Protocol

from valetkey.core.errors import Unavailable
from valetkey.core.ports.health import StalledWork

log = logging.getLogger("valetkey")

PAUSE = 2
"""How long to pause after a failure, in seconds."""


class Loop(Protocol):
    """Work that runs until it is stopped."""

    def run(self) -> None:
        """Returns after `stop`, once the current piece of work is finished."""

    def stop(self) -> None:
        """May be called from any thread, any number of times."""


class KeepRunning:
    """Logs a failure of the block and pauses, so that the loop around it continues. A stop ends the pause.

    ``unavailable`` is logged, with its detail, for an `Unavailable`; ``failed`` for any other exception.
    """

    def __init__(self, stop: Event, *, unavailable: str, failed: str) -> None:
        self._stop = stop
        self._unavailable = unavailable
        self._failed = failed

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, Unavailable):
            log.warning("%s: %s", self._unavailable, error.detail)
        elif isinstance(error, Exception):
            log.error(self._failed, exc_info=error)
        else:
            return False
        pause(self._stop)
        return True


class Repeated(ABC):
    """A `Loop` that does a piece of work every ``interval`` seconds; after a failure it pauses and tries again.

    ``unavailable`` and ``failed`` are logged as by `KeepRunning`. ``work`` names its work for people, and ``store`` the
    store that it is for. A loop without progress for longer than ``patience`` (or ten times ``interval``) is stalled:
    it hangs, or fails each time.
    """

    unavailable: ClassVar[str]
    failed: ClassVar[str]
    work: ClassVar[str]
    patience: ClassVar[timedelta] = timedelta(minutes=10)

    def __init__(self, interval: float, store: str | None = None) -> None:
        self._interval = interval
        self._stop = Event()
        self._name = self.work if store is None else f"{self.work} of store {store}"
        self._got_on_at = datetime.now(UTC)

    def run(self) -> None:
        """Works until `stop` is called."""
        self._record_progress()
        while not self._stop.is_set():
            with KeepRunning(self._stop, unavailable=self.unavailable, failed=self.failed):
                self._work()
                self._record_progress()
            self._stop.wait(self._interval)

    def standing(self, now: datetime) -> StalledWork | None:
        """The stalled work, and since when; None if it makes progress. May be called from another thread."""
        since = self._got_on_at
        patience = max(self.patience, timedelta(seconds=10 * self._interval))
        return StalledWork(self._name, since) if now - since > patience else None

    def _record_progress(self) -> None:
        """Records progress: a piece of work is done, or a step of one that may take hours."""
        self._got_on_at = datetime.now(UTC)

    def stop(self) -> None:
        """Ends `run` after the current upload. May be called from another thread."""
        self._stop.set()

    @abstractmethod
    def _work(self) -> None: ...


def pause(stop: Event, doublings: int = 0) -> bool:
    """Waits for `PAUSE`, doubled ``doublings`` times, or until ``stop`` is set. Returns whether it is set."""
    return stop.wait(PAUSE * 2**doublings)
