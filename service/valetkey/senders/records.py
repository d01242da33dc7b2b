"""The payloads of senders: S3 event records (version 2, defined by AWS and adopted by others), EventBridge's event, and
SNS's envelope around either.

Sources: the S3 user guide, "Event message structure" and "EventBridge event message structure"; the GuardDuty user
guide, "Monitoring S3 object scans with Amazon EventBridge"; Ceph's differences were measured on RGW 16.2.
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
"""Whether an object is clean, by GuardDuty's ``scanResultStatus``. UNSUPPORTED, ACCESS_DENIED and FAILED are not
verdicts."""

EVENT_VERSION = "2"
"""The supported major version of event records. Minor versions only add fields."""

LOGGED_REASONS = 5
"""The most reasons that one delivery may log: it could contain ten thousand different event names."""


class SkippedRecord(Exception):
    """The record is ignored; the message is the reason."""


def read_json(body: bytes | str) -> dict[str, Any]:
    """The JSON object in ``body``. Raises `MalformedEvent`, also if it is nested too deeply.

    Ceph RGW repeats the bytes of an object's metadata as they came in an unsigned header (16.2, measured). Bytes that
    are not UTF-8 become U+FFFD, as they are no reason to refuse the event.
    """
    try:
        parsed = _loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedEvent("The event is not JSON.") from error
    if not isinstance(parsed, dict):
        raise MalformedEvent("The event is not a JSON object.")
    return parsed


def _loads(body: bytes | str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if isinstance(body, str) or (text := body.decode(errors="replace")).encode() == body:
            raise
    return orjson.loads(text)


def read_queued_records(body: bytes) -> list[StoreEvent]:
    """The creations and verdicts in a queue's message: S3's own, EventBridge's, or either in SNS's envelope.

    SNS's signature is not verified: the queue's policy determines who may write to it. Raises `MalformedEvent`.
    """
    message = read_json(body)
    if message.get("Type") == "Notification":
        message = read_enclosed(message)
    return list(read_message(message).events)


def read_enclosed(envelope: dict[str, Any]) -> dict[str, Any]:
    """The message in SNS's envelope, in which it is JSON in a string. Raises `MalformedEvent`."""
    enclosed = envelope.get("Message")
    if not isinstance(enclosed, str):
        raise MalformedEvent("The notification has no message.")
    return read_json(enclosed)


def read_message(message: dict[str, Any]) -> Parsed:
    """The events in ``message``, in any of AWS's formats. Raises `MalformedEvent` for other formats."""
    if message.get("Event") == "s3:TestEvent":  # sent when a notification is configured; it has no records
        log.info("the store's test event has arrived")
        return Parsed(())
    if "detail-type" in message:
        return read_eventbridge(message)
    return read_records(message, encoded_keys=True)


def read_eventbridge(message: dict[str, Any]) -> Parsed:
    """The event in a message of EventBridge, which has one each; keys are not encoded. Raises `MalformedEvent`."""
    if not isinstance(message.get("detail-type"), str) or not isinstance(message.get("detail"), dict):
        raise MalformedEvent("The event is not in EventBridge's format.")
    return gather([message], _read_eventbridge)


def read_records(message: dict[str, Any], *, encoded_keys: bool) -> Parsed:
    """The creations in the ``Records`` of ``message``. Raises `MalformedEvent` if it has no such list.

    AWS, MinIO and moto form-encode keys (``encoded_keys``); Ceph does not encode them.
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
    """Reads each of ``records`` with ``read``. Records that raise `SkippedRecord`, or have another format, are counted
    and logged.

    Thus one bad record neither makes a sender repeat the delivery for ever, nor prevents the good ones from being read.
    Raises `MalformedEvent` if ``records`` is not a list.
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
            left_out.append("not in the format of such a record")
    if left_out:  # counting an empty list took a third of the time of this function
        for text, count in Counter(left_out).most_common(LOGGED_REASONS):
            log.info("%d of %d event records ignored: %s", count, len(records), text)
    return Parsed(events, len(left_out))


def _read_eventbridge(message: dict[str, Any]) -> StoreEvent:
    if (message.get("source"), message["detail-type"]) == SCANNED:
        return _read_scan(message["detail"])
    if (message.get("source"), message["detail-type"]) != ("aws.s3", "Object Created"):
        raise SkippedRecord(f"{message['detail-type'][:60]!r} does not report a new object")
    found, bucket = message["detail"]["object"], require_text(message["detail"]["bucket"]["name"])
    return ObjectEvent(bucket, require_text(found["key"]), _etag(found.get("etag")), _moment(message.get("time")))


def _read_scan(detail: dict[str, Any]) -> ScanEvent:
    """The result of GuardDuty's malware protection. All results but two mean that it could not scan the object."""
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
    """Raises `SkippedRecord` unless ``name`` is the name of a creation event."""
    if not name.startswith(CREATED):
        raise SkippedRecord(f"{name[:60]!r} does not report a new object")


def require_text(value: object) -> str:
    """``value`` if it is text. Otherwise raises TypeError, which `gather` counts."""
    if not isinstance(value, str):
        raise TypeError
    return value


def _etag(value: object) -> str | None:
    return plain_etag(value) if isinstance(value, str) else None


def _moment(value: object) -> datetime | None:
    """A time in ISO 8601; None if it is invalid or has no time zone."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
