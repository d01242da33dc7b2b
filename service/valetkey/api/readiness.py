"""Readiness of the service, checked once for all concurrent requests."""

from collections.abc import Callable
from threading import Lock
from time import monotonic

from valetkey.core.errors import Unavailable
from valetkey.core.ports.health import StoreProof
from valetkey.forks import renew_in_child

REMEMBERED = 2.0
"""How long a success is cached, in seconds. A failure is checked again at once, by one thread at a time."""


class LastExamined:
    """The last results of `valetkey doctor`, read at most every `REMEMBERED` seconds, as anybody may request them."""

    def __init__(self, look: Callable[[], StoreProof | None]) -> None:
        self._look = look
        self._known: tuple[float, StoreProof | None] = (float("-inf"), None)

    def __call__(self) -> StoreProof | None:
        """Raises `LedgerUnavailable`."""
        now = monotonic()
        if now - self._known[0] > REMEMBERED:
            self._known = (now, self._look())
        return self._known[1]


class Readiness:
    """Caches the result of ``look``, which raises `Unavailable` if something is unavailable. Only one thread calls it
    at a time: others do not wait, and get the last result, or an error that it is not known yet."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._ready_at = float("-inf")
        self._problem: tuple[str, int] | None = None
        self._renew()
        renew_in_child(self, Readiness._renew)

    def _renew(self) -> None:
        self._looking = Lock()

    def check(self) -> None:
        """Raises `Unavailable` if the service is not known to be ready."""
        if monotonic() - self._ready_at <= REMEMBERED:
            return
        if not self._looking.acquire(blocking=False):
            raise Unavailable(*(self._problem or ("Whether the service is ready is being checked.", 1)))
        try:
            self._look()
            self._ready_at, self._problem = monotonic(), None
        except Unavailable as error:
            self._problem = error.detail, error.retry_after
            raise
        finally:
            self._looking.release()
