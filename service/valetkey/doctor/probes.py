"""Probe objects that checks write: recorded before they are written, and removed whatever happens."""

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from secrets import token_hex
from threading import Lock
from time import monotonic
from typing import TypeVar

from valetkey.adapters.s3 import S3Store
from valetkey.core.errors import ValetKeyError
from valetkey.core.model.naming import RESERVED
from valetkey.core.model.upload import STAGING_PREFIX, MultipartUploadId, UploadId, new_upload_id, quarantine_key
from valetkey.core.ports.store import OldMultipart, OldObject
from valetkey.doctor.findings import Finding, Skip, passed, warned

log = logging.getLogger("valetkey")

AT_ONCE = 8
"""How many objects are removed at once."""

ABANDONED = timedelta(minutes=10)
"""Older probes are of a killed run: no check takes that long."""

MOST = 50_000
"""How many objects, and how many multipart uploads, are searched for leftovers of such a run."""

SEARCH = 30.0
"""For how long each of their lists is read, in seconds."""

_EVER = datetime.max.replace(tzinfo=UTC)
"""Later than any write, so that a listing leaves nothing out."""

_Old = TypeVar("_Old", OldObject, OldMultipart)

_MARK = "d0c70bd0c70b"
_PROBE = re.compile(rf"[0-9a-f]{{8}}-[0-9a-f]{{4}}-7[0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-{_MARK}")


def new_probe_id() -> UploadId:
    """The id of an upload that is in no ledger. Its end is unique to probes (one in 2 ** 48 other ids has it by
    chance), so that a later run recognizes leftovers of this one among other objects below ``staging/``."""
    time, random = new_upload_id()[:13], token_hex(3)  # the mark replaces the random part of the id
    return UploadId(f"{time}-7{random[:3]}-8{random[3:]}-{_MARK}")


def is_probe(key: str) -> bool:
    """Whether a run of doctor, this one or another, wrote this key."""
    return _PROBE.search(key) is not None


class Probes:
    """The objects that one run has written. If the process is killed before their removal, the next run or a worker's
    sweep finds those under ``staging/`` and ``quarantine/``: their keys belong to uploads that are in no ledger."""

    def __init__(self, staging_prefix: str = "") -> None:
        """``staging_prefix`` precedes ``staging/`` and ``quarantine/``."""
        self._staging_prefix = staging_prefix
        self._lock = Lock()
        self._keys: dict[str, None] = {}
        self._multiparts: list[tuple[str, MultipartUploadId]] = []
        self._is_over = False

    def staging(self) -> UploadId:
        """The id of an upload that is in no ledger; any object under its staging key will be removed."""
        probe = new_probe_id()
        self.add(f"{self._staging_prefix}{STAGING_PREFIX}{probe}")
        return probe

    def quarantine(self) -> str:
        """A key in quarantine."""
        return self.add(quarantine_key(new_probe_id(), 0, self._staging_prefix))

    def add(self, key: str) -> str:
        """Records ``key`` before it is written, and returns it. Raises `Skip` if the run is over, as for a check that
        hung."""
        with self._lock:
            if self._is_over:
                raise Skip("The run is over.")
            self._keys[key] = None
        return key

    def add_multipart(self, key: str, multipart_id: str) -> MultipartUploadId:
        """Records a multipart upload of ``key``, which is aborted at the end of the run. Raises like `add`, and is
        aborted even then."""
        started = MultipartUploadId(multipart_id)
        with self._lock:
            self._multiparts.append((key, started))
        self.add(key)
        return started

    @property
    def keys(self) -> Sequence[str]:
        """All keys that may have been written."""
        with self._lock:
            return [*self._keys]

    def close(self) -> None:
        """Allows no more keys from now on."""
        with self._lock:
            self._is_over = True

    def remove(self, store: S3Store) -> list[Finding]:
        """Removes all recorded objects, and checks that they are gone. Allows no more keys."""
        self.close()
        with self._lock:
            keys, multiparts = [*self._keys], [*self._multiparts]
        left = _remove_all(store, keys, multiparts)
        return (
            [_may_stay("probes", left)] if left else [passed("probes", f"All {len(keys)} probe objects are removed.")]
        )

    def remove_leftovers(self, store: S3Store) -> list[Finding]:
        """Removes leftovers of an earlier run, and multipart uploads of this one whose responses were lost. They have
        to be searched for in listings that may be long or hang, so recorded objects are removed first, by `remove`."""
        with self._lock:
            keys, known = {*self._keys}, {one for _, one in self._multiparts}
        before = datetime.now(UTC) - ABANDONED
        multiparts, old = (
            _list_multiparts(store, keys, known, before),
            _list_abandoned(store, self._staging_prefix, keys, before),
        )
        if left := _remove_all(store, old, multiparts):
            return [_may_stay("leftovers", left)]
        return [passed("leftovers", f"{len(old)} probe objects of an earlier run are removed.")] if old else []


def _remove_all(store: S3Store, keys: Sequence[str], multiparts: Sequence[tuple[str, MultipartUploadId]]) -> list[str]:
    """Removes all of these; returns why some of them stay."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = [*pool.map(lambda one: _abort(store, *one), multiparts)]
        stays = [*pool.map(lambda key: _remove(store, key), keys)]
    left = [f"{key}: {why}" for key, why in zip(keys, stays, strict=True) if why]
    return left + [f"parts of {key}: {why}" for (key, _), why in zip(multiparts, ended, strict=True) if why]


def _may_stay(check: str, left: Sequence[str]) -> Finding:
    action = "Remove them by hand; a worker removes those under staging/ and quarantine/ within two days."
    return warned(check, f"{len(left)} probe objects may stay: {'; '.join(left[:3])}", action)


def _looked_through(found: Iterator[_Old]) -> Iterator[_Old]:
    """The first `MOST` of these, for `SEARCH` seconds: the bucket may hold much else."""
    until = monotonic() + SEARCH
    return takewhile(lambda _: monotonic() < until, islice(found, MOST))


def _list_multiparts(
    store: S3Store, keys: Collection[str], known: Collection[MultipartUploadId], before: datetime
) -> list[tuple[str, MultipartUploadId]]:
    """Multipart uploads of this run whose ids were lost, and those of an earlier run."""
    try:
        return [
            (one.key, one.multipart_id)
            for one in _looked_through(store.old_multiparts("", _EVER))
            if one.multipart_id not in known and (one.key in keys or (is_probe(one.key) and one.started_at < before))
        ]
    except ValetKeyError as error:
        log.info("multipart uploads of an earlier run cannot be listed: %s", error.detail)
        return []


def _list_abandoned(store: S3Store, staging_prefix: str, keys: Collection[str], before: datetime) -> list[str]:
    """The objects of an earlier run."""

    def found() -> Iterator[str]:
        for reserved in RESERVED:
            for one in _looked_through(store.old_objects(staging_prefix + reserved, _EVER)):
                if is_probe(one.key) and one.key not in keys and one.modified_at < before:
                    yield one.key

    try:
        return [*found()]
    except ValetKeyError as error:
        log.info("probes of an earlier run cannot be listed: %s", error.detail)
        return []


def _remove(store: S3Store, key: str) -> str | None:
    """Removes an object with its versions; returns why it stays, if it does."""
    try:
        why = store.delete(key)
        return why or (None if store.head(key) is None else "it is still there after its removal")
    except ValetKeyError as error:
        return error.detail


def _abort(store: S3Store, key: str, multipart_id: MultipartUploadId) -> str | None:
    try:
        store.abort_multipart(key, multipart_id)
    except ValetKeyError as error:
        return error.detail
    return None
