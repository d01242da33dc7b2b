"""Compares objects at the store with what was granted, pinned or copied."""

from enum import Enum

from valetkey.core.model.media_types import same_type
from valetkey.core.model.rules import Rules
from valetkey.core.model.upload import Reason, Upload, UploadState
from valetkey.core.ports.store import CopyAnswer, ObjectHead


def mismatch(upload: Upload, found: ObjectHead, rules: Rules) -> Reason | None:
    """Why ``found`` does not match the grant, or None if it does. Without a declared size those of ``rules`` apply."""
    smallest, largest = rules.sizes_of(upload.size)
    if not smallest <= found.size <= largest:
        granted = f"{smallest}" if smallest == largest else f"{smallest} to {largest}"
        return Reason("size_mismatch", f"{granted} bytes were granted, {found.size} arrived.")
    if not same_type(found.content_type, upload.content_type):
        return Reason("type_mismatch", f"{upload.content_type!r} was granted, {found.content_type!r} arrived.")
    if found.upload_id != upload.id:
        return Reason("upload_id_mismatch", "The object does not have this upload's id.")
    return _checksum_mismatch(upload, found, rules)


def _checksum_mismatch(upload: Upload, found: ObjectHead, rules: Rules) -> Reason | None:
    if upload.checksum is not None:
        stored = found.checksums.get(upload.checksum.algorithm)
        if stored is not None and stored != upload.checksum.value:
            return Reason("checksum_mismatch", f"The {upload.checksum.algorithm} of the object is not the granted one.")
    if rules.checksum_required and not verified(upload, found):
        return Reason("checksum_unverified", "The profile requires a checksum, and the store returns none.")
    return None


def verified(upload: Upload, found: ObjectHead) -> bool | None:
    """Whether the store returned the declared checksum, which `mismatch` compares; None if none was declared."""
    return None if upload.checksum is None else upload.checksum.algorithm in found.checksums


def pins(upload: Upload, found: ObjectHead) -> bool:
    """Whether ``found`` is the pinned object of ``upload``."""
    pinned = upload.object
    if upload.state is not UploadState.STORED or pinned is None:
        return False
    return (pinned.etag, pinned.version_id) == (found.etag, found.version_id)


class CopyMatch(Enum):
    """The result of comparing a copy. `UNSURE`: it may be good, but nothing that the store shows proves it."""

    SAME = "same"
    OTHER = "other"
    UNSURE = "unsure"


def compare_copy(copied: ObjectHead, source: ObjectHead, upload: Upload) -> CopyMatch:
    """Compares ``copied`` with ``source``, the pinned object of ``upload``, by ETag or by a checksum that both have.

    With SSE-KMS a copy has another ETag; on AWS it keeps its checksum, on MinIO it does not.
    """
    shared = copied.checksums.keys() & source.checksums.keys()
    same_kind = (copied.size, copied.upload_id) == (source.size, upload.id)
    same_kind = same_kind and same_type(copied.content_type, upload.content_type)
    if not same_kind or any(copied.checksums[name] != source.checksums[name] for name in shared):
        return CopyMatch.OTHER
    return CopyMatch.SAME if shared or copied.etag == source.etag else CopyMatch.UNSURE


def is_as_good(answer: CopyAnswer, source: ObjectHead) -> bool:
    """Whether the response to a copy says as much as a HEAD request: that it equals ``source``, and its version.

    If the source has checksums, the response has to return one of them: an ETag may be an MD5, for which collisions can
    be made.
    """
    shared = answer.checksums.keys() & source.checksums.keys()
    same = answer.etag == source.etag and all(answer.checksums[name] == source.checksums[name] for name in shared)
    # Ceph RGW 16 does not name a copy's version; Cloudflare R2 names one in responses to writes, and nowhere else
    known_version = (source.version_id is None) == (answer.version_id is None)
    return same and known_version and bool(shared or not source.checksums)


def points_at(upload: Upload, key: str) -> bool:
    """Whether ``upload`` points at the object under ``key``; a deleted upload points at none."""
    return upload.object is not None and upload.object.key == key and upload.state is not UploadState.DELETED
