"""Content checks over HTTP and by the worker, on moto: who may give verdicts, responses, and GuardDuty's events."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.integration.test_worker import Queues, queues, wait_until, working  # noqa: F401  (a fixture among them)
from tests.support.clients import post_form
from tests.support.deliveries import recorded
from tests.support.stores import Bucket
from tests.unit import samples

from valetkey import Profile
from valetkey.app import Installed
from valetkey.core.access.api_keys import Scope, new_key
from valetkey.core.model.rules import Detect
from valetkey.settings import Settings

SECRET = "a-secret-of-some-length"
PROFILES = {
    "default": Profile("default", scan=True),
    "photo": Profile("photo", content_types=("image/*",), detect=Detect.REJECT),
    "note": Profile("note"),
}


class Shop:
    """An application on moto, its worker's ledger, and a client for it."""

    def __init__(self, valetkey: Installed, client: FlaskClient, bucket: Bucket) -> None:
        self.valetkey = valetkey
        self.client = client
        self.bucket = bucket

    def key(self, scope: Scope) -> dict[str, str]:
        key, text = new_key(f"{scope}-keys", self.valetkey.service._clock(), scope)
        self.valetkey.ledger.add_key(key)
        return {"Authorization": f"Bearer {text}"}

    def sent(self, headers: dict[str, str], content: bytes = b"bytes", **asked: str) -> dict[str, Any]:
        """What was answered to a request whose bytes are at the store."""
        body = {"filename": "a.txt", "content_type": "text/plain", "size": len(content)} | asked
        granted: dict[str, Any] = self.client.post("/v1/uploads", json=body, headers=headers).json or {}
        assert post_form(granted["grant"]["url"], granted["grant"]["fields"], content).status == 201
        return granted

    def complete(self, granted: dict[str, Any], status: int) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {granted['ticket']}"}
        answer = self.client.post(f"/v1/uploads/{granted['upload']['id']}/complete", headers=headers)
        assert answer.status_code == status, answer.text
        return dict(answer.json or {})

    def judge(self, granted: dict[str, Any], headers: dict[str, str], status: int, **said: Any) -> dict[str, Any]:
        answer = self.client.post(f"/v1/uploads/{granted['upload']['id']}/verdict", json=said, headers=headers)
        assert answer.status_code == status, answer.text
        return dict(answer.json or {})

    def scan(self, upload: dict[str, Any], **result: Any) -> dict[str, Any]:
        """GuardDuty's event for what an upload shows to be scanned."""
        event: dict[str, Any] = recorded("guardduty_scan")
        shown = upload["object"]
        details = {"bucketName": shown["bucket"], "objectKey": shown["key"], "eTag": shown["etag"]}
        event["detail"]["s3ObjectDetails"] |= details
        event["detail"]["scanResultDetails"] |= result
        return event


@pytest.fixture
def shop(settings: Settings, mount: Callable[..., Installed], moto_bucket: Bucket) -> Shop:
    """With API keys; the worker does not run."""
    app = Flask("shop")
    closed = settings.model_copy(update={"auth": "keys", "events_eventbridge_key": SECRET})
    return Shop(mount(app, settings=closed, profiles=PROFILES), app.test_client(), moto_bucket)


def test_a_scanner_finds_what_to_scan_and_says_what_it_found(shop: Shop) -> None:
    """The stored upload names key and ETag of the bytes as they are at the store; the verdict confirms it, twice."""
    granted = shop.sent(shop.key(Scope.UPLOADS))
    shown = shop.complete(granted, 202)
    head = shop.bucket.client.head_object(Bucket=shown["object"]["bucket"], Key=shown["object"]["key"])
    assert (shown["state"], head["ETag"]) == ("stored", f'"{shown["object"]["etag"]}"')
    scanner = shop.key(Scope.VERDICT)
    done = shop.judge(granted, scanner, 200, verdict="clean", etag=head["ETag"])  # in its quotes, as HTTP has it
    assert (done["state"], done["confirmed_by"], done["object"]["key"].startswith("staging/")) == (
        "confirmed",
        "event",
        False,
    )
    assert shop.judge(granted, scanner, 200, verdict="clean", etag=shown["object"]["etag"]) == done
    problem = shop.judge(granted, scanner, 409, verdict="infected", etag=shown["object"]["etag"])
    assert problem["code"] == "state_conflict"


def test_an_infected_upload_is_rejected_with_what_was_found(shop: Shop) -> None:
    """And removed; the verdict is the first that the service hears of the bytes."""
    granted = shop.sent(shop.key(Scope.UPLOADS))
    etag = shop.bucket.client.head_object(Bucket=shop.bucket.name, Key=f"staging/{granted['upload']['id']}")["ETag"]
    done = shop.judge(granted, shop.key(Scope.VERDICT), 200, verdict="infected", etag=etag, detail="EICAR")
    assert (done["state"], done["reason"]) == ("rejected", {"code": "infected", "detail": "EICAR"})
    assert "Contents" not in shop.bucket.client.list_objects_v2(Bucket=shop.bucket.name)


def test_only_a_scanners_key_may_judge_and_nothing_else(shop: Shop) -> None:
    """An ordinary key, a ticket and nobody are refused; the scanner's key is, everywhere else."""
    ours, scanner = shop.key(Scope.UPLOADS), shop.key(Scope.VERDICT)
    granted = shop.sent(ours)
    said = {"verdict": "clean", "etag": "e"}
    for headers, status in ((ours, 403), ({"Authorization": f"Bearer {granted['ticket']}"}, 403), ({}, 401)):
        shop.judge(granted, headers, status, **said)
    path = f"/v1/uploads/{granted['upload']['id']}"
    asked = {"filename": "a", "content_type": "text/plain", "size": 1}
    for method, where, body in (
        ("POST", "/v1/uploads", asked),
        ("POST", "/v1/uploads/batch", {"uploads": [asked]}),
        ("GET", "/v1/uploads", None),
        ("GET", path, None),
        ("GET", f"{path}/download", None),
        ("POST", f"{path}/grant", None),
        ("POST", f"{path}/complete", None),
        ("DELETE", path, None),
    ):
        answer = shop.client.open(where, method=method, json=body, headers=scanner)
        assert (answer.status_code, (answer.json or {})["code"]) == (403, "forbidden"), where


@pytest.mark.parametrize(
    "said",
    [
        {"verdict": "clean"},
        {"etag": "e"},
        {"verdict": "maybe", "etag": "e"},
        {"verdict": "clean", "etag": ""},
        {"verdict": "clean", "etag": "e", "more": 1},
    ],
)
def test_a_verdict_that_is_none_is_refused(shop: Shop, said: dict[str, Any]) -> None:
    """The ETag is required: a verdict is on certain bytes."""
    granted = shop.sent(shop.key(Scope.UPLOADS))
    assert "errors" in shop.judge(granted, shop.key(Scope.VERDICT), 422, **said)


def test_verdicts_that_do_not_fit_are_conflicts(shop: Shop) -> None:
    """On other bytes than those at the store, and for a profile that waits for none."""
    ours, scanner = shop.key(Scope.UPLOADS), shop.key(Scope.VERDICT)
    problem = shop.judge(shop.sent(ours), scanner, 409, verdict="clean", etag="another")
    assert "about other bytes" in problem["detail"]
    problem = shop.judge(shop.sent(ours, profile="note"), scanner, 409, verdict="clean", etag="e")
    assert "scan = true" in problem["detail"]


def test_guardduty_judges_by_eventbridge(shop: Shop) -> None:
    """Clean, infected with the threat's name, and no verdict; the same event again is ignored."""
    ours = shop.key(Scope.UPLOADS)

    def send(event: dict[str, Any]) -> Any:
        return shop.client.post("/v1/events/eventbridge", json=event, headers={"x-api-key": SECRET}).json

    clean = shop.complete(shop.sent(ours), 202)
    assert send(shop.scan(clean)) == {"confirmed": 1, "rejected": 0, "ignored": 0}
    infected = shop.complete(granted := shop.sent(ours), 202)
    found = shop.scan(infected, scanResultStatus="THREATS_FOUND", threats=[{"name": "EICAR-Test-File (not a virus)"}])
    assert send(found) == {"confirmed": 0, "rejected": 1, "ignored": 0}
    reason = shop.complete(granted, 200)["reason"]
    assert reason == {"code": "infected", "detail": "GuardDuty: THREATS_FOUND EICAR-Test-File (not a virus)"}
    unsupported = shop.scan(shop.complete(granted := shop.sent(ours), 202), scanResultStatus="UNSUPPORTED")
    unsupported["detail"]["scanStatus"] = "SKIPPED"
    assert send(unsupported) == {"confirmed": 0, "rejected": 0, "ignored": 1}
    assert shop.complete(granted, 202)["state"] == "stored"


def test_the_worker_reads_and_hears(
    shop: Shop,
    settings: Settings,
    queues: Queues,  # noqa: F811  (the fixture)
) -> None:
    """Beside the service: a photo is confirmed by its first bytes within seconds and a lie is rejected, without another
    word of the client; GuardDuty's event by way of the queue confirms what waits for it."""
    ours = shop.key(Scope.UPLOADS)
    photo = shop.sent(ours, samples.png(), profile="photo", content_type="image/png")
    lie = shop.sent(ours, samples.HTML, profile="photo", content_type="image/png")
    assert [shop.complete(one, 202)["detected_type"] for one in (photo, lie)] == [None, None]
    waiting = shop.complete(shop.sent(ours), 202)
    queues.sqs.send_message(QueueUrl=queues.url, MessageBody=json.dumps(shop.scan(waiting)))

    def now(upload_id: str) -> dict[str, Any]:
        return dict(shop.client.get(f"/v1/uploads/{upload_id}", headers=ours).json or {})

    with working(shop.valetkey, settings.model_copy(update={"events_sqs_queue_url": queues.url}), queues):
        ids = [photo["upload"]["id"], lie["upload"]["id"], waiting["id"]]
        wait_until(lambda: "stored" not in [now(upload_id)["state"] for upload_id in ids], 60)
    found = [now(upload_id) for upload_id in ids]
    assert [one["state"] for one in found] == ["confirmed", "rejected", "confirmed"]
    assert [one["detected_type"] for one in found] == ["image/png", "text/html", None]
    assert found[1]["reason"]["code"] == "content_mismatch"


def test_anybody_may_judge_where_the_door_is_open(mount: Callable[..., Installed]) -> None:
    """As in `dev`, so that it can be tried: it gets as far as an upload that is not there."""
    mount(app := Flask("shop"))
    said = {"verdict": "clean", "etag": "e"}
    answer = app.test_client().post("/v1/uploads/01890a5d-ac96-774b-bcce-b302099a8057/verdict", json=said)
    assert answer.status_code == 404
