"""Files that were found and wait for their turn. Who finds them is held up while the line is long."""

import threading
from collections import deque

from valetkey.client.sources import Source

LONGEST = 1000
"""Files that wait at most: a tree of millions is not kept in memory."""


class Line:
    """First come, first served, between one thread that finds files and many that send them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Source] = deque()
        self._closed = False

    def add(self, source: Source) -> None:
        """At its end, when there is room. Where the line is closed, nothing happens."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._waiting) < LONGEST)
            if not self._closed:
                self._waiting.append(source)
                self._changed.notify_all()

    def take(self, most: int) -> list[Source]:
        """As many as there are, up to ``most``; waits for the first. None when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._waiting))
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """No more will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def give_up(self) -> None:
        """No more will come, and those that wait have waited in vain."""
        with self._changed:
            self._waiting.clear()
        self.close()
