"""Grants and tickets for recorded uploads: the first ones, and their renewals."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from valetkey.core.access.tickets import Tickets
from valetkey.core.errors import StateConflict
from valetkey.core.gate import StoreGate
from valetkey.core.granting.admission import FIRST_PARTS
from valetkey.core.granting.grants import Grant, GrantMaker, MultipartGrant, PartGrant
from valetkey.core.granting.lockability import LockabilityCheck
from valetkey.core.granting.parts import MultipartUploads, plan_of, target_of
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import Method, Upload, UploadState
from valetkey.core.ports.ledger import Ledger
from valetkey.core.stores import ByStore

T = TypeVar("T")

RENEWAL_TRIES = 5
"""How many times a renewal is retried if the upload is changed concurrently."""


class Granted(NamedTuple):
    """An upload with its grant and its ticket. ``grant`` is None if the upload is no longer `pending`."""

    upload: Upload
    grant: Grant | None
    ticket: str
    replayed: bool = False


class Grantor:
    """Makes grants for recorded uploads.

    Fetching credentials may take long: ``signing`` limits how many requests wait for those of a store. ``lockability``
    is checked before this process grants its first PUT, including a renewal of another process's grant. Methods raise
    `StoreUnavailable` and `LedgerUnavailable`.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        profiles: Profiles,
        tickets: Tickets,
        grants: ByStore[GrantMaker],
        multiparts: ByStore[MultipartUploads],
        schedule: Schedule,
        gates: ByStore[StoreGate],
        lockability: ByStore[LockabilityCheck],
        signing: ByStore[AbstractContextManager[None]],
    ) -> None:
        self._ledger = ledger
        self._profiles = profiles
        self._tickets = tickets
        self._grants = grants
        self._multiparts = multiparts
        self._schedule = schedule
        self._gates = gates
        self._lockability = lockability
        self._signing = signing

    def begin_parts(self, upload: Upload) -> Upload:
        """Starts a multipart upload at the store unless it is already started; returns any other upload unchanged."""
        if upload.multipart is None:
            return upload
        with self._gates.of(upload).open_for(upload):
            return self._multiparts.of(upload).begin(upload)

    def grant(self, upload: Upload, now: datetime, signed_parts: int = FIRST_PARTS) -> Granted:
        """Makes a grant that is valid from ``now``; a multipart grant has URLs for the first ``signed_parts`` parts."""
        if upload.method is Method.PUT:  # this process may not have granted a PUT before
            self._lockability.of(upload).require_known()
        with self._signing.of(upload):
            return Granted(upload, self._grant(upload, now, signed_parts), self._ticket(upload))

    def grant_again(self, upload: Upload, now: datetime, signed_parts: int = FIRST_PARTS) -> Granted:
        """Makes a new grant for a repeated request, as long as the upload's bytes may still be sent."""
        if upload.state not in _OPEN_TO_GRANTS or now >= upload.renewable_until:
            return Granted(upload, None, self._ticket(upload), replayed=True)
        return self.renew(self.begin_parts(upload), now, signed_parts)._replace(replayed=True)

    def renew(self, upload: Upload, now: datetime, signed_parts: int = FIRST_PARTS) -> Granted:
        """Makes a new grant with its full lifetime from ``now``. Raises `StateConflict`."""
        return self._extended(upload, now, 1.0, lambda one: self.grant(one, now, signed_parts))

    def sign_parts(
        self, upload: Upload, numbers: Sequence[int], now: datetime, checksums: Mapping[int, str]
    ) -> list[PartGrant]:
        """Signs part URLs of a started upload: see `MultipartUploads.sign`. Renews its grant as well if half of its
        lifetime has passed. Raises `StateConflict`."""

        def sign(one: Upload) -> list[PartGrant]:
            with self._signing.of(one):
                return self._multiparts.of(one).sign(one, numbers, now, checksums)

        return self._extended(upload, now, 0.5, sign)

    def _extended(self, upload: Upload, now: datetime, at_least: float, sign: Callable[[Upload], T]) -> T:
        """Extends the upload's grant to a full lifetime from ``now``, unless at least the share ``at_least`` of one is
        left; returns the upload and the result of ``sign``.

        The ledger is written before the client gets anything, and only after signing worked: a failed renewal changes
        nothing.
        """
        for _ in range(RENEWAL_TRIES):
            later = self._later(require_renewable(upload, now), now, at_least)
            signed = sign(later)
            if later is upload or self._ledger.replace(upload, later):
                return signed
            upload = self._ledger.get(upload.id) or upload  # a signal changed it first: read it again
        raise StateConflict("The upload keeps changing; try again.")

    def _later(self, upload: Upload, now: datetime, at_least: float) -> Upload:
        life = self._profiles.rules_of(upload).expires_in
        with self._signing.of(upload):
            end, _ = self._grants.of(upload).life(now, life)
        if end <= upload.expires_at or upload.expires_at - now >= life * at_least:
            return upload
        return upload.changed(expires_at=end, due_at=self._schedule.soon(now))

    def _ticket(self, upload: Upload) -> str:
        rules = upload.rules
        return self._tickets.sign_upload_ticket(upload, timedelta(0) if rules is None else rules.expires_in)

    def _grant(self, upload: Upload, now: datetime, signed_parts: int) -> Grant:
        if upload.method is Method.POST:
            return self._grants.of(upload).post(upload, self._profiles.rules_of(upload), now)
        if upload.method is Method.PUT:
            return self._grants.of(upload).put(upload, self._profiles.rules_of(upload), now)
        plan, multiparts = plan_of(upload), self._multiparts.of(upload)
        end = self._grants.of(upload).end(now, upload.expires_at)
        if multiparts.wants_checksums:
            return MultipartGrant(plan, [], end, part_checksum="sha256")
        numbers = range(1, min(plan.part_count, signed_parts) + 1) if target_of(upload).id and upload.size else ()
        return MultipartGrant(plan, multiparts.sign(upload, numbers, now), end)


_OPEN_TO_GRANTS = frozenset({UploadState.PENDING, UploadState.EXPIRED})


def require_renewable(upload: Upload, now: datetime) -> Upload:
    """``upload``, if its bytes may still be sent. Raises `StateConflict`."""
    if upload.state not in _OPEN_TO_GRANTS:
        raise StateConflict(f"The upload is {upload.state}: it needs no grant.")
    if now >= upload.renewable_until:
        raise StateConflict("The upload is too old to be renewed; create a new one.")
    return upload
