"""Copies of pinned bytes: into quarantine, and under the final key. Each key is written by whoever made its pin, once.

What proves a copy: the source's ETag or a checksum that both have; else that the source could not change meanwhile, as
in quarantine; else the condition on the source's ETag, where the store is known to honour it. Where nothing does, the
copy is kept, as it may be good, and nothing is confirmed by it.

A copy is looked at, unless the store has shown that it need not be: it refuses copies of what has changed, and its
answer to a copy says the ETag that a look at it shows, the source's. Such an answer is the proof then. An answer that
says anything else is none, and the copy is looked at.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from valetkey.core.confirming.matching import CopyMatch, compare_copy, is_as_good
from valetkey.core.errors import CopyUnproven, ObjectMissing, StoreUnavailable
from valetkey.core.model.multipart import WHOLE_COPY
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import StoredObject, Upload
from valetkey.core.ports.store import CopyAnswer, ObjectHead, ObjectHeaders, ObjectStore

LOOKS = 8
"""How many of the last pins are looked for copies that came late."""


class EarlierCopies(NamedTuple):
    """What earlier work has left: a copy that is proven, or one that only may be good."""

    proven: ObjectHead | None
    doubtful: ObjectHead | None


class Copier:
    """Copies the pinned bytes of uploads. Every method raises `StoreUnavailable` and `RulesUnknown`."""

    def __init__(self, *, store: ObjectStore, profiles: Profiles, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._profiles = profiles
        self._clock = clock
        self._trusted: set[Placement] = set()  # by what was seen in this process

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
        if answer is not None and is_as_good(answer, source) and self._trusts_answers(headers.placement):
            return _as_told(answer, source, key, headers)
        copied = self._store.head(key)
        alike = compare_copy(copied, source, upload) if copied else CopyMatch.OTHER
        if alike is CopyMatch.SAME or (alike is CopyMatch.UNSURE and self._is_vouched_for(upload, source)):
            if copied is not None and answer is not None and is_as_good(answer, source):
                self._learn(answer, copied, source, headers.placement)
            return copied
        if not self._is_still_there(source):
            return None
        raise unproven(upload, key) if alike is CopyMatch.UNSURE else _mangled(upload, copied, key)

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
        return upload.in_quarantine or source.size > WHOLE_COPY or self._store.proves_copies(source)

    def _is_still_there(self, source: ObjectHead) -> bool:
        """Whether it was not written again meanwhile: else the copy need not be good."""
        now = self._store.head(source.key, source.version_id)
        return now is not None and now.etag == source.etag

    def earlier(self, upload: Upload) -> EarlierCopies:
        """What those who worked on ``upload`` before have left of copies of the bytes that are pinned now."""
        pinned = upload.object
        assert pinned is not None  # noqa: S101  (it is `stored`)
        doubtful = None
        for pin in range(upload.pins, max(0, upload.pins - LOOKS), -1):
            copied = self._store.head(self._target(upload, pin))
            alike = compare_copy(copied, head_of(pinned, upload), upload) if copied else CopyMatch.OTHER
            if alike is CopyMatch.UNSURE and pin == upload.pins and self._was_conditional(upload, pinned):
                alike = CopyMatch.SAME
            if alike is CopyMatch.SAME:
                return EarlierCopies(copied, None)
            if alike is CopyMatch.UNSURE:
                doubtful = copied
        return EarlierCopies(None, doubtful)

    def _was_conditional(self, upload: Upload, pinned: StoredObject) -> bool:
        """Whether the copy of the last pin can only have succeeded with the bytes that it pinned."""
        if upload.in_quarantine or pinned.size > WHOLE_COPY:
            return True
        source = self._store.head(pinned.key, pinned.version_id)
        try:
            return source is not None and self._store.proves_copies(source)
        except ObjectMissing:  # it has just gone
            return False

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
