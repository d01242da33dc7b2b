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
    """What the store says of an object: ``size`` in bytes, ``etag`` without quotes, ``checksums`` by algorithm in
    lower case (whole-object ones only, base64), ``upload_id`` from the object's metadata."""

    key: str
    etag: str
    version_id: str | None
    size: int
    content_type: str
    upload_id: str | None
    checksums: Mapping[str, str]

    def as_object(self, key: str) -> StoredObject:
        """What the ledger keeps of it, under ``key``."""
        return StoredObject(key, self.etag, self.version_id, self.size, self.content_type)


@dataclass(frozen=True, slots=True)
class CopyAnswer:
    """What the store's answer to a copy says of the object that it has made, in the words of `ObjectHead`."""

    etag: str
    version_id: str | None
    checksums: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ObjectHeaders:
    """All that an object of ours carries beside its bytes; whatever else a client attached is left behind.

    ``filename`` is what the client calls the file. Object Lock is not among it: see `ObjectStore.finish`.
    """

    content_type: str
    upload_id: UploadId
    placement: Placement = field(default_factory=Placement)
    filename: str = ""

    @property
    def content_disposition(self) -> str | None:
        """How a browser takes it; None where the profile leaves that open. What could run as a page is saved."""
        asked = self.placement.content_disposition
        if asked is None:
            return None
        shown = asked == "inline" and is_safe_to_show(self.content_type)
        return content_disposition(self.filename, "inline" if shown else "attachment", MAX_STORED_DISPOSITION)


@dataclass(frozen=True, slots=True)
class OldObject:
    """An object that has been there for a while."""

    key: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class OldMultipart:
    """A multipart upload that has been open for a while."""

    key: str
    multipart_id: MultipartUploadId
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Presigned:
    """A presigned PUT: the client sends exactly ``headers`` with its bytes."""

    url: str
    headers: Mapping[str, str]


FIRST_BYTES = 4096
"""The most that is read of an object to see what it is."""


MAX_BATCH = 1000
"""How many keys S3's DeleteObjects takes at once."""


class ObjectStore(Protocol):
    """An S3-compatible bucket. Every method but the properties raises `StoreUnavailable` when it does not answer."""

    @property
    def bucket(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def post_url(self) -> str:
        """Where clients send their form, on the public endpoint."""

    @property
    def capabilities(self) -> Capabilities:
        """What is known of it by now."""

    def credentials(self) -> Credentials:
        """The credentials to sign with now, fresh where they are temporary."""

    def head(self, key: str, version_id: str | None = None) -> ObjectHead | None:
        """What is under ``key`` now, or that version of it; None when nothing is."""

    def copy(self, source: ObjectHead, key: str, headers: ObjectHeaders) -> CopyAnswer | None:
        """Copies the bytes of ``source`` to ``key`` if it still has its ETag; what goes with them is ``headers`` alone.

        What the store said of the copy; None where it said too little, where it was made in parts, and where it was
        made without the condition.

        Raises `ObjectChanged` or `ObjectMissing` when it has not, and `PlacementRefused`. Above `WHOLE_COPY` bytes it
        copies in parts and sees for itself that the source stayed as it was. Below, a store may ignore the condition
        (moto does): see `proves_copies`, and look at what was copied. It may be there even when this fails.
        """

    def finish(self, promoted: ObjectHead, placement: Placement, retain_until: datetime | None) -> None:
        """Puts ``placement``'s Object Lock on what is under a final key, and its tags where the write has lost them.

        It is retained until ``retain_until`` at least. Calling it again changes nothing else. Raises
        `PlacementRefused`, and `ObjectMissing`.
        """

    def proves_copies(self, source: ObjectHead) -> bool:
        """Whether the condition of a `copy` is honoured, found out by a copy of ``source`` that has to be refused."""

    def delete(self, key: str) -> str | None:
        """Removes the object with all of its versions, and nothing when there is none.

        Returns why some of them stay, hidden, as under Object Lock; None where nothing is left.
        """

    def delete_batch(self, keys: Sequence[str]) -> None:
        """The same for many keys, together where the store can. What cannot be removed now is logged.

        For what no answer depends on: what stays is found where the bucket is looked through.
        """

    def presigned_get(
        self, stored: StoredObject, filename: str, expires_in: int, *, inline: bool = False, head: bool = False
    ) -> str:
        """A URL that downloads ``stored`` as ``filename`` for ``expires_in`` seconds; ``inline`` has a browser show it,
        which is right only for what cannot run as a page. With ``head`` it is for a HEAD instead: SigV4 signs the
        method, too."""

    def check(self) -> None:
        """Raises `StoreUnavailable` unless the bucket is there and ours to use."""

    def old_objects(self, prefix: str, before: datetime) -> Iterator[OldObject]:
        """The keys below ``prefix`` where something was written before then, old versions and delete markers included.

        They may be removed while it goes on.
        """

    def old_multiparts(self, prefix: str, before: datetime) -> Iterator[OldMultipart]:
        """The multipart uploads below ``prefix`` that were started before then and are still open."""

    def abort_multipart(self, key: str, multipart_id: MultipartUploadId) -> None:
        """Ends a multipart upload and removes its parts; nothing happens when it is over."""

    def first_bytes(self, source: ObjectHead) -> bytes:
        """The first `FIRST_BYTES` of ``source``, or all where it has fewer, if it still has its ETag.

        Raises `ObjectChanged` or `ObjectMissing` when it has not.
        """

    def read_range(self, stored: StoredObject, start: int, end: int) -> bytes:
        """The bytes of ``stored`` from ``start`` to before ``end`` (0 <= start < end <= its size), all of them.

        Raises `ObjectChanged` or `ObjectMissing` when it is not the object with that ETag (and version) any more: what
        is returned never has bytes of another one.
        """

    def presigned_put(self, key: str, headers: Mapping[str, str], expires_in: int) -> Presigned:
        """A URL that takes one object, for ``expires_in`` seconds, with exactly ``headers``."""

    def start_multipart(self, key: str, headers: ObjectHeaders, *, whole_crc64: bool = False) -> MultipartUploadId:
        """Begins a multipart upload of an object that will have ``headers``.

        ``whole_crc64`` asks for the CRC64NVME of the whole; `capabilities` say afterwards whether the store has it.
        Raises `MethodNotSupported` where the store cannot list parts, and `PlacementRefused`.
        """

    def parts(self, key: str, multipart_id: MultipartUploadId) -> list[Part] | None:
        """The parts that are there, by number; None when the multipart upload is over, or never was."""

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
        """A URL that takes one part for ``expires_in`` seconds; of exactly ``size`` bytes where that is known.

        ``checksum`` is the part's SHA-256 in base64, where one has to be sent along: its header is signed, too.
        """

    def join_parts(self, key: str, multipart_id: MultipartUploadId, parts: Sequence[Part]) -> None:
        """Makes the object out of ``parts``. It may be there even when this fails: look.

        Raises `ObjectMissing` when the multipart upload is over, and `ObjectChanged` when the parts are not these any
        more, or when the store does not take them as they are.
        """
