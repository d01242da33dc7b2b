"""The threads in which requests are handled that may have to wait for something."""

import logging
from collections.abc import Generator
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from valetkey.intake.loop import Step

log = logging.getLogger("valetkey")


class Threads:
    """Up to ``limit`` of them. ``await`` it: the request goes on in one, who waits longest first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = Lock()
        self._count = self._idle = 0
        self._queue: SimpleQueue[Step] = SimpleQueue()

    def __await__(self) -> Generator["Threads", None, None]:
        yield self

    def done(self) -> bool:
        """As futures have it: never, as each ``await`` is for a request of its own."""
        return False

    def cancelled(self) -> bool:
        """Never."""
        return False

    def add_done_callback(self, step: Step, context: Any = None) -> None:  # noqa: ARG002 - as futures have it
        """``step`` runs in one of the threads."""
        self._queue.put(step)
        with self._lock:
            if self._queue.qsize() <= self._idle or self._count == self._limit:
                return
            self._count += 1
        Thread(target=self._work, name="valetkey-request", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            step = self._queue.get()
            with self._lock:
                self._idle -= 1
            try:
                step()
            except BaseException:  # whatever it is, the others need this thread
                log.exception("a request has failed")
