"""Multipart uploads: started at the store, signed part by part, and joined once all parts have arrived.

The store's list of parts is the truth. Parts go straight to the final location: after the join their URLs are dead, so
nothing can change the object. The total size is compared with the grant before the join.
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
"""How many times the parts are listed again if some of them change during the join."""


class MultipartUploads:
    """The multipart uploads of one bucket. Every method raises `StoreUnavailable`."""

    def __init__(self, *, store: ObjectStore, ledger: Ledger, profiles: Profiles, grants: GrantMaker) -> None:
        self._store = store
        self._ledger = ledger
        self._profiles = profiles
        self._grants = grants

    def begin(self, upload: Upload) -> Upload:
        """Starts a multipart upload at the store if there is none, or if a lifecycle rule removed it.

        Raises `StateConflict` if the parts have already been joined, and `LedgerUnavailable`.
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
        declared = upload.checksum is not None  # with parts, only a checksum of the whole object is allowed
        multipart_id = self._store.start_multipart(target.key, headers, whole_crc64=declared)
        if declared and rules.checksum_required and self._store.capabilities.crc64_of_parts is False:
            self._store.abort_multipart(target.key, multipart_id)
            raise ChecksumNotSupported(
                "The profile requires a checksum, and the store has none of files sent in parts.", "/checksum"
            )
        after = upload.changed(multipart=replace(target, id=multipart_id))
        if self._ledger.replace(upload, after):
            return after
        self._store.abort_multipart(target.key, multipart_id)
        return self._started_by_another(upload)

    def _started_by_another(self, upload: Upload) -> Upload:
        now = self._ledger.get(upload.id)
        if now is None or now.ended or target_of(now).id in {None, target_of(upload).id}:
            raise StateConflict("The upload has just changed; check it and try again.")
        return now

    @property
    def wants_checksums(self) -> bool:
        """Whether parts are only signed with their checksums."""
        return self._store.capabilities.part_checksums

    def sign(
        self, upload: Upload, numbers: Sequence[int], now: datetime, checksums: Mapping[int, str] = NO_CHECKSUMS
    ) -> list[PartGrant]:
        """URLs for parts of a started upload; they expire with its grant.

        ``checksums`` maps part numbers to SHA-256 in base64, which the client then has to send with that part.
        """
        if self.wants_checksums and (bare := sorted(set(numbers) - checksums.keys())):
            raise InvalidRequest(
                f"The bucket requires the SHA-256 of each part; part {bare[0]} has none.", "/checksums"
            )
        expires_at, seconds = self._grants.life(now, upload.expires_at - now)
        return [self._sign(upload, number, expires_at, seconds, checksums.get(number)) for number in numbers]

    def _sign(self, upload: Upload, number: int, expires_at: datetime, seconds: int, checksum: str | None) -> PartGrant:
        target, size = target_of(upload), plan_of(upload).size_of(number)
        if target.id is None:
            raise StateConflict("The upload was not started at the store: renew its grant.")
        signed = self._store.presigned_part(target.key, target.id, number, size, seconds, checksum=checksum)
        return PartGrant(number, size, signed.url, signed.headers, expires_at)

    def parts(self, upload: Upload) -> list[Part]:
        """The parts at the store: none before the upload is started, and none after the join."""
        target = target_of(upload)
        return (self._store.parts(target.key, target.id) or []) if target.id else []

    def join(self, upload: Upload, named: Sequence[NamedPart] | None) -> Reason | None:
        """Joins all parts into the object, if they match the grant and the parts that the client ``named``.

        Returns a reason if they can never become what was granted. Parts that are already joined are left as they are.
        Raises `PartsMissing` and `PartsMismatch`, after which the upload can be continued.
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
        raise PartsMismatch("The parts cannot be joined: all but the last need 5 MiB, and none may change meanwhile.")

    def _excess(self, upload: Upload, found: Sequence[Part], *, whole: bool) -> Reason | None:
        smallest, largest = self._profiles.rules_of(upload).sizes_of(upload.size)
        return excess(plan_of(upload), found, smallest, largest, whole=whole and upload.size is None)

    def is_whole(self, upload: Upload) -> bool:
        """Whether the store has all parts; always False if the size was not declared."""
        return upload.size is not None and not missing_parts(plan_of(upload), self.parts(upload))

    def discard(self, upload: Upload) -> None:
        """Removes the parts of an upload that has ended; leaves a joined object alone."""
        target = target_of(upload)
        if target.id is not None:
            self._store.abort_multipart(target.key, target.id)


def target_of(upload: Upload) -> Multipart:
    """The target of the upload's parts. Raises `StateConflict` if it is not a multipart upload."""
    if upload.multipart is None:
        raise StateConflict("The upload is not sent in parts.")
    return upload.multipart


def plan_of(upload: Upload) -> Plan:
    """The upload's part plan. Raises like `target_of`."""
    return Plan(upload.size, target_of(upload).part_size)
