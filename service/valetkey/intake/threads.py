"""The threads for requests that may have to wait for something."""

import logging
from collections.abc import Generator
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from valetkey.intake.loop import Step

log = logging.getLogger("valetkey")


class Threads:
    """Up to ``limit`` threads. ``await`` it: the request continues in one of them, first come, first served."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = Lock()
        self._count = self._idle = 0
        self._behind = 0
        """How many queued steps have no thread yet."""
        self._queue: SimpleQueue[Step] = SimpleQueue()

    def __await__(self) -> Generator["Threads", None, None]:
        yield self

    def done(self) -> bool:
        """Part of the protocol of futures: always False, as each ``await`` is for another request."""
        return False

    def cancelled(self) -> bool:
        """Part of the protocol of futures: always False."""
        return False

    def add_done_callback(self, step: Step, context: Any = None) -> None:  # noqa: ARG002 - as futures have it
        """Runs ``step`` in one of the threads."""
        with self._lock:
            self._queue.put(step)
            if self._idle:
                self._idle -= 1  # here, where work is given: the thread may take a while to wake
                return
            if self._count == self._limit:
                self._behind += 1
                return
            self._count += 1
        try:
            Thread(target=self._work, name="valetkey-request", daemon=True).start()
        except RuntimeError:  # the system cannot start one: another thread takes the step, or the next one started
            with self._lock:
                self._count -= 1
                self._behind += 1
            log.exception("no thread could be started for a request")

    def _work(self) -> None:
        while True:
            step = self._queue.get()
            try:
                step()
            except BaseException:  # whatever it is, other requests need this thread
                log.exception("a request has failed")
            with self._lock:
                if self._behind:
                    self._behind -= 1
                else:
                    self._idle += 1
