"""Leftovers: objects in our part of a store that are older than the retention, and the uploads they belong to."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from valetkey.core.confirming.matching import points_at
from valetkey.core.errors import RecordUnknown, StoreUnavailable
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import (
    QUARANTINE_PREFIX,
    STAGING_PREFIX,
    Upload,
    UploadId,
    UploadState,
    upload_id_of,
    upload_ids_in,
)
from valetkey.core.ports.ledger import Ledger
from valetkey.core.ports.store import MAX_BATCH, OldMultipart, OldObject
from valetkey.core.stores import NamedStore

log = logging.getLogger("valetkey")

LeftOver = tuple[OldObject | OldMultipart, Upload | None]
"""A leftover object or multipart upload, with the open upload that an object belongs to."""


class Leftovers:
    """Searches the bucket for leftovers. Raises `StoreUnavailable` and `LedgerUnavailable`."""

    def __init__(
        self,
        *,
        place: NamedStore,
        ledger: Ledger,
        profiles: Profiles,
        schedule: Schedule,
    ) -> None:
        self._store = place.store
        self._before = place.staging_prefix
        self._ledger = ledger
        self._unproven = (self._before + STAGING_PREFIX, self._before + QUARANTINE_PREFIX)
        self._prefixes = sorted({*self._unproven, *(place.prefix + prefix for prefix in profiles.prefixes())})
        self._schedule = schedule

    def find(self, now: datetime) -> Iterator[LeftOver]:
        """Our old objects and multipart uploads, except confirmed ones, each with its owner, which is looked up in the
        ledger for many at once.

        If one listing fails the others are still read; the error is raised at the end.
        """
        failures: list[StoreUnavailable] = []
        every = self._find(now, failures)
        while some := list(islice(every, MAX_BATCH)):
            owners = self._owners(some)
            for found in some:
                if isinstance(found, OldMultipart):
                    yield found, None
                elif found.key in owners:
                    yield found, owners[found.key]
        if failures:
            raise failures[0]

    def _owners(self, some: Iterable[OldObject | OldMultipart]) -> Mapping[str, Upload | None]:
        """What objects belong to, by key: the open upload, including those of a store that has been renamed; None for
        an object that is nobody's. Objects of an upload that only a newer version can read are left out."""
        ids = {one.key: upload_id_of(one.key, self._before) for one in some if isinstance(one, OldObject)}
        known = self._read({one for one in ids.values() if one is not None})
        owners = {key: None if one is None else known[one] for key, one in ids.items() if one is None or one in known}
        return {key: None if upload is None or upload.ended else upload for key, upload in owners.items()}

    def _read(self, ids: Collection[UploadId]) -> Mapping[UploadId, Upload | None]:
        """The uploads by id, None for one that does not exist; those that only a newer version can read are left
        out."""
        try:
            found = self._ledger.get_all(ids)
        except RecordUnknown:  # one of them, so each is asked for
            return {one: upload for one in ids for upload in self._read_one(one)}
        return {one: found.get(one) for one in ids}

    def _read_one(self, upload_id: UploadId) -> Sequence[Upload | None]:
        """Nothing if only a newer version can read it: what it has at the store is left alone."""
        try:
            return [self._ledger.get(upload_id)]
        except RecordUnknown as error:
            log.warning("objects are left alone: %s", error.detail)
            return []

    def _find(self, now: datetime, failures: list[StoreUnavailable]) -> Iterator[OldObject | OldMultipart]:
        lists: list[Iterator[OldObject | OldMultipart]] = [self._objects(prefix, now) for prefix in self._unproven]
        lists += [self._multiparts(prefix, now) for prefix in self._prefixes]
        for one in lists:
            try:
                yield from one
            except StoreUnavailable as error:
                failures.append(error)

    def _objects(self, prefix: str, now: datetime) -> Iterator[OldObject]:
        for found in self._store.old_objects(prefix, now - self._schedule.retention):
            if found.key.startswith(prefix) and self._is_ours(found.key) and not self._is_confirmed(found.key):
                yield found

    def _multiparts(self, prefix: str, now: datetime) -> Iterator[OldMultipart]:
        for multipart in self._store.old_multiparts(prefix, now - self._schedule.retention):
            if multipart.key.startswith(prefix) and self._is_abandoned(multipart, now):
                yield multipart

    def _is_confirmed(self, key: str) -> bool:
        """Whether a confirmed object of an older version lies under this key: those could be below ``quarantine/``."""
        if not key.startswith(self._unproven[1]):
            return False
        found = [upload for one in upload_ids_in(key) for upload in self._read_one(one)]
        return any(upload is not None and upload.ended and points_at(upload, key) for upload in found)

    def _is_ours(self, key: str) -> bool:
        """Whether the key is ours. All of ``staging/`` is, but other programs, scanners above all, may use
        ``quarantine/`` as well.

        The check also protects the bucket of a store that ignores the prefix of a listing.
        """
        return key.startswith(self._unproven[0]) or upload_id_of(key, self._before) is not None

    def _is_abandoned(self, multipart: OldMultipart, now: datetime) -> bool:
        """Whether it is ours and will never be joined. Outside staging and quarantine, our keys contain the id of a
        known upload, and an abandoned multipart copy has that upload's final key."""
        ids = upload_ids_in(multipart.key)
        known = [upload for one in ids for upload in self._read_one(one)]
        if len(known) < len(ids):
            return False
        owners = [upload for upload in known if upload is not None]
        if not owners:
            return multipart.key.startswith(self._unproven) and self._is_ours(multipart.key)
        return all(self._has_given_up(upload, multipart, now) for upload in owners)

    def _has_given_up(self, upload: Upload, multipart: OldMultipart, now: datetime) -> bool:
        if upload.ended or upload.multipart is None or upload.multipart.key != multipart.key:
            return upload.ended
        too_late = now >= max(upload.renewable_until, upload.expires_at) + self._schedule.grace
        # None: its starter may not have recorded it yet, and a store's date may be wrong (moto says 2010)
        is_another = upload.multipart.id not in {None, multipart.multipart_id}
        return is_another or (upload.state is UploadState.EXPIRED and too_late)
