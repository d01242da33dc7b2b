"""Running the sweep at intervals."""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from time import monotonic

from valetkey.core.sweeping.findings import Finding
from valetkey.core.sweeping.sweep import Sweep
from valetkey.worker.loop import Repeated

log = logging.getLogger("valetkey")


class CheckLoop(Repeated):
    """Checks stored uploads every ``interval`` seconds, in a loop of its own, so that they wait for no other work."""

    unavailable = "stored uploads will be checked again"
    failed = "checking stored uploads failed; it will be retried"

    def __init__(self, sweep: Sweep, interval: float) -> None:
        super().__init__(interval)
        self._sweep = sweep

    def _work(self) -> None:
        drain(self._sweep.check(self._stop.is_set))


class SweepLoop(Repeated):
    """Looks at the uploads that are due every ``interval`` seconds, and removes orphans every ``clean_interval``."""

    unavailable = "the sweep will be tried again"
    failed = "the sweep failed; it will be retried"

    def __init__(self, sweep: Sweep, interval: float, clean_interval: float) -> None:
        super().__init__(interval)
        self._sweep = sweep
        self._clean_interval = clean_interval
        self._cleaned = monotonic() - clean_interval  # so that it cleans once at the start
        self.looked_at: datetime | None = None
        """When the last look was over."""

    def _work(self) -> None:
        drain(self._sweep.look(self._stop.is_set))
        self.looked_at = datetime.now(UTC)
        if monotonic() - self._cleaned >= self._clean_interval:
            drain(self._sweep.clean(self._stop.is_set))
            self._cleaned = monotonic()


def drain(findings: Iterable[Finding]) -> None:
    """Works through ``findings``: each is dealt with as it is drawn."""
    for finding in findings:
        log.debug("sweep: %s %s: %s", finding.action, finding.subject, finding.detail)
