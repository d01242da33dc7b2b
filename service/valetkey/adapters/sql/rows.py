"""Rows of the ledger's tables, and what the core makes of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import RowMapping

from valetkey.adapters.schema import uploads
from valetkey.core.access.api_keys import ApiKey, Scope
from valetkey.core.model.announcement import Announcement, Status
from valetkey.core.model.rules import read_rules
from valetkey.core.model.upload import (
    Checksum,
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

Row = tuple[str | int | None, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNDECLARED = -1
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND


NEW = (*[column.name for column in uploads.c][:18], "due_at", "ticket", "key", "rules")
"""The columns in which most new uploads differ from an empty row: half of them, and inserting is half of a grant."""


def _given(upload: Upload) -> Row:
    """The first 18 columns, which every upload has."""
    checksum = upload.checksum
    return (
        upload.id,
        upload.version,
        str(upload.state),
        upload.profile,
        upload.account,
        upload.owner,
        upload.filename,
        upload.content_type,
        _UNDECLARED if upload.size is None else upload.size,
        upload.bucket,
        micros(upload.created_at),
        micros(upload.expires_at),
        micros(upload.renewable_until),
        checksum.algorithm if checksum else None,
        checksum.value if checksum else None,
        orjson.dumps(upload.metadata).decode() if upload.metadata else None,
        int(upload.redirect),
        upload.pins,
    )


def as_new_row(upload: Upload) -> Row | None:
    """``upload`` as a row of the columns `NEW`; None where it has more than those."""
    if upload.method is not Method.POST or any(
        (
            *(
                upload.object,
                upload.reason,
                upload.confirmed_by,
                upload.confirmed_at,
                upload.inspection,
                upload.verdict,
            ),
            *(upload.copying_since, upload.checksum_verified),
        )
    ):
        return None
    return (
        *_given(upload),
        micros(upload.due_at) if upload.due_at else None,
        upload.ticket,
        upload.key or None,
        upload.rules.text if upload.rules else None,
    )


def as_row(upload: Upload) -> Row:
    """``upload`` as a row of `uploads`: a value for each column, in the table's order."""
    stored, reason, multipart = upload.object, upload.reason, upload.multipart
    inspection, verdict = upload.inspection, upload.verdict
    return (
        *_given(upload),
        stored.key if stored else None,
        stored.etag if stored else None,
        stored.version_id if stored else None,
        stored.size if stored else None,
        stored.content_type if stored else None,
        reason.code if reason else None,
        reason.detail if reason else None,
        upload.confirmed_by.value if upload.confirmed_by else None,
        micros(upload.confirmed_at) if upload.confirmed_at else None,
        micros(upload.due_at) if upload.due_at else None,
        inspection.pin if inspection else None,
        inspection.detected_type if inspection else None,
        verdict.etag if verdict else None,
        int(verdict.clean) if verdict else None,
        verdict.detail if verdict else None,
        upload.method.value,
        multipart.key if multipart else None,
        multipart.part_size if multipart else None,
        multipart.id if multipart else None,
        upload.ticket,
        upload.key or None,
        upload.rules.text if upload.rules else None,
        micros(upload.copying_since) if upload.copying_since else None,
        None if upload.checksum_verified is None else int(upload.checksum_verified),
        verdict.key if verdict else None,
    )


def changes(before: Upload, after: Upload) -> dict[str, Any]:
    """The columns in which the two differ."""
    pairs = zip(uploads.c, as_row(before), as_row(after), strict=True)
    return {column.name: new for column, old, new in pairs if old != new}


def as_upload(row: RowMapping) -> Upload:
    stored = None
    if row["object_key"] is not None:
        stored = StoredObject(
            row["object_key"],
            row["object_etag"],
            row["object_version_id"],
            row["object_size"],
            row["object_content_type"],
        )
    algorithm, reason, signal, confirmed_at = (
        row[name] for name in ("checksum_algorithm", "reason_code", "confirmed_by", "confirmed_at")
    )
    return Upload(
        id=UploadId(row["id"]),
        version=row["version"],
        state=UploadState(row["state"]),
        profile=row["profile"],
        account=row["account"],
        owner=row["owner"],
        filename=row["filename"],
        content_type=row["content_type"],
        size=None if row["size"] == _UNDECLARED else row["size"],
        bucket=row["bucket"],
        created_at=moment(row["created_at"]),
        expires_at=moment(row["expires_at"]),
        renewable_until=moment(row["renewable_until"]),
        checksum=Checksum(algorithm, row["checksum_value"]) if algorithm else None,
        metadata=orjson.loads(row["metadata"]) if row["metadata"] else {},
        redirect=bool(row["redirect"]),
        pins=row["pins"],
        object=stored,
        reason=Reason(reason, row["reason_detail"]) if reason else None,
        confirmed_by=Signal(signal) if signal else None,
        confirmed_at=None if confirmed_at is None else moment(confirmed_at),
        due_at=None if row["due_at"] is None else moment(row["due_at"]),
        inspection=None if row["inspected_pin"] is None else Inspection(row["inspected_pin"], row["detected_type"]),
        verdict=None
        if row["verdict_etag"] is None
        else Verdict(row["verdict_etag"], bool(row["verdict_clean"]), row["verdict_detail"], row["verdict_key"]),
        method=Method(row["method"]),
        multipart=_multipart(row),
        ticket=row["ticket"],
        key=row["key"] or "",
        rules=None if row["rules"] is None else read_rules(row["rules"]),
        copying_since=None if row["copying_since"] is None else moment(row["copying_since"]),
        checksum_verified=None if row["checksum_verified"] is None else bool(row["checksum_verified"]),
    )


def _multipart(row: RowMapping) -> Multipart | None:
    key, multipart_id = row["multipart_key"], row["multipart_id"]
    if key is None:
        return None
    return Multipart(key, row["multipart_part_size"], None if multipart_id is None else MultipartUploadId(multipart_id))


def as_key(row: RowMapping) -> ApiKey:
    revoked_at = None if row["revoked_at"] is None else moment(row["revoked_at"])
    created_at = moment(row["created_at"])
    return ApiKey(row["id"], row["name"], row["digest"], created_at, revoked_at, Scope(row["scope"]))


def as_outbox_row(announcement: Announcement) -> dict[str, Any]:
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
        "detail": announcement.detail,
    }


def as_announcement(row: RowMapping) -> Announcement:
    return Announcement(
        id=row["id"],
        type=row["type"],
        upload_id=UploadId(row["upload_id"]),
        body=row["body"],
        created_at=moment(row["created_at"]),
        due_at=moment(row["due_at"]),
        status=Status(row["status"]),
        attempts=row["attempts"],
        version=row["version"],
        detail=row["detail"],
    )
