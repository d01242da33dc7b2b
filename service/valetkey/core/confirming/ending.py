"""The end of an upload, written: by compare-and-set, with the moment of the last look, and announced."""

from collections.abc import Callable
from datetime import datetime

from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import Upload
from valetkey.core.ports.announcing import Notifier
from valetkey.core.ports.ledger import Ledger


class Endings:
    """Every end goes through here, whoever brought it about. Raises `LedgerUnavailable`."""

    def __init__(
        self, *, ledger: Ledger, notifier: Notifier, schedule: Schedule, clock: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._notifier = notifier
        self._schedule = schedule
        self._clock = clock

    def write(self, before: Upload, after: Upload) -> Upload | None:
        """``after`` as the ledger has it now; None where somebody else has changed ``before`` meanwhile."""
        due_at = self._schedule.after_end(after, self._clock())
        after = after._replace(due_at=due_at)
        if not self._ledger.replace(before, after):
            return None
        self._notifier.ended(after)
        return after
