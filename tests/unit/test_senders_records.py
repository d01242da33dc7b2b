"""The records of senders: each store's keys, and records that cannot be used."""

import json
import logging
from datetime import UTC, datetime, timedelta
from threading import get_ident
from typing import Any

import pytest
from tests.support.deliveries import recorded
from tests.unit.memory_world import World

from valetkey.core.errors import MalformedEvent
from valetkey.core.events.event import EventCounts, EventSender, ObjectEvent
from valetkey.core.model.upload import UploadState
from valetkey.senders.b2 import B2Sender
from valetkey.senders.ceph import CephSender
from valetkey.senders.eventbridge import EventBridgeSender
from valetkey.senders.minio import MinioSender
from valetkey.senders.records import read_message, read_queued_records

SENDERS: dict[str, EventSender] = {
    "ceph_post": CephSender("s" * 16),
    "minio_post": MinioSender("s" * 16),
    "b2_upload": B2Sender("s" * 16),
    "eventbridge_object_created": EventBridgeSender("s" * 16),
}


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("name", "key", "etag", "milliseconds"),
    [
        ("ceph_post", "staging/red+flower@home é.png", "9dd4e461268c8034f5c8564e155c67a6", 500),
        ("minio_post", "staging/red flower@home.png", "d41d8cd98f00b204e9800998ecf8427e", 998),
        ("b2_upload", "staging/red flower@home.png", None, None),
        ("eventbridge_object_created", "staging/red+flower@home é.png", "b1946ac92492d2347c6235b4d2611184", 0),
    ],
)
def test_each_sender_names_objects_its_own_way(name: str, key: str, etag: str | None, milliseconds: int | None) -> None:
    """Ceph, B2 and EventBridge send keys raw, MinIO form-encodes them; B2 says neither ETag nor time."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    written_at = None if milliseconds is None else noon + timedelta(milliseconds=milliseconds)
    found = ObjectEvent("amzn-s3-demo-bucket", key, etag, written_at)
    assert SENDERS[name].parse(body(recorded(name))) == ([found], 0)


@pytest.mark.parametrize("told", [None, 7, "", "yesterday", "2026-03-01T12:00:00", {}])
def test_a_time_that_is_none_says_nothing(told: object) -> None:
    """Nor one without its zone: the object is looked at."""
    message = recorded("minio_post")
    message["Records"][0]["eventTime"] = told
    message["Records"][0]["s3"]["object"]["eTag"] = told if told != "" else 7
    [found] = SENDERS["minio_post"].parse(body(message)).events
    assert isinstance(found, ObjectEvent)
    assert found.written_at is None


def test_minio_leaves_out_the_size_of_an_empty_object() -> None:
    """The fixture has none, as MinIO sends it: nothing needs it."""
    assert "size" not in recorded("minio_post")["Records"][0]["s3"]["object"]
    assert len(SENDERS["minio_post"].parse(body(recorded("minio_post"))).events) == 1


@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "in SNS"])
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("s3_post", ["staging/red flower@home.png"]),
        ("eventbridge_object_created", ["staging/red+flower@home é.png"]),
        ("s3_test_event", []),
    ],
)
def test_a_queue_carries_three_shapes(name: str, keys: list[str], *, wrapped: bool) -> None:
    """S3's own, EventBridge's, and S3's test event, each as it is or in SNS's envelope."""
    message = recorded(name)
    if wrapped:
        message = recorded("sns_notification") | {"Message": json.dumps(message)}
    assert [event.key for event in read_queued_records(body(message))] == keys


@pytest.mark.parametrize(
    "message",
    [
        {},
        [],
        None,
        {"Type": "Notification"},
        {"Type": "Notification", "Message": {}},
        {"Type": "Notification", "Message": "x"},
    ],
)
def test_a_queue_message_of_another_shape_is_malformed(message: Any) -> None:
    """It is left to the queue's redrive policy."""
    with pytest.raises(MalformedEvent):
        read_queued_records(body(message))


def test_a_message_inside_a_message_is_opened_once() -> None:
    """An envelope within an envelope is nothing that SNS sends."""
    inner = recorded("sns_notification")
    with pytest.raises(MalformedEvent):
        read_queued_records(body(inner | {"Message": json.dumps(inner)}))


BAD_RECORDS: list[Any] = [
    None,
    7,
    "text",
    [],
    {},
    {"eventName": None},
    {"eventName": "ObjectCreated:Put"},
    {"eventName": "ObjectCreated:Put", "s3": None},
    {"eventName": "ObjectCreated:Put", "s3": {"bucket": [], "object": "x"}},
    {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": 1}, "object": {"key": "x"}}},
    {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": None}}},
    {"eventName": "ObjectCreated:Put", "eventVersion": 2, "s3": {"bucket": {"name": "b"}, "object": {"key": "x"}}},
    {"eventName": "ObjectCreated:Put", "eventVersion": "3.0", "s3": {"bucket": {"name": "b"}, "object": {"key": "x"}}},
    {"eventName": "ObjectRemoved:Delete"},
    {"eventName": "s3:ObjectAccessed:Get"},
    {"eventName": "Martian" * 1000},
]


@pytest.mark.parametrize("name", ["ceph_post", "minio_post"])
def test_bad_records_spoil_no_good_one(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each is counted, and logged with its reason in a line that stays short; the good one among them is read."""
    caplog.set_level(logging.INFO, "valetkey")
    [good] = recorded(name)["Records"]
    parsed = SENDERS[name].parse(body({"Records": [*BAD_RECORDS, good, *BAD_RECORDS]}))
    assert len(parsed.events) == 1
    assert parsed.ignored == 2 * len(BAD_RECORDS)
    assert "not in the format" in caplog.text
    assert "'ObjectRemoved:Delete' does not report a new object" in caplog.text
    assert max(len(record.getMessage()) for record in caplog.records) < 200


def test_bad_events_of_b2_spoil_no_good_one() -> None:
    """B2's test event names no object, and is counted like all that is no creation."""
    [good] = recorded("b2_upload")["events"]
    bad = [*BAD_RECORDS, *recorded("b2_test_event")["events"], good | {"objectName": 7}, good | {"bucketName": None}]
    bad.append(good | {"eventType": "b2:ObjectDeleted:Delete"})
    parsed = SENDERS["b2_upload"].parse(body({"events": [*bad, good | {"eventTimestamp": "soon"}]}))
    assert (len(parsed.events), parsed.ignored) == (1, len(bad))


@pytest.mark.parametrize(
    "change",
    [
        {"detail-type": "Object Deleted"},
        {"detail-type": "Object Created", "source": "com.example"},
        {"detail": {}},
        {"detail": {"bucket": {"name": "b"}, "object": {"key": 1}}},
        {"detail": {"bucket": None, "object": {"key": "k"}}},
    ],
)
def test_other_events_of_eventbridge_are_ignored(change: dict[str, Any]) -> None:
    """A rule that matches too much costs nothing but a count."""
    parsed = SENDERS["eventbridge_object_created"].parse(body(recorded("eventbridge_object_created") | change))
    assert parsed == ([], 1)


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"{",
        b"{}",
        b'{"Records":3,"events":{},"detail":1}',
        b'{"a":' * 5000,
        b"[" * 100_000,
    ],
)
def test_an_envelope_that_cannot_be_read_is_malformed(name: str, raw: bytes) -> None:
    """No JSON, JSON too deep, or none of what the sender sends."""
    with pytest.raises(MalformedEvent):
        SENDERS[name].parse(raw)


def test_ten_thousand_records_are_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    """They are read one by one, and the log does not grow with them; foreign names are no way to fill it either."""
    caplog.set_level(logging.INFO, "valetkey")
    assert read_message({"Records": [{}] * 10_000}) == ([], 10_000)
    own = [one for one in caplog.records if one.thread == get_ident()]  # what other tests have left may log, too
    assert len(own) == 1
    names = [{"eventName": f"Name{number}"} for number in range(10_000)]
    assert read_message({"Records": names}).ignored == 10_000
    assert len(caplog.records) < 10


def told_at(name: str, moment: datetime, key: str) -> Any:
    """A delivery of ``name`` about ``key`` in the bucket of `World`, by a store whose clock says ``moment``."""
    message = recorded(name)
    match name:
        case "ceph_post" | "minio_post":
            [record] = message["Records"]
            record["eventTime"] = f"{moment:%Y-%m-%dT%H:%M:%S}.500Z"
            record["s3"]["bucket"]["name"], record["s3"]["object"]["key"] = "memory", key
        case "b2_upload":
            [event] = message["events"]
            event |= {"eventTimestamp": int(moment.timestamp() * 1000), "bucketName": "memory", "objectName": key}
        case _:
            message["time"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
            message["detail"]["bucket"]["name"], message["detail"]["object"]["key"] = "memory", key
    return message


@pytest.mark.parametrize("by", [timedelta(hours=-1), timedelta(0), timedelta(hours=1)], ids=["behind", "same", "ahead"])
@pytest.mark.parametrize("name", SENDERS)
def test_a_senders_clock_does_not_matter(name: str, by: timedelta) -> None:
    """An event says that there is something to look at, not when: an hour off it confirms as any other, once."""
    world = World()
    upload = world.create()
    assert world.post(upload).status == 201
    delivered = body(told_at(name, world.time + by, upload.staging_key))
    assert world.service.observe(*SENDERS[name].parse(delivered)) == EventCounts(confirmed=1)
    assert world.now(upload).state is UploadState.CONFIRMED
    assert world.service.observe(*SENDERS[name].parse(delivered)) == EventCounts(ignored=1)
