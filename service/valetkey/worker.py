"""What runs beside the requests: so far the loop that reads the store's events from a queue."""

import logging
from collections.abc import Callable, Iterable, Sequence
from threading import Event

from valetkey.core.errors import MalformedEvent, Unavailable
from valetkey.core.events import ObjectEvent, Tally
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
