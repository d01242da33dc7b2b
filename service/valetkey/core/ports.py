"""What the core needs from outside: a store, a ledger, somebody to tell.

Each adapter implements one of these, knows one outside system, and passes the suite in ``tests/contract``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from valetkey.core.access import Allowance
from valetkey.core.announcement import Announcement, Status
from valetkey.core.keys import ApiKey
from valetkey.core.multipart import Part
from valetkey.core.policy import Credentials
from valetkey.core.rules import Placement
from valetkey.core.upload import MultipartUploadId, StoredObject, Upload, UploadId, UploadState


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
class ObjectHeaders:
    """All that an object of ours carries beside its bytes; whatever else a client attached is left behind."""

    content_type: str
    upload_id: UploadId
    placement: Placement = field(default_factory=Placement)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What is known of a store. ``parts_end_with_join``: a part URL is dead once the parts are joined (not at Swift).

    ``conditional_put``: a PUT may be signed with ``If-None-Match``. ``part_checksums``: each PUT and each part needs a
    checksum, as where a bucket has a default retention.
    """

    post: bool = True
    conditional_put: bool = True
    list_parts: bool = True
    parts_end_with_join: bool = True
    part_checksums: bool = False


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
"""The most that is ever read of an object."""


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

    def copy(self, source: ObjectHead, key: str, headers: ObjectHeaders) -> None:
        """Copies the bytes of ``source`` to ``key`` if it still has its ETag; what goes with them is ``headers`` alone.

        Raises `ObjectChanged` or `ObjectMissing` when it has not, and `PlacementRefused`. Above `WHOLE_COPY` bytes it
        copies in parts and sees for itself that the source stayed as it was. Below, a store may ignore the condition
        (moto does): see `proves_copies`, and look at what was copied. It may be there even when this fails.
        """

    def proves_copies(self, source: ObjectHead) -> bool:
        """Whether the condition of a `copy` is honoured, found out by a copy of ``source`` that has to be refused."""

    def delete(self, key: str) -> None:
        """Removes the object with all of its versions, and nothing when there is none."""

    def presigned_get(self, stored: StoredObject, filename: str, expires_in: int) -> str:
        """A URL that downloads ``stored`` as ``filename`` for ``expires_in`` seconds."""

    def check(self) -> None:
        """Raises `StoreUnavailable` unless the bucket is there and ours to use."""

    def old_objects(self, prefix: str, before: datetime) -> Iterator[OldObject]:
        """The keys below ``prefix`` where something was written before then, old versions and delete markers included.

        They may be removed while it goes on.
        """

    def old_multiparts(self, prefix: str, before: datetime) -> Iterator[OldMultipart]:
        """The multipart uploads below ``prefix`` that were begun before then and are still open."""

    def abort_multipart(self, key: str, multipart_id: MultipartUploadId) -> None:
        """Ends a multipart upload and removes its parts; nothing happens when it is over."""

    def first_bytes(self, source: ObjectHead) -> bytes:
        """The first `FIRST_BYTES` of ``source``, or all where it has fewer, if it still has its ETag.

        Raises `ObjectChanged` or `ObjectMissing` when it has not.
        """

    def presigned_put(self, key: str, headers: Mapping[str, str], expires_in: int) -> Presigned:
        """A URL that takes one object, for ``expires_in`` seconds, with exactly ``headers``."""

    def start_multipart(self, key: str, headers: ObjectHeaders) -> MultipartUploadId:
        """Begins a multipart upload of an object that will have ``headers``.

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


@dataclass(frozen=True, slots=True)
class Once:
    """An upload to be created once for ``account`` and ``key``; ``fingerprint`` tells whether the body is the same."""

    upload: Upload
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Query:
    """Which uploads to list: ``account`` sees its own; ``before`` is the id to go on from; None does not filter."""

    account: str | None
    limit: int
    state: UploadState | None = None
    profile: str | None = None
    before: UploadId | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """What a process of the ledger said of a profile, and when it started."""

    terms: str
    at: datetime


class Ledger(Protocol):
    """The durable record of uploads. What a method has returned from survives a crash.

    Every method raises `LedgerUnavailable` when the record cannot be read or written; nothing is half done then.
    """

    def add(self, uploads: Sequence[Upload]) -> None:
        """Records new uploads, all in one commit."""

    def add_once(self, entries: Sequence[Once]) -> list[Once]:
        """Like `add`, but an entry whose account and key are known is not added: what was recorded comes back."""

    def get(self, upload_id: UploadId) -> Upload | None: ...

    def replace(self, before: Upload, after: Upload) -> bool:
        """Compare-and-set: writes ``after`` if the upload still has the version of ``before``; says whether.

        A ledger that was given an `Announcer` writes its announcement in the same transaction, or neither.
        """

    def page(self, query: Query) -> list[Upload]:
        """The newest uploads first."""

    def check(self) -> None:
        """Raises `LedgerUnavailable` unless it can be read and has the schema this version needs."""

    def due(
        self, at: datetime, limit: int, after: Upload | None = None, *, state: UploadState | None = None
    ) -> list[Upload]:
        """Those whose ``due_at`` is ``at`` or earlier, the longest due first; those behind ``after`` where it is given.

        ``state`` leaves others out.

        What it costs grows with what is due, not with the ledger.
        """

    def reschedule(self, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
        """Gives each upload another ``due_at`` if its version and its ``due_at`` are still as given, all in one commit.

        Returns those that were moved, as they are then. The version stays: nobody else is disturbed by it.
        """

    def add_within(self, uploads: Sequence[Upload], allowance: Allowance) -> bool:
        """Like `add`, if so many are left of ``allowance``; otherwise nothing is recorded. Says which.

        However many services ask at once, no more than its limit are ever recorded.
        """

    def add_once_within(self, entry: Once, allowance: Allowance) -> Once | None:
        """Like `add_once` for one entry; a new one takes one of ``allowance``, and is None when none is left."""

    def declare(self, terms: Mapping[str, str], now: datetime) -> Mapping[str, Declared]:
        """Records what the profiles of this process say, by name; returns what was said of each name before."""

    def forget_allowances(self, before: datetime, limit: int) -> int:
        """Removes what was counted for up to ``limit`` tickets that expired before then; says how many."""


class KeyRing(Protocol):
    """The durable record of API keys, of which only hashes are kept. Raises `LedgerUnavailable` like a `Ledger`."""

    def add_key(self, key: ApiKey) -> None: ...

    def get_key(self, key_id: str) -> ApiKey | None: ...

    def list_keys(self) -> list[ApiKey]:
        """All of them, the oldest first, the revoked ones included."""

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Says whether there was such a key; one that was revoked before keeps its date."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a queue as it was received; ``receipt`` deletes it."""

    body: bytes
    receipt: str


class EventQueue(Protocol):
    """Where a store's events wait. Every method raises `StoreUnavailable` when it does not answer."""

    @property
    def visibility(self) -> int:
        """How long a received message is nobody else's, in seconds."""

    def receive(self, wait: int) -> Sequence[Message]:
        """Some messages; waits at most ``wait`` seconds for the first. Unless deleted, they come again."""

    def extend(self, messages: Sequence[Message]) -> None:
        """Keeps messages from others for `visibility` seconds from now on."""

    def delete(self, messages: Sequence[Message]) -> None:
        """Takes messages off the queue, for good."""


class Notifier(Protocol):
    """Told of every end, after it is durable."""

    def ended(self, upload: Upload) -> None: ...


class Outbox(Protocol):
    """The announcements that a `Ledger` wrote. Raises `LedgerUnavailable` like it."""

    def claim(self, now: datetime, until: datetime, limit: int) -> list[Announcement]:
        """Up to ``limit`` that wait and are due at ``now``, the oldest first, as they are then: due again at ``until``.

        By compare-and-set: each goes to one caller.
        """

    def settle(self, before: Announcement, after: Announcement) -> bool:
        """Compare-and-set: writes ``after`` if the row still has the version of ``before``; says whether."""

    def prune(self, now: datetime, limit: int) -> int:
        """Removes up to ``limit`` delivered ones that were due at ``now``; says how many."""

    def announcements(self, status: Status | None, limit: int) -> list[Announcement]:
        """The newest first; None does not filter."""

    def replay(self, ids: Sequence[str] | None, now: datetime) -> list[str]:
        """Makes dead or delivered ones of ``ids`` (None: all that are dead) wait again, due at ``now``, with no attempt
        made; says which."""


class Outcome(StrEnum):
    """How an attempt went. ``gone``: the receiver wants nothing any more."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome, a few words on it, and how many seconds the receiver asked to be left alone."""

    outcome: Outcome
    detail: str
    retry_after: float | None = None


class WebhookReceiver(Protocol):
    """Where announcements go."""

    def deliver(self, announcement: Announcement, at: datetime) -> Receipt:
        """One attempt, signed as of ``at``. What goes wrong is a receipt, not an exception."""


class TypeDetector(Protocol):
    """Knows the signatures of file formats."""

    def candidates(self, first: bytes) -> Sequence[str]:
        """The types whose signature ``first`` begins with, the likeliest first; those that it cannot tell apart too."""

    def knows(self, content_type: str) -> bool:
        """Whether files of that type have a signature that it would find."""
