"""How far a file is, told by several threads at once."""

import threading
from collections.abc import Callable


class Meter:
    """``sent`` counts the bytes that went out, repeated ones too; ``shown`` what a progress bar stands at."""

    def __init__(self, on_progress: Callable[[int], None]) -> None:
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self.sent = 0
        self.shown = 0

    def moved(self, count: int) -> None:
        """``count`` bytes went out; a negative number takes back what has to be sent again."""
        with self._lock:
            self.sent += max(count, 0)
            self.shown += count
        self._on_progress(count)

    def there(self, count: int) -> None:
        """``count`` bytes are at the store already."""
        with self._lock:
            self.shown += count
        self._on_progress(count)

    def reset(self) -> None:
        """Back to the beginning, for another look at what is there."""
        self.there(-self.shown)
