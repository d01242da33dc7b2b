"""The records that an application's own code gets, with the same names and values as the API's JSON."""

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
    """An upload, as it was when it was read from the ledger."""

    id: UploadId
    """The id that forms submit and applications store."""

    state: UploadState
    """The state. It can be compared with a string: `upload.state == "confirmed"`."""

    profile: str
    """The name of the profile."""

    owner: str
    """Whose upload it is."""

    filename: str
    """The file's name, as the client declared it: show it to people, but never use it as a path."""

    path: str | None
    """The path within the folder that the user chose (``trip/day 1/a.txt``), as the client declared it; None if no
    folder was chosen."""

    content_type: str
    """The content type that was granted."""

    size: int | None
    """The size in bytes; if it was not declared, None until the upload is confirmed."""

    checksum: Checksum | None
    """The checksum that was declared."""

    checksum_verified: bool | None
    """Whether the store returned this checksum; None if none was declared."""

    metadata: Mapping[str, str]
    """The metadata that the client declared."""

    object: StoredObject | None
    """The object; None until the bytes have arrived. It is verified once the upload is confirmed."""

    reason: Reason | None
    """Why it was rejected, was deleted automatically or erased, or stays `stored`."""

    detected_type: str | None
    """The type that the first bytes look like, if the profile has it detected."""

    confirmed_by: Signal | None
    """The signal that led to the confirmation."""

    created_at: datetime
    """When it was created."""

    expires_at: datetime
    """When its latest grant expires."""

    confirmed_at: datetime | None
    """When it was confirmed."""

    claim: Claim | None
    """The application's claim; None if there is none."""


def record(upload: model.Upload) -> Upload:
    """``upload`` as a record."""
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
    """An erasure, as it was when it was read from the ledger. It does not name the owner."""

    id: str
    """The id for `ValetKey.erasure`, which the webhook `owner.erased` has, too."""

    state: ErasureState
    """`running`, `done`, or `incomplete`: ended, but the store has not removed everything. It can be compared with a
    string."""

    requested_at: datetime
    """When it was last requested: uploads created later are not erased."""

    finished_at: datetime | None
    """When it ended; None while it is running."""

    uploads: int
    """The number of uploads erased so far."""

    objects: int
    """The number of confirmed objects removed with them."""

    remaining: int
    """The number of uploads with objects that the store has not removed completely."""

    kept: tuple[KeptObject, ...]
    """The first 100 of these objects, each with the reason."""

    newer: int
    """The number of uploads that the owner created after the request, which are not erased; known when it has ended."""

    detail: str | None
    """What the job is waiting for; None if it is not waiting."""


def erasure_record(job: erasures.Erasure) -> Erasure:
    """``job`` as a record."""
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
