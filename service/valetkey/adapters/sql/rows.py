"""Rows of the ledger's tables by the names of their columns, and what the core makes of them.

A new column of an upload is a line in `as_row` and one in `as_upload`, beside its line in `schema` and its migration.
"""

from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import RowMapping

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

Value = str | int | None
Row = dict[str, Value]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """As a column keeps it: microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """What `micros` made of it."""
    return _EPOCH + micros * _MICROSECOND


def as_row(upload: Upload) -> Row:
    """``upload`` as a row of `uploads`: a value for each column. `as_upload` is its reverse."""
    checksum, stored, reason, multipart = upload.checksum, upload.object, upload.reason, upload.multipart
    inspection, verdict = upload.inspection, upload.verdict
    return {
        "id": upload.id,
        "version": upload.version,
        "state": upload.state.value,
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
        "checksum_algorithm": checksum.algorithm if checksum else None,
        "checksum_value": checksum.value if checksum else None,
        "metadata": orjson.dumps(upload.metadata).decode() if upload.metadata else None,
        "redirect": int(upload.redirect),
        "pins": upload.pins,
        "object_key": stored.key if stored else None,
        "object_etag": stored.etag if stored else None,
        "object_version_id": stored.version_id if stored else None,
        "object_size": stored.size if stored else None,
        "object_content_type": stored.content_type if stored else None,
        "reason_code": reason.code if reason else None,
        "reason_detail": reason.detail if reason else None,
        "confirmed_by": upload.confirmed_by.value if upload.confirmed_by else None,
        "confirmed_at": micros(upload.confirmed_at) if upload.confirmed_at else None,
        "due_at": micros(upload.due_at) if upload.due_at else None,
        "inspected_pin": inspection.pin if inspection else None,
        "detected_type": inspection.detected_type if inspection else None,
        "verdict_etag": verdict.etag if verdict else None,
        "verdict_clean": int(verdict.clean) if verdict else None,
        "verdict_detail": verdict.detail if verdict else None,
        "verdict_key": verdict.key if verdict else None,
        "method": upload.method.value,
        "multipart_key": multipart.key if multipart else None,
        "multipart_part_size": multipart.part_size if multipart else None,
        "multipart_id": multipart.id if multipart else None,
        "ticket": upload.ticket,
        "key": upload.key or None,
        "rules": upload.rules.text if upload.rules else None,
        "copying_since": micros(upload.copying_since) if upload.copying_since else None,
        "checksum_verified": None if upload.checksum_verified is None else int(upload.checksum_verified),
    }


def as_upload(row: RowMapping) -> Upload:
    return Upload(
        id=UploadId(row["id"]),
        version=row["version"],
        state=UploadState(row["state"]),
        profile=row["profile"],
        account=row["account"],
        owner=row["owner"],
        filename=row["filename"],
        content_type=row["content_type"],
        size=row["size"],
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
    )


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else moment(micros)


def _checksum(row: RowMapping) -> Checksum | None:
    algorithm = row["checksum_algorithm"]
    return Checksum(algorithm, row["checksum_value"]) if algorithm else None


def _stored(row: RowMapping) -> StoredObject | None:
    key = row["object_key"]
    if key is None:
        return None
    return StoredObject(
        key, row["object_etag"], row["object_version_id"], row["object_size"], row["object_content_type"]
    )


def _verdict(row: RowMapping) -> Verdict | None:
    etag = row["verdict_etag"]
    if etag is None:
        return None
    return Verdict(etag, bool(row["verdict_clean"]), row["verdict_detail"], row["verdict_key"])


def _multipart(row: RowMapping) -> Multipart | None:
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


def changed(before: Row, after: Row) -> Row:
    """The columns in which the two differ, as they are in ``after``."""
    return {name: value for name, value in after.items() if value != before[name]}
