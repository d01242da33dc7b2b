"""Whether what is at the store is what it should be: what was granted, what was pinned, what was copied."""

from valetkey.core.media_types import same_type
from valetkey.core.ports import ObjectHead
from valetkey.core.upload import Reason, Upload, UploadState


def mismatch(upload: Upload, found: ObjectHead, sizes: tuple[int, int]) -> Reason | None:
    """Why ``found`` is not what the grant allowed, or None when it is. ``sizes`` hold where none was declared."""
    smallest, largest = sizes if upload.size is None else (upload.size, upload.size)
    if not smallest <= found.size <= largest:
        granted = f"{smallest}" if smallest == largest else f"{smallest} to {largest}"
        return Reason("size_mismatch", f"{granted} bytes were granted, {found.size} arrived.")
    if not same_type(found.content_type, upload.content_type):
        return Reason("type_mismatch", f"{upload.content_type!r} was granted, {found.content_type!r} arrived.")
    if found.upload_id != upload.id:
        return Reason("upload_id_mismatch", "The object does not carry this upload's id.")
    if upload.checksum is not None:
        stored = found.checksums.get(upload.checksum.algorithm)
        if stored is not None and stored != upload.checksum.value:
            return Reason("checksum_mismatch", f"The {upload.checksum.algorithm} of the object is not the granted one.")
    return None


def pins(upload: Upload, found: ObjectHead) -> bool:
    """Whether ``found`` is what ``upload`` has pinned."""
    pinned = upload.object
    if upload.state is not UploadState.STORED or pinned is None:
        return False
    return (pinned.etag, pinned.version_id) == (found.etag, found.version_id)


def same_bytes(copied: ObjectHead, source: ObjectHead) -> bool:
    """Whether ``copied`` is a copy of ``source``: by ETag, or by a checksum that both have.

    Under SSE-KMS a copy gets another ETag on AWS, but keeps its checksum.
    """
    same_kind = (copied.size, copied.upload_id) == (source.size, source.upload_id)
    same_kind = same_kind and same_type(copied.content_type, source.content_type)
    shared = copied.checksums.keys() & source.checksums.keys()
    same_sum = bool(shared) and all(copied.checksums[name] == source.checksums[name] for name in shared)
    return same_kind and (copied.etag == source.etag or same_sum)


def points_at(upload: Upload, key: str) -> bool:
    """Whether the object that ``upload`` stands for is the one under ``key``; a deleted one stands for none."""
    return upload.object is not None and upload.object.key == key and upload.state is not UploadState.DELETED
