"""The payloads of senders: S3 event records (version 2, defined by AWS and copied by others), EventBridge's event, and
SNS's envelope around either.

Sources: the S3 user guide, "Event message structure" and "EventBridge event message structure"; the GuardDuty user
guide, "Monitoring S3 object scans with Amazon EventBridge"; where Ceph differs was measured on RGW 16.2.
"""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

import orjson

from valetkey.core.errors import MalformedEvent
from valetkey.core.events.event import ObjectEvent, Parsed, ScanEvent, StoreEvent
from valetkey.core.model.etags import plain_etag

log = logging.getLogger("valetkey")

CREATED = "ObjectCreated:"
SCANNED = ("aws.guardduty", "GuardDuty Malware Protection Object Scan Result")
VERDICTS = {"NO_THREATS_FOUND": True, "THREATS_FOUND": False}
"""By GuardDuty's ``scanResultStatus``: clean or not. UNSUPPORTED, ACCESS_DENIED and FAILED are no verdicts."""

EVENT_VERSION = "2"
"""The major version of the records we know: minor ones only add fields."""

LOGGED_REASONS = 5
"""How many reasons one delivery may log: a stranger's ten thousand event names are not ours to keep."""


class SkippedRecord(Exception):
    """The record is to be ignored; the text says why."""


def read_json(body: bytes | str) -> dict[str, Any]:
    """The JSON object in ``body``. Raises `MalformedEvent`, for one nested too deep as well."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedEvent("The event is no JSON.") from error
    if not isinstance(parsed, dict):
        raise MalformedEvent("The event is no JSON object.")
    return parsed


def read_queued_records(body: bytes) -> list[StoreEvent]:
    """The creations and verdicts in a queue's message: S3's own, EventBridge's, or either in SNS's envelope.

    SNS's signature is not asked for: the queue's policy says who may write to it. Raises `MalformedEvent`.
    """
    message = read_json(body)
    if message.get("Type") == "Notification":
        message = read_enclosed(message)
    return list(read_message(message).events)


def read_enclosed(envelope: dict[str, Any]) -> dict[str, Any]:
    """What SNS carries as text in its envelope. Raises `MalformedEvent`."""
    enclosed = envelope.get("Message")
    if not isinstance(enclosed, str):
        raise MalformedEvent("The notification has no message.")
    return read_json(enclosed)


def read_message(message: dict[str, Any]) -> Parsed:
    """What AWS says in ``message``, in any of its shapes. Raises `MalformedEvent` for another."""
    if message.get("Event") == "s3:TestEvent":  # sent when a notification is set up; it has no records
        log.info("the store's test event has arrived")
        return Parsed(())
    if "detail-type" in message:
        return read_eventbridge(message)
    return read_records(message, encoded_keys=True)


def read_eventbridge(message: dict[str, Any]) -> Parsed:
    """The one event that EventBridge sends at a time; keys come raw. Raises `MalformedEvent`."""
    if not isinstance(message.get("detail-type"), str) or not isinstance(message.get("detail"), dict):
        raise MalformedEvent("The event is none of EventBridge's.")
    return gather([message], _read_eventbridge)


def read_records(message: dict[str, Any], *, encoded_keys: bool) -> Parsed:
    """The creations among ``message``'s ``Records``. Raises `MalformedEvent` when it has no such list.

    AWS, MinIO and moto form-encode keys (``encoded_keys``), Ceph sends them raw.
    """

    def read(record: Any) -> ObjectEvent:
        require_created(record["eventName"].removeprefix("s3:"))
        if require_text(record.get("eventVersion", EVENT_VERSION)).partition(".")[0] != EVENT_VERSION:
            raise SkippedRecord(f"version {record['eventVersion'][:10]!r} of the event format is unknown")
        found = record["s3"]["object"]
        key, bucket = require_text(found["key"]), require_text(record["s3"]["bucket"]["name"])
        told = (_etag(found.get("eTag")), _moment(record.get("eventTime")))
        return ObjectEvent(bucket, unquote_plus(key) if encoded_keys else key, *told)

    return gather(message.get("Records"), read)


def gather(records: object, read: Callable[[Any], StoreEvent]) -> Parsed:
    """Reads each of ``records`` with ``read``. One that is `SkippedRecord`, or of another shape, is counted and logged.

    So a sender neither repeats a delivery for ever because of one bad record, nor drops the good ones. Raises
    `MalformedEvent` if ``records`` is not a list.
    """
    if not isinstance(records, list):
        raise MalformedEvent("The event has no list of records.")
    events: list[StoreEvent] = []
    left_out: list[str] = []
    for record in records:
        try:
            events.append(read(record))
        except SkippedRecord as reason:
            left_out.append(str(reason))
        except (TypeError, KeyError, AttributeError):
            left_out.append("not of the shape of such a record")
    if left_out:  # to count none took a third of all this
        for text, count in Counter(left_out).most_common(LOGGED_REASONS):
            log.info("%d of %d event records ignored: %s", count, len(records), text)
    return Parsed(events, len(left_out))


def _read_eventbridge(message: dict[str, Any]) -> StoreEvent:
    if (message.get("source"), message["detail-type"]) == SCANNED:
        return _read_scan(message["detail"])
    if (message.get("source"), message["detail-type"]) != ("aws.s3", "Object Created"):
        raise SkippedRecord(f"{message['detail-type'][:60]!r} tells of no new object")
    found, bucket = message["detail"]["object"], require_text(message["detail"]["bucket"]["name"])
    return ObjectEvent(bucket, require_text(found["key"]), _etag(found.get("etag")), _moment(message.get("time")))


def _read_scan(detail: dict[str, Any]) -> ScanEvent:
    """What GuardDuty's malware protection found. Each result but two means that it could not look."""
    stored, result = detail["s3ObjectDetails"], detail["scanResultDetails"]
    status = require_text(result["scanResultStatus"])
    threats = [require_text(threat["name"]) for threat in result.get("threats") or []]
    return ScanEvent(
        bucket=require_text(stored["bucketName"]),
        key=require_text(stored["objectKey"]),
        etag=plain_etag(require_text(stored["eTag"])),
        clean=VERDICTS.get(status) if detail.get("scanStatus") == "COMPLETED" else None,
        detail=f"GuardDuty: {status[:60]} {', '.join(threats)[:500]}".rstrip(),
    )


def require_created(name: str) -> None:
    """Raises `SkippedRecord` unless ``name`` is that of a creation."""
    if not name.startswith(CREATED):
        raise SkippedRecord(f"{name[:60]!r} tells of no new object")


def require_text(value: object) -> str:
    """``value`` if it is text; `gather` counts the TypeError that it raises otherwise."""
    if not isinstance(value, str):
        raise TypeError
    return value


def _etag(value: object) -> str | None:
    return plain_etag(value) if isinstance(value, str) else None


def _moment(value: object) -> datetime | None:
    """A moment in ISO 8601; None for what is none, or says no time zone."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
