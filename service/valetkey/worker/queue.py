"""Reading a store's events from a queue."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from valetkey.core.errors import MalformedEvent, RecordUnknown, RulesUnknown, StoreUnavailable, Unavailable
from valetkey.core.events.event import EventCounts, StoreEvent
from valetkey.core.ports.queue import EventQueue, Message
from valetkey.worker.loop import KeepRunning, pause

log = logging.getLogger("valetkey")

LONG_POLL = 5
"""How long one call to the queue waits for messages, in seconds: a stop takes at most that long."""

MAX_ATTEMPTS = 5
"""How often a message is handled while a dependency is unavailable, with growing pauses: each delivery counts towards
the redrive policy, and an outage must not send good messages to the dead letter queue."""


class QueueLoop:
    """Hands the events of a queue to ``handle``. A message is deleted only once its consequences are durable.

    A message that ``parse`` cannot read is left to the redrive policy of the queue.
    """

    def __init__(
        self,
        queue: EventQueue,
        parse: Callable[[bytes], Sequence[StoreEvent]],
        handle: Callable[[Iterable[StoreEvent]], EventCounts],
        *,
        several_stores: bool = False,
    ) -> None:
        """With ``several_stores`` no thread waits for one of them: its message is delivered again later instead."""
        self._queue = queue
        self._parse = parse
        self._handle_events = handle
        self._several_stores = several_stores
        self._stop = Event()

    def run(self) -> None:
        """Works until `stop` is called. An unavailable queue is tried again; a failed message is delivered again."""
        while not self._stop.is_set():
            with KeepRunning(
                self._stop,
                unavailable="the event queue is unavailable",
                failed="reading the event queue failed; it will be retried",
            ):
                self._work(self._queue.receive(LONG_POLL))

    def stop(self) -> None:
        """Ends `run` after the messages that it has received. May be called from another thread."""
        self._stop.set()

    def _work(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        with self._kept_invisible(messages):
            handled = [message for message in messages if self._handle(message)]
            self._queue.delete(handled)

    def _handle(self, message: Message) -> bool:
        """Handles a message. Returns whether that is done; otherwise the queue delivers the message again."""
        for attempt in range(MAX_ATTEMPTS):
            try:
                self._handle_events(self._parse(message.body))
            except Unavailable as error:
                log.warning("an event will be handled again: %s", error.detail)
                # waiting does not help, or delays other stores
                is_slow = self._several_stores and isinstance(error, StoreUnavailable)
                if isinstance(error, RecordUnknown | RulesUnknown) or is_slow:
                    return False
                if pause(self._stop, doublings=attempt):
                    return False
            except MalformedEvent as error:  # after some deliveries the queue's redrive policy removes it
                log.warning("an event is malformed: %s", error.detail)
                return False
            except Exception:
                log.exception("handling an event failed")
                return False
            else:
                return True
        return False

    @contextmanager
    def _kept_invisible(self, messages: Sequence[Message]) -> Iterator[None]:
        """Keeps messages from other workers while they are handled, however long that takes."""
        done = Event()

        def extend() -> None:
            while not done.wait(self._queue.visibility / 3):
                try:
                    self._queue.extend(messages)
                except Unavailable as error:
                    log.warning("the visibility timeout of messages could not be extended: %s", error.detail)

        extending = Thread(target=extend, name="valetkey-visibility", daemon=True)
        extending.start()
        try:
            yield
        finally:
            done.set()
            extending.join()
