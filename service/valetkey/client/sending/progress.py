"""The progress of one file, to which several threads contribute."""

import threading
from collections.abc import Callable


class Progress:
    """Counts bytes. ``bytes_sent`` includes those that were sent again; ``position`` is where a progress bar stands."""

    def __init__(self, on_progress: Callable[[int], None]) -> None:
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self.bytes_sent = 0
        self.position = 0

    def add_sent(self, count: int) -> None:
        """``count`` bytes were sent; a negative number takes back what has to be sent again."""
        with self._lock:
            self.bytes_sent += max(count, 0)
            self.position += count
        self._on_progress(count)

    def add_stored(self, count: int) -> None:
        """``count`` bytes are already at the store."""
        with self._lock:
            self.position += count
        self._on_progress(count)

    def reset(self) -> None:
        """Back to the beginning, before what is stored is counted again."""
        self.add_stored(-self.position)
