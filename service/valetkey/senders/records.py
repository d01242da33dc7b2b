"""S3 event records, version 2, as AWS defined them and others copy them.

Source: the S3 user guide, "Event message structure"; where Ceph differs was measured on RGW 16.2.
"""

from typing import Any
from urllib.parse import unquote_plus

import orjson

from valetkey.core.errors import MalformedEvent
from valetkey.core.events import ObjectEvent


def read_json(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``. Raises `MalformedEvent`, for one nested too deep as well."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedEvent("The event is no JSON.") from error
    if not isinstance(parsed, dict):
        raise MalformedEvent("The event is no JSON object.")
    return parsed


def read_queued_records(body: bytes) -> list[ObjectEvent]:
    """The creations in a message that S3 put into a queue: keys are form-encoded. Raises `MalformedEvent`."""
    return read_records(read_json(body), encoded_keys=True)


def read_records(message: dict[str, Any], *, encoded_keys: bool) -> list[ObjectEvent]:
    """The creations among ``message``'s ``Records``; none in a message without them, such as ``s3:TestEvent``.

    AWS, MinIO and moto form-encode keys (``encoded_keys``), Ceph sends them raw. A record that is not of this shape
    raises `MalformedEvent`.
    """
    records = message.get("Records", [])
    try:
        events = [_read(record, encoded_keys=encoded_keys) for record in records]
    except (TypeError, KeyError, AttributeError) as error:
        raise MalformedEvent("A record of the event has not the shape of an S3 event record.") from error
    return [event for event in events if event.name.startswith("ObjectCreated:")]


def _read(record: dict[str, Any], *, encoded_keys: bool) -> ObjectEvent:
    stored = record["s3"]["object"]
    key = stored["key"]
    if encoded_keys:
        key = unquote_plus(key)
    return ObjectEvent(
        bucket=str(record["s3"]["bucket"]["name"]),
        key=str(key),
        name=record["eventName"].removeprefix("s3:"),
        etag=str(stored.get("eTag", "")).strip('"') or None,
    )
