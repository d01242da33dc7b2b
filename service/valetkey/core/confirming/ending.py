"""Writes the end of an upload: by compare-and-set, with the time of its last check, and with its announcement."""

from collections.abc import Callable
from datetime import datetime

from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.ports.announcing import Notifier
from valetkey.core.ports.ledger import Ledger


class Endings:
    """Writes every end of an upload, whatever caused it. Raises `LedgerUnavailable`."""

    def __init__(
        self, *, ledger: Ledger, notifier: Notifier, schedule: Schedule, clock: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._notifier = notifier
        self._schedule = schedule
        self._clock = clock

    def write(self, before: Upload, after: Upload) -> Upload | None:
        """Writes ``after`` and returns it as recorded; None if ``before`` was changed concurrently."""
        now = self._clock()
        after = after._replace(due_at=self._schedule.after_end(after, now), ended_at=_ended_at(after, now))
        if not self._ledger.replace(before, after):
            return None
        self._notifier.ended(after)
        return after


def _ended_at(upload: Upload, now: datetime) -> datetime | None:
    if upload.state is UploadState.CONFIRMED:
        return None
    return max(now, upload.renewable_until) if upload.state is UploadState.EXPIRED else now
