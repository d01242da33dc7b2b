"""The records that an application's own code gets, with the names and values of the API's JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from valetkey.api.responses import upload_body
from valetkey.core.model import erasure as erasures
from valetkey.core.model import upload as model
from valetkey.core.model.erasure import ErasureState, KeptObject
from valetkey.core.model.upload import Checksum, Claim, Reason, Signal, UploadId, UploadState


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The confirmed object, in its bucket. ``etag`` has no quotes; ``size`` is in bytes."""

    bucket: str
    key: str
    etag: str
    version_id: str | None
    size: int
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One upload, as the ledger had it when it was read."""

    id: UploadId
    """What a form sends, and what the application keeps."""

    state: UploadState
    """Where it stands; it compares with plain text (`upload.state == "confirmed"`)."""

    profile: str
    """The name of its profile."""

    owner: str
    """On whose behalf it was created."""

    filename: str
    """What the client calls the file."""

    path: str | None
    """Where it was in the folder that its user chose (``trip/day 1/a.txt``), by the client's word; None: in none."""

    content_type: str
    """The one that was granted."""

    size: int | None
    """In bytes; None until it is confirmed where nobody declared it."""

    checksum: Checksum | None
    """The declared one."""

    checksum_verified: bool | None
    """Whether the store has shown it; None where none was declared."""

    metadata: Mapping[str, str]
    """What the client wants remembered."""

    object: StoredObject | None
    """Its object; None before its bytes have arrived."""

    reason: Reason | None
    """Why it was rejected, or removed as nobody claimed it."""

    detected_type: str | None
    """What its bytes look like, where the profile has that found out."""

    confirmed_by: Signal | None
    """The signal that led to the confirmation."""

    created_at: datetime
    """When it was created."""

    expires_at: datetime
    """When the last grant given for it dies."""

    confirmed_at: datetime | None
    """When it was confirmed."""

    claim: Claim | None
    """What the application has taken it for; None where it has not."""


def record(upload: model.Upload) -> Upload:
    """``upload`` as its JSON shows it."""
    shown = upload_body(upload)
    stored = shown["object"]
    return Upload(
        id=upload.id,
        state=upload.state,
        profile=shown["profile"],
        owner=shown["owner"],
        filename=shown["filename"],
        path=shown["path"],
        content_type=shown["content_type"],
        size=shown["size"],
        checksum=upload.checksum,
        checksum_verified=shown["checksum_verified"],
        metadata=shown["metadata"],
        object=None if stored is None else StoredObject(**stored),
        reason=upload.reason,
        detected_type=shown["detected_type"],
        confirmed_by=upload.confirmed_by,
        created_at=shown["created_at"],
        expires_at=shown["expires_at"],
        confirmed_at=shown["confirmed_at"],
        claim=upload.claim,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """An erasure, as the ledger had it when it was read. It never names the owner."""

    id: str
    """What `ValetKey.erasure` finds it by, and the webhook `owner.erased` names."""

    state: ErasureState
    """`running`, `done`, or `incomplete`: over, and the store keeps something; it compares with plain text."""

    requested_at: datetime
    """When it was asked for last: what was created later stays."""

    finished_at: datetime | None
    """When it was over; None while it is running."""

    uploads: int
    """How many uploads were erased so far."""

    objects: int
    """How many confirmed objects were removed with them."""

    remaining: int
    """How many uploads the store keeps something of."""

    kept: tuple[KeptObject, ...]
    """The first 100 of those objects, each with why it stays."""

    newer: int
    """How many uploads of the owner were created after it was asked for, and are left alone; known when it is over."""

    detail: str | None
    """What it waits for; None where it does not."""


def erasure_record(job: erasures.Erasure) -> Erasure:
    """``job`` as its JSON shows it."""
    return Erasure(
        id=job.id,
        state=job.state,
        requested_at=job.requested_at,
        finished_at=job.finished_at,
        uploads=job.uploads,
        objects=job.objects,
        remaining=job.remaining,
        kept=job.kept,
        newer=job.newer,
        detail=job.detail,
    )
