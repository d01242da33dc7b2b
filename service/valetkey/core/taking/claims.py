"""Claims: a confirmed upload belongs to nobody until the application takes it under a reference of its own.

The ledger decides by compare-and-set: of two claims one wins, and an upload is either claimed or removed as unclaimed.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from valetkey.core.access.callers import Caller
from valetkey.core.errors import (
    AlreadyClaimed,
    InvalidRequest,
    StateConflict,
    UploadNotFound,
    ValetKeyError,
    WrongProfile,
)
from valetkey.core.model.upload import Claim, Upload, UploadId, UploadState
from valetkey.core.ports.ledger import Ledger, Query, Uploads

MAX_AT_ONCE = 1_000
"""The maximum number of uploads in one call."""

ATTEMPTS = 3
"""How many times a call is tried while others change the same uploads."""

MAX_NAMED = 20
"""The maximum number of uploads that an error names in its `each`."""

PAGE = 200
"""How many claims are read at a time."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The owner and profile that an upload must have to be claimed; None allows any."""

    owner: str | None = None
    profile: str | None = None


class Claims:
    """Claims and releases confirmed uploads. Every method raises `LedgerUnavailable`, `Forbidden` for a ticket, and
    `UploadNotFound` for uploads of another account."""

    def __init__(self, *, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._clock = clock

    def look(self, caller: Caller, ids: Sequence[UploadId], terms: Terms, reference: str | None) -> list[Upload]:
        """The uploads with these ids, each once and in this order, if all can be claimed under ``reference`` (None: if
        none is claimed).

        Raises `UploadNotFound` (also for another owner's), `WrongProfile`, `StateConflict` for one that is not
        confirmed, `AlreadyClaimed`, and `InvalidRequest` for more than `MAX_AT_ONCE`. The first error is raised; its
        `each` has those of the others as well.
        """
        return _look(self._ledger, caller, ids, terms, reference)

    def own(self, caller: Caller, ids: Sequence[UploadId], terms: Terms) -> list[Upload]:
        """The uploads among these that are confirmed and meet ``terms``, each once and in this order, claimed or not;
        reveals nothing about others, not even that they exist. Raises `InvalidRequest` like `look`."""
        caller.require_account()
        found = (self._ledger.get(one) for one in _distinct(ids))
        return [
            upload
            for upload in found
            if upload is not None
            and upload.account == caller.account
            and upload.state is UploadState.CONFIRMED
            and terms.owner in {None, upload.owner}
            and terms.profile in {None, upload.profile}
        ]

    def claim(
        self, caller: Caller, ids: Sequence[UploadId], terms: Terms, reference: str, within: object = None
    ) -> list[Upload]:
        """Claims all of them under ``reference``, or none; those already claimed under it stay so. ``within`` is a
        transaction as in `Ledger.joined`. Raises like `look`, and `ConfigurationError`."""
        rows = self._rows(within)
        return self._replace(
            rows, lambda: _look(rows, caller, ids, terms, reference), lambda upload: self._claimed(upload, reference)
        )

    def release(self, caller: Caller, ids: Sequence[UploadId], reference: str, within: object = None) -> list[Upload]:
        """Releases all of them that are claimed under ``reference``, or none; an unclaimed one is unchanged. Raises
        `UploadNotFound`, `AlreadyClaimed`, `InvalidRequest` and `ConfigurationError` like `claim`."""
        caller.require_account()
        rows = self._rows(within)
        return self._replace(
            rows,
            lambda: _each(ids, lambda one: _held(caller.require(rows.get(one)), reference)),
            self._released,
        )

    def _rows(self, within: object) -> Uploads:
        return self._ledger if within is None else self._ledger.joined(within)

    def others(
        self, caller: Caller, known: Collection[str], *, prefix: str, claimed_before: datetime
    ) -> Iterator[Upload]:
        """The confirmed uploads whose reference begins with ``prefix``, whose claim is older, and that are not in
        ``known``."""
        last = None
        while True:
            found, last = self.page(caller, PAGE, last, prefix=prefix, claimed_before=claimed_before)
            yield from (upload for upload in found if upload.claim and upload.claim.reference not in known)
            if last is None:
                return

    def page(
        self, caller: Caller, limit: int, before: UploadId | None, *, prefix: str, claimed_before: datetime
    ) -> tuple[list[Upload], UploadId | None]:
        """Among the next ``limit`` claimed uploads after ``before``, those whose reference begins with ``prefix`` and
        whose claim is older; and the id to continue from, None at the end."""
        account = caller.require_account()
        page = self._ledger.page(Query(account, limit, UploadState.CONFIRMED, before=before, claimed=True))
        found = [
            upload
            for upload in page
            if upload.claim and upload.claim.claimed_at <= claimed_before and upload.claim.reference.startswith(prefix)
        ]
        return found, page[-1].id if len(page) == limit else None

    def _replace(
        self, rows: Uploads, read: Callable[[], list[Upload]], change: Callable[[Upload], Upload]
    ) -> list[Upload]:
        """Applies ``change`` to all uploads that ``read`` returns, in one commit; reads again after a concurrent
        change."""
        for _ in range(ATTEMPTS):
            before = read()
            after = [change(upload) for upload in before]
            changes = [(old, new) for old, new in zip(before, after, strict=True) if old is not new]
            if not changes or rows.replace_all(changes):
                return after
        raise StateConflict("One of the uploads keeps changing; try again.")

    def _claimed(self, upload: Upload, reference: str) -> Upload:
        if upload.claim is not None:
            return upload
        after = upload.changed(claim=Claim(reference, self._clock()))
        # a check for leftovers may be due as well: keep it
        return after._replace(due_at=after.removed_at) if upload.due_at == upload.removed_at else after

    def _released(self, upload: Upload) -> Upload:
        if upload.claim is None:
            return upload
        after = upload.changed(claim=None, released_at=self._clock())
        moments = [moment for moment in (after.due_at, after.removed_at) if moment is not None]
        return after._replace(due_at=min(moments, default=None))


def _look(rows: Uploads, caller: Caller, ids: Sequence[UploadId], terms: Terms, reference: str | None) -> list[Upload]:
    """`Claims.look` on the uploads in ``rows``."""
    caller.require_account()
    return _each(ids, lambda one: _fit(caller.require(rows.get(one)), terms, reference))


def _each(ids: Sequence[UploadId], look: Callable[[UploadId], Upload]) -> list[Upload]:
    """Calls ``look`` once for each id; raises its first error, with all errors in its `each`."""
    found: list[Upload] = []
    refused: list[tuple[int, ValetKeyError]] = []
    for one in _distinct(ids):
        try:
            found.append(look(one))
        except (UploadNotFound, WrongProfile, StateConflict) as error:
            refused.append((ids.index(one), error))
            if len(refused) == MAX_NAMED:
                break
    if refused:
        first = refused[0][1]
        first.each = refused
        raise first
    return found


def _distinct(ids: Sequence[UploadId]) -> list[UploadId]:
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MAX_AT_ONCE:
        raise InvalidRequest(f"At most {MAX_AT_ONCE} uploads are allowed in one call.")
    return wanted


def _fit(upload: Upload, terms: Terms, reference: str | None) -> Upload:
    if terms.owner not in {None, upload.owner}:
        raise UploadNotFound
    if terms.profile not in {None, upload.profile}:
        raise WrongProfile(f"Upload {upload.id} is of the profile {upload.profile!r}, not {terms.profile!r}.")
    if upload.state is not UploadState.CONFIRMED:
        raise StateConflict(f"Upload {upload.id} is {upload.state}: only a confirmed one can be claimed.")
    return upload if upload.claim is None else _held(upload, reference)


def _held(upload: Upload, reference: str | None) -> Upload:
    if upload.claim is not None and upload.claim.reference != reference:
        raise AlreadyClaimed(f"Upload {upload.id} is claimed under another reference.")
    return upload
