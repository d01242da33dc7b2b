"""Erasing owners."""

import logging
from threading import Event

from valetkey.core.erasing.eraser import Eraser
from valetkey.worker.loop import KeepRunning

log = logging.getLogger("valetkey")


class EraseLoop:
    """Looks every ``interval`` seconds whether an owner is to be erased, in a loop of its own: it may take hours."""

    def __init__(self, eraser: Eraser, interval: float) -> None:
        self._eraser = eraser
        self._interval = interval
        self._stop = Event()

    def run(self) -> None:
        """Works until `stop` is called. After a failure it pauses and tries again."""
        while not self._stop.is_set():
            with KeepRunning(
                self._stop,
                unavailable="erasing will go on later",
                failed="erasing failed; it will be retried",
            ):
                for job in self._eraser.run(self._stop.is_set):
                    log.debug("erasure %s is %s: %d uploads erased", job.id, job.state, job.uploads)
            self._stop.wait(self._interval)

    def stop(self) -> None:
        """Ends `run` after the current upload. May be called from another thread."""
        self._stop.set()
