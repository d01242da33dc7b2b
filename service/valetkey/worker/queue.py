"""The store's events from a queue."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from valetkey.core.errors import MalformedEvent, Unavailable
from valetkey.core.events.event import EventCounts, StoreEvent
from valetkey.core.ports.queue import EventQueue, Message
from valetkey.worker.loop import GoesOn, pause

log = logging.getLogger("valetkey")

LONG_POLL = 5
"""How long one look at the queue waits, in seconds: a stop takes at most as long."""

TRIES = 5
"""How often a message is tried while something is away, with growing pauses: each delivery counts towards the
redrive policy, and an outage must not send good messages to the dead letters."""


class QueueLoop:
    """Feeds a queue's events to ``observe``. A message is deleted only after what it led to is durable.

    One that cannot be read is left to the queue's redrive policy.
    """

    def __init__(
        self,
        queue: EventQueue,
        parse: Callable[[bytes], Sequence[StoreEvent]],
        observe: Callable[[Iterable[StoreEvent]], EventCounts],
    ) -> None:
        self._queue = queue
        self._parse = parse
        self._observe = observe
        self._stop = Event()

    def run(self) -> None:
        """Works until `stop` is called. What is away is tried again; a message that failed comes again by itself."""
        while not self._stop.is_set():
            with GoesOn(
                self._stop, away="the event queue is away", failed="the event queue's loop failed, and goes on"
            ):
                self._work(self._queue.receive(LONG_POLL))

    def stop(self) -> None:
        """Ends `run` after the messages it has. May be called from another thread."""
        self._stop.set()

    def _work(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        with self._held(messages):
            done = [message for message in messages if self._handled(message)]
            self._queue.delete(done)

    def _handled(self, message: Message) -> bool:
        """Whether the message has done what it could; otherwise it comes again."""
        for number in range(TRIES):
            try:
                self._observe(self._parse(message.body))
            except Unavailable as error:
                log.warning("an event will be tried again: %s", error.detail)
                if pause(self._stop, doubled=number):
                    return False
            except MalformedEvent as error:  # the queue's redrive policy takes it away after some tries
                log.warning("an event cannot be read: %s", error.detail)
                return False
            except Exception:
                log.exception("an event failed")
                return False
            else:
                return True
        return False

    @contextmanager
    def _held(self, messages: Sequence[Message]) -> Iterator[None]:
        """Keeps messages from other workers while they are worked on, however long that takes."""
        over = Event()

        def extend() -> None:
            while not over.wait(self._queue.visibility / 3):
                try:
                    self._queue.extend(messages)
                except Unavailable as error:
                    log.warning("messages could not be kept from others: %s", error.detail)

        beat = Thread(target=extend, name="valetkey-visibility", daemon=True)
        beat.start()
        try:
            yield
        finally:
            over.set()
            beat.join()
