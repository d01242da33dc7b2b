"""When the sweep looks at an upload: moments computed from the upload alone, kept in the ledger as ``due_at``."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from valetkey.core.model.upload import Upload, UploadState

MAX_GAP = timedelta(hours=1)
"""How long an upload that cannot be finished now is left alone at most."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """``first_look``: how long after its creation an upload is first looked at; the gaps then double with its age.

    ``grace``: how long after its last grant has died an upload without bytes expires: S3 judges a form when it begins.
    ``retention``: how long after that bytes are still looked for, and how old an object without an owner gets.
    ``ledger_retention``: how long the ledger keeps an upload after its end, but for a confirmed one, and any
    upload's idempotency key after its creation, where it cannot be resumed any more; None: for ever.
    """

    first_look: timedelta = timedelta(seconds=60)
    grace: timedelta = timedelta(minutes=15)
    retention: timedelta = timedelta(days=1)
    ledger_retention: timedelta | None = None

    def soon(self, now: datetime) -> datetime:
        """For an upload that is new, that has just been pinned, or that somebody is looking at."""
        return now + self.first_look

    def expires(self, upload: Upload) -> datetime:
        """From when on ``upload`` is expired if nothing has come."""
        return upload.expires_at + self.grace

    def after_look(self, upload: Upload, now: datetime) -> datetime | None:
        """The next look at an open upload that was found as it was; None for one whose retention has ended."""
        match upload.state:
            case UploadState.PENDING if now < self.expires(upload):
                return min(now + max(self.first_look, now - upload.created_at), self.expires(upload))
            case UploadState.EXPIRED:
                end = upload.expires_at + self.retention
                return None if now >= end else min(now + max(self.first_look, now - upload.expires_at), end)
            case _:
                return self.after_failure(upload, now)

    def forgotten_before(self, now: datetime) -> datetime | None:
        """What has ended by then is forgotten now; None: nothing is. Never before orphans are removed without it."""
        if self.ledger_retention is None:
            return None
        return now - max(self.ledger_retention, self.grace + self.retention)

    def after_failure(self, upload: Upload, now: datetime) -> datetime:
        """The next try: an upload that fails for ever must not keep others from their turn."""
        return now + min(max(self.first_look, now - upload.created_at), max(self.first_look, MAX_GAP))

    def after_end(self, upload: Upload, now: datetime) -> datetime | None:
        """When to look for what a re-POST or a stopped signal left of ``upload``, which has ended; before that, when it
        is removed as its rules say.

        None where there is next to nothing to find: bytes that were confirmed by the first pin. An expired one is open
        still: bytes may come late.
        """
        if upload.state is UploadState.EXPIRED:
            return self.after_look(upload, now)
        if upload.state is UploadState.CONFIRMED and upload.pins == 1:
            return upload.removed_at
        if upload.state is UploadState.DELETED:  # whoever deletes it removes its object next, unless it is stopped
            return self.soon(now)
        return _first(max(now, upload.expires_at) + self.grace, upload.removed_at)

    def after_clear(self, upload: Upload, now: datetime) -> datetime | None:
        """The next look at ``upload``, which has ended, after one that has removed what was left of it."""
        late = upload.expires_at + self.grace  # until then a re-POST may bring something
        return _first(late, upload.removed_at) if now < late else upload.removed_at


def _first(moment: datetime, other: datetime | None) -> datetime:
    return moment if other is None else min(moment, other)


SCHEDULE = Schedule()
"""The default."""
