"""The bucket behind the memory store: objects and their versions, as the bucket's owner sees them."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from valetkey.adapters.memory.hooks import Hook, Hooked
from valetkey.core.errors import ObjectChanged, ObjectMissing, StoreUnavailable
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import StoredObject
from valetkey.core.ports.store import ObjectHead, ObjectHeaders

DEFAULT_TYPE = "binary/octet-stream"
"""The content type that S3 gives to an object without one."""


@dataclass(frozen=True, slots=True)
class MemoryObject:
    """One version of an object. Names in ``metadata`` have no prefix ``x-amz-meta-``. ``headers`` are those that the
    service wrote; None for an object of another writer."""

    head: ObjectHead
    content: bytes
    metadata: Mapping[str, str]
    placement: Placement
    modified_at: datetime
    headers: ObjectHeaders | None = None


class MemoryBucket(Hooked):
    """A bucket that tests can access directly, past all policies.

    ``versioned`` keeps overwritten objects, as a bucket with versioning does.
    """

    def __init__(
        self,
        bucket: str = "memory",
        *,
        versioned: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        before: Hook | None = None,
    ) -> None:
        super().__init__(before)
        self._bucket = bucket
        self._versioned = versioned
        self._clock = clock
        self._objects: dict[str, list[MemoryObject]] = {}  # oldest first
        self._numbers = count(1)
        self._removed = False
        self._retained: set[str] = set()
        self._retained_until: dict[str, datetime] = {}

    @property
    def bucket(self) -> str:
        return self._bucket

    def put(
        self,
        key: str,
        content: bytes,
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
        checksums: Mapping[str, str] | None = None,
    ) -> ObjectHead:
        """Writes an object as the bucket's owner may, past all policies. No hook is called."""
        etag = md5(content)
        metadata = dict(metadata or {})
        upload_id = metadata.get("upload-id")
        head = ObjectHead(key, etag, None, len(content), content_type, upload_id, dict(checksums or {}))
        return self._write(MemoryObject(head, content, metadata, Placement(), self._clock()))

    def read(self, key: str, version_id: str | None = None) -> MemoryObject | None:
        """The object under ``key``, its newest version unless one is named. No hook is called."""
        with self._lock:
            versions = self._objects.get(key, [])
            if version_id is None:
                return versions[-1] if versions else None
            return next((one for one in versions if one.head.version_id == version_id), None)

    def keys(self) -> list[str]:
        """Every key under which there is an object now."""
        with self._lock:
            return sorted(key for key in self._objects if self.read(key) is not None)

    def written(self) -> list[tuple[str, datetime]]:
        """Every key that has versions, old ones included, and when its oldest was written."""
        with self._lock:
            return sorted((key, versions[0].modified_at) for key, versions in self._objects.items())

    def remove_bucket(self) -> None:
        """Removes the bucket with all its objects. As at S3, a `head` then looks like that of a missing object."""
        with self._lock:
            self._objects.clear()
            self._removed = True

    def _require_bucket(self) -> None:
        if self._removed:
            raise StoreUnavailable(f"There is no bucket {self._bucket!r}.", 30)

    def _require(self, source: ObjectHead | StoredObject) -> MemoryObject:
        """The object that ``source`` describes. Raises `ObjectMissing` and, for other bytes, `ObjectChanged`."""
        self._require_bucket()
        found = self.read(source.key, source.version_id)
        if found is None:
            raise ObjectMissing
        if found.head.etag != source.etag:
            raise ObjectChanged
        return found

    def _write(self, new: MemoryObject) -> ObjectHead:
        with self._lock:
            head = replace(new.head, version_id=f"v{next(self._numbers)}" if self._versioned else None)
            before = self._objects.get(head.key, []) if self._versioned else []
            self._objects[head.key] = [*before, replace(new, head=head)]
            return head

    def retain(self, key: str, *, held: bool = True) -> None:
        """Makes the object under ``key`` unremovable, as under Object Lock; or removable again."""
        with self._lock:
            (self._retained.add if held else self._retained.discard)(key)

    def retained_until(self, key: str) -> datetime | None:
        """Until when the object under ``key`` is retained; None if it is not."""
        with self._lock:
            return self._retained_until.get(key)

    def _lock_up(self, found: MemoryObject, until: datetime | None, *, held: bool) -> None:
        key = found.head.key
        if held:
            self._retained.add(key)
        if until is not None:
            self._retained_until[key] = max(until, self._retained_until.get(key, until))

    def _is_retained(self, key: str) -> bool:
        until = self._retained_until.get(key)
        return key in self._retained or (until is not None and self._clock() < until)

    def _remove(self, key: str) -> str | None:
        with self._lock:
            self._require_bucket()
            if self._is_retained(key) and key in self._objects:
                return "It is under retention."
            self._objects.pop(key, None)
            return None


def md5(content: bytes) -> str:
    """S3's ETag of an object that was sent in one request."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
