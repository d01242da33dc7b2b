"""`valetkey.testing.memory` in place of the valetkey that an application mounts, as its author would use it."""

import io
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask, request, session
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from valetkey import (
    ConfigurationError,
    Detect,
    Profile,
    UploadNotFound,
    ValetKey,
    upload_confirmed,
)
from valetkey.settings import Settings
from valetkey.testing import ENVIRONMENT, InMemory, MemoryValetKey, memory

PROFILES = {
    "default": Profile("default"),
    "photos": Profile("photos", content_types=("image/*",), claim_within=timedelta(days=1)),
    "looked-at": Profile("looked-at", detect=Detect.REJECT),
}
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(40)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An empty directory, the environment for tests, and no network; afterwards the directory is still empty."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)

    def connect(*_: object) -> None:
        raise AssertionError("a connection is made")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []


valetkey = ValetKey(profiles=PROFILES, url_prefix="/files")


@valetkey.owner_loader(profiles=["photos", "looked-at"])
def owner() -> str | None:
    found: str | None = session.get("user")
    return found


def make_app() -> Flask:
    """An application with a form, a login, and a receiver of webhooks."""
    app = Flask("posts")
    app.secret_key = "only for tests"
    app.testing = True
    valetkey.init_app(app)
    app.config["ended"], app.config["failures"] = [], 0

    @app.post("/login/<user>")
    def log_in(user: str) -> str:
        session["user"] = user
        return user

    @app.post("/posts")
    def create_post() -> list[str]:
        taken = valetkey.take("photos", owner=session["user"], reference="post:17", profile="photos")
        return [valetkey.open(one.id).read().decode("latin-1") for one in taken]

    @app.post("/hooks/valetkey")
    def on_end() -> tuple[str, int]:
        said = Webhook(ENVIRONMENT["VALETKEY_WEBHOOK_SECRETS"]).verify(request.data, dict(request.headers))
        app.config["ended"].append((request.headers["webhook-id"], said["type"]))
        if app.config["failures"]:
            app.config["failures"] -= 1
            return "", 503
        return "", 204

    return app


@pytest.fixture
def app() -> Flask:
    return make_app()


@pytest.fixture
def in_memory(app: Flask) -> Iterator[InMemory]:
    with memory(app) as found:
        yield found


@pytest.fixture
def ann(app: Flask) -> FlaskClient:
    """A browser in which Ann is logged in."""
    http = app.test_client()
    http.post("/login/ann")
    return http


def test_all_of_what_is_mounted_works_in_memory(app: Flask) -> None:
    """Routes, calls of the application's own object, and signals work, although the factory is unchanged."""
    heard: list[str] = []

    def on_confirmed(sender: Any) -> None:
        heard.append(sender.owner)

    before = app.extensions["valetkey"]
    with memory(app) as found, upload_confirmed.connected_to(on_confirmed):
        upload = found.client().upload(b"hello", owner="ann")
        assert (upload["state"], heard) == ("confirmed", ["ann"])
        with app.app_context():
            assert valetkey.get(upload["id"]).object.key == upload["object"]["key"]  # type: ignore[union-attr]
            assert valetkey.open(upload["id"]).read() == b"hello"
            assert str(valetkey.ticket("photos", owner="ann")).startswith("vt_p")
        assert found.get(upload["id"]).owner == "ann"
        assert app.test_client().get("/files/readyz").status_code == 200
        assert app.extensions["valetkey"].service is valetkey_service(app)
    assert app.extensions["valetkey"] is before
    assert valetkey_service(app) is before.service


def valetkey_service(app: Flask) -> object:
    with app.app_context():
        return valetkey.service


def test_what_was_there_is_back_after_an_exception(app: Flask) -> None:
    """However the block is left."""
    before = app.extensions["valetkey"]
    with pytest.raises(ZeroDivisionError), memory(app):
        raise ZeroDivisionError
    assert app.extensions["valetkey"] is before


def test_one_in_another(app: Flask) -> None:
    """Each has its own ledger and store, with the application's profiles; the outer one continues afterwards."""
    with memory(app) as outer:
        first = outer.client().upload(b"hello")["id"]
        with memory(app) as inner:
            with app.app_context(), pytest.raises(UploadNotFound):
                valetkey.get(first)
            second = inner.client().upload(PNG, profile="photos", content_type="image/png")["id"]
        with app.app_context(), pytest.raises(UploadNotFound):
            valetkey.get(second)
        assert outer.client().upload(b"again")["state"] == "confirmed"


def test_in_the_place_of_valetkey_in_memory() -> None:
    """A mounted `MemoryValetKey` is replaced like any other."""
    app = Flask("posts")
    mounted = MemoryValetKey(app, profiles=PROFILES)
    with memory(app, profiles={"small": Profile("small", max_size=3)}) as found:
        with pytest.raises(AssertionError, match="size_out_of_range"):
            found.client().ask(5, profile="small")
        with pytest.raises(AssertionError, match="unknown_profile"):
            found.client().ask(5, profile="photos")
    assert mounted.client().upload(PNG, profile="photos", content_type="image/png")["state"] == "confirmed"


def test_applications_side_by_side() -> None:
    """Two threads with an application each do not affect each other."""
    barrier, found = Barrier(2, timeout=60), []

    def run(name: str) -> None:
        app = make_app()
        with memory(app) as there:
            barrier.wait()
            there.client().upload(name.encode(), owner=name)
            barrier.wait()
            found.append([one["data"]["owner"] for one in there.announcements])

    threads = [Thread(target=run, args=(name,)) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == [["ann"], ["bob"]]


def test_an_application_without_valetkey_is_told_what_to_call() -> None:
    """The error says that there is nothing to replace."""
    with pytest.raises(ConfigurationError, match=r"ValetKey\(app\)"), memory(Flask("posts")):
        pass


def test_credentials_are_asked_for_as_in_production(app: Flask, in_memory: InMemory) -> None:
    """Uploads need a credential; a ticket is for its owner; an open application stays open."""
    asked = {"filename": "a.txt", "content_type": "text/plain", "size": 5}
    assert app.test_client().post("/files/v1/uploads", json=asked).status_code == 401
    ticket = in_memory.ticket("default", owner="ann", max_uploads=1)
    client = in_memory.client(ticket)
    assert client.upload(b"hello")["owner"] == "ann"
    with pytest.raises(AssertionError, match="ticket_used_up"):
        client.ask(5)
    with pytest.raises(AssertionError, match="forbidden"):
        in_memory.client(str(ticket)).ask(5, owner="bob")
    settings = Settings(bucket="uploads", secret_keys=("s" * 40,), auth="open")
    opened = Flask("open")
    ValetKey(opened, settings=settings, allow_open=True)
    with memory(opened):
        assert opened.test_client().post("/v1/uploads", json=asked).status_code == 201


def test_a_form_that_a_page_has_filled(in_memory: InMemory, ann: FlaskClient) -> None:
    """One call returns what the element adds to the form; the ticket comes by the application's own login."""
    form = in_memory.page(ann).field(
        "photos", (PNG, "a.png"), (io.BytesIO(PNG), "b", "image/gif"), profile="photos", metadata={"n": "1"}
    )
    answer = ann.post("/posts", data={"title": "Two", **form})
    assert answer.get_json() == [PNG.decode("latin-1")] * 2
    first, second = (in_memory.get(one) for one in form["photos"])
    assert (first.owner, first.filename, first.content_type, first.metadata) == (
        "ann",
        "a.png",
        "image/png",
        {"n": "1"},
    )
    assert (second.content_type, second.claim and second.claim.reference) == ("image/gif", "post:17")
    assert in_memory.page(ann).field("photos", profile="photos") == {}


def test_a_page_sends_no_form_that_the_element_would_not(app: Flask, in_memory: InMemory, ann: FlaskClient) -> None:
    """Nobody is logged in; pages get no tickets for the profile; a file's content is not of its type."""
    with pytest.raises(AssertionError, match="unauthenticated"):
        in_memory.page().field("photos", PNG, profile="photos")
    with pytest.raises(AssertionError, match="forbidden"):
        in_memory.page(ann).ticket("default")
    with pytest.raises(AssertionError, match=r"cat\.png is not confirmed: .*content_mismatch"):
        in_memory.page(ann).field("photos", (b"<html>", "cat.png"), profile="looked-at")
    assert len(in_memory.page(ann).field("photos", (PNG, "cat.png"), profile="looked-at")["photos"]) == 1


def test_time_passes_with_a_worker_beside_it(in_memory: InMemory, ann: FlaskClient) -> None:
    """Unclaimed uploads are removed a day after their confirmation, abandoned ones expire, and late bytes count."""
    kept, abandoned = in_memory.page(ann).field("photos", (PNG, "a.png"), (PNG, "b.png"), profile="photos")["photos"]
    ann.post("/posts", data={"photos": kept})
    client = in_memory.client()
    silent, never = client.ask(5), client.ask(5)
    client.send(silent, b"hello")
    in_memory.advance(timedelta(minutes=2))
    assert in_memory.get(silent["upload"]["id"]).confirmed_by == "sweep"
    assert in_memory.get(never["upload"]["id"]).state == "pending"
    in_memory.advance(DAY)
    assert in_memory.get(never["upload"]["id"]).state == "expired"
    assert (in_memory.get(kept).state, in_memory.get(abandoned).state) == ("confirmed", "deleted")
    assert [one["type"] for one in in_memory.announcements] == [
        *["upload.confirmed"] * 3,
        "upload.expired",
        "upload.unclaimed",
    ]
    with pytest.raises(ValueError, match="backwards"):
        in_memory.advance(-DAY)


def test_a_clock_of_the_tests_own(app: Flask) -> None:
    """It determines the time, and can still be advanced."""
    then = datetime(2026, 3, 1, tzinfo=UTC)
    with memory(app, clock=lambda: then) as found:
        upload = found.client().upload(b"hello")
        assert upload["confirmed_at"] == "2026-03-01T00:00:00Z"
        found.advance(DAY)
        assert found.client().upload(b"hello")["confirmed_at"] == "2026-03-02T00:00:00Z"


def test_webhooks_reach_the_applications_own_receiver(app: Flask, in_memory: InMemory) -> None:
    """They are signed with its secret, and repeated when they are due until it accepts them."""
    in_memory.webhooks_to("/hooks/valetkey")
    app.config["failures"] = 2
    upload = in_memory.client().upload(b"hello")
    end = (f"{upload['id']}-confirmed", "upload.confirmed")
    in_memory.work()
    assert app.config["ended"] == [end]
    in_memory.advance(timedelta(seconds=4))
    assert app.config["ended"] == [end]
    in_memory.advance(timedelta(seconds=2))
    assert app.config["ended"] == [end] * 2
    in_memory.advance(DAY)
    assert app.config["ended"] == [end] * 3
    assert [one["data"]["id"] for one in in_memory.announcements] == [upload["id"]]


def test_webhooks_that_cannot_be_checked(app: Flask, in_memory: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another secret is an error of the receiver, which the test gets; without any, nothing can be signed."""
    in_memory.webhooks_to("/hooks/valetkey", secrets=["whsec_" + "bm90IG91cnM=" * 3])
    in_memory.client().upload(b"hello")
    with pytest.raises(Exception, match="No matching signature"):
        in_memory.work()
    monkeypatch.delenv("VALETKEY_WEBHOOK_SECRETS")
    with memory(make_app()) as found, pytest.raises(ConfigurationError, match="VALETKEY_WEBHOOK_SECRETS"):
        found.webhooks_to("/hooks/valetkey")


def test_events_of_the_store_come_by_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The senders are those of the application, with its secrets; a certificate is not fetched."""
    monkeypatch.setenv("VALETKEY_EVENTS_CEPH_SECRET", "only for tests, really")
    topic = "arn:aws:sns:us-east-1:123456789012:uploads"
    monkeypatch.setenv("VALETKEY_EVENTS_SNS_TOPIC_ARNS", topic)
    app = make_app()
    with memory(app) as found:
        client = found.client()
        granted = client.ask(5)
        client.send(granted, b"hello")
        key = granted["grant"]["fields"]["key"]
        told = {
            "s3": {"bucket": {"name": found.store.bucket}, "object": {"key": key}},
            "eventName": "ObjectCreated:Post",
        }
        query = {"secret": "only for tests, really"}
        answer = app.test_client().post("/files/v1/events/ceph", query_string=query, json={"Records": [told]})
        assert (answer.status_code, answer.get_json()["confirmed"]) == (200, 1)
        sns = json.loads((Path(__file__).parents[1] / "fixtures/events/sns_notification.json").read_text())
        answer = app.test_client().post("/files/v1/events/sns", data=json.dumps(sns | {"TopicArn": topic}))
        assert answer.status_code == 403
