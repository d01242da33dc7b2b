"""Conversion between rows of the ledger's tables, by column name, and the core's values.

A new column of an upload is a line in `as_row` (or below it) and one in `_upload`, beside its line in `schema` and its
migration. What is read may be a newer version's, which works on the same ledger during an upgrade: a value that is
unknown here is a `RecordUnknown`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import RowMapping

from valetkey.core.access.api_keys import ApiKey, Scope
from valetkey.core.errors import RecordUnknown
from valetkey.core.model.announcement import Announcement, Status
from valetkey.core.model.erasure import Erasure, ErasureState, KeptObject
from valetkey.core.model.rules import read_rules
from valetkey.core.model.upload import (
    CHECKSUM_ALGORITHMS,
    DEFAULT_STORE,
    Checksum,
    Claim,
    Inspection,
    Method,
    Multipart,
    MultipartUploadId,
    Reason,
    Signal,
    StoredObject,
    Upload,
    UploadId,
    UploadState,
    Verdict,
)

Value = str | int | None
Row = dict[str, Value]
Found = Mapping[str, Any] | RowMapping
"""A row that was read, by column name."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """The value of a column for ``moment``: microseconds since the epoch."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds  # a third faster than to divide


def moment(micros: int) -> datetime:
    """The reverse of `micros`."""
    return _EPOCH + micros * _MICROSECOND


def _kept(text: str | None) -> str | None:
    """A text that may quote other systems, without NULs: PostgreSQL cannot store them, and that must not fail."""
    return text.replace("\0", "\ufffd") if text is not None and "\0" in text else text


def as_row(upload: Upload) -> Row:
    """``upload`` as a row of `uploads`. A column that it does not name is NULL, as half of them are in a new upload.

    `as_upload` is its reverse.
    """
    row: Row = {
        "id": upload.id,
        "version": upload.version,
        "state": str(upload.state),
        "profile": upload.profile,
        "account": upload.account,
        "owner": upload.owner,
        "filename": upload.filename,
        "content_type": upload.content_type,
        "size": upload.size,
        "bucket": upload.bucket,
        "created_at": micros(upload.created_at),
        "expires_at": micros(upload.expires_at),
        "renewable_until": micros(upload.renewable_until),
        "redirect": int(upload.redirect),
        "pins": upload.pins,
        "due_at": micros(upload.due_at) if upload.due_at else None,
        "method": str(upload.method),
        "key": upload.key or None,
        "rules": upload.rules.text if upload.rules else None,
    }
    if upload.metadata:
        row["metadata"] = orjson.dumps(upload.metadata).decode()
    if upload.ticket is not None:
        row["ticket"] = upload.ticket
    if upload.path is not None:
        row["path"] = upload.path
    if upload.store != DEFAULT_STORE:
        row["store"] = upload.store
    if upload.staging_prefix:
        row["staging_prefix"] = upload.staging_prefix
    if upload.checksum is not None:
        row |= {"checksum_algorithm": upload.checksum.algorithm, "checksum_value": upload.checksum.value}
    if upload.multipart is not None:
        plan = upload.multipart
        row |= {"multipart_key": plan.key, "multipart_part_size": plan.part_size, "multipart_id": plan.id}
    _add_what_came_of_it(row, upload)
    return row


def _add_what_came_of_it(row: Row, upload: Upload) -> None:
    """Adds the columns for which a new upload has no value."""
    if (stored := upload.object) is not None:
        row |= {"object_key": stored.key, "object_etag": stored.etag, "object_version_id": stored.version_id}
        row |= {"object_size": stored.size, "object_content_type": stored.content_type}
    if (reason := upload.reason) is not None:
        row |= {"reason_code": reason.code, "reason_detail": _kept(reason.detail)}
    if upload.confirmed_by is not None:
        row["confirmed_by"] = str(upload.confirmed_by)
    if upload.confirmed_at is not None:
        row["confirmed_at"] = micros(upload.confirmed_at)
    if (inspection := upload.inspection) is not None:
        row |= {"inspected_pin": inspection.pin, "detected_type": inspection.detected_type}
    if (verdict := upload.verdict) is not None:
        row |= {"verdict_etag": verdict.etag, "verdict_clean": int(verdict.clean)}
        row |= {"verdict_detail": _kept(verdict.detail), "verdict_key": verdict.key}
    if upload.copying_since is not None:
        row["copying_since"] = micros(upload.copying_since)
    if upload.checksum_verified is not None:
        row["checksum_verified"] = int(upload.checksum_verified)
    _add_claim_and_end(row, upload)


def _add_claim_and_end(row: Row, upload: Upload) -> None:
    if (claim := upload.claim) is not None:
        row |= {"claim_reference": claim.reference, "claimed_at": micros(claim.claimed_at)}
    if upload.released_at is not None:
        row["released_at"] = micros(upload.released_at)
    if upload.ended_at is not None:
        row["ended_at"] = micros(upload.ended_at)


_UNDECLARED_BEFORE = -1
"""The value that versions before schema 0008 write for an undeclared size: one of them may run in parallel."""


def as_upload(row: Found) -> Upload:
    """The reverse of `as_row`. Raises `RecordUnknown`."""
    try:
        return _upload(row)
    except (ValueError, TypeError) as error:  # no context manager: every request reads an upload
        raise _unknown("Upload", row["id"], error) from error


def _unknown(kind: str, subject: str, error: Exception) -> RecordUnknown:
    return RecordUnknown(f"{kind} {subject} has an unknown value ({error})", subject)


@contextmanager
def _known(kind: str, row: Found) -> Iterator[None]:
    """Raises `RecordUnknown` if the conversion of ``row`` fails."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise _unknown(kind, row["id"], error) from error


def _upload(row: Found) -> Upload:
    return Upload(
        id=UploadId(row["id"]),
        version=row["version"],
        state=UploadState(row["state"]),
        profile=row["profile"],
        account=row["account"],
        owner=row["owner"],
        filename=row["filename"],
        content_type=row["content_type"],
        size=None if row["size"] == _UNDECLARED_BEFORE else row["size"],
        bucket=row["bucket"],
        created_at=moment(row["created_at"]),
        expires_at=moment(row["expires_at"]),
        renewable_until=moment(row["renewable_until"]),
        checksum=_checksum(row),
        metadata=orjson.loads(row["metadata"]) if row["metadata"] else {},
        redirect=bool(row["redirect"]),
        pins=row["pins"],
        object=_stored(row),
        reason=Reason(row["reason_code"], row["reason_detail"]) if row["reason_code"] else None,
        confirmed_by=Signal(row["confirmed_by"]) if row["confirmed_by"] else None,
        confirmed_at=_moment(row["confirmed_at"]),
        due_at=_moment(row["due_at"]),
        inspection=None if row["inspected_pin"] is None else Inspection(row["inspected_pin"], row["detected_type"]),
        verdict=_verdict(row),
        method=Method(row["method"]),
        multipart=_multipart(row),
        ticket=row["ticket"],
        key=row["key"] or "",
        rules=None if row["rules"] is None else read_rules(row["rules"]),
        copying_since=_moment(row["copying_since"]),
        checksum_verified=None if row["checksum_verified"] is None else bool(row["checksum_verified"]),
        claim=None if row["claim_reference"] is None else Claim(row["claim_reference"], moment(row["claimed_at"])),
        released_at=_moment(row["released_at"]),
        path=row["path"],
        ended_at=_moment(row["ended_at"]),
        store=row["store"],
        staging_prefix=row["staging_prefix"] or "",
    )


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else moment(micros)


def _checksum(row: Found) -> Checksum | None:
    algorithm = row["checksum_algorithm"]
    if not algorithm:
        return None
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise ValueError(f"{algorithm!r} is not a valid checksum algorithm")
    return Checksum(algorithm, row["checksum_value"])


def _stored(row: Found) -> StoredObject | None:
    key = row["object_key"]
    if key is None:
        return None
    return StoredObject(
        key, row["object_etag"], row["object_version_id"], row["object_size"], row["object_content_type"]
    )


def _verdict(row: Found) -> Verdict | None:
    etag = row["verdict_etag"]
    if etag is None:
        return None
    return Verdict(etag, bool(row["verdict_clean"]), row["verdict_detail"], row["verdict_key"])


def _multipart(row: Found) -> Multipart | None:
    key, multipart_id = row["multipart_key"], row["multipart_id"]
    if key is None:
        return None
    return Multipart(key, row["multipart_part_size"], None if multipart_id is None else MultipartUploadId(multipart_id))


def as_key_row(key: ApiKey) -> Row:
    return {
        "id": key.id,
        "name": key.name,
        "digest": key.digest,
        "created_at": micros(key.created_at),
        "revoked_at": None if key.revoked_at is None else micros(key.revoked_at),
        "scope": key.scope.value,
    }


def as_key(row: RowMapping) -> ApiKey:
    """Raises `RecordUnknown`."""
    with _known("API key", row):
        return ApiKey(
            id=row["id"],
            name=row["name"],
            digest=row["digest"],
            created_at=moment(row["created_at"]),
            revoked_at=_moment(row["revoked_at"]),
            scope=Scope(row["scope"]),
        )


def as_outbox_row(announcement: Announcement) -> Row:
    return {
        "id": announcement.id,
        "type": announcement.type,
        "upload_id": announcement.upload_id,
        "body": announcement.body,
        "created_at": micros(announcement.created_at),
        "due_at": micros(announcement.due_at),
        "status": announcement.status.value,
        "attempts": announcement.attempts,
        "version": announcement.version,
        "detail": _kept(announcement.detail),
    }


def as_call_row(call: Announcement) -> Row:
    """``call`` as a row of `hook_calls`."""
    return {name: value for name, value in as_outbox_row(call).items() if name != "body"} | {"hook": call.hook}


def as_announcement(row: RowMapping) -> Announcement:
    """A row of `outbox`, or of `hook_calls`. Raises `RecordUnknown`."""
    with _known("Announcement", row):
        return Announcement(
            id=row["id"],
            type=row["type"],
            upload_id=None if row["upload_id"] is None else UploadId(row["upload_id"]),
            body=row.get("body", ""),
            created_at=moment(row["created_at"]),
            due_at=moment(row["due_at"]),
            status=Status(row["status"]),
            attempts=row["attempts"],
            version=row["version"],
            detail=row["detail"],
            hook=row.get("hook"),
        )


def as_erasure_row(job: Erasure) -> Row:
    kept = [[one.key, one.reason] for one in job.kept]
    return {
        "id": job.id,
        "version": job.version,
        "state": job.state.value,
        "owner": job.owner,
        "account": job.account,
        "requested_at": micros(job.requested_at),
        "due_at": None if job.due_at is None else micros(job.due_at),
        "passed": job.passed,
        "postponed": job.postponed,
        "uploads": job.uploads,
        "objects": job.objects,
        "remaining": job.remaining,
        "kept": orjson.dumps(kept).decode() if kept else None,
        "newer": job.newer,
        "detail": _kept(job.detail),
        "finished_at": None if job.finished_at is None else micros(job.finished_at),
    }


def as_erasure(row: RowMapping) -> Erasure:
    """Raises `RecordUnknown`."""
    with _known("Erasure", row):
        return Erasure(
            id=row["id"],
            owner=row["owner"],
            account=row["account"],
            requested_at=moment(row["requested_at"]),
            due_at=_moment(row["due_at"]),
            state=ErasureState(row["state"]),
            version=row["version"],
            passed=None if row["passed"] is None else UploadId(row["passed"]),
            postponed=row["postponed"],
            uploads=row["uploads"],
            objects=row["objects"],
            remaining=row["remaining"],
            kept=tuple(KeptObject(*one) for one in orjson.loads(row["kept"] or "[]")),
            newer=row["newer"],
            detail=row["detail"],
            finished_at=_moment(row["finished_at"]),
        )


def changed(before: Row, after: Row) -> Row:
    """The columns in which the two differ, with their values in ``after``."""
    return {name: after.get(name) for name in before | after if after.get(name) != before.get(name)}
