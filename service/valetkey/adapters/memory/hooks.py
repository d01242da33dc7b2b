"""Hooks that run a test's code between two steps of a port."""

from collections.abc import Callable
from threading import RLock

Hook = Callable[[str, str], None]
"""Called before each operation of a port, with its name and the key or id it is about ("" for none).

It may do anything: write to the store, run somebody else, or raise `StoreUnavailable`, which the caller then gets.
"""


class Hooked:
    """Calls a hook before each of its operations. Thread-safe. ``before`` may be set at any time."""

    def __init__(self, before: Hook | None = None) -> None:
        self.before = before
        self._lock = RLock()

    def _call(self, operation: str, subject: str = "") -> None:
        """Calls the hook without holding a lock, as it may wait for another thread."""
        if self.before is not None:
            self.before(operation, subject)
