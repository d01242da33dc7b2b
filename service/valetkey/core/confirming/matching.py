"""Whether what is at the store is what it should be: what was granted, what was pinned, what was copied."""

from enum import Enum

from valetkey.core.model.media_types import same_type
from valetkey.core.model.rules import Rules
from valetkey.core.model.upload import Reason, Upload, UploadState
from valetkey.core.ports.store import CopyAnswer, ObjectHead


def mismatch(upload: Upload, found: ObjectHead, rules: Rules) -> Reason | None:
    """Why ``found`` is not what the grant allowed, or None when it is. ``rules`` say sizes where none was declared."""
    smallest, largest = rules.sizes_of(upload.size)
    if not smallest <= found.size <= largest:
        granted = f"{smallest}" if smallest == largest else f"{smallest} to {largest}"
        return Reason("size_mismatch", f"{granted} bytes were granted, {found.size} arrived.")
    if not same_type(found.content_type, upload.content_type):
        return Reason("type_mismatch", f"{upload.content_type!r} was granted, {found.content_type!r} arrived.")
    if found.upload_id != upload.id:
        return Reason("upload_id_mismatch", "The object does not carry this upload's id.")
    return _checksum_mismatch(upload, found, rules)


def _checksum_mismatch(upload: Upload, found: ObjectHead, rules: Rules) -> Reason | None:
    if upload.checksum is not None:
        stored = found.checksums.get(upload.checksum.algorithm)
        if stored is not None and stored != upload.checksum.value:
            return Reason("checksum_mismatch", f"The {upload.checksum.algorithm} of the object is not the granted one.")
    if rules.checksum_required and not verified(upload, found):
        return Reason("checksum_unverified", "The profile insists on a checksum, and the store shows none.")
    return None


def verified(upload: Upload, found: ObjectHead) -> bool | None:
    """Whether the store has shown the checksum that was declared; None where none was. `mismatch` has compared it."""
    return None if upload.checksum is None else upload.checksum.algorithm in found.checksums


def pins(upload: Upload, found: ObjectHead) -> bool:
    """Whether ``found`` is what ``upload`` has pinned."""
    pinned = upload.object
    if upload.state is not UploadState.STORED or pinned is None:
        return False
    return (pinned.etag, pinned.version_id) == (found.etag, found.version_id)


class CopyMatch(Enum):
    """What a look says of a copy. `UNSURE`: it may be good, and nothing that the store shows proves it."""

    SAME = "same"
    OTHER = "other"
    UNSURE = "unsure"


def compare_copy(copied: ObjectHead, source: ObjectHead, upload: Upload) -> CopyMatch:
    """What ``copied`` is beside ``source``, the pinned object of ``upload``: by ETag, or by a checksum that both have.

    Under SSE-KMS a copy gets another ETag; on AWS it keeps its checksum, MinIO keeps none.
    """
    shared = copied.checksums.keys() & source.checksums.keys()
    same_kind = (copied.size, copied.upload_id) == (source.size, upload.id)
    same_kind = same_kind and same_type(copied.content_type, upload.content_type)
    if not same_kind or any(copied.checksums[name] != source.checksums[name] for name in shared):
        return CopyMatch.OTHER
    return CopyMatch.SAME if shared or copied.etag == source.etag else CopyMatch.UNSURE


def is_as_good(answer: CopyAnswer, source: ObjectHead) -> bool:
    """Whether the answer to a copy says all that a look at it would: that it is ``source``, and which version it is.

    Where the source has checksums, one of them has to be named, and none of them otherwise: an MD5, which an ETag may
    be, can be made to collide.
    """
    shared = answer.checksums.keys() & source.checksums.keys()
    same = answer.etag == source.etag and all(answer.checksums[name] == source.checksums[name] for name in shared)
    # Ceph RGW 16 does not say it of a copy; Cloudflare R2 says one of what it writes, and knows it nowhere else
    known_version = (source.version_id is None) == (answer.version_id is None)
    return same and known_version and bool(shared or not source.checksums)


def points_at(upload: Upload, key: str) -> bool:
    """Whether the object that ``upload`` stands for is the one under ``key``; a deleted one stands for none."""
    return upload.object is not None and upload.object.key == key and upload.state is not UploadState.DELETED
