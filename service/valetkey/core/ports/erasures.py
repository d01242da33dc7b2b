"""The part of a ledger that erases: erasure jobs, and the removal of rows by them and by the retention."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from valetkey.core.model.erasure import Erasure
from valetkey.core.model.upload import StoreUploads, Upload


class Erasures(Protocol):
    """Erasure jobs, and the removal of rows. Raises `LedgerUnavailable` like the `Ledger` that it is part of."""

    def begin_erasure(self, job: Erasure) -> Erasure:
        """Records ``job``, or restarts the running one for the same account and owner, as of the later of the two
        requests; returns the recorded job."""

    def get_erasure(self, erasure_id: str) -> Erasure | None: ...

    def due_erasures(self, at: datetime, limit: int) -> list[Erasure]:
        """The jobs that are due at ``at``, the longest due first; those that only a newer version can read are passed
        over."""

    def save_erasure(self, before: Erasure, after: Erasure) -> bool:
        """Compare-and-set: writes ``after`` if the job still has the version of ``before``; returns whether it did.

        A ledger with an `Announcer` announces the job's end in the same transaction.
        """

    def forget_erasures(self, before: datetime, limit: int) -> int:
        """Removes up to ``limit`` jobs that finished before ``before``; returns how many."""

    def belonging(self, job: Erasure, limit: int) -> list[Upload]:
        """Uploads of the job's account and owner that were created at ``requested_at`` or earlier and come after
        ``passed``, ordered by id; only those before the first one that a newer version alone can read. Raises
        `RecordUnknown` with its id if that is the first. The cost grows with ``limit``, not with the ledger."""

    def newer(self, job: Erasure) -> int:
        """How many uploads of the job's account and owner were created after ``requested_at``."""

    def erase(self, changes: Sequence[tuple[Upload, Upload]], before: Erasure, after: Erasure) -> bool:
        """Writes all of ``changes`` and the job's progress, in one commit, if all are unchanged; returns whether it
        did.

        Also removes the idempotency keys and the delivered announcements of these uploads. Announcements that are still
        to be delivered then only say that the upload was erased.
        """

    def over(
        self, before: datetime, limit: int, after: Upload | None = None, *, store: StoreUploads | None = None
    ) -> list[Upload]:
        """Uploads whose ``ended_at`` is ``before`` or earlier and that are not due, the earliest first; only those
        after ``after``, if given, and of ``store``, if given. The cost grows with these, not with the ledger.

        Excludes uploads with a hook call that is waiting or dead, as a hook is called with the upload. Also excludes
        those that are `confirmed`, or open and not expired, whatever ``ended_at`` says: a process of an older version
        does not know that column and leaves its value.
        """

    def forget(self, uploads: Sequence[Upload]) -> int:
        """Removes the unchanged ones of these uploads, with their idempotency keys and delivered announcements, in one
        commit; returns how many. Keeps those that a hook still needs, like `over`."""
