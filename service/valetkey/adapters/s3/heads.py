"""What the store says of an object, as the core wants it."""

from collections.abc import Mapping

from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.etags import plain_etag
from valetkey.core.ports.store import ObjectHead

_CHECKSUMS = {"crc32": 8, "crc32c": 8, "crc64nvme": 12, "sha1": 28, "sha256": 44}
"""With the characters of one in base64: without awscrt moto calls four bytes a CRC64NVME."""


def as_head(key: str, headers: Mapping[str, str], size: int) -> ObjectHead:
    """By the headers of a HEAD, whose names have no case. ``size``: of the object, in bytes."""
    if not (etag := plain_etag(headers.get("etag", ""))):
        said = (
            "The store's HEAD names no ETag, without which nothing can be pinned (JuiceFS: start it with --keep-etag)."
        )
        raise StoreUnavailable(said, 60, refused=True)
    if "content-type" not in headers:  # each grant pins one, and S3 always says it
        raise StoreUnavailable("The store's HEAD names no Content-Type, so nothing can be checked.", 60, refused=True)
    sums = {name: headers.get(f"x-amz-checksum-{name}", "") for name in _CHECKSUMS}
    return ObjectHead(
        key=key,
        etag=etag,
        version_id=version_in(headers),
        size=size,
        content_type=headers["content-type"],
        upload_id=headers.get("x-amz-meta-upload-id"),
        checksums=whole_checksums(sums, headers.get("x-amz-checksum-type")),
    )


def version_in(headers: Mapping[str, str]) -> str | None:
    """The version that an answer is about; None where the bucket keeps none."""
    version_id = headers.get("x-amz-version-id")
    return None if version_id in {None, "", "null"} else version_id


def whole_checksums(found: Mapping[str, str], kind: str | None) -> dict[str, str]:
    """Those checksums that are of the whole object; ``kind`` is what the store says of all of them.

    "...=-3" is one of the parts' checksums, also where the store does not say its type.
    """
    if kind not in {None, "FULL_OBJECT"}:
        return {}
    return {name: value for name, value in found.items() if len(value) == _CHECKSUMS.get(name)}
