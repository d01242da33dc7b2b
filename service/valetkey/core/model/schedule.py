"""When the sweep checks an upload: times computed from the upload alone, and stored in the ledger as ``due_at``."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from valetkey.core.model.upload import Upload, UploadState

MAX_GAP = timedelta(hours=1)
"""The longest time between two checks of an upload that cannot be finished."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """``first_look``: how long after its creation an upload is first checked; the gaps then double with its age.

    ``grace``: how long after its last grant an upload without bytes expires, as S3 checks a form when it starts.
    ``retention``: for how long after that late bytes are looked for, and how old an object without an owner may get.
    ``ledger_retention``: how long the ledger keeps an upload after its end, unless it is confirmed, and any upload's
    idempotency key after its creation, if it cannot be resumed any more; None: for ever.
    """

    first_look: timedelta = timedelta(seconds=60)
    grace: timedelta = timedelta(minutes=15)
    retention: timedelta = timedelta(days=1)
    ledger_retention: timedelta | None = None

    def soon(self, now: datetime) -> datetime:
        """The next check of an upload that is new, that has just been pinned, or that is being checked."""
        return now + self.first_look

    def expires(self, upload: Upload) -> datetime:
        """When ``upload`` expires if nothing has arrived."""
        return upload.expires_at + self.grace

    def after_look(self, upload: Upload, now: datetime) -> datetime | None:
        """The next check of an open upload that was found unchanged; None if its retention has ended."""
        match upload.state:
            case UploadState.PENDING if now < self.expires(upload):
                return min(now + max(self.first_look, now - upload.created_at), self.expires(upload))
            case UploadState.EXPIRED:
                end = upload.expires_at + self.retention
                return None if now >= end else min(now + max(self.first_look, now - upload.expires_at), end)
            case _:
                return self.after_failure(upload, now)

    def forgotten_before(self, now: datetime) -> datetime | None:
        """The ledger forgets uploads that ended before this; None: it forgets none. Never earlier than orphaned objects
        are removed."""
        if self.ledger_retention is None:
            return None
        return now - max(self.ledger_retention, self.grace + self.retention)

    def after_failure(self, upload: Upload, now: datetime) -> datetime:
        """The next try after a failure, so late that an upload that always fails does not hold up others."""
        return now + min(max(self.first_look, now - upload.created_at), max(self.first_look, MAX_GAP))

    def after_end(self, upload: Upload, now: datetime) -> datetime | None:
        """When to check an ended upload for leftovers of a re-POST or of a stopped signal; or earlier, when its rules
        have it removed.

        None if leftovers are very unlikely: if the first pin was confirmed. An expired one is still open, as bytes may
        arrive late.
        """
        if upload.state is UploadState.EXPIRED:
            return self.after_look(upload, now)
        if upload.state is UploadState.CONFIRMED and upload.pins == 1:
            return upload.removed_at
        if upload.state is UploadState.DELETED:  # its object is removed next, unless that process is stopped
            return self.soon(now)
        return _first(max(now, upload.expires_at) + self.grace, upload.removed_at)

    def after_clear(self, upload: Upload, now: datetime) -> datetime | None:
        """The next check of an ended upload after its leftovers were removed."""
        late = upload.expires_at + self.grace  # until then a re-POST may bring something
        return _first(late, upload.removed_at) if now < late else upload.removed_at


def _first(moment: datetime, other: datetime | None) -> datetime:
    return moment if other is None else min(moment, other)


SCHEDULE = Schedule()
"""The default."""
