"""Sending the outbox by several threads: the webhook, and each hook by a loop of its own."""

import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from time import monotonic

from valetkey.core.announcing.dispatcher import PRUNE_BATCH, Dispatcher
from valetkey.core.errors import Unavailable
from valetkey.core.model.announcement import Announcement
from valetkey.worker.loop import KeepRunning

log = logging.getLogger("valetkey")

MAX_DELIVERIES = 8
"""How many webhooks are sent at once, and how many calls of one hook run: a slow one does not hold up the others."""

POLL_INTERVAL = 1.0
"""How often the outbox is read while nothing is due, in seconds."""

PRUNE_INTERVAL = 60.0
"""How often old delivered rows are removed, in seconds; every `POLL_INTERVAL` while one step leaves some: the rows
delivered in a minute have to be removed in a minute, however many they are."""


class OutboxLoop:
    """Sends due announcements of the outbox. Any number of these loops may run at once, in one process or in many."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._stop = Event()
        self._prune_at = 0.0

    def run(self) -> None:
        """Works until `stop` is called. While the ledger is unavailable it waits; no webhook is lost by that."""
        deliveries: set[Future[None]] = set()
        with ThreadPoolExecutor(MAX_DELIVERIES, f"valetkey-{self._dispatcher.name}") as pool:
            while deliveries or not self._stop.is_set():
                claimed = [] if self._stop.is_set() else self._claim(MAX_DELIVERIES - len(deliveries))
                deliveries |= {pool.submit(self._deliver, one) for one in claimed}
                if deliveries:
                    deliveries = wait(deliveries, POLL_INTERVAL, FIRST_COMPLETED).not_done
                    self._extend()
                else:
                    self._stop.wait(POLL_INTERVAL)

    def stop(self) -> None:
        """Ends `run` after the deliveries that have started. May be called from another thread or a signal handler."""
        self._stop.set()

    def _claim(self, free: int) -> list[Announcement]:
        with KeepRunning(
            self._stop, unavailable="the outbox is unavailable", failed="reading the outbox failed; it will be retried"
        ):
            if monotonic() >= self._prune_at:
                more = self._dispatcher.prune() == PRUNE_BATCH
                self._prune_at = monotonic() + (POLL_INTERVAL if more else PRUNE_INTERVAL)
            return self._dispatcher.claim(free) if free else []
        return []

    def _extend(self) -> None:
        try:
            self._dispatcher.extend()
        except Unavailable as error:
            log.warning("the leases of announcements in delivery could not be extended: %s", error.detail)

    def _deliver(self, claimed: Announcement) -> None:
        try:
            self._dispatcher.deliver(claimed)
        except Unavailable as error:
            log.warning("%s %s will be sent again: %s", self._dispatcher.name, claimed.id, error.detail)
        except Exception:
            log.exception("%s %s failed", self._dispatcher.name, claimed.id)
