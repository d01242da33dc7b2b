"""Admission of new uploads: checks a request against its profile, and records each upload once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from valetkey.core.access.callers import Allowance, Caller
from valetkey.core.errors import (
    ChecksumNotSupported,
    ChecksumRequired,
    ContentTypeNotAllowed,
    IdempotencyKeyReused,
    LedgerUnavailable,
    PlacementRefused,
    SizeOutOfRange,
    TicketUsedUp,
)
from valetkey.core.granting.accepted_types import accepted_type
from valetkey.core.granting.declaration import Shared, declare, declare_settings, declare_stores
from valetkey.core.granting.lockability import LockabilityCheck
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.multipart import choose_method, may_keep_crc64
from valetkey.core.model.paths import folder_path
from valetkey.core.model.profile import Profile
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.rules import encrypted_by
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import Checksum, Method, Multipart, Upload, new_upload_id
from valetkey.core.ports.ledger import Ledger, Once, Written
from valetkey.core.stores import ByStore, NamedStore, Stores

FIRST_PARTS = 10
"""How many parts of a new upload are signed at once, unless more are asked for: as many as `valetkey put` sends at
first."""


class UploadRequest(NamedTuple):
    """A client's request for an upload. ``size`` is in bytes, None if the protocol does not declare one; the service
    chooses the ``method`` if it is None. ``profile`` and ``owner`` (on whose behalf) default to the caller's:
    ``default`` and the account, or those of its ticket. ``path`` is the file's path in the folder that the user chose.
    ``signed_parts`` is the maximum number of part URLs in a multipart grant."""

    filename: str
    content_type: str
    size: int | None
    profile: str | None = None
    checksum: Checksum | None = None
    metadata: Mapping[str, str] = MappingProxyType({})
    redirect: bool = False
    owner: str | None = None
    method: Method | None = None
    path: str | None = None
    signed_parts: int = FIRST_PARTS

    def fingerprint(self, profile: str) -> str:
        """Equal for two requests that ask for the same upload; ``profile`` is the resolved profile."""
        asked = self._replace(profile=profile, metadata=dict(self.metadata))._asdict()
        del asked["signed_parts"]  # belongs to the grant, not the upload: a repeated request may ask for more
        if self.path is None:
            del asked["path"]  # keeps fingerprints equal to those of versions that had no path
        text = json.dumps(asked, sort_keys=True, default=asdict)
        return hashlib.sha256(text.encode()).hexdigest()


class Admission:
    """Turns requests into uploads.

    Methods that write raise `LedgerUnavailable`.
    """

    def __init__(
        self,
        *,
        stores: Stores,
        ledger: Ledger,
        profiles: Profiles,
        schedule: Schedule,
        lockability: ByStore[LockabilityCheck],
        shared: Mapping[str, Shared] = MappingProxyType({}),
    ) -> None:
        self._stores = stores
        self._lockability = lockability
        self._shared = shared
        self._ledger = ledger
        self._profiles = profiles
        self._schedule = schedule
        self._declared = False

    def declare(self, now: datetime) -> None:
        """Declares this process's profiles, settings and stores at its start; without a start, the first upload
        declares the profiles and settings."""
        if not self._declared:
            self._declare_rules(now)
            self._declared = True
        declare_stores(self._ledger, self._stores, now)

    def _declare_rules(self, now: datetime) -> None:
        declare(self._ledger, self._profiles, now)
        declare_settings(self._ledger, self._shared, now)

    def new(self, caller: Caller, request: UploadRequest, now: datetime) -> Upload:
        """The upload that ``request`` asks for, not yet recorded.

        Raises `InvalidRequest` (its subclass says what is wrong), `Forbidden`, `PlacementRefused` if the bucket is
        known not to support what the profile demands, `StoreUnavailable` if the store cannot be asked now whether a
        PUT is safe, and like `Stores.for_new`.
        """
        name, owner = caller.terms(request.profile, request.owner)
        profile = self._profiles.named(name)
        content_type = _checked(profile, request)
        if profile.checksum_required and request.checksum is None:
            raise ChecksumRequired(f"Profile {profile.name!r} requires a checksum.", "/checksum")
        place = self._stores.for_new(profile, owner)
        known = self._known_of(place, request.method)
        if request.size is not None and request.size > known.max_object_size:
            detail = f"The store accepts at most {known.max_object_size} bytes in one object, not {request.size}."
            raise SizeOutOfRange(detail, "/size")
        if profile.rules.placement.lock is not None and known.object_lock is False:
            detail = f"Profile {profile.name!r} locks confirmed objects, and the bucket has no Object Lock."
            raise PlacementRefused(detail, 60, refused=True)
        method = choose_method(
            request.method,
            request.size,
            request.checksum,
            multipart_from=profile.multipart_from,
            store=known,
        )
        in_parts = method is Method.MULTIPART
        if in_parts and profile.checksum_required and not may_keep_crc64(known):
            detail = f"Profile {profile.name!r} requires a checksum, and the store has none of files sent in parts."
            raise ChecksumNotSupported(detail, "/checksum")
        upload_id = new_upload_id()
        key = place.prefix + profile.object_key(upload_id, request.filename, owner, now)
        upload = Upload(
            id=upload_id,
            profile=profile.name,
            account=caller.account,
            owner=owner,
            filename=request.filename,
            content_type=content_type,
            size=request.size,
            bucket=place.store.bucket,
            created_at=now,
            expires_at=now + profile.expires_in,
            renewable_until=now + profile.renewable_for,
            checksum=request.checksum,
            metadata=request.metadata,
            redirect=request.redirect,
            due_at=self._schedule.soon(now),
            ticket=caller.profile_ticket.id if caller.profile_ticket is not None else None,
            method=method,
            rules=profile.rules if place.kms_key_id is None else encrypted_by(profile.rules, place.kms_key_id),
            path=None if request.path is None else folder_path(request.path),
            store=place.name,
            staging_prefix=place.staging_prefix,
            key=key,
        )
        if not in_parts:
            return upload
        return upload._replace(multipart=Multipart(_parts_key(upload, place), profile.plan(upload.size).part_size))

    def _known_of(self, place: NamedStore, method: Method | None) -> Capabilities:
        """The capabilities of a store; asks the store first if they decide whether a PUT may be granted."""
        if method is Method.PUT or (method is None and not place.store.capabilities.post):
            self._lockability[place.name].require_known()
        return place.store.capabilities

    def keep(self, caller: Caller, uploads: Sequence[Upload], unwritten: list[Written] | None = None) -> None:
        """Writes all of the uploads, or none; ``unwritten`` as in `Ledger.add`. Raises `TicketUsedUp` if the caller's
        ticket does not allow that many."""
        allowance = caller.profile_ticket.allowance if caller.profile_ticket is not None else None
        if uploads and not self._declared:
            with suppress(LedgerUnavailable):
                self._declare_rules(uploads[0].created_at)
            self._declared = True  # set first: the declaration only warns, and must not fail the upload
        if allowance is None and unwritten is not None:
            self._ledger.add(uploads, unwritten)
        elif allowance is None:
            self._ledger.add(uploads)
        elif not self._ledger.add_within(uploads, allowance):
            raise _used_up(allowance)

    def keep_once(self, caller: Caller, upload: Upload, request: UploadRequest, key: str) -> Upload:
        """Writes ``upload`` unless one with this Idempotency-Key exists; returns the recorded one.

        Raises `IdempotencyKeyReused` if the existing one was created by another ``request``, and like `keep`.
        """
        fingerprint = request.fingerprint(upload.profile)
        kept = self._entry(caller, upload, key, fingerprint)
        if kept.fingerprint != fingerprint:
            raise IdempotencyKeyReused("This Idempotency-Key was used with another request.")
        return kept.upload

    def _entry(self, caller: Caller, upload: Upload, key: str, fingerprint: str) -> Once:
        ticket = caller.profile_ticket
        entry = Once(upload, key if ticket is None else ticket.own_key(key), fingerprint)
        allowance = None if ticket is None else ticket.allowance
        if allowance is None:
            return self._ledger.add_once([entry])[0]
        kept = self._ledger.add_once_within(entry, allowance)
        if kept is None:
            raise _used_up(allowance)
        return kept


def _checked(profile: Profile, request: UploadRequest) -> str:
    """The content type to grant. Raises like `Profile.check`."""
    try:
        return profile.check(request.content_type, request.size, request.metadata)
    except ContentTypeNotAllowed:
        other = accepted_type(request.content_type, request.filename, profile.content_types)
        if other is None:
            raise
        return profile.check(other, request.size, request.metadata)


def _parts_key(upload: Upload, place: NamedStore) -> str:
    """The key that parts are joined under; in staging if part URLs stay valid after the join.

    The checksum of the whole is known only after the join, so an upload that declares one is not joined under its final
    key.
    """
    if not place.store.capabilities.parts_end_with_join:
        return upload.staging_key
    checked = (upload.rules is not None and upload.rules.wants_checks) or upload.checksum is not None
    return upload.quarantine_key(1) if checked else upload.key


def _used_up(allowance: Allowance) -> TicketUsedUp:
    return TicketUsedUp(f"The ticket allows {allowance.limit} uploads in all, and fewer are left than requested.")
