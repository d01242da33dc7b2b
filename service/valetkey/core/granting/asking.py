"""What a store is asked before the first PUT is granted: by so many at once, and not over and over."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from valetkey.core.errors import StoreUnavailable
from valetkey.core.outages import Outages
from valetkey.core.stores import NamedStore

ASK_AGAIN = timedelta(seconds=5)
"""How long a store that gave no answer is left alone before the next one who wants a PUT asks it."""


class Asking:
    """Asks one store what decides about its PUTs; ``within`` bounds how many wait for that. Threads may share it.

    Who wants a PUT within `ASK_AGAIN` of a failure gets the same error without asking: a store that drops packets would
    hold a thread for each one in a batch.
    """

    def __init__(self, place: NamedStore, within: AbstractContextManager[None], clock: Callable[[], datetime]) -> None:
        self._place = place
        self._within = within
        self._outages = Outages(clock, ASK_AGAIN)
        self._refusal = StoreUnavailable("")

    def require_asked(self) -> None:
        """Raises `StoreUnavailable` where the store cannot be asked now, and nobody knows the answer."""
        if self._place.store.capabilities.may_be_lockable:
            with self._within:
                self._ask()

    def _ask(self) -> None:
        if not self._outages.may_try(self._place.name):
            last = self._refusal  # anew: threads that raise one exception share its traceback
            raise StoreUnavailable(last.detail, last.retry_after, refused=last.refused)
        try:
            self._place.store.learn()
        except StoreUnavailable as error:
            self._refusal = error
            self._outages.failed(self._place.name)
            raise
        except BaseException:  # a thread that must not wait is no failure of the store's
            self._outages.undecided(self._place.name)
            raise
        self._outages.answered(self._place.name)
