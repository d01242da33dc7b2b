"""Running the parts of the sweep at intervals, each independently, as one may take hours."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic

from valetkey.core.sweeping.findings import Finding
from valetkey.core.sweeping.retention import Retention
from valetkey.core.sweeping.sweep import Sweep
from valetkey.worker.loop import Repeated

log = logging.getLogger("valetkey")


class CheckLoop(Repeated):
    """Checks stored uploads every ``interval`` seconds, in a loop of its own, so that they wait for no other work."""

    unavailable = "stored uploads will be checked again"
    failed = "checking stored uploads failed; it will be retried"
    work = "checking"

    def __init__(self, sweep: Sweep, interval: float) -> None:
        super().__init__(interval, sweep.name)
        self._sweep = sweep

    def _work(self) -> None:
        drain(self._sweep.check(self._stop.is_set), self._record_progress)


class SweepLoop(Repeated):
    """Checks the due uploads every ``interval`` seconds."""

    unavailable = "the sweep will be tried again"
    failed = "the sweep failed; it will be retried"
    work = "the sweep"

    def __init__(self, sweep: Sweep, interval: float) -> None:
        super().__init__(interval, sweep.name)
        self._sweep = sweep
        self.looked_at: datetime | None = None
        """When the last check ended."""

    def _work(self) -> None:
        drain(self._sweep.look(self._stop.is_set), self._record_progress)
        self.looked_at = datetime.now(UTC)


def last_look(sweeps: Sequence[SweepLoop]) -> datetime | None:
    """The oldest of the stores' last checks; None if one of them was never checked."""
    times = [one.looked_at for one in sweeps]
    return None if None in times else min(filter(None, times), default=None)


class HousekeepingLoop(Repeated):
    """A `Repeated` that works once at the start and then every ``gap`` seconds; a failure is retried after
    ``interval``."""

    patience = timedelta(hours=1)

    def __init__(self, interval: float, gap: float, store: str | None = None) -> None:
        super().__init__(min(interval, gap), store)
        self._gap = gap
        self._done = monotonic() - gap

    def _work(self) -> None:
        if monotonic() - self._done >= self._gap:
            self._work_through()
            self._done = monotonic()

    @abstractmethod
    def _work_through(self) -> None: ...


class CleanLoop(HousekeepingLoop):
    """Removes objects without an owner from a store, and uploads that ended long ago from the ledger."""

    unavailable = "cleaning up will be tried again"
    failed = "cleaning up failed; it will be retried"
    work = "cleaning up"

    def __init__(self, sweep: Sweep, interval: float, gap: float) -> None:
        super().__init__(interval, gap, sweep.name)
        self._sweep = sweep

    def _work_through(self) -> None:
        drain(self._sweep.clean(self._stop.is_set), self._record_progress)


class RetentionLoop(HousekeepingLoop):
    """Removes old rows from the ledger that do not belong to a store."""

    unavailable = "old rows will be removed from the ledger later"
    failed = "removing old rows failed; it will be retried"
    work = "removing old rows"

    def __init__(self, retention: Retention, interval: float, gap: float) -> None:
        super().__init__(interval, gap)
        self._retention = retention

    def _work_through(self) -> None:
        self._retention.run(self._stop.is_set)


def drain(findings: Iterable[Finding], on_progress: Callable[[], None]) -> None:
    """Consumes ``findings``, which does the work of each, and calls ``on_progress`` after each one."""
    for finding in findings:
        on_progress()
        log.debug("sweep: %s %s: %s", finding.action, finding.subject, finding.detail)
