"""What doctor says of stores: moto, which enforces nothing, other servers, and buckets that cannot be used."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from flask import Flask
from tests.support import doctors
from tests.support.doctors import SECRETS, line, report, visit
from tests.support.receiver import Behaviour, answer
from tests.support.stores import Bucket
from urllib3 import Timeout

from valetkey import ValetKey
from valetkey.adapters.sqs import make_client
from valetkey.core.ports.health import StoreProof
from valetkey.doctor.examination import visit_from_environment
from valetkey.doctor.findings import Level
from valetkey.doctor.visit import Visit
from valetkey.doctor.wire import LIMIT, attempt
from valetkey.settings import Settings


def test_moto_enforces_nothing(installation: Visit, moto_bucket: Bucket) -> None:
    """The report says so, the run fails, and no objects are left."""
    found = report(installation, "store")
    assert not found.ok
    for check, what in (("post", "a form"), ("put", "a PUT")):
        assert line(found, check).seen.startswith(f"Nothing that {what} says is enforced")
        assert line(found, check).level is Level.FAIL
    assert "development only" in line(found, "enforcement").action
    assert line(found, "copy-condition").level is Level.WARN
    assert found.capabilities["conditional_copy"] is False
    assert line(found, "probes").level is Level.PASS
    assert moto_bucket.keys() == []
    assert moto_bucket.client.list_multipart_uploads(Bucket=moto_bucket.name).get("Uploads", []) == []


def test_findings_are_used(moto_bucket: Bucket, tmp_path: Path) -> None:
    """If POST was found missing, `auto` means PUT, unless a setting says otherwise; without a run it is POST."""
    server = moto_bucket.server
    given: dict[str, Any] = {
        "bucket": moto_bucket.name,
        "s3_endpoint_url": server.endpoint_url,
        "s3_region": server.region,
        "database_url": f"sqlite:///{tmp_path / 'valetkey.db'}",
        "secret_keys": SECRETS[:1],
        "auth": "open",
    }

    def method(*, proven: bool, **more: Any) -> str:
        app = Flask("shop")
        settings = Settings(**given, **more)
        ValetKey(app, settings=settings, profiles=doctors.DEFAULT, session=server.session, allow_open=True)
        installed: Any = app.extensions["valetkey"]
        with closing(installed.ledger):
            installed.ledger.migrate()
            if proven:
                place = f"{server.endpoint_url}/{moto_bucket.name}"
                found, summary = {"post": False, "unheard_of": True}, {"counts": {"pass": 3, "fail": 1}}
                installed.ledger.record_proof(StoreProof(place, found, summary, datetime.now(UTC)))
            client = app.test_client()
            asked = {"filename": "a.png", "content_type": "image/png", "size": 1}
            made = client.post("/v1/uploads", json=asked)
            assert made.status_code == 201, made.text
            ready = client.get("/readyz?verbose").get_json()
            assert (ready["doctor"] is not None) is proven
            if proven:
                assert ready["doctor"]["ok"] is False
                assert ready["doctor"]["counts"] == {"pass": 3, "fail": 1}
            assert client.get("/readyz").get_json() == {"status": "ok"}
        return str(made.get_json()["grant"]["method"])

    assert method(proven=False) == "POST"
    assert method(proven=True) == "PUT"
    assert method(proven=True, s3_post=True) == "POST"


@contextmanager
def something_else(behave: Behaviour) -> Iterator[str]:
    """The address of a server that is not a store: it responds to every request with ``behave``."""
    methods = dict.fromkeys((f"do_{name}" for name in ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")), behave)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (BaseHTTPRequestHandler,), methods))
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def drip(request: BaseHTTPRequestHandler) -> None:
    """A response that never ends, byte by byte."""
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    with suppress(OSError):
        while True:
            request.wfile.write(b" ")
            Event().wait(0.1)


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (answer(200, {}, b"<html><body>Welcome</body></html>"), "200 with a page, so it is not S3"),
        (answer(200), "without a listing, so it is not S3"),
        (answer(301), "redirects endlessly"),
        (drip, "no complete response within 2 s"),
    ],
)
def test_what_is_no_store(
    behave: Behaviour, words: str, tmp_path: Path, moto_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one failure, found once and within the time limit, and no capability is recorded."""
    if behave is drip:  # the others respond at once
        monkeypatch.setattr("valetkey.doctor.visit.REACH_TIMEOUT", 2.0)
    with something_else(behave) as url:
        found = report(visit(moto_bucket, tmp_path, s3_endpoint_url=url), "store", "cors", "events")
    assert [(each.check, each.level) for each in found.findings if each.level is not Level.SKIP] == [
        ("reach", Level.FAIL)
    ]
    assert words in line(found, "reach").seen
    assert found.capabilities == {}


def endless(request: BaseHTTPRequestHandler) -> None:
    """A response that never ends, at full speed."""
    request.send_response(200)
    request.end_headers()
    with suppress(OSError):
        while True:
            request.wfile.write(b"<" * 65_536)


@pytest.mark.parametrize("behave", [drip, endless])
def test_answers_without_an_end(
    behave: Behaviour, moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a client's request nor a call of boto3 reads it for ever."""
    quick = Timeout(connect=60, read=1)
    for name in ("TIMEOUT", "PATIENT"):
        monkeypatch.setattr(f"valetkey.doctor.wire.{name}", quick)
    with something_else(behave) as url:
        one = visit(moto_bucket, tmp_path, s3_endpoint_url=url, events_sqs_queue_url=f"{url}/queue")
        queue = one.bounded(make_client(moto_bucket.server.session, f"{url}/queue", "us-east-1"))
        sizes: list[int] = []

        def ask() -> None:
            sizes.append(len(one.wire.send("GET", url).body))
            assert not attempt(one.client.list_objects_v2, Bucket=one.bucket).ok
            assert not attempt(queue.get_queue_attributes, QueueUrl=f"{url}/queue").ok
            sizes.append(0)

        asking = Thread(target=ask, daemon=True)
        asking.start()
        asking.join(60)
    assert len(sizes) == 2
    assert sizes[0] <= LIMIT


@pytest.mark.parametrize("behave", [answer(200, {}, b"Welcome"), answer(404), answer(405)])
def test_nothing_is_learned_where_clients_are_led_elsewhere(
    behave: Behaviour, moto_bucket: Bucket, tmp_path: Path
) -> None:
    """It is reported once; a form that is refused there proves nothing about the store."""
    with something_else(behave) as url:
        one = visit(moto_bucket, tmp_path, s3_public_endpoint_url=url, public_url="https://uploads.invalid")
        found = report(one, "store", "cors", checks=["addressing", "post", "put", "put-once", "parts", "cors"])
    assert [each.check for each in found.findings if each.level is Level.FAIL] == ["addressing"]
    assert line(found, "post").level is Level.SKIP
    assert found.capabilities == {}


def test_a_bucket_that_cannot_be_is_a_failure(moto_bucket: Bucket, tmp_path: Path) -> None:
    """All other checks are skipped; skipped checks alone would be a success."""
    found = report(visit(replace(moto_bucket, name="Bad_Bucket/../x"), tmp_path), "store")
    assert not found.ok
    assert line(found, "reach").level is Level.FAIL
    assert "Bad_Bucket" in line(found, "reach").seen


def test_a_bucket_of_somebody_else(moto_bucket: Bucket, tmp_path: Path) -> None:
    """One finding says so, and lists the required rights."""
    refused = answer(403, {}, b"<Error><Code>AccessDenied</Code></Error>")
    with something_else(refused) as url:
        found = report(visit(moto_bucket, tmp_path, s3_endpoint_url=url), "store", checks=["rights"])
    assert "somebody else's" in line(found, "rights").seen
    assert "s3:PutObject" in line(found, "rights").action


def test_one_of_several_stores_is_tried_for_its_own_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only profiles that can use the store are tried; with a rule by owner that is all of them."""
    monkeypatch.chdir(tmp_path)
    tables = "".join(f'[stores.{name}]\nbucket = "{name}-uploads"\nregion = "us-east-1"\n' for name in ("eu", "cold"))
    profiles = '[profiles.default]\nstore = "eu"\n[profiles.scans]\nstore = "cold"\nkey = "scans/{id}"\n'
    config = tmp_path / "valetkey.toml"
    config.write_text(tables + profiles)
    assert set(visit_from_environment("eu").profiles) == {"default"}
    assert set(visit_from_environment("cold").profiles) == {"scans"}
    config.write_text(f'{tables}[stores_by_owner]\n"a*" = "eu"\n{profiles}')
    assert set(visit_from_environment("eu").profiles) == {"default", "scans"}
