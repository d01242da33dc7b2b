"""The queue between the thread that finds files and those that send them. The search pauses while it is full."""

import threading
from collections import deque

from valetkey.client.files.source import Source

MAX_WAITING = 1000
"""How many files wait at most: a tree of millions is not kept in memory."""


class FileQueue:
    """A bounded queue, first in, first out, for any number of threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Source] = deque()
        self._closed = False

    def add(self, source: Source) -> None:
        """Appends a file, when there is room. Does nothing once the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._waiting) < MAX_WAITING)
            if not self._closed:
                self._waiting.append(source)
                self._changed.notify_all()

    def take(self, most: int) -> list[Source]:
        """Takes up to ``most`` files; waits for the first. Empty when the queue is closed and no file is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._waiting))
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """Ends the queue: no more files are added."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def cancel(self) -> None:
        """Ends the queue and drops the files that wait."""
        with self._changed:
            self._waiting.clear()
        self.close()
