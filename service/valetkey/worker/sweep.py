"""The sweep, again and again."""

import logging
from collections.abc import Iterable
from threading import Event
from time import monotonic

from valetkey.core.sweeping.findings import Finding
from valetkey.core.sweeping.sweep import Sweep
from valetkey.worker.loop import GoesOn

log = logging.getLogger("valetkey")


class CheckLoop:
    """Looks every ``interval`` seconds at what has arrived and waits to be checked: it stands behind nobody else."""

    def __init__(self, sweep: Sweep, interval: float) -> None:
        self._sweep = sweep
        self._interval = interval
        self._stop = Event()

    def run(self) -> None:
        """Works until `stop` is called. A look that failed is begun again after a pause."""
        while not self._stop.is_set():
            with GoesOn(self._stop, away="what waits will be looked at again", failed="the looks failed, and go on"):
                drain(self._sweep.check(self._stop.is_set))
            self._stop.wait(self._interval)

    def stop(self) -> None:
        """Ends `run` after the upload it is looking at. May be called from another thread."""
        self._stop.set()


class SweepLoop:
    """Looks every ``interval`` seconds at what is due, every ``clean_interval`` at what nobody owns."""

    def __init__(self, sweep: Sweep, interval: float, clean_interval: float) -> None:
        self._sweep = sweep
        self._interval = interval
        self._clean_interval = clean_interval
        self._stop = Event()

    def run(self) -> None:
        """Works until `stop` is called. A sweep that failed is begun again after a pause."""
        cleaned = monotonic() - self._clean_interval  # once at the start
        while not self._stop.is_set():
            with GoesOn(self._stop, away="the sweep will be tried again", failed="the sweep failed, and goes on"):
                drain(self._sweep.look(self._stop.is_set))
                if monotonic() - cleaned >= self._clean_interval:
                    drain(self._sweep.clean(self._stop.is_set))
                    cleaned = monotonic()
            self._stop.wait(self._interval)

    def stop(self) -> None:
        """Ends `run` after the upload it is looking at. May be called from another thread."""
        self._stop.set()


def drain(findings: Iterable[Finding]) -> None:
    """Has all of it done."""
    for finding in findings:
        log.debug("sweep: %s %s: %s", finding.action, finding.subject, finding.detail)
