"""The part of a ledger that erases: jobs, and what they and the retention take out of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from valetkey.core.model.erasure import Erasure
from valetkey.core.model.upload import StoreUploads, Upload


class Erasures(Protocol):
    """Jobs that erase, and rows that go. Raises `LedgerUnavailable` like the `Ledger` that it is a part of."""

    def begin_erasure(self, job: Erasure) -> Erasure:
        """Records ``job``. Where one is running for the same account and owner, that one begins anew instead, as of the
        later of the two requests; returns what is recorded."""

    def get_erasure(self, erasure_id: str) -> Erasure | None: ...

    def due_erasures(self, at: datetime, limit: int) -> list[Erasure]:
        """Those that are due at ``at``, the longest due first."""

    def save_erasure(self, before: Erasure, after: Erasure) -> bool:
        """Compare-and-set: writes ``after`` if the job still has the version of ``before``; says whether.

        A ledger that was given an `Announcer` announces its end in the same transaction.
        """

    def forget_erasures(self, before: datetime, limit: int) -> int:
        """Removes up to ``limit`` jobs that were over before then; says how many."""

    def belonging(self, job: Erasure, limit: int) -> list[Upload]:
        """Uploads of the job's account and owner that were created at ``requested_at`` or earlier, behind
        ``passed``, in the order of their ids. What it costs grows with ``limit``, not with the ledger."""

    def newer(self, job: Erasure) -> int:
        """How many uploads of the job's account and owner were created after ``requested_at``."""

    def erase(self, changes: Sequence[tuple[Upload, Upload]], before: Erasure, after: Erasure) -> bool:
        """Writes all of ``changes`` and the job's progress, in one commit, if all are as given; says whether.

        What else is kept of these uploads goes with it: idempotency keys, and what was announced and delivered. What is
        still to be delivered says no more than that the upload was erased.
        """

    def over(
        self, before: datetime, limit: int, after: Upload | None = None, *, store: StoreUploads | None = None
    ) -> list[Upload]:
        """Those whose ``ended_at`` is ``before`` or earlier and that are not due, the longest over first; those behind
        ``after`` where it is given, and only those of ``stores``. What it costs grows with these, not with the ledger.

        Not those of which a hook is still to be called, or whose call is dead: a hook is called with the upload. And
        none that is `confirmed`, or open and not expired, whatever ``ended_at`` says: a process of an older version
        does not know that column, and leaves what was in it.
        """

    def forget(self, uploads: Sequence[Upload]) -> int:
        """Removes those that are as given, with their idempotency keys and what was announced and delivered, all in one
        commit; says how many. Leaves those that a hook needs still, like `over`."""
