"""Response bodies as typed dicts, from which the OpenAPI document is generated.

They are built from what the service made, so nothing has to check them again: typed dicts cost nothing.
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
    algorithm: str
    value: str


class ObjectBody(TypedDict):
    """The confirmed object; while the upload is `stored`, the one that is pinned, where it is then: quarantine, say."""

    bucket: str
    key: str
    etag: str
    version_id: str | None
    size: Bytes
    content_type: str


class ReasonBody(TypedDict):
    """Why the upload was rejected, or removed as nobody claimed it, or stays `stored`."""

    code: str
    detail: str


class ClaimBody(TypedDict):
    """What the application has taken the upload for."""

    reference: str
    claimed_at: datetime


class UploadBody(TypedDict):
    """One upload. ``object`` is there once its bytes have arrived, ``reason`` once they are rejected, or where they
    stay `stored` for a reason (`copy_unproven`).

    ``checksum_verified`` says whether the store has shown the checksum that was declared: false where it keeps none,
    null where none was declared.

    ``size`` is null until it is confirmed where nobody declared it. ``detected_type`` is what the bytes look like,
    where the profile has that found out. ``claim`` is null until the application has claimed it. ``path`` is where it
    was in the folder that its user chose, with ``/`` between the names and none in front; null where it came in none.
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
    """An upload with what its client needs; ``grant`` is null when its bytes have arrived already."""

    upload: UploadBody
    grant: GrantBody | None
    ticket: str


class RefusedBody(TypedDict):
    """One upload of a batch that was refused."""

    error: Problem


BatchResultBody = TypeAliasType("BatchResultBody", GrantedBody | RefusedBody)


class BatchBody(TypedDict):
    """The answers, in the order of the requests."""

    results: list[BatchResultBody]


class PageBody(TypedDict):
    """One page; ``next_cursor`` is null on the last."""

    uploads: list[UploadBody]
    next_cursor: str | None


class ListBody(PageBody):
    """One page; or the uploads that were named, in that order, each once. ``not_found`` is there with those: the ids
    that are no upload of yours."""

    not_found: NotRequired[list[str]]


class UploadsBody(TypedDict):
    """Several uploads, each once, in the order in which they were named."""

    uploads: list[UploadBody]


class ProfileBody(TypedDict):
    """What may be uploaded under one profile: the rules that a file can be compared with before it is asked for.

    Sizes are in bytes, both ends allowed. ``content_types`` may hold kinds, with a star for what comes after the slash,
    and two stars for any type. ``metadata`` lists the keys that are allowed; null: any.
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
    """A ticket that creates uploads of one profile. It needs no escaping in a path."""

    ticket: str
    expires_at: datetime


class DownloadBody(TypedDict):
    """Where the confirmed bytes are for a while; no credential is needed there."""

    url: str
    expires_at: datetime


class TallyBody(TypedDict):
    """What became of the events of one delivery."""

    confirmed: int
    rejected: int
    ignored: int


class KeptObjectBody(TypedDict):
    """An object of which the store keeps something, and why."""

    key: str
    reason: str


class ErasureBody(TypedDict):
    """An erasure. ``uploads`` is how many were erased so far, ``objects`` how many confirmed objects went with them.

    ``remaining`` is how many uploads the store keeps something of, ``kept`` the first 100 objects of these: with any of
    them it ends as `incomplete`, and the ledger still knows whose they are. ``newer`` is how many uploads of the owner
    were created after the request: they are left alone. ``detail`` says what a running one waits for.
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
    status: Literal["ok"]


class DoctorBody(TypedDict):
    """The last run of `valetkey doctor` on this bucket: when, whether nothing failed, and how many findings there were
    of each level (pass, warn, fail, skip)."""

    at: datetime
    ok: bool
    counts: dict[str, int]


class ReadyBody(TypedDict):
    """``doctor`` is there with `?verbose`: null where it was never run."""

    status: Literal["ok"]
    doctor: NotRequired[DoctorBody | None]


def ready_body(proof: StoreProof | None) -> ReadyBody:
    """The verbose one."""
    if proof is None:
        return {"status": "ok", "doctor": None}
    counts = {str(level): int(count) for level, count in proof.summary.get("counts", {}).items()}
    return {"status": "ok", "doctor": {"at": proof.proven_at, "ok": not counts.get("fail"), "counts": counts}}


_WITH_OBJECT = frozenset({UploadState.STORED, UploadState.CONFIRMED, UploadState.DELETED})


def profile_body(profile: Profile) -> ProfileBody:
    """``profile`` for the wire: what its files have to be, and nothing of where they go."""
    return {
        "name": profile.name,
        "min_size": profile.min_size,
        "max_size": profile.max_size,
        "content_types": _as_pages_know_them(profile.content_types),
        "checksum": "required" if profile.checksum_required else "optional",
        "metadata": None if profile.metadata is None else sorted(profile.metadata),
    }


def _as_pages_know_them(content_types: Sequence[str]) -> list[str]:
    """These, with the registered name of what is called by another: by that pages know the extensions."""
    registered = [registered_name(one.lower()) for one in content_types]
    others = [new for new, one in zip(registered, content_types, strict=True) if new != one.lower()]
    return list(dict.fromkeys([*content_types, *others]))


def upload_body(upload: Upload) -> UploadBody:
    """``upload`` for the wire."""
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
    """``granted`` for the wire."""
    grant = granted.grant
    return {
        "upload": upload_body(granted.upload),
        "grant": None if grant is None else grant_body(grant),
        "ticket": granted.ticket,
    }


def ticket_body(issued: IssuedTicket) -> TicketBody:
    """``issued`` for the wire."""
    return {"ticket": issued.ticket, "expires_at": issued.expires_at}


def tally_body(tally: EventCounts) -> TallyBody:
    """``tally`` for the wire."""
    return {"confirmed": tally.confirmed, "rejected": tally.rejected, "ignored": tally.ignored}


def erasure_body(job: Erasure) -> ErasureBody:
    """``job`` for the wire. It never names the owner."""
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
