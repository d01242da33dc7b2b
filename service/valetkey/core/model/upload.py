"""An upload, which is one file's journey, and the table of its state transitions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, NewType

from uuid_utils import uuid7

from valetkey.core.errors import StateConflict
from valetkey.core.model.rules import Rules

UploadId = NewType("UploadId", str)

MultipartUploadId = NewType("MultipartUploadId", str)
"""The store's id of a multipart upload; `UploadId` is ours."""

STAGING_PREFIX = "staging/"
"""Where POST and PUT grants write; only accepted bytes leave it. A lifecycle rule on it clears orphans."""

QUARANTINE_PREFIX = "quarantine/"
"""Where bytes lie that are being checked: no grant writes there but that of parts, which ends when they are joined."""

UPLOAD_ID_METADATA = "x-amz-meta-upload-id"
"""The form field, and so the object metadata, that ties an object to its upload."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_HYPHENS = 4
_IDS = re.compile(rf"(?=({_ID.pattern}))")
"""Also finds overlapping ids: an owner or a name may end with most of one, followed by the real id."""


def new_upload_id() -> UploadId:
    """A new UUIDv7 (RFC 9562): ids sort by creation time, to the millisecond."""
    return UploadId(str(uuid7()))


def first_id_of(at: datetime) -> UploadId:
    """The least id of that time: all ids of uploads created earlier sort before it."""
    moment = f"{int(at.timestamp() * 1000):012x}"
    return UploadId(f"{moment[:8]}-{moment[8:]}-7000-8000-000000000000")


def parse_upload_id(text: str) -> UploadId | None:
    """The id in its canonical spelling, or None if ``text`` is not one."""
    return UploadId(text) if _ID.fullmatch(text) else None


class UploadState(StrEnum):
    """The state of an upload. There is no state "uploading": only S3 knows."""

    PENDING = "pending"
    STORED = "stored"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    ABORTED = "aborted"
    EXPIRED = "expired"
    DELETED = "deleted"


TRANSITIONS: Mapping[UploadState, frozenset[UploadState]] = MappingProxyType(
    {
        UploadState.PENDING: frozenset(
            {UploadState.STORED, UploadState.REJECTED, UploadState.ABORTED, UploadState.EXPIRED}
        ),
        # bytes whose transfer started in time may arrive late: they are not lost
        UploadState.EXPIRED: frozenset({UploadState.STORED, UploadState.REJECTED}),
        UploadState.STORED: frozenset({UploadState.CONFIRMED, UploadState.REJECTED}),
        UploadState.CONFIRMED: frozenset({UploadState.DELETED}),
        UploadState.REJECTED: frozenset(),
        UploadState.ABORTED: frozenset(),
        UploadState.DELETED: frozenset(),
    }
)
"""The allowed transitions."""

OPEN = frozenset({UploadState.PENDING, UploadState.EXPIRED, UploadState.STORED})
"""The states in which a signal may still change something."""

ENDED = frozenset(UploadState) - OPEN
"""The states in which no signal changes anything."""

OVER_STATES = frozenset({UploadState.REJECTED, UploadState.ABORTED, UploadState.EXPIRED, UploadState.DELETED})
"""The states of uploads that the ledger need not keep for ever, as the store has nothing of them."""


class Signal(StrEnum):
    """A hint that an object may have arrived; the one that led to the confirmation is recorded."""

    CLIENT = "client"
    REDIRECT = "redirect"
    EVENT = "event"
    SWEEP = "sweep"


class Method(StrEnum):
    """How the bytes travel: one presigned POST, one presigned PUT, or the parts of a multipart upload."""

    POST = "post"
    PUT = "put"
    MULTIPART = "multipart"


@dataclass(frozen=True, slots=True)
class Multipart:
    """The target of a multipart upload: its final key, or quarantine if it is checked, as part URLs die with the join;
    staging on a store that accepts parts after the join.

    ``part_size`` is in bytes; ``id`` is None until the upload is started at the store.
    """

    key: str
    part_size: int
    id: MultipartUploadId | None = None


CRC64NVME = "crc64nvme"
"""The only checksum that a store may have of a whole multipart upload."""


CHECKSUM_ALGORITHMS = frozenset({"crc32", "crc32c", CRC64NVME, "sha1", "sha256"})
"""Those that an upload may declare."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """A whole-object checksum as S3 writes it. ``algorithm``: crc32, crc32c, crc64nvme, sha1 or sha256; ``value``:
    base64."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an upload was rejected or automatically removed: a stable code and a sentence."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The object that an upload points at, at its current key: where it arrived or in quarantine while the upload is
    `stored`, the final key once it is confirmed. ``etag`` is opaque and without quotes; ``size`` is in bytes."""

    key: str
    etag: str
    version_id: str | None
    size: int
    content_type: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """The type detected in the first bytes of the ``pin``-th pinned object; None if unknown."""

    pin: int
    detected_type: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A scanner's verdict on the bytes with ``etag``, and on no others. ``detail``: the threat's name, for example.

    ``key`` is the key that the scanner read, if it says so.
    """

    etag: str
    clean: bool
    detail: str | None = None
    key: str | None = None

    def says(self, other: "Verdict") -> bool:
        """Whether both verdicts are the same for the same bytes."""
        return (self.etag, self.clean) == (other.etag, other.clean)


@dataclass(frozen=True, slots=True)
class Claim:
    """The application's claim on a confirmed upload; ``reference`` is the application's own name for its use, such as
    ``post:17``."""

    reference: str
    claimed_at: datetime


DEFAULT_STORE = "default"
"""The name of the store that the environment configures; uploads of versions with a single store are in it."""

_NO_METADATA: Mapping[str, str] = MappingProxyType({})


class Upload(NamedTuple):
    """One upload as the ledger stores it. A tuple, as creating one takes half the time of a frozen dataclass."""

    id: UploadId
    """Ours, a UUIDv7."""
    profile: str
    """The name of the profile that it was created under."""
    account: str
    """The account that created it: an API key's name."""
    owner: str
    """On whose behalf it was created."""
    filename: str
    """The client's name for the file; never put into an S3 header unescaped."""
    content_type: str
    """The granted content type."""
    size: int | None
    """The declared size in bytes; None if the protocol has none (Uppy's): then the range of its ``rules`` applies."""
    bucket: str
    """The bucket of its object."""
    created_at: datetime
    """When it was created."""
    expires_at: datetime
    """When its last grant expires."""
    renewable_until: datetime
    """Until when grants are renewed."""
    checksum: Checksum | None = None
    """The declared checksum of the whole object."""
    metadata: Mapping[str, str] = _NO_METADATA
    """The client's metadata, which is stored in the ledger only."""
    redirect: bool = False
    """Whether its form redirects browsers back to us."""
    state: UploadState = UploadState.PENDING
    """Its state."""
    version: int = 1
    """Counts its changes: a compare-and-set names the version that it read."""
    pins: int = 0
    """How many times bytes were pinned."""
    object: StoredObject | None = None
    """The pinned or confirmed object; None before the first pin."""
    reason: Reason | None = None
    """Why it was rejected or automatically removed; for a `stored` one, why it cannot continue now."""
    confirmed_by: Signal | None = None
    """The signal that led to the confirmation."""
    confirmed_at: datetime | None = None
    """When it was confirmed."""
    due_at: datetime | None = None
    """When the sweep checks it next; None: never. Moving it does not count as a change of the upload."""
    inspection: Inspection | None = None
    """The inspection of one pin's first bytes: see `is_inspected`."""
    verdict: Verdict | None = None
    """A scanner's verdict on one object: see `verdict_on_pinned`."""
    method: Method = Method.POST
    """How its bytes are sent."""
    multipart: Multipart | None = None
    """The target of its parts; None if it is sent in one request."""
    ticket: str | None = None
    """The id of the profile ticket that it was created with; None with an API key."""
    key: str = ""
    """The final key of its first pin; "" for uploads of older versions, whose key follows from the profile."""
    rules: Rules | None = None
    """The rules that it was granted under; None for uploads of older versions, which use the profile's."""
    copying_since: datetime | None = None
    """Since when a process has been copying the bytes of the last pin."""
    checksum_verified: bool | None = None
    """Whether the store returned the declared checksum; None if none was declared, or if nothing has arrived yet."""
    claim: Claim | None = None
    """The application's claim; None if it is unclaimed."""
    released_at: datetime | None = None
    """When the application released it."""
    path: str | None = None
    """Its path in the folder that the user chose, as `folder_path` returns it; None outside a folder."""
    ended_at: datetime | None = None
    """When it ended; for an expired one, until when grants could be renewed. None for one that is open or confirmed."""
    store: str = DEFAULT_STORE
    """The name of the store that it began on, and stays with."""
    staging_prefix: str = ""
    """The prefix of `STAGING_PREFIX` and `QUARANTINE_PREFIX` in that store when it was created."""

    @property
    def detected_type(self) -> str | None:
        """The detected type of the pinned bytes; None if they were not inspected, or if it is unknown."""
        return self.inspection.detected_type if self.inspection and self.is_inspected else None

    @property
    def is_inspected(self) -> bool:
        """Whether the currently pinned bytes have been inspected."""
        return self.inspection is not None and self.inspection.pin == self.pins

    @property
    def verdict_on_pinned(self) -> Verdict | None:
        """The verdict on the currently pinned bytes; None if it is about other bytes."""
        if self.verdict is None or self.object is None or self.verdict.etag != self.object.etag:
            return None
        return self.verdict

    @property
    def staging_key(self) -> str:
        """The key that this upload's POST or PUT grant writes to."""
        return f"{self.staging_prefix}{STAGING_PREFIX}{self.id}"

    def quarantine_key(self, pin: int) -> str:
        """The key in quarantine for the bytes of the ``pin``-th pin. Only the process that made the pin writes it,
        once."""
        return quarantine_key(self.id, pin, self.staging_prefix)

    @property
    def arrival_key(self) -> str:
        """The key that its bytes arrive at: the staging key, or the target of its parts."""
        return self.multipart.key if self.multipart else self.staging_key

    @property
    def in_quarantine(self) -> bool:
        """Whether the pinned bytes are in quarantine, where nobody can change them."""
        return self.object is not None and self.object.key.startswith(self.staging_prefix + QUARANTINE_PREFIX)

    @property
    def claim_by(self) -> datetime | None:
        """When it is removed if it is still unclaimed; None: never."""
        within = self.rules.claim_within if self.rules else None
        if self.state is not UploadState.CONFIRMED or self.claim or within is None or self.confirmed_at is None:
            return None
        return max(self.confirmed_at, self.released_at or self.confirmed_at) + within

    @property
    def keep_until(self) -> datetime | None:
        """When it is removed, claimed or not; None: never."""
        keep_for = self.rules.keep_for if self.rules else None
        if self.state is not UploadState.CONFIRMED or keep_for is None or self.confirmed_at is None:
            return None
        return self.confirmed_at + keep_for

    @property
    def removed_at(self) -> datetime | None:
        """When the sweep removes it in its present state, at `claim_by` or at `keep_until`; None: never."""
        return min((moment for moment in (self.claim_by, self.keep_until) if moment is not None), default=None)

    @property
    def ended(self) -> bool:
        """True if no signal can change it any more."""
        return self.state not in OPEN

    def moved(self, state: UploadState, **changes: Any) -> "Upload":
        """This upload in another state, with the next version. Raises `StateConflict` if the transition is not
        allowed."""
        if state not in TRANSITIONS[self.state]:
            raise StateConflict(f"An upload that is {self.state} cannot become {state}.")
        return self._replace(state=state, version=self.version + 1, ended_at=None, **changes)

    def changed(self, **changes: Any) -> "Upload":
        """This upload with other values in the same state, with the next version."""
        return self._replace(version=self.version + 1, **changes)


@dataclass(frozen=True, slots=True)
class StoreUploads:
    """The uploads that began on the store of this ``name`` while it was this ``bucket``."""

    name: str
    bucket: str

    def __contains__(self, upload: Upload) -> bool:
        return (upload.store, upload.bucket) == (self.name, self.bucket)


ERASED = Reason("erased", "Everything that was kept of it was erased.")
"""The reason in the remaining record of an erased upload, in place of any other."""


def erased(upload: Upload) -> Upload:
    """The remaining record of an erased upload, which has ended: its id, its states and times, and no personal data.

    It is kept so that bytes that still arrive under a valid grant are recognized as ours and removed.
    """
    return upload.changed(
        owner="",
        filename="",
        content_type="",
        size=None,
        checksum=None,
        metadata=_NO_METADATA,
        pins=0,
        object=None,
        reason=ERASED,
        inspection=None,
        verdict=None,
        multipart=None,
        ticket=None,
        key="",
        copying_since=None,
        checksum_verified=None,
        claim=None,
        released_at=None,
        path=None,
    )


def erased_but_kept(upload: Upload) -> Upload:
    """The same if the store keeps an object of it: the object's owner and key stay as well."""
    stays = {name: getattr(upload, name) for name in ("owner", "pins", "multipart", "key")}
    return erased(upload)._replace(object=upload.object and replace(upload.object, content_type=""), **stays)


def quarantine_key(upload_id: UploadId, pin: int, staging_prefix: str = "") -> str:
    """See `Upload.quarantine_key`; ``staging_prefix`` is that of its store."""
    return f"{staging_prefix}{QUARANTINE_PREFIX}{upload_id}/{pin}"


def upload_id_of(key: str, staging_prefix: str = "") -> UploadId | None:
    """The upload that a key in staging or quarantine belongs to, or None if the key is not one of ours.

    ``staging_prefix`` is the prefix of both in this store.
    """
    staging, quarantine = staging_prefix + STAGING_PREFIX, staging_prefix + QUARANTINE_PREFIX
    if key.startswith(staging):
        return parse_upload_id(key.removeprefix(staging))
    owner, _, pin = key.removeprefix(quarantine).partition("/")
    return parse_upload_id(owner) if key.startswith(quarantine) and pin.isdecimal() else None


def upload_ids_in(key: str) -> list[UploadId]:
    """Every upload id contained in ``key``; more than one if an owner or a name is one as well."""
    if key.count("-") == _HYPHENS:  # enough for one id only: looking for others takes four times as long
        only = _ID.search(key)
        return [] if only is None else [UploadId(only[0])]
    return [UploadId(found) for found in dict.fromkeys(_IDS.findall(key))]
