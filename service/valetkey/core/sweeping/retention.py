"""What the ledger itself forgets: counts of tickets, keys of requests, finished erasures. No store is asked for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from valetkey.core.model.profiles import Profiles
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import first_id_of
from valetkey.core.ports.ledger import Ledger

ALLOWANCES = 1_000
"""How many expired tickets are forgotten in one commit."""

KEYS = 1_000
"""How many idempotency keys are looked at, and forgotten, in one commit."""

ERASURES = 1_000
"""How many erasures that were over long ago one run forgets."""

TICKET_GRACE = timedelta(hours=1)
"""How long after its end a ticket's count is kept: another service's clock may be behind ours."""


class Retention:
    """Forgets in small steps, beside everybody else's work; what it has to forget may be of years."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        profiles: Profiles,
        schedule: Schedule,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._profiles = profiles
        self._schedule = schedule
        self._clock = clock

    def run(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Forgets all that is to go now; it ends early, between two steps, when ``stop`` says so.

        Raises `LedgerUnavailable`.
        """
        forget = partial(self._ledger.forget_allowances, self._clock() - TICKET_GRACE, ALLOWANCES)
        while forget() == ALLOWANCES and not stop():
            pass
        before = self._schedule.forgotten_before(self._clock())
        if before is not None and not stop():
            self._ledger.forget_erasures(before, ERASURES)
            self._forget_keys(before, stop)

    def _forget_keys(self, before: datetime, stop: Callable[[], bool]) -> None:
        """Those of confirmed uploads, too, which stay: nobody repeats a request after so long.

        What can still be resumed keeps its key. Nearly all of that is younger than the profiles' times say, and is not
        looked at; what is left is passed once a run.
        """
        now = self._clock()
        renewable = max((one.renewable_for for one in self._profiles.all()), default=timedelta(0))
        end, last = first_id_of(min(before, now - renewable)), None
        while (last := self._ledger.forget_keys(end, now, KEYS, last)) is not None and not stop():
            pass
