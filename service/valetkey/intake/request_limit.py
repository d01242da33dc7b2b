"""How many requests the application handles at once: the others wait, without a thread that waits with them."""

from collections import deque
from collections.abc import Generator
from threading import Lock
from typing import Any

from valetkey.intake.loop import Step, run_next


class RequestLimit:
    """Admits up to ``limit`` requests. ``await`` it to be admitted, then `release`: who waits longest is next."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._lock = Lock()
        self._waiting: deque[Step] = deque()

    def __await__(self) -> Generator["RequestLimit", None, None]:
        with self._lock:
            if self._free:
                self._free -= 1
                return
        yield self

    def release(self) -> None:
        """Admits the next request. The calling thread runs it, once it is done with the current one."""
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            step = self._waiting.popleft()
        run_next(step)

    def done(self) -> bool:
        """As futures have it: never, as each ``await`` is for a request of its own."""
        return False

    def cancelled(self) -> bool:
        """Never."""
        return False

    def add_done_callback(self, step: Step, context: Any = None) -> None:  # noqa: ARG002 - as futures have it
        """``step`` runs when it is admitted, which may be at once."""
        with self._lock:
            if not self._free:
                self._waiting.append(step)
                return
            self._free -= 1
        step.at_once = step.thread
