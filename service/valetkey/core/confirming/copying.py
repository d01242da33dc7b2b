"""Copies of pinned bytes into quarantine and to the final key. Each key is written by the process that made its pin,
once.

A copy is proven by the source's ETag or by a checksum that both have; else by the fact that the source could not
change, as in quarantine; else by the condition on the source's ETag, if the store is known to honour it and the source
is unchanged after the copy. If nothing proves it, the copy is kept, as it may be good, but confirms nothing.

A copy is checked by a HEAD request, unless the store has shown that this is not needed: it refuses copies of changed
sources, and its response to a copy has the same ETag as a HEAD request, the source's. Then such a response is the
proof; after any other response the copy is checked.

Some stores do not copy atomically: they compare the condition, read the bytes and take over the ETag one after the
other, and each may be of other bytes if the source is written meanwhile (the JuiceFS gateway). There an ETag says
nothing about a copy's bytes. So a copy of bytes that a grant could write is read back, and counts only if its MD5 is
the pinned ETag.
"""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from hashlib import md5
from typing import NamedTuple

from valetkey.core.confirming.matching import CopyMatch, compare_copy, is_as_good
from valetkey.core.errors import CopyUnproven, ObjectChanged, ObjectMissing, StoreUnavailable
from valetkey.core.model.multipart import MIB, WHOLE_COPY
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import StoredObject, Upload
from valetkey.core.ports.store import CopyAnswer, ObjectHead, ObjectHeaders, ObjectStore

log = logging.getLogger("valetkey")

LOOKS = 8
"""For how many of the last pins late copies are looked for."""

READ_BACK = 64 * MIB
"""The largest copy that is read back while a request waits, in bytes."""

PIECE = 8 * MIB
"""How many bytes of a copy are read at once."""

_MD5 = re.compile(r"[0-9a-f]{32}")
"""The form of an ETag that can be the MD5 of all bytes; a joined object's ends with its number of parts."""


class EarlierCopies(NamedTuple):
    """The copy left by earlier work: a proven one, or the key of one that may be good. ``settles``: copying the pinned
    bytes again would not give a better one."""

    proven: ObjectHead | None
    doubtful: str | None
    settles: bool = False


class Copier:
    """Copies the pinned bytes of uploads. Every method raises `StoreUnavailable` and `RulesUnknown`."""

    def __init__(self, *, store: ObjectStore, profiles: Profiles, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._profiles = profiles
        self._clock = clock
        self._trusted: set[Placement] = set()  # by what was seen in this process
        self._seen_torn = False

    def is_quick(self, size: int) -> bool:
        """Whether this many bytes are copied and proven while a request waits."""
        return size <= (WHOLE_COPY if self._copies_in_one_step else READ_BACK)

    @property
    def _copies_in_one_step(self) -> bool:
        return self._store.capabilities.atomic_copy and not self._seen_torn

    def into_quarantine(self, upload: Upload, source: ObjectHead) -> ObjectHead | None:
        """Copies the pinned ``source`` into quarantine; None if it had changed. Raises like `to_final`."""
        placement = self._profiles.rules_of(upload).placement.while_it_is_checked
        headers = ObjectHeaders(upload.content_type, upload.id, placement)
        return self._copied(upload, source, upload.quarantine_key(upload.pins), headers)

    def to_final(self, upload: Upload, source: ObjectHead) -> ObjectHead | None:
        """Copies it to the final key. Raises `ObjectChanged`, `ObjectMissing`, `PlacementRefused`, `CopyUnproven`."""
        placement = self._profiles.rules_of(upload).placement
        headers = ObjectHeaders(upload.content_type, upload.id, placement, upload.filename)
        return self._copied(upload, source, self._profiles.final_key(upload, upload.pins), headers)

    def finish(self, upload: Upload, promoted: ObjectHead) -> None:
        """Sets what only the confirmed object gets: a lock on any other object would prevent its removal.

        Raises `PlacementRefused` and `ObjectMissing`.
        """
        placement = self._profiles.rules_of(upload).placement
        if placement.tags or placement.lock:
            period = placement.lock.period if placement.lock else None
            self._store.finish(promoted, placement, self._clock() + period if period else None)

    def _copied(self, upload: Upload, source: ObjectHead, key: str, headers: ObjectHeaders) -> ObjectHead | None:
        answer = self._store.copy(source, key, headers)
        reads_back = self._has_to_be_read(upload, source.etag)
        told = answer is not None and is_as_good(answer, source)
        if answer is not None and told and not reads_back and self._trusts_answers(headers.placement):
            return _as_told(answer, source, key, headers)
        copied = self._store.head(key)
        alike = compare_copy(copied, source, upload) if copied else CopyMatch.OTHER
        if copied is not None and reads_back and alike is not CopyMatch.OTHER:
            return copied if self._is_read_as(copied, source.etag) else None
        if alike is CopyMatch.SAME or (copied and alike is CopyMatch.UNSURE and self._is_vouched_for(upload, source)):
            if copied is not None and answer is not None and told:
                self._learn(answer, copied, source, headers.placement)
            return copied
        if not self._is_still_there(source):
            if copied is not None and alike is CopyMatch.UNSURE and not upload.in_quarantine:
                self._notice_torn(copied, source)
            return None
        raise unproven(upload, key) if alike is CopyMatch.UNSURE else _mangled(upload, copied, key)

    def _has_to_be_read(self, upload: Upload, pinned: str) -> bool:
        """Whether a copy of the bytes pinned by this ETag may have other bytes than its own ETag says."""
        return not upload.in_quarantine and not self._copies_in_one_step and _MD5.fullmatch(pinned) is not None

    def _is_read_as(self, copied: ObjectHead, etag: str) -> bool:
        """Whether ``etag`` is the MD5 of the bytes of ``copied``, and its own ETag is not another one."""
        says_other = copied.etag != etag and _MD5.fullmatch(copied.etag)
        return not says_other and self._md5(copied) == etag

    def _md5(self, copied: ObjectHead) -> str:
        """The MD5 of the object, which is read completely; "" if it is gone."""
        stored, hashed = copied.as_object(copied.key), md5(usedforsecurity=False)
        try:
            for start in range(0, copied.size, PIECE):
                hashed.update(self._store.read_range(stored, start, min(start + PIECE, copied.size)))
        except (ObjectChanged, ObjectMissing):
            return ""
        return hashed.hexdigest()

    def _notice_torn(self, copied: ObjectHead, source: ObjectHead) -> None:
        """Handles a copy that was conditional on one ETag and has another, whose source has changed since. If that is
        the MD5 of its bytes, the store does not copy atomically; otherwise it may give copies ETags of their own.
        """
        may_be = source.size <= READ_BACK and _MD5.fullmatch(source.etag) and _MD5.fullmatch(copied.etag)
        if self._copies_in_one_step and may_be and self._md5(copied) == copied.etag:
            self._seen_torn = True
            log.warning(
                "the store's copies can contain bytes that were written meanwhile: copies are read back from now on"
            )

    def _trusts_answers(self, placement: Placement) -> bool:
        """Whether the store's response to a copy with this placement is trusted without a HEAD request."""
        able = self._store.capabilities
        return able.conditional_copy and (able.copies_keep_etag or placement in self._trusted)

    def _learn(self, answer: CopyAnswer, copied: ObjectHead, source: ObjectHead, placement: Placement) -> None:
        """Trusts the store's responses from now on if this one matched the HEAD request and conditions are honoured."""
        if placement in self._trusted or (answer.etag, answer.version_id) != (copied.etag, copied.version_id):
            return
        with suppress(StoreUnavailable, ObjectMissing):  # it does not affect this copy
            if self._store.proves_copies(source):
                self._trusted.add(placement)

    def _is_vouched_for(self, upload: Upload, source: ObjectHead) -> bool:
        """Whether a copy with another ETag than that of ``source`` can only be a copy of its bytes."""
        if upload.in_quarantine or source.size > WHOLE_COPY:
            return True
        return self._store.proves_copies(source) and self._is_still_there(source, or_gone=True)

    def _is_still_there(self, source: ObjectHead, *, or_gone: bool = False) -> bool:
        """Whether the source was not overwritten meanwhile; otherwise the copy may be wrong."""
        now = self._store.head(source.key, source.version_id)
        return or_gone if now is None else now.etag == source.etag

    def earlier(self, upload: Upload) -> EarlierCopies:
        """Copies of the currently pinned bytes that earlier processes have left."""
        pinned = upload.object
        assert pinned is not None  # noqa: S101  (it is `stored`)
        doubtful = EarlierCopies(None, None)
        for pin in range(upload.pins, max(0, upload.pins - LOOKS), -1):
            left = self._left_of(upload, pinned, pin)
            if left.proven is not None:
                return left
            doubtful = doubtful if doubtful.doubtful else left
        return doubtful

    def _left_of(self, upload: Upload, pinned: StoredObject, pin: int) -> EarlierCopies:
        """The copies of one pin."""
        key = self._target(upload, pin)
        try:
            copied = self._store.head(key)
        except StoreUnavailable as error:
            if not error.refused:
                raise
            return EarlierCopies(None, key)  # JuiceFS: an object that is just being written may have lost its ETag
        alike = compare_copy(copied, head_of(pinned, upload), upload) if copied else CopyMatch.OTHER
        if alike is CopyMatch.UNSURE and pin == upload.pins:
            alike = self._by_condition(upload, pinned)
        if copied is None or alike is CopyMatch.OTHER:
            return EarlierCopies(None, None)
        if alike is CopyMatch.UNSURE:
            return EarlierCopies(None, key, settles=pin == upload.pins)
        if self._has_to_be_read(upload, pinned.etag) and not self._is_read_as(copied, pinned.etag):
            return EarlierCopies(None, key)
        return EarlierCopies(copied, None)

    def _by_condition(self, upload: Upload, pinned: StoredObject) -> CopyMatch:
        """Judges a copy of the last pin with another ETag: whether it can only be a copy of the pinned bytes."""
        if upload.in_quarantine or pinned.size > WHOLE_COPY:
            return CopyMatch.SAME
        source = self._store.head(pinned.key, pinned.version_id)
        if source is None:
            return CopyMatch.UNSURE
        if source.etag != pinned.etag:  # it was overwritten, before the copy or after it
            return CopyMatch.OTHER
        try:
            return CopyMatch.SAME if self._store.proves_copies(source) else CopyMatch.UNSURE
        except ObjectMissing:  # it has just gone
            return CopyMatch.UNSURE

    def _target(self, upload: Upload, pin: int) -> str:
        if self._profiles.rules_of(upload).wants_checks and not upload.in_quarantine:
            return upload.quarantine_key(pin)
        return self._profiles.final_key(upload, pin)


def _as_told(answer: CopyAnswer, source: ObjectHead, key: str, headers: ObjectHeaders) -> ObjectHead:
    """The copy, as described by the store's response."""
    return ObjectHead(
        key, answer.etag, answer.version_id, source.size, headers.content_type, headers.upload_id, answer.checksums
    )


def head_of(stored: StoredObject, upload: Upload) -> ObjectHead:
    """A pinned object as the store described it, except for its checksums."""
    return ObjectHead(
        stored.key, stored.etag, stored.version_id, stored.size, stored.content_type, upload.id, checksums={}
    )


def unproven(upload: Upload, key: str) -> CopyUnproven:
    """The error for a copy that is kept but confirms nothing."""
    detail = f"The copy of upload {upload.id} has another ETag, and the store shows no checksum that proves it: {key}."
    return CopyUnproven(detail, 60)


def _mangled(upload: Upload, copied: ObjectHead | None, key: str) -> CopyUnproven:
    """The error for a copy that differs from its unchanged source: another copy would not help."""
    shown = f"it shows {copied.size} bytes of {copied.content_type!r} with the id {copied.upload_id}" if copied else ""
    return CopyUnproven(f"The store's copy of upload {upload.id} is wrong: {shown or 'there is none'}: {key}.", 60)
