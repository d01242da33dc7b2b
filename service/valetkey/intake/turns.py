"""How many requests are answered at once: the others wait for their turn, and no thread with them."""

from collections import deque
from collections.abc import Generator
from threading import Lock
from typing import Any

from valetkey.intake.loop import Step, go_on


class Turns:
    """``limit`` turns. ``await`` it for one, and `give` it back: whoever waits longest gets it."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._lock = Lock()
        self._waiting: deque[Step] = deque()

    def __await__(self) -> Generator["Turns", None, None]:
        with self._lock:
            if self._free:
                self._free -= 1
                return
        yield self

    def give(self) -> None:
        """The thread of whoever gives goes on with the next one, when it is done with this."""
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            step = self._waiting.popleft()
        go_on(step)

    def done(self) -> bool:
        """As futures have it: never, as each waits for a turn of its own."""
        return False

    def cancelled(self) -> bool:
        """Never."""
        return False

    def add_done_callback(self, step: Step, context: Any = None) -> None:  # noqa: ARG002 - as futures have it
        """``step`` is taken when it has a turn, which may be at once."""
        with self._lock:
            if not self._free:
                self._waiting.append(step)
                return
            self._free -= 1
        step.at_once = step.thread
