"""A store and a ledger in memory: for tests, valetkey's own and those of applications that use it.

They keep every promise of their ports but durability, and are safe between threads. Each takes a `Hook`, with which
a test makes the world misbehave between two steps.
"""

import hashlib
import hmac
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from threading import RLock
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from valetkey.core.access import Allowance
from valetkey.core.announcement import Announcement, Announcer, Status
from valetkey.core.errors import LedgerUnavailable, ObjectChanged, ObjectMissing, StoreUnavailable
from valetkey.core.evaluate import Answer, evaluate
from valetkey.core.keys import ApiKey
from valetkey.core.multipart import MIN_PART_SIZE, Part
from valetkey.core.policy import Credentials
from valetkey.core.ports import (
    FIRST_BYTES,
    ObjectHead,
    OldMultipart,
    OldObject,
    Once,
    Placement,
    Presigned,
    Query,
)
from valetkey.core.upload import MultipartUploadId, StoredObject, Upload, UploadId

Hook = Callable[[str, str], None]
"""Called before each operation of a port, with its name and the key or id it is about ("" for none).

It may do anything: write to the store, run somebody else, or raise `StoreUnavailable`, which the caller then gets.
"""

DEFAULT_TYPE = "binary/octet-stream"
"""The content type S3 gives to an object that came without one."""

_META = "x-amz-meta-"
_CHECKSUM = "x-amz-checksum-"
_SUMS: Mapping[str, Callable[[bytes], bytes]] = {
    "crc32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
    "sha1": lambda content: hashlib.sha1(content, usedforsecurity=False).digest(),
    "sha256": lambda content: hashlib.sha256(content).digest(),
}


@dataclass(frozen=True, slots=True)
class MemoryObject:
    """One version of one object. ``metadata`` has no ``x-amz-meta-`` before its names."""

    head: ObjectHead
    content: bytes
    metadata: Mapping[str, str]
    placement: Placement
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class MemoryMultipart:
    """A multipart upload that is open, with the parts that are there."""

    begun: OldMultipart
    content_type: str
    upload_id: str
    placement: Placement
    parts: dict[int, bytes]

    def listed(self) -> list[Part]:
        """The parts that are there, by number."""
        return [Part(number, len(content), _md5(content)) for number, content in sorted(self.parts.items())]


class MemoryStore:
    """`ObjectStore` that judges forms as S3 does, and honours the condition of a copy, as AWS and Ceph RGW do.

    ``versioned`` keeps what was overwritten, as a bucket with versioning does. ``before`` may be set at any time.
    """

    def __init__(
        self,
        bucket: str = "memory",
        *,
        region: str = "us-east-1",
        versioned: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        before: Hook | None = None,
    ) -> None:
        self._bucket = bucket
        self._region = region
        self._versioned = versioned
        self._clock = clock
        self.before = before
        self._credentials = Credentials("memory", "memory-secret")
        self._objects: dict[str, list[MemoryObject | None]] = {}  # oldest first; None is a delete marker
        self._multiparts: dict[str, MemoryMultipart] = {}
        self._numbers = count(1)
        self._removed = False
        self._lock = RLock()

    @property
    def bucket(self) -> str:
        return self._bucket

    @property
    def region(self) -> str:
        return self._region

    @property
    def post_url(self) -> str:
        return f"memory://{self._bucket}/"

    @property
    def can_post(self) -> bool:
        return True

    def credentials(self) -> Credentials:
        _call(self.before, "credentials")
        return self._credentials

    def head(self, key: str, version_id: str | None = None) -> ObjectHead | None:
        _call(self.before, "head", key)
        found = self.read(key, version_id)
        return None if found is None else found.head

    def copy(self, source: ObjectHead, key: str, placement: Placement) -> None:
        _call(self.before, "copy", key)
        with self._lock:
            self._require_bucket()
            found = self.read(source.key, source.version_id)
            if found is None:
                raise ObjectMissing
            if found.head.etag != source.etag:
                raise ObjectChanged
            head = replace(found.head, key=key)
            self._write(replace(found, head=head, placement=placement, modified_at=self._clock()))

    def delete(self, key: str, version_id: str | None = None) -> None:
        _call(self.before, "delete", key)
        with self._lock:
            self._require_bucket()
            versions = self._objects.pop(key, [])
            if version_id is not None:
                self._objects[key] = [one for one in versions if one is None or one.head.version_id != version_id]
            elif self._versioned:
                self._objects[key] = [*versions, None]

    def presigned_get(self, stored: StoredObject, filename: str, expires_in: int) -> str:
        """A ``memory:`` URL that says what it would give; nothing serves it."""
        _call(self.before, "presigned_get", stored.key)
        query = urlencode({"filename": filename, "content_type": stored.content_type, "expires_in": expires_in})
        return f"memory://{self._bucket}/{quote(stored.key)}?{query}"

    def check(self) -> None:
        _call(self.before, "check")
        self._require_bucket()

    def old_objects(self, prefix: str, before: datetime) -> Iterator[OldObject]:
        _call(self.before, "old_objects", prefix)
        self._require_bucket()
        for key in self.keys():
            found = self.read(key)
            if found is not None and key.startswith(prefix) and found.modified_at < before:
                yield OldObject(key, found.modified_at)

    def old_multiparts(self, prefix: str, before: datetime) -> Iterator[OldMultipart]:
        _call(self.before, "old_multiparts", prefix)
        self._require_bucket()
        begun = [multipart.begun for multipart in self._multiparts.values()]
        for multipart in sorted(begun, key=lambda one: (one.key, one.multipart_id)):
            if multipart.key.startswith(prefix) and multipart.started_at < before:
                yield multipart

    def abort_multipart(self, key: str, multipart_id: MultipartUploadId) -> None:
        _call(self.before, "abort_multipart", key)
        with self._lock:
            self._require_bucket()
            self._multiparts.pop(multipart_id, None)

    def first_bytes(self, source: ObjectHead) -> bytes:
        _call(self.before, "first_bytes", source.key)
        self._require_bucket()
        found = self.read(source.key, source.version_id)
        if found is None:
            raise ObjectMissing
        if found.head.etag != source.etag:
            raise ObjectChanged
        return found.content[:FIRST_BYTES]

    def presigned_put(self, key: str, headers: Mapping[str, str], expires_in: int) -> Presigned:
        _call(self.before, "presigned_put", key)
        return Presigned(self._sign(key, {}, headers, expires_in), headers)

    def start_multipart(
        self, key: str, content_type: str, upload_id: UploadId, placement: Placement
    ) -> MultipartUploadId:
        _call(self.before, "start_multipart", key)
        with self._lock:
            self._require_bucket()
            multipart_id = MultipartUploadId(f"m{next(self._numbers)}")
            begun = OldMultipart(key, multipart_id, self._clock())
            self._multiparts[multipart_id] = MemoryMultipart(begun, content_type, upload_id, placement, {})
            return multipart_id

    def parts(self, key: str, multipart_id: MultipartUploadId) -> list[Part] | None:
        _call(self.before, "parts", key)
        with self._lock:
            self._require_bucket()
            multipart = self._multiparts.get(multipart_id)
            return None if multipart is None or multipart.begun.key != key else multipart.listed()

    def presigned_part(
        self, key: str, multipart_id: MultipartUploadId, number: int, size: int | None, expires_in: int
    ) -> Presigned:
        _call(self.before, "presigned_part", key)
        headers = {} if size is None else {"Content-Length": str(size)}
        asked = {"partNumber": str(number), "uploadId": multipart_id}
        return Presigned(self._sign(key, asked, headers, expires_in), headers)

    def join_parts(self, key: str, multipart_id: MultipartUploadId, parts: Sequence[Part]) -> None:
        _call(self.before, "join_parts", key)
        with self._lock:
            self._require_bucket()
            multipart = self._multiparts.get(multipart_id)
            if multipart is None or multipart.begun.key != key:
                raise ObjectMissing
            if not parts or {*parts} - {*multipart.listed()} or any(one.size < MIN_PART_SIZE for one in parts[:-1]):
                raise ObjectChanged
            del self._multiparts[multipart_id]
            content = b"".join(multipart.parts[part.number] for part in parts)
            sums = b"".join(bytes.fromhex(part.etag) for part in parts)
            etag, id_ = f"{_md5(sums)}-{len(parts)}", multipart.upload_id
            head = ObjectHead(key, etag, None, len(content), multipart.content_type, id_, {})
            self._write(MemoryObject(head, content, {"upload-id": id_}, multipart.placement, self._clock()))

    def send(self, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        """A client's PUT to a presigned URL: S3's answer. The headers that were signed have to be as they were."""
        parts = urlsplit(url)
        key, asked = unquote(parts.path).removeprefix("/"), dict(parse_qsl(parts.query, keep_blank_values=True))
        sent = {name.lower(): value for name, value in headers.items()} | {"content-length": str(len(content))}
        signed = {name: sent.get(name, "") for name in asked.get("headers", "").split(";") if name}
        if not hmac.compare_digest(asked.pop("signature", ""), self._signature(key, asked, signed)):
            return Answer(403, "SignatureDoesNotMatch")
        if float(asked["expires"]) <= self._clock().timestamp():
            return Answer(403, "AccessDenied")
        with self._lock:
            if "uploadId" in asked:
                return self._take_part(asked["uploadId"], int(asked["partNumber"]), content)
            if "if-none-match" in signed and self.read(key) is not None:
                return Answer(412, "PreconditionFailed")
            return self._take(key, sent, content) or Answer(200)

    def _take(self, key: str, fields: Mapping[str, str], content: bytes) -> Answer | None:
        """Writes what a client sent with ``fields``; the answer where its checksums are not those of ``content``."""
        sums = _named(fields, _CHECKSUM)
        checked = {name: b64encode(_SUMS[name](content)).decode() for name in sums if name in _SUMS}
        if any(sums[name] != value for name, value in checked.items()):
            return Answer(400, "BadDigest")
        self.put(key, content, fields.get("content-type", DEFAULT_TYPE), _named(fields, _META), checked)
        return None

    def _take_part(self, multipart_id: str, number: int, content: bytes) -> Answer:
        multipart = self._multiparts.get(multipart_id)
        if multipart is None:
            return Answer(404, "NoSuchUpload")
        multipart.parts[number] = content
        return Answer(200)

    def _sign(self, key: str, asked: Mapping[str, str], headers: Mapping[str, str], expires_in: int) -> str:
        """A URL of this store's own kind, which `send` takes: the key, what is asked for, and which headers it has."""
        signed = {name.lower(): value for name, value in headers.items()}
        expires = str(self._clock().timestamp() + expires_in)
        query = {**asked, "expires": expires, "headers": ";".join(signed)}
        query["signature"] = self._signature(key, query, signed)
        return f"memory://{self._bucket}/{quote(key)}?{urlencode(query)}"

    def _signature(self, key: str, asked: Mapping[str, str], headers: Mapping[str, str]) -> str:
        text = repr((key, sorted(asked.items()), sorted(headers.items())))
        return hmac.digest(self._credentials.secret_key.encode(), text.encode(), "sha256").hex()

    def post(self, form: Sequence[tuple[str, str]], content: bytes, filename: str = "") -> Answer:
        """A client's POST of ``form`` and then a file: S3's answer; the object is there when it is 201, 204 or 303.

        Like AWS it refuses content that does not have a checksum of the form (crc32, sha1, sha256).
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

    def put(
        self,
        key: str,
        content: bytes,
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
        checksums: Mapping[str, str] | None = None,
    ) -> ObjectHead:
        """Writes an object as the bucket's owner may, past all policies. No hook is called."""
        etag = _md5(content)
        metadata = dict(metadata or {})
        upload_id = metadata.get("upload-id")
        head = ObjectHead(key, etag, None, len(content), content_type, upload_id, dict(checksums or {}))
        return self._write(MemoryObject(head, content, metadata, Placement(), self._clock()))

    def read(self, key: str, version_id: str | None = None) -> MemoryObject | None:
        """The object under ``key``, its newest version unless one is named. No hook is called."""
        with self._lock:
            versions = self._objects.get(key) or [None]
            if version_id is None:
                return versions[-1]
            return next((one for one in versions if one and one.head.version_id == version_id), None)

    def keys(self) -> list[str]:
        """Every key under which there is an object now."""
        with self._lock:
            return sorted(key for key in self._objects if self.read(key) is not None)

    def remove_bucket(self) -> None:
        """The bucket is gone, with all that was in it. As at S3, a `head` then looks like that of a missing object."""
        with self._lock:
            self._objects.clear()
            self._removed = True

    def _require_bucket(self) -> None:
        if self._removed:
            raise StoreUnavailable(f"There is no bucket {self._bucket!r}.", 30)

    def _write(self, new: MemoryObject) -> ObjectHead:
        with self._lock:
            head = replace(new.head, version_id=f"v{next(self._numbers)}" if self._versioned else None)
            before = self._objects.get(head.key, []) if self._versioned else []
            self._objects[head.key] = [*before, replace(new, head=head)]
            return head


class MemoryLedger:
    """`Ledger`, `KeyRing` and `Outbox` in memory. ``before`` may be set at any time.

    Without ``announce`` nothing is written to the outbox.
    """

    def __init__(self, before: Hook | None = None, announce: Announcer | None = None) -> None:
        self.before = before
        self._announce = announce
        self._outbox: dict[str, Announcement] = {}
        self._uploads: dict[UploadId, Upload] = {}
        self._once: dict[tuple[str, str], tuple[UploadId, str]] = {}
        self._keys: dict[str, ApiKey] = {}
        self._used: dict[str, tuple[int, datetime]] = {}
        self._lock = RLock()

    def add(self, uploads: Sequence[Upload]) -> None:
        for upload in uploads:
            _call(self.before, "add", upload.id)
        self._insert(uploads)

    def add_once(self, entries: Sequence[Once]) -> list[Once]:
        for entry in entries:
            _call(self.before, "add_once", entry.upload.id)
        with self._lock:
            first: dict[tuple[str, str], Once] = {}
            for entry in entries:
                first.setdefault((entry.upload.account, entry.key), entry)
            fresh = {name: entry for name, entry in first.items() if name not in self._once}
            self._insert([entry.upload for entry in fresh.values()])
            self._once |= {name: (entry.upload.id, entry.fingerprint) for name, entry in fresh.items()}
            return [self._kept(entry.upload.account, entry.key) for entry in entries]

    def get(self, upload_id: UploadId) -> Upload | None:
        _call(self.before, "get", upload_id)
        return self._uploads.get(upload_id)

    def replace(self, before: Upload, after: Upload) -> bool:
        _call(self.before, "replace", before.id)
        with self._lock:
            now = self._uploads.get(before.id)
            if now is None or now.version != before.version:
                return False
            announcement = self._announce(before, after) if self._announce else None
            if announcement is not None:
                self._outbox[announcement.id] = announcement
            self._uploads[before.id] = after
            return True

    def due(self, at: datetime, limit: int, after: Upload | None = None) -> list[Upload]:
        _call(self.before, "due")
        with self._lock:
            found = [((upload.due_at, upload.id), upload) for upload in self._uploads.values() if upload.due_at]
        last = (after.due_at, after.id) if after is not None and after.due_at is not None else None
        return [upload for place, upload in sorted(found) if place[0] <= at and (last is None or place > last)][:limit]

    def reschedule(self, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
        _call(self.before, "reschedule")
        moved = []
        with self._lock:
            for upload, due_at in moves:
                now = self._uploads.get(upload.id)
                if now is not None and (now.version, now.due_at) == (upload.version, upload.due_at):
                    self._uploads[upload.id] = now._replace(due_at=due_at)
                    moved.append(upload._replace(due_at=due_at))
        return moved

    def page(self, query: Query) -> list[Upload]:
        _call(self.before, "page")
        with self._lock:
            found = [upload for upload in self._uploads.values() if _is_asked_for(upload, query)]
        return sorted(found, key=lambda upload: upload.id, reverse=True)[: query.limit]

    def check(self) -> None:
        _call(self.before, "check")

    def add_key(self, key: ApiKey) -> None:
        _call(self.before, "add_key", key.id)
        with self._lock:
            if key.id in self._keys:
                raise LedgerUnavailable("The ledger has a key of that id already.")
            self._keys[key.id] = key

    def get_key(self, key_id: str) -> ApiKey | None:
        _call(self.before, "get_key", key_id)
        return self._keys.get(key_id)

    def list_keys(self) -> list[ApiKey]:
        _call(self.before, "list_keys")
        with self._lock:
            return sorted(self._keys.values(), key=lambda key: (key.created_at, key.id))

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        _call(self.before, "revoke_key", key_id)
        with self._lock:
            key = self._keys.get(key_id)
            if key is not None and key.revoked_at is None:
                self._keys[key_id] = replace(key, revoked_at=at)
            return key is not None

    def claim(self, now: datetime, until: datetime, limit: int) -> list[Announcement]:
        _call(self.before, "claim")
        with self._lock:
            due = [one for one in self._outbox.values() if one.status is Status.WAITING and one.due_at <= now]
            due = sorted(due, key=lambda one: one.due_at)[:limit]
            claimed = [one.changed(due_at=until) for one in due]
            self._outbox |= {one.id: one for one in claimed}
            return claimed

    def settle(self, before: Announcement, after: Announcement) -> bool:
        _call(self.before, "settle", before.id)
        with self._lock:
            now = self._outbox.get(before.id)
            if now is None or now.version != before.version:
                return False
            self._outbox[before.id] = after
            return True

    def prune(self, now: datetime, limit: int) -> int:
        _call(self.before, "prune")
        with self._lock:
            done = [one.id for one in self._outbox.values() if one.status is Status.DELIVERED and one.due_at <= now]
            for name in done[:limit]:
                del self._outbox[name]
            return len(done[:limit])

    def announcements(self, status: Status | None, limit: int) -> list[Announcement]:
        _call(self.before, "announcements")
        with self._lock:
            found = [one for one in self._outbox.values() if status in {None, one.status}]
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)[:limit]

    def replay(self, ids: Sequence[str] | None, now: datetime) -> list[str]:
        _call(self.before, "replay")
        with self._lock:
            every = self._outbox.values()
            if ids is None:
                chosen = [one for one in every if one.status is Status.DEAD]
            else:
                chosen = [one for one in every if one.status is not Status.WAITING and one.id in ids]
            again = [one.changed(status=Status.WAITING, attempts=0, due_at=now) for one in chosen]
            self._outbox |= {one.id: one for one in again}
            return [one.id for one in again]

    def add_within(self, uploads: Sequence[Upload], allowance: Allowance) -> bool:
        for upload in uploads:
            _call(self.before, "add_within", upload.id)
        with self._lock:
            if not self._has_left(allowance, len(uploads)):
                return False
            self._insert(uploads)
            self._spend(allowance, len(uploads))
            return True

    def add_once_within(self, entry: Once, allowance: Allowance) -> Once | None:
        _call(self.before, "add_once_within", entry.upload.id)
        with self._lock:
            name = (entry.upload.account, entry.key)
            if name not in self._once:
                if not self._has_left(allowance, 1):
                    return None
                self._insert([entry.upload])
                self._spend(allowance, 1)
                self._once[name] = (entry.upload.id, entry.fingerprint)
            return self._kept(*name)

    def forget_allowances(self, before: datetime, limit: int) -> int:
        _call(self.before, "forget_allowances")
        with self._lock:
            expired = [ticket for ticket, (_, expires_at) in self._used.items() if expires_at < before][:limit]
            for ticket in expired:
                del self._used[ticket]
            return len(expired)

    def _has_left(self, allowance: Allowance, count: int) -> bool:
        return self._used.get(allowance.ticket, (0,))[0] + count <= allowance.limit

    def _spend(self, allowance: Allowance, count: int) -> None:
        used = self._used.get(allowance.ticket, (0,))[0]
        if count:
            self._used[allowance.ticket] = (used + count, allowance.expires_at)

    def _insert(self, uploads: Sequence[Upload]) -> None:
        with self._lock:
            new = {upload.id: upload for upload in uploads}
            if len(new) < len(uploads) or new.keys() & self._uploads.keys():
                raise LedgerUnavailable("The ledger has an upload of that id already.")
            self._uploads |= new

    def _kept(self, account: str, key: str) -> Once:
        upload_id, fingerprint = self._once[account, key]
        return Once(self._uploads[upload_id], key, fingerprint)


def _call(before: Hook | None, operation: str, subject: str = "") -> None:
    """Outside of any lock: a hook may wait for another thread."""
    if before is not None:
        before(operation, subject)


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _named(fields: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in fields.items() if name.startswith(prefix)}


def _is_asked_for(upload: Upload, query: Query) -> bool:
    return (
        query.account in {None, upload.account}
        and query.state in {None, upload.state}
        and query.profile in {None, upload.profile}
        and (query.before is None or upload.id < query.before)
    )
