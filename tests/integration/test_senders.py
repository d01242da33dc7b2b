"""Events of every sender through the whole application, for objects on moto."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from flask.testing import FlaskClient
from tests.support import ledgers
from tests.support.clients import post_form
from tests.support.deliveries import TOPIC, Outside, certificate, recorded, sign
from tests.support.stores import Bucket
from werkzeug.test import TestResponse

from valetkey.app import create_app, installed_in
from valetkey.core.errors import ConfigurationError
from valetkey.opening import senders
from valetkey.settings import Settings

SECRET = "a-secret-of-some-length"
MINIO = {"authorization": f"Bearer {SECRET}"}
NOTHING = {"confirmed": 0, "rejected": 0, "ignored": 0}


@dataclass
class World:
    """The application with every sender switched on, and a bucket to upload to."""

    client: FlaskClient
    bucket: Bucket
    outside: Outside

    def upload(self) -> str:
        """The id of a new upload whose object is there, and whose client says nothing."""
        asked = {"filename": "a.txt", "content_type": "text/plain", "size": 1}
        created: dict[str, Any] = self.client.post("/v1/uploads", json=asked).json or {}
        assert post_form(created["grant"]["url"], created["grant"]["fields"], b"x").status == 201
        return str(created["upload"]["id"])

    def state(self, upload_id: str) -> str:
        answer: dict[str, Any] = self.client.get(f"/v1/uploads/{upload_id}").json or {}
        return str(answer["state"])

    def send(self, sender: str, body: Any, headers: Mapping[str, str] | None = None) -> TestResponse:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "text/plain; charset=UTF-8" if sender == "sns" else "application/json"
        return self.client.post(f"/v1/events/{sender}", data=raw, content_type=kind, headers=dict(headers or {}))

    def records(self, name: str, key: str) -> dict[str, Any]:
        """The fixture ``name``, telling of ``key`` in our bucket."""
        body: dict[str, Any] = recorded(name)
        body["Records"][0]["s3"]["bucket"]["name"] = self.bucket.name
        body["Records"][0]["s3"]["object"]["key"] = key
        return body


@pytest.fixture
def outside() -> Outside:
    return Outside(certificate(start=datetime.now(UTC) - timedelta(days=1)))


@pytest.fixture
def world(
    settings: Settings, moto_bucket: Bucket, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Certificates come from ``outside``; the API of SNS is moto's."""
    monkeypatch.setattr("valetkey.opening.certificate_fetcher", lambda: outside.fetch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", moto_bucket.server.endpoint_url)
    server = moto_bucket.server
    secrets = dict.fromkeys(["events_minio_token", "events_eventbridge_key", "events_b2_secret"], SECRET)
    enabled = settings.model_copy(update=secrets | {"events_sns_topic_arns": (TOPIC,)})
    app = create_app(enabled, server.session, allow_open=True)
    ledgers.migrate(installed_in(app).settings.database_url)
    with app.test_client() as client:
        yield World(client, moto_bucket, outside)


Delivery = tuple[bytes, dict[str, str]]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def by_minio(world: World, key: str) -> Delivery:
    return json.dumps(world.records("minio_post", key)).encode(), MINIO


def by_eventbridge(world: World, key: str) -> Delivery:
    body = recorded("eventbridge_object_created")
    body["detail"]["bucket"]["name"] = world.bucket.name
    body["detail"]["object"]["key"] = key
    return json.dumps(body).encode(), {"x-api-key": SECRET}


def by_b2(world: World, key: str) -> Delivery:
    body = recorded("b2_upload")
    body["events"][0] |= {"bucketName": world.bucket.name, "objectName": key}
    raw = json.dumps(body).encode()
    signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    return raw, {"X-Bz-Event-Notification-Signature": f"v1={signature}"}


def by_sns(world: World, key: str, version: str = "2") -> Delivery:
    message = json.dumps(world.records("s3_post", key))
    return json.dumps(
        sign(recorded("sns_notification") | {"Message": message, "Timestamp": now()}, version)
    ).encode(), {}


def by_sns_version_1(world: World, key: str) -> Delivery:
    return by_sns(world, key, "1")


WAYS = [("minio", by_minio), ("eventbridge", by_eventbridge), ("b2", by_b2), ("sns", by_sns), ("sns", by_sns_version_1)]


@pytest.mark.parametrize(("sender", "way"), WAYS)
def test_an_event_confirms_an_upload(world: World, sender: str, way: Callable[[World, str], Delivery]) -> None:
    """By each sender, in its own shape; once more it is ignored."""
    upload_id = world.upload()
    body, headers = way(world, f"staging/{upload_id}")
    first = world.send(sender, body, headers)
    assert (first.status_code, first.json) == (200, NOTHING | {"confirmed": 1})
    assert world.state(upload_id) == "confirmed"
    assert world.send(sender, body, headers).json == NOTHING | {"ignored": 1}


@pytest.mark.parametrize(("sender", "way"), WAYS)
def test_foreign_events_are_ignored(world: World, sender: str, way: Callable[[World, str], Delivery]) -> None:
    """Keys that are nobody's, or not under our prefix, are counted: 200, so that no sender repeats them."""
    for key in ["staging/", "staging/019f0000-0000-7000-8000-000000000000", "holiday/é.png", "../\x00", "x" * 2000]:
        body, headers = way(world, key)
        answer = world.send(sender, body, headers)
        assert (answer.status_code, answer.json) == (200, NOTHING | {"ignored": 1})


@pytest.mark.parametrize(("sender", "way"), WAYS)
def test_a_forged_event_confirms_nothing(world: World, sender: str, way: Callable[[World, str], Delivery]) -> None:
    """The same delivery without its proof is a 403, and nothing is fetched; so is another body with its proof."""
    upload_id = world.upload()
    body, headers = way(world, f"staging/{upload_id}")
    unsigned = body.replace(b'"Signature": "', b'"Signature": "!')
    answer = world.send(sender, unsigned, {})
    assert (answer.status_code, (answer.json or {})["code"]) == (403, "sender_refused")
    assert world.outside.fetched == []
    if sender in {"b2", "sns"}:
        assert world.send(sender, body.replace(b"staging/", b"staging//"), headers).status_code == 403
    assert world.state(upload_id) == "pending"


def test_an_oversized_body_is_refused(world: World) -> None:
    """By its size alone: 413, whoever sends it, and nothing is fetched."""
    for sender, way in WAYS:
        body, headers = way(world, "k")
        for size in (256 * 1024 + 1, 5_000_000):
            assert world.send(sender, body + b" " * (size - len(body)), headers).status_code == 413
    assert world.outside.fetched == []


def test_a_subscription_is_confirmed_at_sns(world: World) -> None:
    """The topic's confirmation leads to an API call in the topic's region, and all counts in the answer are zero."""
    sns = boto3.client(
        "sns", region_name="us-west-2", aws_access_key_id=world.bucket.server.access_key, aws_secret_access_key="x"
    )
    sns.create_topic(Name=TOPIC.rpartition(":")[2])
    answer = world.send("sns", sign(recorded("sns_subscription_confirmation") | {"Timestamp": now()}))
    assert (answer.status_code, answer.json) == (200, NOTHING)
    ended = world.send("sns", sign(recorded("sns_unsubscribe_confirmation") | {"Timestamp": now()}))
    assert (ended.status_code, ended.json) == (200, NOTHING)
    sns.delete_topic(TopicArn=TOPIC)
    gone = world.send("sns", sign(recorded("sns_subscription_confirmation") | {"Timestamp": now()}))
    assert (gone.status_code, (gone.json or {})["code"]) == (403, "sender_refused")


def test_the_test_event_is_taken_quietly(world: World) -> None:
    """S3 sends it when a notification is set up."""
    envelope = recorded("sns_notification") | {"Message": json.dumps(recorded("s3_test_event")), "Timestamp": now()}
    answer = world.send("sns", sign(envelope))
    assert (answer.status_code, answer.json) == (200, NOTHING)


def test_ten_thousand_records_in_one_body(world: World) -> None:
    """Bad ones are counted; the good one at their end still confirms."""
    upload_id = world.upload()
    good = world.records("minio_post", f"staging/{upload_id}")["Records"]
    answer = world.send("minio", {"Records": [{}] * 9_999 + good}, MINIO)
    assert (answer.status_code, answer.json) == (200, {"confirmed": 1, "rejected": 0, "ignored": 9_999})
    assert world.state(upload_id) == "confirmed"


def test_many_events_of_one_object_are_one_look(world: World) -> None:
    """Repeats inside one delivery are counted as ignored."""
    upload_id = world.upload()
    body = {"Records": world.records("minio_post", f"staging/{upload_id}")["Records"] * 50}
    assert world.send("minio", body, MINIO).json == {"confirmed": 1, "rejected": 0, "ignored": 49}


def test_an_unreadable_envelope_is_a_400(world: World) -> None:
    """From a sender that is known; a stranger is told 403 and no more."""
    for body in (b"", b"{", b"[]", b"{}", b'{"Records": {}}', b'{"a":' * 5000, b"[" * 200_000):
        assert world.send("minio", body, MINIO).status_code == 400
        assert world.send("minio", body).status_code == 403
        assert world.send("sns", body).status_code == 403
    assert world.outside.fetched == []


def test_without_its_secret_a_sender_is_not_there(settings: Settings, moto_bucket: Bucket) -> None:
    """404, whatever it brings."""
    server = moto_bucket.server
    app = create_app(settings, server.session, allow_open=True)
    for sender in ("sns", "eventbridge", "minio", "ceph", "b2", "nobody"):
        answer = app.test_client().post(f"/v1/events/{sender}", json={"Records": []}, headers=MINIO)
        assert (answer.status_code, (answer.json or {})["code"]) == (404, "sender_unknown")


def test_a_topic_that_is_none_is_refused_at_the_start(settings: Settings) -> None:
    """With the setting's name."""
    with pytest.raises(ConfigurationError, match="VALETKEY_EVENTS_SNS_TOPIC_ARNS"):
        senders(settings.model_copy(update={"events_sns_topic_arns": ("MyTopic",)}))
