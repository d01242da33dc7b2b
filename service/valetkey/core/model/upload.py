"""An upload: one file's journey, and the one table of the states it may pass."""

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
"""Those that overlap, too: an owner or a name may be most of one, and the id that follows its end."""


def new_upload_id() -> UploadId:
    """A fresh UUIDv7 (RFC 9562): its order is the order of creation, to the millisecond."""
    return UploadId(str(uuid7()))


def first_id_of(at: datetime) -> UploadId:
    """The least id that is made at that time: those of uploads created before it stand before it."""
    moment = f"{int(at.timestamp() * 1000):012x}"
    return UploadId(f"{moment[:8]}-{moment[8:]}-7000-8000-000000000000")


def parse_upload_id(text: str) -> UploadId | None:
    """The id in its one canonical spelling, or None when ``text`` is not one."""
    return UploadId(text) if _ID.fullmatch(text) else None


class UploadState(StrEnum):
    """Where an upload stands. "Uploading" is no state: only S3 knows."""

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
        # bytes that started in time may arrive late: they are not lost
        UploadState.EXPIRED: frozenset({UploadState.STORED, UploadState.REJECTED}),
        UploadState.STORED: frozenset({UploadState.CONFIRMED, UploadState.REJECTED}),
        UploadState.CONFIRMED: frozenset({UploadState.DELETED}),
        UploadState.REJECTED: frozenset(),
        UploadState.ABORTED: frozenset(),
        UploadState.DELETED: frozenset(),
    }
)
"""Which state may follow which."""

OPEN = frozenset({UploadState.PENDING, UploadState.EXPIRED, UploadState.STORED})
"""The states in which a signal may still change something."""

OVER_STATES = frozenset({UploadState.REJECTED, UploadState.ABORTED, UploadState.EXPIRED, UploadState.DELETED})
"""The states of uploads that the ledger need not keep for ever: of which nothing is at the store, or will be."""


class Signal(StrEnum):
    """What hinted that an object may be there; the one that led to the confirmation is kept."""

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
    """Where the parts of an upload go: to its final key, or into quarantine where it is checked, as their URLs die when
    they are joined; to staging on a store that takes parts afterwards.

    ``part_size`` is in bytes; ``id`` is None until the store was asked for one.
    """

    key: str
    part_size: int
    id: MultipartUploadId | None = None


CRC64NVME = "crc64nvme"
"""The one checksum that a store may have of the whole of what came in parts."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """A whole-object checksum as S3 writes it. ``algorithm``: crc32, crc32c, crc64nvme, sha1 or sha256; ``value``:
    base64."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an upload was rejected, or removed unasked: a stable code and a sentence."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The object an upload points at, where it is now: while the upload is `stored`, where it arrived or in quarantine;
    once confirmed, under its final key. ``etag`` is opaque and without quotes; ``size`` is in bytes."""

    key: str
    etag: str
    version_id: str | None
    size: int
    content_type: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the first bytes of the ``pin``-th pinned object look like; ``detected_type`` None: like nothing known."""

    pin: int
    detected_type: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scanner found in the bytes that had ``etag``, and in no others. ``detail``: the threat's name, say.

    ``key`` is where the scanner read them, where it says so.
    """

    etag: str
    clean: bool
    detail: str | None = None
    key: str | None = None

    def says(self, other: "Verdict") -> bool:
        """Whether the two say the same of the same bytes."""
        return (self.etag, self.clean) == (other.etag, other.clean)


@dataclass(frozen=True, slots=True)
class Claim:
    """The application has taken a confirmed upload: ``reference`` is what for, in its own words (``post:17``)."""

    reference: str
    claimed_at: datetime


DEFAULT_STORE = "default"
"""The store that the environment's settings are; what versions that knew only one have written is there."""

_NO_METADATA: Mapping[str, str] = MappingProxyType({})


class Upload(NamedTuple):
    """One upload as the ledger keeps it. A tuple, as it is made in half the time of a frozen dataclass."""

    id: UploadId
    """Ours, a UUIDv7."""
    profile: str
    """The name of the profile that it was created under."""
    account: str
    """Who created it: an API key's name."""
    owner: str
    """On whose behalf."""
    filename: str
    """What the client calls the file; it never goes into an S3 header raw."""
    content_type: str
    """The one that was granted."""
    size: int | None
    """The declared size in bytes; None where the protocol has none (Uppy's): the range of its ``rules`` holds then."""
    bucket: str
    """Where its object is or will be."""
    created_at: datetime
    """When it was created."""
    expires_at: datetime
    """When the last grant given for it dies."""
    renewable_until: datetime
    """When no grant is given any more."""
    checksum: Checksum | None = None
    """The declared one, of the whole object."""
    metadata: Mapping[str, str] = _NO_METADATA
    """What the client wants remembered; it is kept in the ledger only."""
    redirect: bool = False
    """Whether its form sends browsers back to us."""
    state: UploadState = UploadState.PENDING
    """Where it stands."""
    version: int = 1
    """Counts its changes: a compare-and-set names the version that it read."""
    pins: int = 0
    """How often bytes were pinned."""
    object: StoredObject | None = None
    """The object that it stands for, once bytes were pinned."""
    reason: Reason | None = None
    """Why it was rejected, or removed unasked; of a `stored` one, why it cannot go on now."""
    confirmed_by: Signal | None = None
    """The signal that led to the confirmation."""
    confirmed_at: datetime | None = None
    """When it was confirmed."""
    due_at: datetime | None = None
    """When the sweep looks at it next; None: never. Moving it is no change of the upload."""
    inspection: Inspection | None = None
    """A look at the first bytes of one pin: see `is_inspected`."""
    verdict: Verdict | None = None
    """A scanner's verdict on one object: see `verdict_on_pinned`."""
    method: Method = Method.POST
    """How its bytes travel."""
    multipart: Multipart | None = None
    """Where its parts go; None for one that comes in one piece."""
    ticket: str | None = None
    """The id of the profile ticket that it was created with; None with an API key."""
    key: str = ""
    """Where its first pin is confirmed, "" for uploads of older versions, whose profile is asked."""
    rules: Rules | None = None
    """What it was granted by, None for uploads of older versions, whose profile is asked."""
    copying_since: datetime | None = None
    """Since when somebody has been copying the bytes of the last pin."""
    checksum_verified: bool | None = None
    """Whether the store has shown the declared checksum; None where none was declared, or nothing has arrived yet."""
    claim: Claim | None = None
    """What the application has taken it for; None where it has not."""
    released_at: datetime | None = None
    """When the application gave it back."""
    path: str | None = None
    """Where it was in the folder that its user chose, as `folder_path` has it; None where it came in none."""
    ended_at: datetime | None = None
    """When it came to its end; of an expired one, when no grant is given for it any more. None for one that is open or
    confirmed."""
    store: str = DEFAULT_STORE
    """The name of the store that it began on, and stays with."""
    staging_prefix: str = ""
    """What stood before `STAGING_PREFIX` and `QUARANTINE_PREFIX` in that store when it began."""

    @property
    def detected_type(self) -> str | None:
        """What the bytes it stands for look like; None where nobody has looked at them, or they look like nothing."""
        return self.inspection.detected_type if self.inspection and self.is_inspected else None

    @property
    def is_inspected(self) -> bool:
        """Whether the bytes that are pinned now have been looked at."""
        return self.inspection is not None and self.inspection.pin == self.pins

    @property
    def verdict_on_pinned(self) -> Verdict | None:
        """The verdict on the bytes that are pinned now, none that was spoken on others."""
        if self.verdict is None or self.object is None or self.verdict.etag != self.object.etag:
            return None
        return self.verdict

    @property
    def staging_key(self) -> str:
        """Where this upload's POST or PUT grant writes."""
        return f"{self.staging_prefix}{STAGING_PREFIX}{self.id}"

    def quarantine_key(self, pin: int) -> str:
        """Where the bytes of the ``pin``-th pin are checked. Whoever made the pin writes it, once."""
        return quarantine_key(self.id, pin, self.staging_prefix)

    @property
    def arrival_key(self) -> str:
        """Where its bytes arrive: the staging key, or where its parts go."""
        return self.multipart.key if self.multipart else self.staging_key

    @property
    def in_quarantine(self) -> bool:
        """Whether the pinned bytes lie where nobody can change them any more."""
        return self.object is not None and self.object.key.startswith(self.staging_prefix + QUARANTINE_PREFIX)

    @property
    def claim_by(self) -> datetime | None:
        """When it is removed unless it is claimed; None: never."""
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
        """When the sweep removes it as it is now: at `claim_by` or at `keep_until`; None: never."""
        return min((moment for moment in (self.claim_by, self.keep_until) if moment is not None), default=None)

    @property
    def ended(self) -> bool:
        """True when no signal can change it any more."""
        return self.state not in OPEN

    def moved(self, state: UploadState, **changes: Any) -> "Upload":
        """This upload in another state, one version on. Raises `StateConflict` where the table has no such move."""
        if state not in TRANSITIONS[self.state]:
            raise StateConflict(f"An upload that is {self.state} cannot become {state}.")
        return self._replace(state=state, version=self.version + 1, ended_at=None, **changes)

    def changed(self, **changes: Any) -> "Upload":
        """This upload with other values in the same state, one version on."""
        return self._replace(version=self.version + 1, **changes)


@dataclass(frozen=True, slots=True)
class StoreUploads:
    """The uploads that began on the store of this ``name`` while it was this ``bucket``."""

    name: str
    bucket: str

    def __contains__(self, upload: Upload) -> bool:
        return (upload.store, upload.bucket) == (self.name, self.bucket)


ERASED = Reason("erased", "All that was kept of it was erased.")
"""What stays of an upload that was erased says this instead of anything else."""


def erased(upload: Upload) -> Upload:
    """What stays of ``upload``, which has ended: when what happened to which id, and nothing that anybody said of it.

    It stays so that what a grant that is still good brings is known as ours, and is removed.
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
    """The same, where the store keeps an object of it: what tells whose that is, and where, stays, too."""
    stays = {name: getattr(upload, name) for name in ("owner", "pins", "multipart", "key")}
    return erased(upload)._replace(object=upload.object and replace(upload.object, content_type=""), **stays)


def quarantine_key(upload_id: UploadId, pin: int, staging_prefix: str = "") -> str:
    """See `Upload.quarantine_key`; ``staging_prefix`` is what stands before in its store."""
    return f"{staging_prefix}{QUARANTINE_PREFIX}{upload_id}/{pin}"


def upload_id_of(key: str, staging_prefix: str = "") -> UploadId | None:
    """The upload whose key in staging or quarantine this is, or None when it is not one of ours.

    ``staging_prefix`` is what stands before both in this store.
    """
    staging, quarantine = staging_prefix + STAGING_PREFIX, staging_prefix + QUARANTINE_PREFIX
    if key.startswith(staging):
        return parse_upload_id(key.removeprefix(staging))
    owner, _, pin = key.removeprefix(quarantine).partition("/")
    return parse_upload_id(owner) if key.startswith(quarantine) and pin.isdecimal() else None


def upload_ids_in(key: str) -> list[UploadId]:
    """Every upload id that stands somewhere in ``key``; more than one where an owner or a name is one, too."""
    if key.count("-") == _HYPHENS:  # all of them would be of one id: to look for others took four times as long
        only = _ID.search(key)
        return [] if only is None else [UploadId(only[0])]
    return [UploadId(found) for found in dict.fromkeys(_IDS.findall(key))]
