"""What runs beside the requests: the store's events from a queue, the sweep, and the outbox.

Every loop goes on whatever happens, and stops between two pieces of work. Any number of workers may run side by side:
what keeps two of them from doing the same twice is in the ledger and in the queue.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic
from typing import Protocol

from valetkey.core.announcement import Announcement
from valetkey.core.errors import MalformedEvent, Unavailable
from valetkey.core.events import StoreEvent, Tally
from valetkey.core.outbox import Dispatcher
from valetkey.core.ports import EventQueue, Message
from valetkey.core.sweep import Finding, Sweep

log = logging.getLogger("valetkey")

LONG_POLL = 5
"""How long one look at the queue waits, in seconds: a stop takes at most as long."""

PAUSE = 2
"""How long to leave alone what does not answer, in seconds."""

TRIES = 5
"""How often a message is tried while something is away, with growing pauses: each delivery counts towards the
redrive policy, and an outage must not send good messages to the dead letters."""


class Loop(Protocol):
    """Work that goes on until it is told to stop."""

    def run(self) -> None:
        """Returns after `stop`, with the piece of work in hand finished."""

    def stop(self) -> None:
        """May be called from any thread, any number of times."""


class Worker:
    """Loops side by side, each in a thread of its own."""

    def __init__(self, loops: Sequence[Loop]) -> None:
        self._loops = loops
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Begins to work, and returns."""
        self._threads = [
            Thread(target=loop.run, name=f"valetkey-{type(loop).__name__}-{number}", daemon=True)
            for number, loop in enumerate(self._loops)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, wait: float | None = None) -> None:
        """Returns when every loop has finished what it had in hand, or after ``wait`` seconds for each."""
        for loop in self._loops:
            loop.stop()
        for thread in self._threads:
            thread.join(wait)


class QueueLoop:
    """Feeds a queue's events to ``observe``. A message is deleted only after what it led to is durable.

    One that cannot be read is left to the queue's redrive policy.
    """

    def __init__(
        self,
        queue: EventQueue,
        parse: Callable[[bytes], Sequence[StoreEvent]],
        observe: Callable[[Iterable[StoreEvent]], Tally],
    ) -> None:
        self._queue = queue
        self._parse = parse
        self._observe = observe
        self._stop = Event()

    def run(self) -> None:
        """Works until `stop` is called. What is away is tried again; a message that failed comes again by itself."""
        while not self._stop.is_set():
            try:
                self._work(self._queue.receive(LONG_POLL))
            except Unavailable as error:
                log.warning("the event queue is away: %s", error.detail)
                self._stop.wait(PAUSE)
            except Exception:
                log.exception("the event queue's loop failed, and goes on")
                self._stop.wait(PAUSE)

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
                if self._stop.wait(PAUSE * 2**number):
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
            try:
                self._drain(self._sweep.look(self._stop.is_set))
                if monotonic() - cleaned >= self._clean_interval:
                    self._drain(self._sweep.clean(self._stop.is_set))
                    cleaned = monotonic()
            except Unavailable as error:
                log.warning("the sweep will be tried again: %s", error.detail)
                self._stop.wait(PAUSE)
            except Exception:
                log.exception("the sweep failed, and goes on")
                self._stop.wait(PAUSE)
            self._stop.wait(self._interval)

    def stop(self) -> None:
        """Ends `run` after the upload it is looking at. May be called from another thread."""
        self._stop.set()

    @staticmethod
    def _drain(findings: Iterable[Finding]) -> None:
        for finding in findings:
            log.debug("sweep: %s %s: %s", finding.action, finding.subject, finding.detail)


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
