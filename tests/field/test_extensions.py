"""Common Flask extensions, each the real one: what they read of our requests, and what we need from them.

A hook that runs before ours may read a body whatever it is: looked for by ourselves, after FIELD.md's row (H) on hooks.
"""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cachelib.file import FileSystemCache
from flask import Blueprint, Flask, Request, Response, abort, request, session
from flask.testing import FlaskClient
from flask_limiter import Limiter
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from tests.support import ledgers
from tests.support.clients import post_form
from tests.support.stores import Bucket

from valetkey.api.bodies import MAX_BODY
from valetkey.app import BLUEPRINTS, ValetKey, installed_in
from valetkey.settings import Settings
from valetkey.testing import MemoryValetKey

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}
MULTIPART = "multipart/form-data; boundary=x"
FORM = "application/x-www-form-urlencoded"

OURS = [
    ("POST", "/v1/uploads"),
    ("POST", "/v1/uploads/batch"),
    ("POST", "/v1/events/ceph"),
    ("POST", "/uppy/s3/multipart"),
    ("POST", "/session/ticket"),
    ("POST", "/session/uploads"),
    ("POST", "/v1/claims"),
    ("POST", "/v1/nowhere"),
    ("PUT", "/v1/uploads"),
]

READINGS: dict[str, Callable[[Request], object]] = {
    "form": lambda r: r.form.get("csrf_token"),
    "files": lambda r: r.files.get("file"),
    "values": lambda r: r.values.get("x"),
    "get_data": lambda r: r.get_data(),
    "get_data, parsed": lambda r: r.get_data(parse_form_data=True),
    "stream": lambda r: r.stream.read(),
}


class Untouchable(io.RawIOBase):
    """A body whose first byte nobody may ask for."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any) -> int:
        raise AssertionError("the body was read")


def sent(app: Flask, method: str, path: str, kind: str, length: int) -> tuple[int, str]:
    """The status and the code of the answer to a request with an untouchable body."""
    environ = {"wsgi.input": Untouchable(), "CONTENT_LENGTH": str(length)}
    answer = app.test_client().open(path, method=method, content_type=kind, environ_overrides=environ)
    return answer.status_code, answer.get_json()["code"]


def hooked(order: str, reading: Callable[[Request], object]) -> Flask:
    """An application whose hooks, before us or after us, read every body there is, also when all is over."""
    app = Flask("photos")
    app.secret_key = "only for tests"
    if order == "ours first":
        MemoryValetKey(app)

    @app.url_value_preprocessor
    def first(*_: object) -> None:
        reading(request)

    @app.before_request
    def before() -> None:
        reading(request)

    @app.after_request
    def after(response: Response) -> Response:
        reading(request)
        return response

    @app.teardown_request
    def last(_: object) -> None:
        reading(request)

    if order == "theirs first":
        MemoryValetKey(app)
    return app


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("order", ["ours first", "theirs first"])
def test_a_file_is_refused_before_any_hook_reads_it(order: str, reading: str) -> None:
    """By its type or by its length, wherever below us it goes, and nobody reads it afterwards."""
    app = hooked(order, READINGS[reading])
    refused = {
        (kind, length): {sent(app, method, path, kind, length) for method, path in OURS}
        for kind, length in [(MULTIPART, 10**9), (FORM, 10), ("application/json", MAX_BODY + 1)]
    }
    assert refused == {
        (MULTIPART, 10**9): {(415, "unsupported_media_type")},
        (FORM, 10): {(415, "unsupported_media_type")},
        ("application/json", MAX_BODY + 1): {(413, "request_entity_too_large")},
    }


@pytest.mark.parametrize("order", ["ours first", "theirs first"])
@pytest.mark.parametrize("by", ["the extension", "a hook"])
def test_flask_wtf_reads_no_file_of_ours(order: str, by: str) -> None:
    """It looks for its token in the form; so does a hook that protects requests by itself, as its manual shows."""
    app = Flask("photos")
    app.secret_key = "only for tests"
    if order == "ours first":
        MemoryValetKey(app)
    csrf = CSRFProtect(app)
    if by == "a hook":
        app.config["WTF_CSRF_CHECK_DEFAULT"] = False
        app.before_request(csrf.protect)
    if order == "theirs first":
        MemoryValetKey(app)
    app.add_url_rule("/own", view_func=lambda: "own", methods=["POST"])
    assert {sent(app, method, path, MULTIPART, 10**9)[0] for method, path in OURS} == {415}
    assert app.test_client().post("/own", data={"photo": (io.BytesIO(b"p"), "p.png")}).status_code == 400


def test_flask_limiter_counts_ours_unless_it_is_told_otherwise() -> None:
    """Limits for all of an application are for us, too; `limiter.exempt` takes our blueprints out."""
    app = Flask("photos")
    MemoryValetKey(app)
    limiter = Limiter(lambda: "all", app=app, default_limits=["2 per hour"], storage_uri="memory://")
    client = app.test_client()
    assert [client.post("/v1/uploads", json=CAT).status_code for _ in range(3)] == [201, 201, 429]
    for name in BLUEPRINTS:
        limiter.exempt(cast("Blueprint", app.blueprints[name]))
    assert [client.post("/v1/uploads", json=CAT).status_code for _ in range(3)] == [201] * 3


def confirmed(client: FlaskClient) -> str:
    """The id of an upload that is, for the owner ann."""
    granted = client.post("/v1/uploads", json=CAT | {"owner": "ann"}).get_json()
    assert post_form(granted["grant"]["url"], granted["grant"]["fields"], b"hello").status == 201
    done = client.post(f"/v1/uploads/{granted['upload']['id']}/complete").get_json()
    assert done["state"] == "confirmed"
    return str(done["id"])


@pytest.mark.parametrize("beside", ["in one database", "in one of its own"])
def test_flask_sqlalchemy_and_a_claim(beside: str, settings: Settings, moto_bucket: Bucket, tmp_path: Path) -> None:
    """In the ledger's own database a claim is part of the transaction: it goes with a rollback. Elsewhere it stays, and
    is given back by the job that knows all albums."""
    app = Flask("photos")
    own = beside == "in one of its own"
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'own.db'}" if own else settings.database_url
    db = SQLAlchemy(app)
    valetkey = ValetKey(app, settings=settings, session=moto_bucket.server.session, allow_open=True)
    ledgers.migrate(installed_in(app).settings.database_url)

    class Album(db.Model):  # type: ignore[name-defined,misc]
        id = db.Column(db.Integer, primary_key=True)

    @app.post("/albums")
    def create() -> str:
        album = Album()
        db.session.add(album)
        db.session.flush()
        within = None if own else db.session.connection()
        valetkey.take("photos", owner="ann", reference=f"album:{album.id}", within=within)
        if "fail" in request.args:
            db.session.rollback()
            abort(418)
        db.session.commit()
        return "saved"

    with app.app_context():
        db.create_all()
        client = app.test_client()
        lost, saved = confirmed(client), confirmed(client)
        assert client.post("/albums?fail=1", data={"photos": lost}).status_code == 418
        assert (valetkey.get(lost).claim is not None) is own
        given_back = valetkey.reconcile([], prefix="album:", older_than=timedelta(0))
        assert [upload.id for upload in given_back] == ([lost] if own else [])
        assert client.post("/albums", data={"photos": saved}).text == "saved"
        assert valetkey.get(saved).claim is not None
        assert client.post("/albums", data={"photos": saved}).status_code == 409


def test_flask_session_keeps_who_is_logged_in(tmp_path: Path) -> None:
    """Sessions at the server: the page's ticket is for their user, and our other calls neither read nor make one."""
    app = Flask("photos")
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache(str(tmp_path)))
    Session(app)
    valetkey = MemoryValetKey(app)
    valetkey.owner_loader(lambda: session.get("user"))

    @app.post("/login")
    def login() -> str:
        session["user"] = "user-17"
        return "in"

    client, own = app.test_client(), {"Sec-Fetch-Site": "same-origin"}
    assert client.post("/session/ticket", json={}, headers=own).status_code == 401
    client.post("/login")
    ticket = client.post("/session/ticket", json={}, headers=own).get_json()["ticket"]
    stranger = app.test_client()
    created = stranger.post("/v1/uploads", json=CAT, headers={"Authorization": f"Bearer {ticket}"})
    assert created.get_json()["upload"]["owner"] == "user-17"
    assert "Set-Cookie" not in created.headers


def test_an_application_that_matches_subdomains() -> None:
    """We are on its main host; what it has on others under paths of ours is its own."""
    app = Flask("photos", subdomain_matching=True)
    app.config["SERVER_NAME"] = "photos.example"
    app.add_url_rule("/v1/uploads", view_func=lambda: "own", methods=["POST"], subdomain="old")
    MemoryValetKey(app)
    client = app.test_client()
    created = client.post("/v1/uploads", json=CAT, base_url="https://photos.example")
    assert created.status_code == 201
    old = client.post("/v1/uploads", data={"photo": (io.BytesIO(b"p"), "p.png")}, base_url="https://old.photos.example")
    assert old.text == "own"
    with pytest.warns(UserWarning, match="server name"):
        assert client.get("/v1/uploads", base_url="https://elsewhere.example").status_code == 404
