"""Readiness of the service, checked once for all concurrent requests."""

from collections.abc import Callable
from threading import Lock
from time import monotonic

from valetkey.core.errors import Unavailable
from valetkey.core.ports.health import StoreProof
from valetkey.forks import renew_in_child

REMEMBERED = 2.0
"""How long it is believed that all is well, in seconds. What is not is looked at again at once, by one at a time."""


class LastExamined:
    """What was found out last about the installation (`valetkey doctor`), looked up at most every `REMEMBERED`
    seconds: anybody may ask."""

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
    """``look`` raises `Unavailable` where something is unavailable. It is never called twice at a time: whoever asks
    meanwhile waits for nobody, and is told what was found last, or that nobody knows yet."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._ready_at = float("-inf")
        self._problem: tuple[str, int] | None = None
        self._renew()
        renew_in_child(self, Readiness._renew)

    def _renew(self) -> None:
        self._looking = Lock()

    def check(self) -> None:
        """Raises `Unavailable` when the service is not ready, as far as is known."""
        if monotonic() - self._ready_at <= REMEMBERED:
            return
        if not self._looking.acquire(blocking=False):
            raise Unavailable(*(self._problem or ("Whether the service is ready is being found out.", 1)))
        try:
            self._look()
            self._ready_at, self._problem = monotonic(), None
        except Unavailable as error:
            self._problem = error.detail, error.retry_after
            raise
        finally:
            self._looking.release()
