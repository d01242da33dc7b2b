"""New uploads, completions and events without a Flask request: the responses are the same as with one."""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from threading import get_ident
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from tests.e2e.rgw_events import created_event
from tests.support import ledgers
from tests.support.clients import post_form
from tests.support.deliveries import recorded
from tests.support.stores import Bucket
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from valetkey import ValetKey, waiting
from valetkey.api import plain
from valetkey.api.observing import LastDelivery
from valetkey.app import create_app, installed_in
from valetkey.core.errors import LedgerUnavailable, StoreUnavailable
from valetkey.core.granting.grants import GrantMaker
from valetkey.core.model.upload import Upload, UploadId, new_upload_id
from valetkey.settings import Settings

WANTED = {"filename": "a.png", "content_type": "image/png", "size": 5, "metadata": {"album": "summer"}}
BATCH = {"uploads": [WANTED, WANTED | {"size": -1}, WANTED | {"profile": "none"}]}
OURS = {"id", "key", "policy", "x-amz-signature", "x-amz-meta-upload-id", "x-amz-date", "ticket"}
"""What is another in each grant."""


SECRET = "a-secret-of-some-length"
SENDERS = dict.fromkeys(
    ["events_ceph_secret", "events_minio_token", "events_eventbridge_key", "events_b2_secret"], SECRET
)


@pytest.fixture
def app(settings: Settings, moto_bucket: Bucket) -> Iterator[Flask]:
    made = create_app(settings.model_copy(update=SENDERS), moto_bucket.server.session, allow_open=True)
    ledgers.migrate(settings.database_url)
    yield made
    installed_in(made).ledger.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def requests(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of requests that Flask handled."""
    found: list[str] = []
    as_ever = app.request_context

    def note(environ: dict[str, Any]) -> Any:
        found.append(environ["PATH_INFO"])
        return as_ever(environ)

    monkeypatch.setattr(app, "request_context", note)
    return found


def without_chance(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: name if name in OURS or name.endswith("_at") else without_chance(one) for name, one in value.items()
        }
    return [without_chance(one) for one in value] if isinstance(value, list) else value


def body_of(answer: TestResponse) -> Any:
    return answer.json


def said(answer: TestResponse) -> tuple[int, dict[str, str], Any]:
    headers = {name: "some" if name in {"Location", "Content-Length"} else value for name, value in answer.headers}
    return answer.status_code, headers, without_chance(body_of(answer))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/uploads", WANTED),
        ("/v1/uploads/batch", BATCH),
        ("/v1/uploads", WANTED | {"size": -1}),
        ("/v1/uploads", WANTED | {"content_type": "nothing"}),
        ("/v1/uploads", WANTED | {"profile": "none"}),
        ("/v1/uploads/batch", {"uploads": []}),
    ],
)
def test_it_is_answered_as_by_flask(
    app: Flask, client: FlaskClient, requests: list[str], path: str, body: dict[str, Any]
) -> None:
    """The same status, headers and body, for grants and refusals; grants without Flask."""
    alone = said(client.post(path, json=body))
    assert len(requests) == (0 if alone[0] < 400 else 1)
    app.before_request(lambda: None)
    assert said(client.post(path, json=body)) == alone
    assert requests[-1] == path


def test_a_hook_of_somebody_elses_is_called(app: Flask, client: FlaskClient) -> None:
    """A hook that is added to the application is also called for new uploads."""

    def sign(response: Response) -> Response:
        response.headers["X-Signed"] = "yes"
        return response

    assert client.post("/v1/uploads", json=WANTED).status_code == 201
    app.after_request(sign)
    assert client.post("/v1/uploads", json=WANTED).headers["X-Signed"] == "yes"


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"Origin": "https://app.example"}},
        {"query_string": "a=1"},
        {"content_type": "application/json; charset=utf-8"},
        {"environ_overrides": {"SCRIPT_NAME": "/files"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
    ],
)
def test_what_is_not_plain_is_flasks(client: FlaskClient, requests: list[str], changes: dict[str, Any]) -> None:
    """It may need more headers, or be refused before it is read."""
    client.post("/v1/uploads", **({"data": json.dumps(WANTED), "content_type": "application/json"} | changes))
    assert requests == ["/v1/uploads"]


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_a_host_that_is_none_is_refused_as_by_flask(client: FlaskClient, requests: list[str], host: str) -> None:
    assert client.post("/v1/uploads", json=WANTED, headers={"Host": host}).status_code == 400
    assert requests == ["/v1/uploads"]


@pytest.mark.parametrize(
    ("error", "status"), [(StoreUnavailable("It is somewhere else.", 30), 503), (RuntimeError("a fault of ours"), 500)]
)
def test_no_refusal_is_logged_by_who_must_not_wait(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    """The log may be a pipe without a reader."""

    def unavailable(*_: Any) -> Any:
        raise error

    assert client.post("/v1/uploads", json=WANTED).status_code == 201  # what the first request waits for is over
    route = plain.ROUTES[0]._replace(view=unavailable)
    monkeypatch.setattr("valetkey.api.plain._BY_PATH", {route.path: route})
    with pytest.raises(waiting.WouldWait):
        waiting.without(client.post, "/v1/uploads", json=WANTED)
    assert client.post("/v1/uploads", json=WANTED).status_code == status


def test_what_fails_is_told_in_a_document(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unavailable ledger is a 503, an error of ours a 500 without details."""

    def fail(error: Exception) -> TestResponse:
        def add(*_: object) -> None:
            raise error

        monkeypatch.setattr(installed_in(app).ledger, "add", add)
        return client.post("/v1/uploads", json=WANTED)

    away = fail(LedgerUnavailable("The ledger is away.", 7))
    assert (away.status_code, body_of(away)["code"], away.headers["Retry-After"]) == (503, "ledger_unavailable", "7")
    broken = fail(RuntimeError("secret"))
    assert (broken.status_code, body_of(broken)["code"]) == (500, "internal_error")
    assert "secret" not in broken.text


def test_a_limited_ticket_is_no_work_for_who_must_not_wait(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger counts its uploads: the request moves to another thread before anything is signed, and is then handled
    once."""
    installed_in(app).begin()
    ticket = body_of(client.post("/v1/tickets", json={"profile": "default", "max_uploads": 2}))["ticket"]
    signed: list[str] = []
    as_ever = GrantMaker.post

    def note(self: GrantMaker, upload: Upload, *args: Any) -> Any:
        signed.append(upload.id)
        return as_ever(self, upload, *args)

    def begin() -> UploadId:
        signed.append("new")
        return new_upload_id()

    monkeypatch.setattr(GrantMaker, "post", note)
    monkeypatch.setattr("valetkey.core.granting.admission.new_upload_id", begin)
    asked: Any = {"json": WANTED, "headers": {"Authorization": f"Bearer {ticket}"}}
    with pytest.raises(waiting.WouldWait):
        waiting.without(client.post, "/v1/uploads", **asked)
    assert signed == []
    granted = client.post("/v1/uploads", **asked)
    assert (granted.status_code, signed) == (201, ["new", body_of(granted)["upload"]["id"]])


def test_what_is_declared_at_first_is_declared_after_all(client: FlaskClient, app: Flask) -> None:
    """Without a start: a thread that would wait for the ledger leaves the declaration to the next one."""
    ledger = installed_in(app).ledger
    client.post("/v1/uploads", json=WANTED | {"size": -1})  # what is known of the bucket is read by now
    with pytest.raises(waiting.WouldWait):
        waiting.without(client.post, "/v1/uploads", json=WANTED)
    assert client.post("/v1/uploads", json=WANTED).status_code == 201
    assert list(ledger.declare({}, datetime.now(UTC))) == ["default"]


def test_who_must_not_wait_does_not(client: FlaskClient, app: Flask) -> None:
    """If the ledger has to be read, or has to write before the response, another thread does it; nothing has been
    written by then."""
    post = client.post
    with pytest.raises(waiting.WouldWait):  # for what is known of the bucket, at first
        waiting.without(post, "/v1/uploads", json=WANTED)
    installed_in(app).begin()
    with pytest.raises(waiting.WouldWait):
        waiting.without(post, "/v1/uploads", json=WANTED)
    with pytest.raises(waiting.WouldWait):
        waiting.without(post, "/v1/uploads", json=WANTED, headers={"Idempotency-Key": "1"})
    with pytest.raises(waiting.WouldWait):
        waiting.without(client.get, "/v1/uploads")
    assert body_of(client.get("/v1/uploads"))["uploads"] == []
    later: list[Any] = []
    granted = waiting.without(post, "/v1/uploads", json=WANTED, environ_overrides={"valetkey.unwritten": later})
    assert granted.status_code == 201
    later[0].wait()
    assert body_of(client.get("/v1/uploads"))["uploads"] == [body_of(granted)["upload"]]


@pytest.mark.parametrize("path", ["/v1/events/minio", "/v1/events/minio/"])
def test_the_application_around_says_what_a_slash_at_the_end_means(
    settings: Settings, moto_bucket: Bucket, path: str
) -> None:
    """The application's rules decide which sender a path names."""
    app = Flask("photos")
    app.url_map.strict_slashes = False
    ValetKey(app, settings=settings.model_copy(update=SENDERS | {"auth": "keys"}), session=moto_bucket.server.session)
    ledgers.migrate(settings.database_url)
    answer = app.test_client().post(path, json={}, headers={"Authorization": "Bearer of nobody"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "sender_refused")
    installed_in(app).ledger.close()


@dataclass(frozen=True)
class Sent:
    """An upload whose object has arrived, and the store's event for it, before it is confirmed."""

    client: FlaskClient
    id: str
    event: dict[str, Any]

    def tell(self, **changes: Any) -> TestResponse:
        """Sends the event as Ceph RGW does."""
        given = {"json": self.event, "query_string": {"secret": SECRET}} | changes
        return self.client.post("/v1/events/ceph", **given)

    def state(self) -> str:
        return str(body_of(self.client.get(f"/v1/uploads/{self.id}"))["state"])


@pytest.fixture
def sent(client: FlaskClient, moto_bucket: Bucket) -> Sent:
    granted = body_of(client.post("/v1/uploads", json=WANTED))
    assert post_form(granted["grant"]["url"], granted["grant"]["fields"], b"12345").status == 201
    key = f"staging/{granted['upload']['id']}"
    etag = moto_bucket.client.head_object(Bucket=moto_bucket.name, Key=key)["ETag"].strip('"')
    event = created_event(moto_bucket.name, key, 5, etag, opaque=SECRET)
    return Sent(client, granted["upload"]["id"], json.loads(json.dumps(event)))


def by_minio(sent: Sent) -> tuple[str, dict[str, Any]]:
    return "minio", {"json": sent.event, "headers": {"Authorization": f"Bearer {SECRET}"}}


def by_eventbridge(sent: Sent) -> tuple[str, dict[str, Any]]:
    body = recorded("eventbridge_object_created")
    body["detail"]["bucket"]["name"] = sent.event["Records"][0]["s3"]["bucket"]["name"]
    body["detail"]["object"]["key"] = f"staging/{sent.id}"
    return "eventbridge", {"json": body, "headers": {"x-api-key": SECRET}}


def by_b2(sent: Sent) -> tuple[str, dict[str, Any]]:
    body = recorded("b2_upload")
    body["events"][0] |= {
        "bucketName": sent.event["Records"][0]["s3"]["bucket"]["name"],
        "objectName": f"staging/{sent.id}",
    }
    raw = json.dumps(body).encode()
    signature = "v1=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    return "b2", {
        "data": raw,
        "content_type": "application/json",
        "headers": {"X-Bz-Event-Notification-Signature": signature},
    }


EMPTY: dict[str, Any] = {"content_type": "application/json", "environ_overrides": {"CONTENT_LENGTH": "0"}}
"""As clients send no body: werkzeug's says no length then."""
NO_ID = "01900000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        (EMPTY, 200),
        (EMPTY | {"content_type": None}, 200),  # with no type of a body that there is none of
        ({"json": {}}, 200),
        ({"json": {"parts": None}}, 200),
        ({"json": {"part": 1}}, 422),
        ({"data": b"{", "content_type": "application/json"}, 400),
        (EMPTY | {"headers": {"Authorization": "Bearer vt_none"}}, 401),
        (EMPTY | {"path": f"/v1/uploads/{NO_ID}/complete"}, 404),
        (EMPTY | {"path": "/v1/uploads/batch/complete"}, 404),
        (EMPTY | {"path": "/v1/uploads/%C3%A4/complete"}, 404),
        (EMPTY | {"path": "/v1/uploads/%FF/complete"}, 404),
    ],
)
def test_a_completion_is_answered_as_by_flask(
    app: Flask, sent: Sent, requests: list[str], changes: dict[str, Any], status: int
) -> None:
    """The same bytes and headers, for confirmations and refusals; confirmations without Flask."""
    given = {"path": f"/v1/uploads/{sent.id}/complete"} | changes

    def answered() -> tuple[int, list[tuple[str, str]], bytes]:
        answer = sent.client.post(**given)
        return answer.status_code, sorted(answer.headers), answer.data

    alone = answered()
    assert alone[0] == status
    assert len(requests) == (0 if status == 200 else 1)
    assert sent.state() == ("confirmed" if status == 200 else "pending")
    app.before_request(lambda: None)
    assert answered() == alone


def test_a_completion_too_early_is_answered_as_by_flask(app: Flask, client: FlaskClient, requests: list[str]) -> None:
    """The response says when to try again."""
    path = f"/v1/uploads/{body_of(client.post('/v1/uploads', json=WANTED))['upload']['id']}/complete"

    def answered() -> tuple[int, list[tuple[str, str]], bytes]:
        answer = client.post(path, **EMPTY)
        return answer.status_code, sorted(answer.headers), answer.data

    alone = answered()
    assert requests == []
    assert (alone[0], dict(alone[1])["Retry-After"]) == (202, "2")
    app.before_request(lambda: None)
    assert answered() == alone
    assert requests == [path]


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"Origin": "https://app.example"}},
        {"query_string": "a=1"},
        {"content_type": "text/plain"},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"environ_overrides": {"CONTENT_LENGTH": "0", "SCRIPT_NAME": "/files"}},
        {"environ_overrides": {"CONTENT_LENGTH": ""}},  # nobody says that there is none
        {"path": "/v1/uploads//complete"},
        {"path": "/v1/uploads/a/b/complete"},
        {"path": "/v1/uploads/a//complete"},
        {"path": "/v1/uploads/a/complete/"},
        {"path": "/v1//a/complete"},
        {"path": "/v1/uploads/complete"},
        {"path": "/v1/uploads/a/grant"},
    ],
)
def test_a_completion_that_is_not_plain_is_flasks(
    client: FlaskClient, requests: list[str], changes: dict[str, Any]
) -> None:
    """It may need more headers, or be for another path than it seems."""
    given = EMPTY | {"path": f"/v1/uploads/{NO_ID}/complete"} | changes
    client.post(**given)
    assert requests == [given["path"]]


def test_who_must_not_wait_completes_nothing(app: Flask, sent: Sent) -> None:
    """A completion waits for the store: another thread handles it from its beginning."""
    installed_in(app).begin()
    path = f"/v1/uploads/{sent.id}/complete"
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_LENGTH": "0"}
    assert not plain.waits_for_nothing_else(environ)
    with pytest.raises(waiting.WouldWait):
        waiting.without(sent.client.post, path, **EMPTY)
    assert sent.state() == "pending"
    assert sent.client.post(path, **EMPTY).status_code == 200


QUERY = {"query_string": {"secret": SECRET}}


@pytest.mark.parametrize(
    "told",
    [
        ("ceph", QUERY, 200),
        ("ceph", {}, 200),  # each record carries the secret
        ("ceph", {"query_string": f"secret={SECRET}&secret=another&a=%C3%A4"}, 200),
        ("ceph", {"query_string": {"secret": "another"}}, 403),
        ("ceph", {"query_string": "secret=%E4"}, 403),
        ("ceph", {"json": {"Records": []}}, 403),
        ("ceph", QUERY | {"json": {"Records": [{"eventName": "ObjectRemoved:Delete"}, 1]}}, 200),
        ("ceph", QUERY | {"json": {}}, 400),
        ("ceph", QUERY | {"data": b"{", "content_type": "application/json"}, 400),
        ("minio", {}, 403),
        ("b2", {"headers": {"X-Bz-Event-Notification-Signature": "v1=" + 64 * "0"}}, 403),
        ("eventbridge", {"headers": {"x-api-key": "another"}}, 403),
        ("nobody", {}, 404),
        ("", {}, 404),
    ],
)
def test_an_event_is_answered_as_by_flask(
    app: Flask, sent: Sent, requests: list[str], told: tuple[str, dict[str, Any], int]
) -> None:
    """The same bytes and headers, for accepted and refused events; accepted ones without Flask."""
    sender, changes, status = told
    sent.tell()
    requests.clear()
    path, given = f"/v1/events/{sender}", {"json": sent.event} | changes
    if "data" in given:
        del given["json"]

    def answered() -> tuple[int, list[tuple[str, str]], bytes]:
        answer = sent.client.post(path, **given)
        return answer.status_code, sorted(answer.headers), answer.data

    alone = answered()
    assert alone[0] == status
    assert requests == ([] if status == 200 else [path])
    app.before_request(lambda: None)
    assert answered() == alone
    assert requests[-1] == path


@pytest.mark.parametrize("way", [by_minio, by_eventbridge, by_b2])
def test_each_sender_is_heard_without_flask(sent: Sent, requests: list[str], way: Any) -> None:
    """Whatever authenticates its deliveries: a token, a key, a signature of the body."""
    sender, given = way(sent)
    answer = sent.client.post(f"/v1/events/{sender}", **given)
    assert body_of(answer) == {"confirmed": 1, "rejected": 0, "ignored": 0}
    assert requests == []
    assert sent.state() == "confirmed"


@pytest.mark.parametrize(
    ("changes", "position"),
    [
        ({"query_string": "secret=another"}, 0),
        ({"query_string": "secret=another", "headers": {"Origin": "https://a"}}, 0),
        (QUERY | {"headers": {"Origin": "https://a"}}, 2),
    ],
)
def test_no_body_is_read_for_a_stranger(app: Flask, changes: dict[str, Any], position: int) -> None:
    """The secret in the query is checked first, with and without Flask."""
    environ = EnvironBuilder("/v1/events/ceph", method="POST", data=b"{}", content_type="application/json", **changes)
    given = environ.get_environ()
    given["wsgi.input"] = body = BytesIO(b"{}")
    run_wsgi_app(app, given)
    assert body.tell() == position


def test_who_must_not_wait_hears_what_is_known(
    app: Flask, sent: Sent, requests: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """An event that confirms an upload moves to another thread before anything is done, and is then handled once; a
    repeated event waits for nothing. Each is logged once."""
    caplog.set_level(logging.INFO, "valetkey")
    installed_in(app).begin()
    with pytest.raises(waiting.WouldWait):
        waiting.without(sent.tell)
    assert sent.state() == "pending"
    assert body_of(sent.tell()) == {"confirmed": 1, "rejected": 0, "ignored": 0}
    caplog.clear()
    requests.clear()
    assert body_of(waiting.without(sent.tell)) == {"confirmed": 0, "rejected": 0, "ignored": 1}
    assert requests == []
    said = [one.getMessage() for one in caplog.records if one.thread == get_ident()]  # others work on, and may log
    assert said == [f"event ignored: upload {sent.id} is confirmed already"]


def test_an_event_of_what_was_written_again_is_no_repetition(sent: Sent) -> None:
    """The grant was used again: the new bytes have to be removed, by a thread that may wait."""
    sent.tell()
    sent.tell()
    sent.event["Records"][0]["s3"]["object"]["eTag"] = "0" * 32
    with pytest.raises(waiting.WouldWait):
        waiting.without(sent.tell)
    assert body_of(sent.tell()) == {"confirmed": 0, "rejected": 0, "ignored": 1}


def test_news_are_begun_in_a_thread_that_may_wait(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a delivery that needed the store, the next one does not start in a thread that must not wait. After a
    repeated one, it does."""
    monkeypatch.setattr(LastDelivery, "had_news", False)
    given = {"REQUEST_METHOD": "POST", "PATH_INFO": "/v1/events/ceph", "CONTENT_LENGTH": "500"}
    seen = []
    for _ in range(2):
        counts = body_of(sent.tell())
        seen.append((counts["confirmed"], plain.waits_for_nothing_else(given)))
    assert seen == [(1, False), (0, True)]


def test_many_events_are_for_who_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up thousands would delay all other requests."""
    monkeypatch.setattr(LastDelivery, "had_news", False)

    def environ(size: int, path: str = "/v1/events/ceph", method: str = "POST") -> dict[str, Any]:
        return {"REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_LENGTH": str(size)}

    assert plain.waits_for_nothing_else(environ(2_000))
    assert not plain.waits_for_nothing_else(environ(20_000))
    assert not plain.waits_for_nothing_else(environ(2, "/v1/events/ceph/more"))
    assert not plain.waits_for_nothing_else(environ(2, method="GET"))
    assert plain.waits_for_nothing_else(environ(200_000, "/v1/uploads/batch"))
