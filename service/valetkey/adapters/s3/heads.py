"""What the store says of an object, as the core wants it."""

from typing import Any

from valetkey.adapters.s3.copies import plain_etag
from valetkey.core.errors import StoreUnavailable
from valetkey.core.ports.store import ObjectHead

_CHECKSUMS = {"CRC32": 8, "CRC32C": 8, "CRC64NVME": 12, "SHA1": 28, "SHA256": 44}
"""With the characters of one in base64: without awscrt moto calls four bytes a CRC64NVME."""


def as_head(key: str, answer: dict[str, Any]) -> ObjectHead:
    if not answer.get("ETag"):
        said = (
            "The store's HEAD names no ETag, without which nothing can be pinned (JuiceFS: start it with --keep-etag)."
        )
        raise StoreUnavailable(said, 60, refused=True)
    if "ContentType" not in answer:  # each grant pins one, and S3 always says it
        raise StoreUnavailable("The store's HEAD names no Content-Type, so nothing can be checked.", 60, refused=True)
    whole = answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    found = {name.lower(): answer.get(f"Checksum{name}", "-") for name in _CHECKSUMS}
    # "...=-3" is one of the parts' checksums, also where the store does not say its type
    sums = {name: value for name, value in found.items() if len(value) == _CHECKSUMS[name.upper()]}
    version_id = answer.get("VersionId")
    # HTTP headers have no case, and servers written in Go send them as X-Amz-Meta-Upload-Id
    metadata = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}
    return ObjectHead(
        key=key,
        etag=plain_etag(answer["ETag"]),
        version_id=None if version_id in {"", "null"} else version_id,
        size=answer["ContentLength"],
        content_type=answer["ContentType"],
        upload_id=metadata.get("upload-id"),
        checksums=sums if whole else {},
    )
