"""Erasing owners, by an application and by an operator."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from posixpath import normpath
from typing import Any
from urllib.parse import quote, unquote

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select
from tests.support.clients import post_form
from tests.support.stores import Bucket
from werkzeug.test import TestResponse

import valetkey as public
from valetkey import ErasureNotFound, InvalidRequest
from valetkey.adapters.sql.schema import metadata
from valetkey.app import Installed
from valetkey.cli import main
from valetkey.client.remote import calls
from valetkey.core.access.callers import Caller
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.upload import Upload, new_upload_id
from valetkey.settings import Settings
from valetkey.testing import MemoryValetKey


class Site:
    """An application that valetkey is mounted in, with API keys on."""

    def __init__(self, app: Flask, valetkey: Installed) -> None:
        self.http = app.test_client()
        self.valetkey = valetkey
        self.key = CliRunner().invoke(main, ["keys", "create", "shop", "--json"])
        self.headers = {"Authorization": f"Bearer {json.loads(self.key.output)['key']}"}

    def call(self, method: str, path: str, **given: Any) -> TestResponse:
        return self.http.open(path, method=method, headers=given.pop("headers", self.headers), **given)

    def create(self, owner: str, account: str = "shop") -> Upload:
        request = UploadRequest("a.txt", "text/plain", 5, owner=owner)
        return self.valetkey.service.create(Caller(account), request).upload

    def owner_of(self, upload: Upload) -> str | None:
        now = self.valetkey.ledger.get(upload.id)
        return now and now.owner

    def work(self) -> None:
        list(self.valetkey.core.eraser.run())


@pytest.fixture
def site(
    mount: Callable[..., Installed],
    settings: Settings,
    moto_bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Site:
    for name in list(os.environ):
        if name.startswith(("VALETKEY_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VALETKEY_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("VALETKEY_BUCKET", moto_bucket.name)
    monkeypatch.setenv("VALETKEY_SECRET_KEYS", "s" * 40)
    monkeypatch.chdir(tmp_path)
    app = Flask("shop")
    return Site(app, mount(app, settings=settings.model_copy(update={"auth": "keys"}), url_prefix="/uploads"))


IN_NO_PATH = ["/", "a/", "/a", "a//b", ".", "..", "x/../bob", "x/./bob", "a/..", "../uploads/0197"]
"""Owners whom a proxy takes for another path."""


@pytest.mark.parametrize(
    ("owner", "path"),
    [
        *((owner, None) for owner in IN_NO_PATH),
        ("ann\nb", None),
        ("ann", "ann"),
        ("tenant-a/alice", "tenant-a%2Falice"),
        ("tenant-a/al..ice/...", "tenant-a/al..ice/..."),
        ("名前 & co?#+%", "%E5%90%8D%E5%89%8D%20&%20co%3F%23+%25"),
        ("'; DROP TABLE uploads; --", "'; DROP TABLE uploads; --"),
        ("x" * 200, "x" * 200),
    ],
)
def test_an_owner_is_erased_over_http(site: Site, owner: str, path: str | None) -> None:
    """Whatever the name has in it; the answer says where to look, and never has the name. None: it is in the body."""
    hers, other = site.create(owner), site.create(owner + "2")

    def ask() -> TestResponse:
        if path is None:
            return site.call("POST", "/uploads/v1/erasures", json={"owner": owner})
        return site.call("DELETE", f"/uploads/v1/owners/{path}")

    answer = ask()
    assert answer.status_code == 202, answer.text
    job = answer.get_json()
    assert answer.headers["Location"] == f"/uploads/v1/erasures/{job['id']}"
    assert answer.headers["Retry-After"]
    assert job == {
        "id": job["id"],
        "state": "running",
        "requested_at": job["requested_at"],
        "finished_at": None,
        "uploads": 0,
        "objects": 0,
        "remaining": 0,
        "kept": [],
        "newer": 0,
        "detail": None,
    }
    assert ask().get_json()["id"] == job["id"]
    site.work()
    done = site.call("GET", answer.headers["Location"]).get_json()
    assert (done["state"], done["uploads"]) == ("done", 1)
    assert done["finished_at"] >= done["requested_at"] >= job["requested_at"]
    assert [site.owner_of(one) for one in (hers, other)] == ["", owner + "2"]


def test_nothing_of_a_person_is_in_any_table(site: Site, moto_bucket: Bucket) -> None:
    """Nor in the bucket: confirmed and claimed, in parts, and pending; the job has no name either."""
    wanted = {"filename": "passport Anna.png", "content_type": "image/png", "size": 5, "owner": "Anna"}
    wanted |= {"metadata": {"born": "1970-01-02"}}
    key = {"Idempotency-Key": "for Anna"}
    granted = site.call("POST", "/uploads/v1/uploads", json=wanted, headers=site.headers | key).get_json()
    assert post_form(granted["grant"]["url"], granted["grant"]["fields"], b"hello").status < 300
    path = f"/uploads/v1/uploads/{granted['upload']['id']}"
    assert site.call("POST", f"{path}/complete").get_json()["state"] == "confirmed"
    assert site.call("POST", f"{path}/claim", json={"reference": "Anna:17"}).status_code == 200
    for method in ("multipart", "put"):
        assert site.call("POST", "/uploads/v1/uploads", json=wanted | {"method": method}).status_code == 201
    assert "Anna" in everything_in(site)
    job = site.call("DELETE", "/uploads/v1/owners/Anna").get_json()
    site.work()
    later = site.valetkey.ledger.get_erasure(job["id"])
    assert later is not None
    assert (later.state, later.uploads, later.postponed) == ("running", 2, 0)  # parts may be being joined
    site.valetkey.core.eraser._clock = lambda: datetime.now(UTC) + timedelta(minutes=16)
    site.work()
    assert site.call("GET", f"/uploads/v1/erasures/{job['id']}").get_json()["uploads"] == 3
    text = everything_in(site)
    assert not [mark for mark in ("Anna", "passport", "1970-01-02") if mark in text]
    s3, name = moto_bucket.client, moto_bucket.name
    assert "Contents" not in s3.list_objects_v2(Bucket=name)
    assert not s3.list_multipart_uploads(Bucket=name).get("Uploads")


def everything_in(site: Site) -> str:
    """All that any table has."""
    with site.valetkey.ledger._readers.connect() as connection:  # type: ignore[attr-defined]
        return "\n".join(str(row) for table in metadata.sorted_tables for row in connection.execute(select(table)))


@pytest.mark.parametrize("path", ["x" * 201, "a%00b", "%FF", "%EF%BF%BD"])
def test_what_is_no_owner(site: Site, path: str) -> None:
    """A problem document, and no job."""
    answer = site.call("DELETE", f"/uploads/v1/owners/{path}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")
    assert site.valetkey.ledger.due_erasures(site.valetkey.core.service._clock(), 9) == []


@pytest.mark.parametrize("owner", IN_NO_PATH)
def test_an_owner_whom_a_proxy_takes_for_another_path(site: Site, owner: str) -> None:
    """As it is, and percent-encoded: nobody is erased, and the answer says how to ask."""
    upload = site.create(owner)
    for path in (owner, quote(owner, safe="")):
        answer = site.call("DELETE", f"/uploads/v1/owners/{path}")
        if answer.status_code != 404:  # this client resolves the path itself
            assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")
            assert "POST /v1/erasures" in answer.get_json()["detail"]
    assert site.valetkey.ledger.due_erasures(site.valetkey.core.service._clock(), 9) == []
    assert site.owner_of(upload) == owner


@pytest.mark.parametrize("owner", ["x/../bob", "bob//", "../uploads/{id}"])
def test_the_clients_call_behind_a_proxy(owner: str) -> None:
    """One that decodes, resolves and merges a path, as nginx does where `proxy_pass` has a URI: nobody else is erased,
    and nothing else is deleted."""
    app = Flask("shop")
    valetkey = MemoryValetKey(app)
    bob = valetkey.client().upload(b"hello", owner="bob")
    named = owner.replace("{id}", bob["id"])
    hers = valetkey.client().upload(b"hello", owner=named)
    call = calls.erase(named)
    path = quote(normpath(unquote(call.path)))
    answer = app.test_client().open(path, method=call.method, data=call.payload, headers=call.headers_for(None))
    assert answer.status_code == 202
    valetkey.work()
    assert [valetkey.get(one["id"]).owner for one in (bob, hers)] == ["bob", ""]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"{}", 422),
        (b"[]", 422),
        (b'{"owner": ""}', 422),
        (b'{"owner": null}', 422),
        (b'{"owner": "a\\u0000"}', 422),
        (b'{"owner": "\\ud800"}', 422),
        (b'{"owner": "%s"}' % (b"x" * 201), 422),
        (b'{"owner": "ann", "account": "mall"}', 422),
        (b'{"owner": "ann", "owner": "bob"}', 400),
    ],
)
def test_a_body_that_names_no_owner(site: Site, body: bytes, status: int) -> None:
    """A problem document, and no job."""
    answer = site.call("POST", "/uploads/v1/erasures", data=body, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert site.valetkey.ledger.due_erasures(site.valetkey.core.service._clock(), 9) == []


def test_who_may_erase(site: Site) -> None:
    """An API key of uploads: no stranger, no ticket, no scanner; and each sees its own jobs only."""
    upload = site.create("ann")
    job = site.call("DELETE", "/uploads/v1/owners/ann").get_json()
    ticket = site.call("POST", "/uploads/v1/tickets", json={"profile": "default", "owner": "ann"}).get_json()["ticket"]
    own = site.valetkey.service._tickets.sign_upload_ticket(upload)
    scanner = json.loads(CliRunner().invoke(main, ["keys", "create", "s", "--scope", "verdict", "--json"]).output)[
        "key"
    ]
    by_body = {"json": {"owner": "ann"}}
    for method, path, given in (
        ("DELETE", "/uploads/v1/owners/ann", {}),
        ("POST", "/uploads/v1/erasures", by_body),
        ("GET", f"/uploads/v1/erasures/{job['id']}", {}),
    ):
        assert site.call(method, path, headers={}, **given).status_code == 401
        for token in (ticket, own, scanner):
            answer = site.call(method, path, headers={"Authorization": f"Bearer {token}"}, **given)
            assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")
    other = json.loads(CliRunner().invoke(main, ["keys", "create", "mall", "--json"]).output)["key"]
    headers = {"Authorization": f"Bearer {other}"}
    assert site.call("GET", f"/uploads/v1/erasures/{job['id']}", headers=headers).status_code == 404
    assert site.call("DELETE", "/uploads/v1/owners/ann", headers=headers).get_json()["id"] != job["id"]
    assert site.call("POST", "/uploads/v1/erasures", **by_body).get_json()["id"] == job["id"]
    assert site.owner_of(upload) == "ann"


@pytest.mark.parametrize("text", ["0197f7a0-0000-7000-8000-000000000000", "0197", "%00", "x" * 500])
def test_an_erasure_that_is_not_there(site: Site, text: str) -> None:
    """Is told as one that is not the caller's."""
    answer = site.call("GET", f"/uploads/v1/erasures/{text}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "erasure_not_found")


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args), terminal_width=200)


def test_the_command_line(site: Site) -> None:
    """Of all accounts, or of one; as a table, or as the JSON of the API; what is wrong is a sentence."""
    mine, theirs, third = site.create("ann"), site.create("ann", "mall"), site.create("ann", "third")
    one = json.loads(run("owners", "erase", "ann", "--account", "mall", "--json").output)
    site.work()
    assert [site.owner_of(upload) for upload in (mine, theirs, third)] == ["ann", "", "ann"]
    table = run("owners", "erase", "ann")
    assert table.exit_code == 0
    assert "running" in table.output
    assert "in all" not in table.output
    site.work()
    assert [site.owner_of(upload) for upload in (mine, third)] == ["", ""]
    shown = json.loads(run("owners", "show", one["id"], "--json").output)
    assert (shown["state"], shown["uploads"], shown.keys()) == ("done", 1, one.keys())
    assert "done" in run("owners", "show", one["id"]).output
    ours = site.create("ann")
    for args in (
        ("erase", ""),
        ("erase", "ann", "--account", ""),
        ("erase", "x" * 201),
        ("show", "nonsense"),
        ("show", new_upload_id()),
    ):
        wrong = run("owners", *args)
        assert wrong.exit_code == 1
        assert wrong.output.startswith("Error: ")
    site.work()
    assert site.owner_of(ours) == "ann"


def test_an_application_erases_in_process() -> None:
    """In memory as on a database: the same record, until it is done."""
    app = Flask("shop")
    valetkey = MemoryValetKey(app)
    upload = valetkey.client().upload(b"hello", filename="passport.png", owner="ann", metadata={"born": "1970"})
    job = valetkey.erase("ann")
    assert (job.state, job.uploads) == ("running", 0)
    valetkey.work()
    done = valetkey.erasure(job.id)
    assert isinstance(done, public.Erasure)
    assert (done.id, done.state, done.uploads, done.objects) == (job.id, "done", 1, 1)
    kept = valetkey.get(upload["id"])
    assert (kept.state, kept.filename, kept.owner, kept.metadata) == ("deleted", "", "", {})
    assert valetkey.store.keys() == []
    for wrong in (None, "", 7, "x" * 201):
        with pytest.raises(InvalidRequest, match="owner"):
            valetkey.erase(wrong)  # type: ignore[arg-type]
    for unknown in ("", "0197", new_upload_id()):
        with pytest.raises(ErasureNotFound):
            valetkey.erasure(unknown)
