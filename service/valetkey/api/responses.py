"""Response bodies as typed dicts, from which the OpenAPI document is generated.

They are built from trusted objects and need no validation, so typed dicts are used, which cost nothing at run time.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NotRequired

from typing_extensions import TypeAliasType, TypedDict

from valetkey.api.grants import Bytes, GrantBody, grant_body
from valetkey.api.problems import Problem
from valetkey.core.content.look_alikes import registered_name
from valetkey.core.events.event import EventCounts
from valetkey.core.granting.grantor import Granted
from valetkey.core.model.erasure import Erasure
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.ports.health import StoreProof
from valetkey.core.service import IssuedTicket

State = TypeAliasType("State", Literal["pending", "stored", "confirmed", "rejected", "aborted", "expired", "deleted"])
Signal = TypeAliasType("Signal", Literal["client", "redirect", "event", "sweep"])


class ChecksumBody(TypedDict):
    """The checksum that was declared; ``value`` is in base64."""

    algorithm: str
    value: str


class ObjectBody(TypedDict):
    """The confirmed object. While the upload is `stored`: the object that is being checked and copied, under its
    current key, which may be in quarantine."""

    bucket: str
    key: str
    etag: str
    version_id: str | None
    size: Bytes
    content_type: str


class ReasonBody(TypedDict):
    """Why the upload is `rejected`, was deleted automatically or erased, or stays `stored`. ``detail`` is a sentence
    for people, and may change."""

    code: str
    detail: str


class ClaimBody(TypedDict):
    """The application's claim on the upload: under which reference, and since when."""

    reference: str
    claimed_at: datetime


class UploadBody(TypedDict):
    """One upload.

    ``object`` is null until the bytes have arrived. ``reason`` is set if the upload is `rejected`, was deleted
    automatically or erased, or cannot leave `stored` (`copy_unproven`).

    ``checksum_verified`` is true if the store returned the checksum that was declared, false if it returned none, and
    null if none was declared.

    ``size`` is in bytes; if it was not declared, it is null until the upload is confirmed. ``detected_type`` is the
    type that the first bytes look like, if the profile has it detected. ``claim`` is null until the application claims
    the upload. ``path`` is the path within the folder that the user chose, with ``/`` between the names and no leading
    slash; null if no folder was chosen.
    """

    id: str
    state: State
    profile: str
    owner: str
    filename: str
    path: str | None
    content_type: str
    size: Bytes | None
    checksum: ChecksumBody | None
    checksum_verified: bool | None
    metadata: dict[str, str]
    object: ObjectBody | None
    reason: ReasonBody | None
    detected_type: str | None
    confirmed_by: Signal | None
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    claim: ClaimBody | None


class GrantedBody(TypedDict):
    """An upload with its grant, and a ticket for further calls about it. ``grant`` is null if the bytes have already
    arrived."""

    upload: UploadBody
    grant: GrantBody | None
    ticket: str


class RefusedBody(TypedDict):
    """An upload of a batch that was refused."""

    error: Problem


BatchResultBody = TypeAliasType("BatchResultBody", GrantedBody | RefusedBody)


class BatchBody(TypedDict):
    """The result for each upload, in the order of the request."""

    results: list[BatchResultBody]


class PageBody(TypedDict):
    """One page of uploads. ``next_cursor`` is null on the last page."""

    uploads: list[UploadBody]
    next_cursor: str | None


class ListBody(PageBody):
    """One page of uploads; or, if the query has ids, the uploads with these ids, in this order, without duplicates.
    ``not_found`` then lists the ids that do not exist or are not yours.

    ``unreadable`` lists uploads of this page that only a newer version of valetkey can read, as during an upgrade. It
    is absent if there are none."""

    not_found: NotRequired[list[str]]
    unreadable: NotRequired[list[str]]


class UploadsBody(TypedDict):
    """The uploads in the order of the request, without duplicates."""

    uploads: list[UploadBody]


class ProfileBody(TypedDict):
    """What may be uploaded under a profile, so that a client can check a file before it requests an upload.

    Sizes are in bytes, and inclusive. ``content_types`` may contain wildcards: a star after the slash for all subtypes,
    two stars for any type. ``metadata`` lists the allowed keys; null allows any key.
    """

    name: str
    min_size: Bytes
    max_size: Bytes
    content_types: list[str]
    checksum: Literal["optional", "required"]
    metadata: list[str] | None


class ProfilesBody(TypedDict):
    """The profiles that the caller may use."""

    profiles: list[ProfileBody]


class TicketBody(TypedDict):
    """A ticket that can create uploads of one profile. It is safe to use in a URL path without escaping."""

    ticket: str
    expires_at: datetime


class DownloadBody(TypedDict):
    """A URL from which the confirmed object can be downloaded without a credential until ``expires_at``."""

    url: str
    expires_at: datetime


class EventCountsBody(TypedDict):
    """The number of events in a delivery, by outcome."""

    confirmed: int
    rejected: int
    ignored: int


class KeptObjectBody(TypedDict):
    """An object that the store has not removed completely, and why."""

    key: str
    reason: str


class ErasureBody(TypedDict):
    """An erasure job.

    ``uploads`` is the number of uploads erased so far, ``objects`` the number of confirmed objects removed with them.
    ``remaining`` is the number of uploads with objects that the store has not removed completely, and ``kept`` lists
    the first 100 of these objects. If there are any, the job ends as `incomplete`, and the ledger still has the owner
    of these uploads. ``newer`` is the number of uploads that the owner created after the request: they are not erased.
    ``detail`` says what a running job is waiting for.
    """

    id: str
    state: Literal["running", "done", "incomplete"]
    requested_at: datetime
    finished_at: datetime | None
    uploads: int
    objects: int
    remaining: int
    kept: list[KeptObjectBody]
    newer: int
    detail: str | None


class StatusBody(TypedDict):
    """The process is running."""

    status: Literal["ok"]


class DoctorBody(TypedDict):
    """The last run of `valetkey doctor` on this bucket: its time, whether no check failed, and the number of findings
    of each level (`pass`, `warn`, `fail`, `skip`)."""

    at: datetime
    ok: bool
    counts: dict[str, int]


class ReadyBody(TypedDict):
    """The service is ready. With `?verbose`, ``doctor`` is the last run of `valetkey doctor`; null if there was
    none."""

    status: Literal["ok"]
    doctor: NotRequired[DoctorBody | None]


def ready_body(proof: StoreProof | None) -> ReadyBody:
    """The body for `?verbose`; ``proof`` is what `valetkey doctor` stored last."""
    if proof is None:
        return {"status": "ok", "doctor": None}
    counts = {str(level): int(count) for level, count in proof.summary.get("counts", {}).items()}
    return {"status": "ok", "doctor": {"at": proof.proven_at, "ok": not counts.get("fail"), "counts": counts}}


_WITH_OBJECT = frozenset({UploadState.STORED, UploadState.CONFIRMED, UploadState.DELETED})


def profile_body(profile: Profile) -> ProfileBody:
    """``profile`` as a response body: the rules for files, but nothing about where they are stored."""
    return {
        "name": profile.name,
        "min_size": profile.min_size,
        "max_size": profile.max_size,
        "content_types": _as_pages_know_them(profile.content_types),
        "checksum": "required" if profile.checksum_required else "optional",
        "metadata": None if profile.metadata is None else sorted(profile.metadata),
    }


def _as_pages_know_them(content_types: Sequence[str]) -> list[str]:
    """``content_types``, with the registered name added for each type that has another one: browsers know file
    extensions by the registered name."""
    registered = [registered_name(one.lower()) for one in content_types]
    others = [new for new, one in zip(registered, content_types, strict=True) if new != one.lower()]
    return list(dict.fromkeys([*content_types, *others]))


def upload_body(upload: Upload) -> UploadBody:
    """``upload`` as a response body."""
    stored, reason, checksum, claim = upload.object, upload.reason, upload.checksum, upload.claim
    return {
        "id": upload.id,
        "state": upload.state.value,
        "profile": upload.profile,
        "owner": upload.owner,
        "filename": upload.filename,
        "path": upload.path,
        "content_type": upload.content_type,
        "size": upload.size,
        "checksum": {"algorithm": checksum.algorithm, "value": checksum.value} if checksum else None,
        "checksum_verified": upload.checksum_verified,
        "metadata": dict(upload.metadata),
        "object": {
            "bucket": upload.bucket,
            "key": stored.key,
            "etag": stored.etag,
            "version_id": stored.version_id,
            "size": stored.size,
            "content_type": stored.content_type,
        }
        if stored and upload.state in _WITH_OBJECT
        else None,
        "reason": {"code": reason.code, "detail": reason.detail} if reason else None,
        "detected_type": upload.detected_type,
        "confirmed_by": upload.confirmed_by.value if upload.confirmed_by else None,
        "created_at": upload.created_at,
        "expires_at": upload.expires_at,
        "confirmed_at": upload.confirmed_at,
        "claim": {"reference": claim.reference, "claimed_at": claim.claimed_at} if claim else None,
    }


def granted_body(granted: Granted) -> GrantedBody:
    """``granted`` as a response body."""
    grant = granted.grant
    return {
        "upload": upload_body(granted.upload),
        "grant": None if grant is None else grant_body(grant),
        "ticket": granted.ticket,
    }


def ticket_body(issued: IssuedTicket) -> TicketBody:
    """``issued`` as a response body."""
    return {"ticket": issued.ticket, "expires_at": issued.expires_at}


def event_counts_body(counts: EventCounts) -> EventCountsBody:
    """``counts`` as a response body."""
    return {"confirmed": counts.confirmed, "rejected": counts.rejected, "ignored": counts.ignored}


def erasure_body(job: Erasure) -> ErasureBody:
    """``job`` as a response body, which never names the owner."""
    return {
        "id": job.id,
        "state": job.state.value,
        "requested_at": job.requested_at,
        "finished_at": job.finished_at,
        "uploads": job.uploads,
        "objects": job.objects,
        "remaining": job.remaining,
        "kept": [{"key": one.key, "reason": one.reason} for one in job.kept],
        "newer": job.newer,
        "detail": job.detail,
    }
