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
"""What probes hold."""

OTHER = CONTENT.upper()
"""As many bytes, and others."""

TYPE = "image/png"
"""No store's default."""


@dataclass(frozen=True, slots=True)
class FoundObject:
    """What is under a key: ``content`` None where nothing is, ``etag`` without quotes."""

    content: bytes | None
    etag: str = ""
    content_type: str = ""
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def there(self) -> bool:
        """Whether something is."""
        return self.content is not None


def read_object(visit: Visit, key: str) -> FoundObject:
    """The bytes under ``key``, as they are read, whatever was said of them. Raises `Skip` where they cannot be read."""
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
    if found.status == HTTPStatus.CONFLICT:  # Swift, of an object whose parts were changed
        return FoundObject(b"")
    raise Skip(f"What was written cannot be looked at: GetObject says {found.said}.")


def written_by_us(key: str) -> str:
    """The upload id in the metadata of a probe at ``key``."""
    return parse_upload_id(key.rpartition("/")[2]) or "doctor"


def put_probe(visit: Visit, key: str | None = None, content: bytes = CONTENT, **more: Any) -> str:
    """Writes a probe as the service would, and returns its key. Raises `Skip` where that is refused."""
    _ = visit.store
    key = visit.probes.add(key) if key is not None else f"{visit.staging}{visit.probes.staging()}"
    found = attempt(
        visit.client.put_object, Bucket=visit.bucket, Key=key, Body=content, **arguments(visit, key, content), **more
    )
    if not found.ok:
        raise Skip(f"No probe could be written: PutObject says {found.said}.")
    return key


def arguments(visit: Visit, key: str, content: bytes) -> dict[str, Any]:
    """What a probe is written with; an MD5, as buckets with a default retention want one."""
    upload_id = parse_upload_id(key.rpartition("/")[2]) or new_upload_id()
    given = written(ObjectHeaders(TYPE, UploadId(upload_id), visit.placement))
    given["Metadata"] = {"upload-id": written_by_us(key), "more": "from the client"}
    return {**given, "ContentMD5": b64encode(md5(content, usedforsecurity=False).digest()).decode()}


def sha256_of(content: bytes) -> str:
    """As S3 writes it."""
    return b64encode(sha256(content).digest()).decode()


def md5_of(content: bytes) -> str:
    """As an ETag has it."""
    return md5(content, usedforsecurity=False).hexdigest()
