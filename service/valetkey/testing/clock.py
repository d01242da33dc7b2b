"""A clock for tests."""

from collections.abc import Callable
from datetime import datetime, timedelta


class Clock:
    """The time of ``source`` (aware, UTC), plus the time by which it was set forward."""

    def __init__(self, source: Callable[[], datetime]) -> None:
        self._source = source
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return self._source() + self._ahead

    def set_forward(self, moment: datetime) -> None:
        """Sets the time to ``moment``; one in the past changes nothing."""
        self._ahead += max(timedelta(), moment - self())
