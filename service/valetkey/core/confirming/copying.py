"""Copies of pinned bytes: into quarantine, and under the final key. Each key is written by whoever made its pin, once.

What proves a copy: the source's ETag or a checksum that both have; else that the source could not change meanwhile, as
in quarantine; else the condition on the source's ETag, where the store is known to honour it and the source is as it
was after the copy, too. Where nothing does, the copy is kept, as it may be good, and nothing is confirmed by it.

A copy is looked at, unless the store has shown that it need not be: it refuses copies of what has changed, and its
answer to a copy says the ETag that a look at it shows, the source's. Such an answer is the proof then. An answer that
says anything else is none, and the copy is looked at.

Some stores do not copy in one step: they compare the condition, read the bytes and take over the ETag one after the
other, and each may be of other bytes where the source is written meanwhile (the JuiceFS gateway). An ETag says nothing
of a copy's bytes there. So what a grant could write is read back from its copy, and counts where its MD5 is the ETag
that was pinned.
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
"""How many of the last pins are looked for copies that came late."""

READ_BACK = 64 * MIB
"""The most that is read of a copy while somebody waits for an answer, in bytes."""

PIECE = 8 * MIB
"""How many bytes of a copy are read at once."""

_MD5 = re.compile(r"[0-9a-f]{32}")
"""What an ETag looks like that can be the MD5 of all bytes; that of a joined object has its number of parts behind."""


class EarlierCopies(NamedTuple):
    """What earlier work has left: a copy that is proven, or the key of one that only may be good. ``settles``: nothing
    better than that one comes of copying the pinned bytes once more."""

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
        """Whether so many bytes are copied, and proven, while somebody waits for an answer."""
        return size <= (WHOLE_COPY if self._copies_in_one_step else READ_BACK)

    @property
    def _copies_in_one_step(self) -> bool:
        return self._store.capabilities.atomic_copy and not self._seen_torn

    def into_quarantine(self, upload: Upload, source: ObjectHead) -> ObjectHead | None:
        """Copies ``source``, which is pinned. None where it had changed. Raises like `to_final`."""
        placement = self._profiles.rules_of(upload).placement.while_it_is_checked
        headers = ObjectHeaders(upload.content_type, upload.id, placement)
        return self._copied(upload, source, upload.quarantine_key(upload.pins), headers)

    def to_final(self, upload: Upload, source: ObjectHead) -> ObjectHead | None:
        """The same under the final key. Raises `ObjectChanged`, `ObjectMissing`, `PlacementRefused`, `CopyUnproven`."""
        placement = self._profiles.rules_of(upload).placement
        headers = ObjectHeaders(upload.content_type, upload.id, placement, upload.filename)
        return self._copied(upload, source, self._profiles.final_key(upload, upload.pins), headers)

    def finish(self, upload: Upload, promoted: ObjectHead) -> None:
        """Does what only the object that is confirmed gets: a lock on any other would keep it from being removed.

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
        """Whether a copy of what is pinned by this ETag may have other bytes than its ETag says."""
        return not upload.in_quarantine and not self._copies_in_one_step and _MD5.fullmatch(pinned) is not None

    def _is_read_as(self, copied: ObjectHead, etag: str) -> bool:
        """Whether the bytes of ``copied`` have the MD5 that ``etag`` is, and its own ETag says no other one."""
        says_other = copied.etag != etag and _MD5.fullmatch(copied.etag)
        return not says_other and self._md5(copied) == etag

    def _md5(self, copied: ObjectHead) -> str:
        """That of its bytes, all of which are read; "" where it is not there any more."""
        stored, hashed = copied.as_object(copied.key), md5(usedforsecurity=False)
        try:
            for start in range(0, copied.size, PIECE):
                hashed.update(self._store.read_range(stored, start, min(start + PIECE, copied.size)))
        except (ObjectChanged, ObjectMissing):
            return ""
        return hashed.hexdigest()

    def _notice_torn(self, copied: ObjectHead, source: ObjectHead) -> None:
        """A copy was made on the condition of one ETag and has another, and its source has changed by now. If that is
        the MD5 of its bytes, the store does not copy in one step; else it may give copies ETags of their own.
        """
        may_be = source.size <= READ_BACK and _MD5.fullmatch(source.etag) and _MD5.fullmatch(copied.etag)
        if self._copies_in_one_step and may_be and self._md5(copied) == copied.etag:
            self._seen_torn = True
            log.warning(
                "the store copies other bytes than it was asked to while they are written: copies are read back"
            )

    def _trusts_answers(self, placement: Placement) -> bool:
        """Whether what the store says of a copy that is kept so need not be looked at."""
        able = self._store.capabilities
        return able.conditional_copy and (able.copies_keep_etag or placement in self._trusted)

    def _learn(self, answer: CopyAnswer, copied: ObjectHead, source: ObjectHead, placement: Placement) -> None:
        """An answer has said what a look then showed: the next ones are believed, where conditions are honoured."""
        if placement in self._trusted or (answer.etag, answer.version_id) != (copied.etag, copied.version_id):
            return
        with suppress(StoreUnavailable, ObjectMissing):  # it decides nothing about this copy
            if self._store.proves_copies(source):
                self._trusted.add(placement)

    def _is_vouched_for(self, upload: Upload, source: ObjectHead) -> bool:
        """Whether a copy with another ETag than ``source`` has can only be one of its bytes."""
        if upload.in_quarantine or source.size > WHOLE_COPY:
            return True
        return self._store.proves_copies(source) and self._is_still_there(source, or_gone=True)

    def _is_still_there(self, source: ObjectHead, *, or_gone: bool = False) -> bool:
        """Whether it was not written again meanwhile: else the copy need not be good."""
        now = self._store.head(source.key, source.version_id)
        return or_gone if now is None else now.etag == source.etag

    def earlier(self, upload: Upload) -> EarlierCopies:
        """What those who worked on ``upload`` before have left of copies of the bytes that are pinned now."""
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
        """The same of one pin."""
        key = self._target(upload, pin)
        try:
            copied = self._store.head(key)
        except StoreUnavailable as error:
            if not error.refused:
                raise
            return EarlierCopies(None, key)  # JuiceFS: what was written right then may have lost its ETag
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
        """What a copy of the last pin is that has another ETag: whether it can only be one of the bytes that it
        pinned."""
        if upload.in_quarantine or pinned.size > WHOLE_COPY:
            return CopyMatch.SAME
        source = self._store.head(pinned.key, pinned.version_id)
        if source is None:
            return CopyMatch.UNSURE
        if source.etag != pinned.etag:  # it was written again, before the copy or after it
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
    """The copy, by the answer to it."""
    return ObjectHead(
        key, answer.etag, answer.version_id, source.size, headers.content_type, headers.upload_id, answer.checksums
    )


def head_of(stored: StoredObject, upload: Upload) -> ObjectHead:
    """A pinned object as the store described it then, but for its checksums."""
    return ObjectHead(
        stored.key, stored.etag, stored.version_id, stored.size, stored.content_type, upload.id, checksums={}
    )


def unproven(upload: Upload, key: str) -> CopyUnproven:
    """The error of a copy that is kept, and confirms nothing."""
    detail = f"The copy of upload {upload.id} has another ETag, and the store shows no checksum that proves it: {key}."
    return CopyUnproven(detail, 60)


def _mangled(upload: Upload, copied: ObjectHead | None, key: str) -> CopyUnproven:
    """The error of a copy that is not what was copied, though its source is as it was: no further copy helps."""
    shown = f"it shows {copied.size} bytes of {copied.content_type!r} with the id {copied.upload_id}" if copied else ""
    return CopyUnproven(f"The store makes no copy of upload {upload.id}: {shown or 'nothing is there'}: {key}.", 60)
