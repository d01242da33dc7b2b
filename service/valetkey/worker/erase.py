"""Erasing owners."""

import logging
from datetime import timedelta

from valetkey.core.erasing.eraser import Eraser
from valetkey.worker.loop import Repeated

log = logging.getLogger("valetkey")


class EraseLoop(Repeated):
    """Runs due erasures every ``interval`` seconds, in a loop of its own, as one may take hours."""

    unavailable = "erasing will continue later"
    failed = "erasing failed; it will be retried"
    work = "erasing"
    patience = timedelta(hours=1)

    def __init__(self, eraser: Eraser, interval: float) -> None:
        super().__init__(interval)
        self._eraser = eraser

    def _work(self) -> None:
        for job in self._eraser.run(self._stop.is_set):
            self._record_progress()
            log.debug("erasure %s is %s: %d uploads erased", job.id, job.state, job.uploads)
