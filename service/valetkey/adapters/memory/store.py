"""The store in memory, which checks clients' requests as S3 does."""

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from valetkey.adapters.memory.bucket import DEFAULT_TYPE, MemoryBucket, MemoryObject, md5
from valetkey.adapters.memory.crc64 import crc64nvme
from valetkey.adapters.memory.hooks import Hook
from valetkey.adapters.memory.policies import StoreAnswer, evaluate
from valetkey.adapters.memory.presigned import PresignedUrls
from valetkey.core.errors import ObjectChanged, ObjectMissing
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.multipart import MIN_PART_SIZE, Part, part_headers
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import MultipartUploadId, StoredObject
from valetkey.core.ports.store import (
    FIRST_BYTES,
    CopyAnswer,
    ObjectHead,
    ObjectHeaders,
    OldMultipart,
    OldObject,
    Presigned,
)
from valetkey.core.signing.credentials import Credentials

_META = "x-amz-meta-"
_CHECKSUM = "x-amz-checksum-"
_SUMS: Mapping[str, Callable[[bytes], bytes]] = {
    "crc32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
    "crc64nvme": crc64nvme,
    "sha1": lambda content: hashlib.sha1(content, usedforsecurity=False).digest(),
    "sha256": lambda content: hashlib.sha256(content).digest(),
}


@dataclass(frozen=True, slots=True)
class MemoryMultipart:
    """An open multipart upload with its parts."""

    started: OldMultipart
    headers: ObjectHeaders
    parts: dict[int, bytes]
    whole_crc64: bool

    def listed(self) -> list[Part]:
        """Its parts, by number."""
        return [Part(number, len(content), md5(content)) for number, content in sorted(self.parts.items())]


class MemoryStore(MemoryBucket):
    """`ObjectStore` that checks forms as S3 does, and honours the condition of a copy as AWS and Ceph RGW do.

    ``versioned`` keeps overwritten objects, as a bucket with versioning does. ``before`` may be set at any time.
    """

    def __init__(
        self,
        bucket: str = "memory",
        *,
        region: str = "us-east-1",
        versioned: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        before: Hook | None = None,
        capabilities: Capabilities = Capabilities(),  # noqa: B008 - immutable
    ) -> None:
        super().__init__(bucket, versioned=versioned, clock=clock, before=before)
        self._region = region
        self._credentials = Credentials("memory", "memory-secret")
        self._urls = PresignedUrls(bucket, self._credentials.secret_key, clock)
        self._multiparts: dict[str, MemoryMultipart] = {}
        self._capabilities = capabilities

    @property
    def region(self) -> str:
        return self._region

    @property
    def post_url(self) -> str:
        return f"memory://{self._bucket}/"

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def credentials(self) -> Credentials:
        self._call("credentials")
        return self._credentials

    def head(self, key: str, version_id: str | None = None) -> ObjectHead | None:
        self._call("head", key)
        found = self.read(key, version_id)
        return None if found is None else found.head

    def copy(self, source: ObjectHead, key: str, headers: ObjectHeaders) -> CopyAnswer | None:
        self._call("copy", key)
        with self._lock:
            found = self._require(source)
            head = replace(found.head, key=key, content_type=headers.content_type, upload_id=headers.upload_id)
            metadata = {**dict(headers.placement.metadata), "upload-id": headers.upload_id}
            made = self._write(MemoryObject(head, found.content, metadata, headers.placement, self._clock(), headers))
            return CopyAnswer(made.etag, made.version_id, made.checksums)

    def finish(self, promoted: ObjectHead, placement: Placement, retain_until: datetime | None) -> None:
        self._call("finish", promoted.key)
        with self._lock:
            found = self._require(promoted)
            self._lock_up(found, retain_until, held=placement.lock is not None and placement.lock.legal_hold)

    def proves_copies(self, source: ObjectHead) -> bool:
        self._call("proves_copies", source.key)
        self._capabilities = replace(self._capabilities, conditional_copy=True)
        return True

    def delete(self, key: str) -> str | None:
        self._call("delete", key)
        return self._remove(key)

    def delete_batch(self, keys: Sequence[str]) -> None:
        self._call("delete_batch")
        for key in keys:
            self._remove(key)

    def presigned_get(
        self, stored: StoredObject, filename: str, expires_in: int, *, inline: bool = False, head: bool = False
    ) -> str:
        """A ``memory:`` URL that describes the download; nothing serves it."""
        self._call("presigned_get", stored.key)
        asked = {"filename": filename, "content_type": stored.content_type, "expires_in": expires_in}
        query = urlencode(asked | ({"inline": "true"} if inline else {}) | ({"method": "HEAD"} if head else {}))
        return f"memory://{self._bucket}/{quote(stored.key)}?{query}"

    def now(self) -> datetime:
        self._call("now")
        return self._clock()

    def learn(self) -> None:
        """Does nothing: everything is known."""

    def check(self) -> None:
        self._call("check")
        self._require_bucket()

    def old_objects(self, prefix: str, before: datetime) -> Iterator[OldObject]:
        self._call("old_objects", prefix)
        self._require_bucket()
        for key, modified_at in self.written():
            if key.startswith(prefix) and modified_at < before:
                yield OldObject(key, modified_at)

    def old_multiparts(self, prefix: str, before: datetime) -> Iterator[OldMultipart]:
        self._call("old_multiparts", prefix)
        self._require_bucket()
        started = [multipart.started for multipart in self._multiparts.values()]
        for multipart in sorted(started, key=lambda one: (one.key, one.multipart_id)):
            if multipart.key.startswith(prefix) and multipart.started_at < before:
                yield multipart

    def abort_multipart(self, key: str, multipart_id: MultipartUploadId) -> None:
        self._call("abort_multipart", key)
        with self._lock:
            self._require_bucket()
            self._multiparts.pop(multipart_id, None)

    def first_bytes(self, source: ObjectHead) -> bytes:
        self._call("first_bytes", source.key)
        return self._require(source).content[:FIRST_BYTES]

    def read_range(self, stored: StoredObject, start: int, end: int) -> bytes:
        self._call("read_range", stored.key)
        return self._require(stored).content[start:end]

    def presigned_put(self, key: str, headers: Mapping[str, str], expires_in: int) -> Presigned:
        self._call("presigned_put", key)
        return Presigned(self._urls.sign(key, {}, headers, expires_in), headers)

    def start_multipart(self, key: str, headers: ObjectHeaders, *, whole_crc64: bool = False) -> MultipartUploadId:
        self._call("start_multipart", key)
        with self._lock:
            self._require_bucket()
            multipart_id = MultipartUploadId(f"m{next(self._numbers)}")
            started = OldMultipart(key, multipart_id, self._clock())
            self._multiparts[multipart_id] = MemoryMultipart(started, headers, {}, whole_crc64)
            return multipart_id

    def parts(self, key: str, multipart_id: MultipartUploadId) -> list[Part] | None:
        self._call("parts", key)
        with self._lock:
            self._require_bucket()
            multipart = self._multiparts.get(multipart_id)
            return None if multipart is None or multipart.started.key != key else multipart.listed()

    def presigned_part(
        self,
        key: str,
        multipart_id: MultipartUploadId,
        number: int,
        size: int | None,
        expires_in: int,
        *,
        checksum: str | None = None,
    ) -> Presigned:
        self._call("presigned_part", key)
        headers = part_headers(size, checksum)
        asked = {"partNumber": str(number), "uploadId": multipart_id}
        return Presigned(self._urls.sign(key, asked, headers, expires_in), headers)

    def join_parts(self, key: str, multipart_id: MultipartUploadId, parts: Sequence[Part]) -> None:
        self._call("join_parts", key)
        with self._lock:
            self._require_bucket()
            multipart = self._multiparts.get(multipart_id)
            if multipart is None or multipart.started.key != key:
                raise ObjectMissing
            if not parts or {*parts} - {*multipart.listed()} or any(one.size < MIN_PART_SIZE for one in parts[:-1]):
                raise ObjectChanged
            content = b"".join(multipart.parts[part.number] for part in parts)
            has_crc64 = multipart.whole_crc64 and self._capabilities.crc64_of_parts is not False
            checksums = {"crc64nvme": b64encode(crc64nvme(content)).decode()} if has_crc64 else {}
            del self._multiparts[multipart_id]
            sums = b"".join(bytes.fromhex(part.etag) for part in parts)
            etag, headers = f"{md5(sums)}-{len(parts)}", multipart.headers
            head = ObjectHead(key, etag, None, len(content), headers.content_type, headers.upload_id, checksums)
            metadata = {**dict(headers.placement.metadata), "upload-id": headers.upload_id}
            self._write(MemoryObject(head, content, metadata, headers.placement, self._clock(), headers))

    def post(self, form: Sequence[tuple[str, str]], content: bytes, filename: str = "") -> StoreAnswer:
        """S3's response to a client's POST of ``form`` and then a file; the object exists after 201, 204 or 303.

        Like AWS it refuses content that does not match a checksum in the form (crc32, sha1, sha256).
        """
        access = self._credentials
        answer = evaluate(
            form,
            len(content),
            bucket=self._bucket,
            region=self._region,
            credentials_for={access.access_key: access.secret_key}.get,
            now=self._clock(),
            filename=filename,
        )
        if answer.code is not None:
            return answer
        fields = {name.lower(): value for name, value in form}
        key = fields["key"].strip().replace("${filename}", filename, 1)
        return self._take(key, fields, content) or answer

    def send(self, url: str, headers: Mapping[str, str], content: bytes) -> StoreAnswer:
        """S3's response to a client's PUT to a presigned URL. The signed headers have to be unchanged."""
        sent = {name.lower(): value for name, value in headers.items()} | {"content-length": str(len(content))}
        put = self._urls.judge(url, sent)
        if isinstance(put, StoreAnswer):
            return put
        with self._lock:
            if "uploadId" in put.query:
                return self._take_part(put.query["uploadId"], int(put.query["partNumber"]), sent, content)
            if "if-none-match" in put.signed and self.read(put.key) is not None:
                return StoreAnswer(412, "PreconditionFailed")
            return self._take(put.key, sent, content) or StoreAnswer(200)

    def _take(self, key: str, fields: Mapping[str, str], content: bytes) -> StoreAnswer | None:
        """Writes an object that a client sent with ``fields``; returns a refusal if its checksums do not match."""
        checked = _checked(fields, content)
        if isinstance(checked, StoreAnswer):
            return checked
        self.put(key, content, fields.get("content-type", DEFAULT_TYPE), _named(fields, _META), checked)
        return None

    def _take_part(self, multipart_id: str, number: int, headers: Mapping[str, str], content: bytes) -> StoreAnswer:
        if isinstance(checked := _checked(headers, content), StoreAnswer):
            return checked
        multipart = self._multiparts.get(multipart_id)
        if multipart is None:
            return StoreAnswer(404, "NoSuchUpload")
        multipart.parts[number] = content
        return StoreAnswer(200)


def _checked(fields: Mapping[str, str], content: bytes) -> dict[str, str] | StoreAnswer:
    """The checksums in ``fields``, all of which match ``content``; or the refusal if one does not."""
    sums = _named(fields, _CHECKSUM)
    checked = {name: b64encode(_SUMS[name](content)).decode() for name in sums if name in _SUMS}
    return StoreAnswer(400, "BadDigest") if any(sums[name] != value for name, value in checked.items()) else checked


def _named(fields: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in fields.items() if name.startswith(prefix)}
