"""The contents of probe objects, and reading them back."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import md5, sha256
from http import HTTPStatus
from typing import Any

from valetkey.adapters.s3.headers import written
from valetkey.core.model.etags import plain_etag
from valetkey.core.model.upload import UploadId, new_upload_id, parse_upload_id
from valetkey.core.ports.store import ObjectHeaders
from valetkey.doctor.findings import Skip
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import attempt

CONTENT = b"valetkey doctor: this object is removed at the end of the run.\n"
"""The content of probes."""

OTHER = CONTENT.upper()
"""Other content of the same length."""

TYPE = "image/png"
"""A type that is no store's default."""


@dataclass(frozen=True, slots=True)
class FoundObject:
    """The object under a key: ``content`` is None if there is none, ``etag`` is without quotes."""

    content: bytes | None
    etag: str = ""
    content_type: str = ""
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def there(self) -> bool:
        """Whether there is an object."""
        return self.content is not None


def read_object(visit: Visit, key: str) -> FoundObject:
    """Reads the object under ``key``, whatever earlier responses said. Raises `Skip` if it cannot be read."""
    found = attempt(visit.client.get_object, Bucket=visit.bucket, Key=key)
    if found.ok:
        body = found.answer["Body"]
        try:
            content = body.read(1024 * 1024)
        finally:
            body.close()
        names = tuple(sorted((name.lower(), value) for name, value in found.answer.get("Metadata", {}).items()))
        return FoundObject(
            content, plain_etag(found.answer.get("ETag", "")), found.answer.get("ContentType", ""), names
        )
    if found.absent or found.code in {"NoSuchKey", "NoSuchVersion"}:
        return FoundObject(None)
    if found.status == HTTPStatus.CONFLICT:  # Swift, for an object whose parts were changed
        return FoundObject(b"")
    raise Skip(f"A probe cannot be read: GetObject returns {found.said}.")


def written_by_us(key: str) -> str:
    """The upload id in the metadata of a probe at ``key``."""
    return parse_upload_id(key.rpartition("/")[2]) or "doctor"


def put_probe(visit: Visit, key: str | None = None, content: bytes = CONTENT, **more: Any) -> str:
    """Writes a probe as the service would, and returns its key. Raises `Skip` if that is refused."""
    _ = visit.store
    key = visit.probes.add(key) if key is not None else f"{visit.staging}{visit.probes.staging()}"
    found = attempt(
        visit.client.put_object, Bucket=visit.bucket, Key=key, Body=content, **arguments(visit, key, content), **more
    )
    if not found.ok:
        raise Skip(f"No probe could be written: PutObject returns {found.said}.")
    return key


def arguments(visit: Visit, key: str, content: bytes) -> dict[str, Any]:
    """The arguments to write a probe with, including an MD5, which buckets with a default retention require."""
    upload_id = parse_upload_id(key.rpartition("/")[2]) or new_upload_id()
    given = written(ObjectHeaders(TYPE, UploadId(upload_id), visit.placement))
    given["Metadata"] = {"upload-id": written_by_us(key), "more": "from the client"}
    return {**given, "ContentMD5": b64encode(md5(content, usedforsecurity=False).digest()).decode()}


def sha256_of(content: bytes) -> str:
    """The SHA-256 as S3 writes it, in base64."""
    return b64encode(sha256(content).digest()).decode()


def md5_of(content: bytes) -> str:
    """The MD5 as in an ETag, in hex."""
    return md5(content, usedforsecurity=False).hexdigest()
