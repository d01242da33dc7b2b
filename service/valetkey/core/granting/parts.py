"""Uploads in parts: started at the store, signed part by part, and joined when all of them are there.

What the store lists is the truth. The parts go straight to where they are kept: when they have been joined their URLs
are dead, so nothing can change the object afterwards. Nothing is joined before its total has been compared with the
grant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from valetkey.core.errors import (
    ChecksumNotSupported,
    InvalidRequest,
    ObjectChanged,
    ObjectMissing,
    PartsMismatch,
    StateConflict,
)
from valetkey.core.granting.grants import GrantMaker, PartGrant
from valetkey.core.model.multipart import NamedPart, Part, Plan, are_all, excess, missing_parts, require_whole
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.upload import Multipart, Reason, Upload
from valetkey.core.ports.ledger import Ledger
from valetkey.core.ports.store import ObjectHeaders, ObjectStore

NO_CHECKSUMS: Mapping[int, str] = {}

TRIES = 3
"""How often the parts are listed again when some of them change while they are being joined."""


class MultipartUploads:
    """The multipart side of one bucket. Every method raises `StoreUnavailable`, as it asks the store."""

    def __init__(self, *, store: ObjectStore, ledger: Ledger, profiles: Profiles, grants: GrantMaker) -> None:
        self._store = store
        self._ledger = ledger
        self._profiles = profiles
        self._grants = grants

    def begin(self, upload: Upload) -> Upload:
        """``upload`` with a multipart upload at the store; a new one where the old is gone, as after a lifecycle rule.

        Raises `StateConflict` when the parts have been joined already, and `LedgerUnavailable`.
        """
        target = target_of(upload)
        if target.id is not None:
            if self._store.parts(target.key, target.id) is not None:
                return upload
            if self._store.head(target.key) is not None:
                raise StateConflict("All its bytes have arrived: complete it.")
        rules = self._profiles.rules_of(upload)
        placement = rules.placement
        if target.key != upload.key and upload.key:
            placement = placement.while_it_is_checked
        headers = ObjectHeaders(upload.content_type, upload.id, placement, upload.filename)
        declared = upload.checksum is not None  # of parts it can only be that of the whole
        multipart_id = self._store.start_multipart(target.key, headers, whole_crc64=declared)
        if declared and rules.checksum_required and self._store.capabilities.crc64_of_parts is False:
            self._store.abort_multipart(target.key, multipart_id)
            raise ChecksumNotSupported(
                "The profile insists on a checksum, and the store has none of parts.", "/checksum"
            )
        after = upload.changed(multipart=replace(target, id=multipart_id))
        if self._ledger.replace(upload, after):
            return after
        self._store.abort_multipart(target.key, multipart_id)
        return self._started_by_another(upload)

    def _started_by_another(self, upload: Upload) -> Upload:
        now = self._ledger.get(upload.id)
        if now is None or now.ended or target_of(now).id in {None, target_of(upload).id}:
            raise StateConflict("The upload has just changed; look at it and try again.")
        return now

    @property
    def wants_checksums(self) -> bool:
        """Whether parts are signed with their checksums only."""
        return self._store.capabilities.part_checksums

    def sign(
        self, upload: Upload, numbers: Sequence[int], now: datetime, checksums: Mapping[int, str] = NO_CHECKSUMS
    ) -> list[PartGrant]:
        """URLs for parts of an upload that was started; they die with its grant.

        ``checksums`` are SHA-256 in base64 by number: such a part has to be sent with its own.
        """
        if self.wants_checksums and (bare := sorted(set(numbers) - checksums.keys())):
            raise InvalidRequest(f"The bucket wants the SHA-256 of each part; part {bare[0]} has none.", "/checksums")
        expires_at, seconds = self._grants.life(now, upload.expires_at - now)
        return [self._sign(upload, number, expires_at, seconds, checksums.get(number)) for number in numbers]

    def _sign(self, upload: Upload, number: int, expires_at: datetime, seconds: int, checksum: str | None) -> PartGrant:
        target, size = target_of(upload), plan_of(upload).size_of(number)
        if target.id is None:
            raise StateConflict("The upload was not started at the store: renew its grant.")
        signed = self._store.presigned_part(target.key, target.id, number, size, seconds, checksum=checksum)
        return PartGrant(number, size, signed.url, signed.headers, expires_at)

    def parts(self, upload: Upload) -> list[Part]:
        """What the store has of it: nothing before it was started, and nothing once it is joined."""
        target = target_of(upload)
        return (self._store.parts(target.key, target.id) or []) if target.id else []

    def join(self, upload: Upload, named: Sequence[NamedPart] | None) -> Reason | None:
        """Makes the object out of all parts, if they are those of the grant, and those that are ``named``.

        Returns why they can never become what was granted, where that is so. What was joined before is left as it is.
        Raises `PartsMissing` and `PartsMismatch`, after which the upload can go on.
        """
        target = target_of(upload)
        for _ in range(TRIES):
            found = self._store.parts(target.key, target.id) if target.id else []
            if target.id is None or found is None:
                return None
            if reason := self._excess(upload, found, whole=named is not None and are_all(found, named)):
                return reason
            require_whole(plan_of(upload), found, named)
            try:
                self._store.join_parts(target.key, target.id, found)
            except ObjectMissing:
                return None
            except ObjectChanged:
                continue
            return None
        raise PartsMismatch("The parts make no object: all but the last need 5 MiB, and none may change meanwhile.")

    def _excess(self, upload: Upload, found: Sequence[Part], *, whole: bool) -> Reason | None:
        smallest, largest = self._profiles.rules_of(upload).sizes_of(upload.size)
        return excess(plan_of(upload), found, smallest, largest, whole=whole and upload.size is None)

    def is_whole(self, upload: Upload) -> bool:
        """Whether the store has all parts of it; never known where nobody declared the size."""
        return upload.size is not None and not missing_parts(plan_of(upload), self.parts(upload))

    def discard(self, upload: Upload) -> None:
        """Removes the parts of an upload that has ended; what was joined of them is not touched."""
        target = target_of(upload)
        if target.id is not None:
            self._store.abort_multipart(target.key, target.id)


def target_of(upload: Upload) -> Multipart:
    """Where its parts go. Raises `StateConflict` for an upload that does not come in parts."""
    if upload.multipart is None:
        raise StateConflict("The upload does not come in parts.")
    return upload.multipart


def plan_of(upload: Upload) -> Plan:
    """The parts it comes in. Raises like `target_of`."""
    return Plan(upload.size, target_of(upload).part_size)
