"""The check that runs before the first PUT grant: could a client lock its object by a header that nobody signed?"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from valetkey.core.errors import StoreUnavailable
from valetkey.core.outages import Outages
from valetkey.core.stores import NamedStore

RETRY_INTERVAL = timedelta(seconds=5)
"""How long to wait after a failed check before the store is asked again."""


class LockabilityCheck:
    """Learns from one store whether PUTs may be granted. ``within`` limits how many requests wait for it. Thread-safe.

    For `RETRY_INTERVAL` after a failure the same error is raised without asking the store: one that drops packets would
    otherwise hold a thread for each upload of a batch.
    """

    def __init__(self, place: NamedStore, within: AbstractContextManager[None], clock: Callable[[], datetime]) -> None:
        self._place = place
        self._within = within
        self._outages = Outages(clock, RETRY_INTERVAL)
        self._refusal = StoreUnavailable("")

    def require_known(self) -> None:
        """Raises `StoreUnavailable` if the answer is not known yet and the store cannot be asked now."""
        if self._place.store.capabilities.may_be_lockable:
            with self._within:
                self._ask()

    def _ask(self) -> None:
        if not self._outages.may_try(self._place.name):
            last = self._refusal  # a new exception: threads that raise the same one would share its traceback
            raise StoreUnavailable(last.detail, last.retry_after, refused=last.refused)
        try:
            self._place.store.learn()
        except StoreUnavailable as error:
            self._refusal = error
            self._outages.failed(self._place.name)
            raise
        except BaseException:  # `WouldWait`, in a thread that must not wait, is not a failure of the store
            self._outages.undecided(self._place.name)
            raise
        self._outages.answered(self._place.name)
