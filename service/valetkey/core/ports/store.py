"""The store: an S3-compatible bucket."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.multipart import Part
from valetkey.core.model.rules import Placement
from valetkey.core.model.showing import MAX_STORED_DISPOSITION, content_disposition, is_safe_to_show
from valetkey.core.model.upload import MultipartUploadId, StoredObject, UploadId
from valetkey.core.signing.credentials import Credentials


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """The store's description of an object: ``size`` in bytes, ``etag`` without quotes, ``checksums`` by algorithm in
    lower case (of the whole object only, base64), ``upload_id`` from the object's metadata."""

    key: str
    etag: str
    version_id: str | None
    size: int
    content_type: str
    upload_id: str | None
    checksums: Mapping[str, str]

    def as_object(self, key: str) -> StoredObject:
        """The object as the ledger stores it, under ``key``."""
        return StoredObject(key, self.etag, self.version_id, self.size, self.content_type)


@dataclass(frozen=True, slots=True)
class CopyAnswer:
    """The store's response to a copy, with the fields of `ObjectHead`."""

    etag: str
    version_id: str | None
    checksums: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ObjectHeaders:
    """Headers and metadata of our objects; everything else that a client attached is dropped.

    ``filename`` is the client's name for the file. Object Lock is set separately: see `ObjectStore.finish`.
    """

    content_type: str
    upload_id: UploadId
    placement: Placement = field(default_factory=Placement)
    filename: str = ""

    @property
    def content_disposition(self) -> str | None:
        """The Content-Disposition; None if the profile does not set one. Types that could run as a page are saved."""
        asked = self.placement.content_disposition
        if asked is None:
            return None
        shown = asked == "inline" and is_safe_to_show(self.content_type)
        return content_disposition(self.filename, "inline" if shown else "attachment", MAX_STORED_DISPOSITION)


@dataclass(frozen=True, slots=True)
class OldObject:
    """An object that was written a while ago."""

    key: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class OldMultipart:
    """A multipart upload that was started a while ago and is still open."""

    key: str
    multipart_id: MultipartUploadId
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Presigned:
    """A presigned PUT: the client has to send exactly ``headers`` with its bytes."""

    url: str
    headers: Mapping[str, str]


FIRST_BYTES = 4096
"""How many bytes of an object are read to detect its type."""


MAX_BATCH = 1000
"""The maximum number of keys in one DeleteObjects call of S3."""


class ObjectStore(Protocol):
    """An S3-compatible bucket. Every method except the properties raises `StoreUnavailable` if it does not answer."""

    @property
    def bucket(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def post_url(self) -> str:
        """The URL that clients post forms to, on the public endpoint."""

    @property
    def capabilities(self) -> Capabilities:
        """What is known so far about the store's capabilities."""

    def credentials(self) -> Credentials:
        """The credentials to sign with now; temporary ones are renewed in time."""

    def head(self, key: str, version_id: str | None = None) -> ObjectHead | None:
        """The object under ``key`` now, or the given version of it; None if there is none."""

    def copy(self, source: ObjectHead, key: str, headers: ObjectHeaders) -> CopyAnswer | None:
        """Copies the bytes of ``source`` to ``key`` if it still has its ETag, with ``headers`` and nothing else.

        Returns the store's response; None if that says too little, or if the copy was made in parts or without the
        condition.

        Raises `ObjectChanged` or `ObjectMissing` if the source is no longer the same, and `PlacementRefused`. Above
        `WHOLE_COPY` bytes it copies in parts and checks that the source did not change. Below, a store may ignore the
        condition (moto does): see `proves_copies`, and check the copy. The copy may exist even if this fails.
        """

    def finish(self, promoted: ObjectHead, placement: Placement, retain_until: datetime | None) -> None:
        """Sets the Object Lock of ``placement`` on an object under its final key, and its tags if the write lost them.

        The object is retained until ``retain_until`` at least. Idempotent. Raises `PlacementRefused` and
        `ObjectMissing`.
        """

    def proves_copies(self, source: ObjectHead) -> bool:
        """Whether the store honours the condition of a `copy`, tested by a copy of ``source`` that it has to refuse."""

    def delete(self, key: str) -> str | None:
        """Removes the object with all of its versions, if there is one.

        Returns why some versions stay, hidden, as under Object Lock; None if nothing is left.
        """

    def delete_batch(self, keys: Sequence[str]) -> None:
        """Removes the objects of many keys, in one call if the store can. Failures are only logged.

        For removals that no response depends on: the sweep finds the objects that stay.
        """

    def presigned_get(
        self, stored: StoredObject, filename: str, expires_in: int, *, inline: bool = False, head: bool = False
    ) -> str:
        """A URL that downloads ``stored`` as ``filename`` for ``expires_in`` seconds. ``inline`` makes browsers show
        it, which is safe only for types that cannot run as a page. With ``head`` it allows a HEAD request instead, as
        SigV4 also signs the method."""

    def check(self) -> None:
        """Raises `StoreUnavailable` unless the bucket exists and we may use it."""

    def now(self) -> datetime | None:
        """The store's own time, to a second; None if it does not say. This machine's clock may be wrong, and what
        removes confirmed objects asks both."""

    def learn(self) -> None:
        """Asks the bucket whether a PUT of a whole object may be granted (`Capabilities.put`), unless that is known.

        Raises `StoreUnavailable` if it cannot be asked now.
        """

    def old_objects(self, prefix: str, before: datetime) -> Iterator[OldObject]:
        """The keys below ``prefix`` with an object, an old version or a delete marker that was written before
        ``before``.

        They may be removed during the iteration.
        """

    def old_multiparts(self, prefix: str, before: datetime) -> Iterator[OldMultipart]:
        """The open multipart uploads below ``prefix`` that were started before ``before``."""

    def abort_multipart(self, key: str, multipart_id: MultipartUploadId) -> None:
        """Aborts a multipart upload and removes its parts; does nothing if it has already ended."""

    def first_bytes(self, source: ObjectHead) -> bytes:
        """The first `FIRST_BYTES` of ``source``, or all of a smaller one, if it still has its ETag.

        Raises `ObjectChanged` or `ObjectMissing` otherwise.
        """

    def read_range(self, stored: StoredObject, start: int, end: int) -> bytes:
        """All bytes of ``stored`` from ``start`` up to but excluding ``end`` (0 <= start < end <= its size).

        Raises `ObjectChanged` or `ObjectMissing` if the object no longer has that ETag (and version): never returns
        bytes of another object.
        """

    def presigned_put(self, key: str, headers: Mapping[str, str], expires_in: int) -> Presigned:
        """A URL for uploading one object with exactly ``headers``, valid for ``expires_in`` seconds."""

    def start_multipart(self, key: str, headers: ObjectHeaders, *, whole_crc64: bool = False) -> MultipartUploadId:
        """Starts a multipart upload of an object that will have ``headers``.

        ``whole_crc64`` requests the CRC64NVME of the whole; `capabilities` then say whether the store computes it.
        Raises `MethodNotSupported` if the store cannot list parts, and `PlacementRefused`.
        """

    def parts(self, key: str, multipart_id: MultipartUploadId) -> list[Part] | None:
        """The uploaded parts, ordered by number; None if the multipart upload has ended or never existed."""

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
        """A URL for uploading one part, of exactly ``size`` bytes if that is known, valid for ``expires_in`` seconds.

        ``checksum`` is the part's SHA-256 in base64, if it has to be sent: its header is signed as well.
        """

    def join_parts(self, key: str, multipart_id: MultipartUploadId, parts: Sequence[Part]) -> None:
        """Joins ``parts`` into the object. The object may exist even if this fails, so check.

        Raises `ObjectMissing` if the multipart upload has ended, and `ObjectChanged` if the parts have changed or the
        store does not accept them.
        """
