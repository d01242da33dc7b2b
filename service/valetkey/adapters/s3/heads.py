"""Converts the store's description of an object to the core's `ObjectHead`."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.etags import plain_etag
from valetkey.core.ports.store import ObjectHead

_CHECKSUMS = {"crc32": 8, "crc32c": 8, "crc64nvme": 12, "sha1": 28, "sha256": 44}
"""The lengths of checksums in base64: without awscrt moto returns four bytes as a CRC64NVME."""


LONGEST = {"ETag": 255, "x-amz-version-id": 1024, "Content-Type": 255}
"""The longest value of a store that the ledger can store, in characters."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def once(headers: Mapping[str, str], name: str) -> str | None:
    """The value of a header, even if a proxy has duplicated it: "a" for "a, a"."""
    value = headers.get(name)
    if value is None or "," not in value:
        return value
    half = value[: (len(value) - 2) // 2]
    return half if value == f"{half}, {half}" else value


def date_in(headers: Mapping[str, str]) -> datetime | None:
    """The time of a response by its ``Date`` (RFC 9110, 6.6.1); None if it has none that can be read."""
    try:
        found = parsedate_to_datetime(headers["date"])
    except (LookupError, TypeError, ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)  # "-0000" is UTC, too


def as_head(key: str, headers: Mapping[str, str], size: int) -> ObjectHead:
    """The object's description by the case-insensitive headers of a HEAD response; ``size`` is in bytes."""
    if not (etag := plain_etag(once(headers, "etag") or "")):
        said = "The store's HEAD has no ETag, so nothing can be pinned (JuiceFS: start it with --keep-etag)."
        raise StoreUnavailable(said, 60, refused=True)
    if (content_type := once(headers, "content-type")) is None:  # each grant pins one, and S3 always returns it
        raise StoreUnavailable("The store's HEAD has no Content-Type, so nothing can be checked.", 60, refused=True)
    version_id = version_in(headers)
    for name, value in (("ETag", etag), ("x-amz-version-id", version_id or ""), ("Content-Type", content_type)):
        _require_kept(name, value)
    sums = {name: once(headers, f"x-amz-checksum-{name}") or "" for name in _CHECKSUMS}
    return ObjectHead(
        key=key,
        etag=etag,
        version_id=version_id,
        size=size,
        content_type=content_type,
        upload_id=once(headers, "x-amz-meta-upload-id"),
        checksums=whole_checksums(sums, once(headers, "x-amz-checksum-type")),
    )


def can_be_kept(name: str, value: str) -> bool:
    """Whether the ledger can store the value unchanged and a header can repeat it: it is not too long, and has no
    control characters (RFC 9110, 5.5), which `http.client` lets through and PostgreSQL refuses."""
    return len(value) <= LONGEST[name] and _CONTROL.search(value) is None


def _require_kept(name: str, value: str) -> None:
    if not can_be_kept(name, value):
        said = f"The store's HEAD has an invalid value of {name}, with control characters or too long: {value[:60]!a}."
        raise StoreUnavailable(said, 60, refused=True)


def version_in(headers: Mapping[str, str]) -> str | None:
    """The version id in a response; None if the bucket keeps no versions."""
    version_id = once(headers, "x-amz-version-id")
    return None if version_id in {None, "", "null"} else version_id


def whole_checksums(found: Mapping[str, str], kind: str | None) -> dict[str, str]:
    """The checksums of the whole object; ``kind`` is the checksum type that the store reports for all of them.

    "...=-3" is a checksum of part checksums, even if the store does not report its type.
    """
    if kind not in {None, "FULL_OBJECT"}:
        return {}
    return {name: value for name, value in found.items() if len(value) == _CHECKSUMS.get(name)}
