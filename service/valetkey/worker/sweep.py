"""Running the sweep at intervals."""

import logging
from collections.abc import Iterable
from threading import Event
from time import monotonic

from valetkey.core.sweeping.findings import Finding
from valetkey.core.sweeping.sweep import Sweep
from valetkey.worker.loop import KeepRunning

log = logging.getLogger("valetkey")


class CheckLoop:
    """Checks stored uploads every ``interval`` seconds, in a loop of its own, so that they wait for no other work."""

    def __init__(self, sweep: Sweep, interval: float) -> None:
        self._sweep = sweep
        self._interval = interval
        self._stop = Event()

    def run(self) -> None:
        """Works until `stop` is called. After a failure it pauses and tries again."""
        while not self._stop.is_set():
            with KeepRunning(
                self._stop,
                unavailable="stored uploads will be checked again",
                failed="checking stored uploads failed; it will be retried",
            ):
                drain(self._sweep.check(self._stop.is_set))
            self._stop.wait(self._interval)

    def stop(self) -> None:
        """Ends `run` after the current upload. May be called from another thread."""
        self._stop.set()


class SweepLoop:
    """Looks at the uploads that are due every ``interval`` seconds, and removes orphans every ``clean_interval``."""

    def __init__(self, sweep: Sweep, interval: float, clean_interval: float) -> None:
        self._sweep = sweep
        self._interval = interval
        self._clean_interval = clean_interval
        self._stop = Event()

    def run(self) -> None:
        """Works until `stop` is called. After a failure it pauses and tries again."""
        cleaned = monotonic() - self._clean_interval  # so that it cleans once at the start
        while not self._stop.is_set():
            with KeepRunning(
                self._stop,
                unavailable="the sweep will be tried again",
                failed="the sweep failed; it will be retried",
            ):
                drain(self._sweep.look(self._stop.is_set))
                if monotonic() - cleaned >= self._clean_interval:
                    drain(self._sweep.clean(self._stop.is_set))
                    cleaned = monotonic()
            self._stop.wait(self._interval)

    def stop(self) -> None:
        """Ends `run` after the current upload. May be called from another thread."""
        self._stop.set()


def drain(findings: Iterable[Finding]) -> None:
    """Works through ``findings``: each is dealt with as it is drawn."""
    for finding in findings:
        log.debug("sweep: %s %s: %s", finding.action, finding.subject, finding.detail)
