"""What runs beside the requests: the loop that reads the store's events from a queue, and the one that sends ours."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from time import monotonic

from valetkey.core.announcement import Announcement
from valetkey.core.errors import MalformedEvent, Unavailable
from valetkey.core.events import ObjectEvent, Tally
from valetkey.core.outbox import Dispatcher
from valetkey.core.ports import EventQueue, Message

log = logging.getLogger("valetkey")

LONG_POLL = 5
"""How long one look at the queue waits, in seconds: a stop takes at most as long."""

PAUSE = 2
"""How long to leave a queue alone that does not answer, in seconds."""


class QueueLoop:
    """Feeds a queue's events to ``observe``. A message is deleted only after what it led to is durable."""

    def __init__(
        self,
        queue: EventQueue,
        parse: Callable[[bytes], Sequence[ObjectEvent]],
        observe: Callable[[Iterable[ObjectEvent]], Tally],
    ) -> None:
        self._queue = queue
        self._parse = parse
        self._observe = observe
        self._stop = Event()

    def run(self) -> None:
        """Works until `stop` is called. What is away is tried again; a message that failed comes again by itself."""
        while not self._stop.is_set():
            try:
                messages = self._queue.receive(LONG_POLL)
            except Unavailable as error:
                log.warning("the event queue is away: %s", error.detail)
                self._stop.wait(PAUSE)
                continue
            for message in messages:
                self._handle(message)

    def stop(self) -> None:
        """Ends `run` after the messages it has. May be called from another thread or a signal handler."""
        self._stop.set()

    def _handle(self, message: Message) -> None:
        try:
            self._observe(self._parse(message.body))
            self._queue.delete(message)
        except Unavailable as error:
            log.warning("an event will be tried again: %s", error.detail)
        except MalformedEvent as error:  # the queue's redrive policy takes it away after some tries
            log.warning("an event cannot be read: %s", error.detail)
        except Exception:
            log.exception("an event failed")


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
        try:
            if monotonic() >= self._prune_at:
                self._dispatcher.prune()
                self._prune_at = monotonic() + PRUNE_EVERY
            return self._dispatcher.claim(free) if free else []
        except Unavailable as error:
            log.warning("the outbox is away: %s", error.detail)
            self._stop.wait(PAUSE)
        except Exception:
            log.exception("the outbox cannot be read")
            self._stop.wait(PAUSE)
        return []

    def _deliver(self, claimed: Announcement) -> None:
        try:
            self._dispatcher.deliver(claimed)
        except Unavailable as error:
            log.warning("webhook %s will be sent again: %s", claimed.id, error.detail)
        except Exception:
            log.exception("webhook %s failed", claimed.id)
