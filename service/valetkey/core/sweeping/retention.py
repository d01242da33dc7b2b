"""Retention of the ledger's own rows: ticket counts, idempotency keys, finished erasures. It needs no store."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from valetkey.core.model.profiles import Profiles
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import first_id_of
from valetkey.core.ports.ledger import Ledger

ALLOWANCES = 1_000
"""How many expired tickets are removed in one commit."""

KEYS = 1_000
"""How many idempotency keys are examined and removed in one commit."""

ERASURES = 1_000
"""How many long-finished erasures one run removes."""

TICKET_GRACE = timedelta(hours=1)
"""How long after its end a ticket's count is kept: another service's clock may be behind ours."""


class Retention:
    """Removes old rows in small steps, so that it does not disturb other work; there may be years of them."""

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
        """Removes everything that is due for removal; stops between two steps once ``stop`` returns true.

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
        """Removes old idempotency keys, also those of confirmed uploads, which stay themselves: no client repeats a
        request after that long.

        An upload that can still be resumed keeps its key. Nearly all of those are younger than the profiles' times and
        are not examined; the others are passed over once a run.
        """
        now = self._clock()
        renewable = max((one.renewable_for for one in self._profiles.all()), default=timedelta(0))
        end, last = first_id_of(min(before, now - renewable)), None
        while (last := self._ledger.forget_keys(end, now, KEYS, last)) is not None and not stop():
            pass
