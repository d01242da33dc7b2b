"""The outbox, sent by several threads."""

import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from time import monotonic

from valetkey.core.announcing.dispatcher import Dispatcher
from valetkey.core.errors import Unavailable
from valetkey.core.model.announcement import Announcement
from valetkey.worker.loop import GoesOn

log = logging.getLogger("valetkey")

DELIVERIES = 8
"""How many webhooks are sent at once: one slow answer does not hold up the others."""

LOOK_EVERY = 1.0
"""How often the outbox is looked at when nothing is due, in seconds."""

PRUNE_EVERY = 60.0
"""How often delivered rows are looked through for those to remove, in seconds."""


class OutboxLoop:
    """Sends what the outbox holds. Any number of them may run side by side, in one process or in many."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._stop = Event()
        self._prune_at = 0.0

    def run(self) -> None:
        """Works until `stop` is called. While the ledger is away it waits; nothing is lost by that."""
        under_way: set[Future[None]] = set()
        with ThreadPoolExecutor(DELIVERIES, "valetkey-webhook") as pool:
            while not self._stop.is_set():
                claimed = self._claim(DELIVERIES - len(under_way))
                under_way |= {pool.submit(self._deliver, one) for one in claimed}
                if under_way:
                    under_way = wait(under_way, LOOK_EVERY, FIRST_COMPLETED).not_done
                else:
                    self._stop.wait(LOOK_EVERY)

    def stop(self) -> None:
        """Ends `run` after the deliveries it has begun. May be called from another thread or a signal handler."""
        self._stop.set()

    def _claim(self, free: int) -> list[Announcement]:
        with GoesOn(self._stop, away="the outbox is away", failed="the outbox cannot be read"):
            if monotonic() >= self._prune_at:
                self._dispatcher.prune()
                self._prune_at = monotonic() + PRUNE_EVERY
            return self._dispatcher.claim(free) if free else []
        return []

    def _deliver(self, claimed: Announcement) -> None:
        try:
            self._dispatcher.deliver(claimed)
        except Unavailable as error:
            log.warning("webhook %s will be sent again: %s", claimed.id, error.detail)
        except Exception:
            log.exception("webhook %s failed", claimed.id)
