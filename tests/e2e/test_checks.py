"""Content checks with a real service and worker on Ceph RGW, judged by the objects at S3 and the API's responses."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.api import Api, Json, assert_problem, wait_for
from tests.e2e.conftest import Service, running_service
from tests.support.servers import running_worker
from tests.support.stores import Bucket

PROFILES = """
[profiles.photo]
content_types = ["image/*"]
detect = "reject"

[profiles.lenient]
detect = "warn"

[profiles.scanned]
scan = true
"""

# a whole PNG of one pixel
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
PAGE = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture(params=["sqlite", "postgresql"])
def checked(request: pytest.FixtureRequest, rgw_bucket: Bucket, tmp_path: Path) -> Iterator[Service]:
    """A service whose profiles check, on either ledger; its worker is the test's."""
    config = tmp_path / "valetkey.toml"
    config.write_text(PROFILES)
    env = {"VALETKEY_CONFIG": str(config)}
    if request.param == "postgresql":
        env["VALETKEY_DATABASE_URL"] = str(request.getfixturevalue("postgres_url"))
    with running_service(tmp_path, rgw_bucket, env) as service:
        yield service


def stored(service: Service, content: bytes, content_type: str, profile: str) -> Json:
    """An upload whose bytes are at S3, after `complete`."""
    created = service.api.create(content_type, size=len(content), profile=profile)
    assert created.post(content).status == 201
    answer = service.api.complete(created.id)
    assert (answer.status_code, answer.json()["state"]) == (202, "stored"), answer.text
    assert int(answer.headers["retry-after"]) >= 1
    return dict(answer.json())


def state(service: Service, upload: Json) -> str:
    return str(service.api.upload(upload["id"])["state"])


def scanner(service: Service) -> Api:
    return service.api.with_token(service.server.create_key("scanner", "verdict").key)


def test_contents_are_looked_at_by_the_worker_within_seconds(checked: Service) -> None:
    """Without one an upload stays `stored`, however often its client asks; with one it ends without the client."""
    photo = stored(checked, PNG, "image/png", "photo")
    lie = stored(checked, PAGE, "image/png", "photo")
    odd = stored(checked, PAGE, "image/png", "lenient")
    for _ in range(3):
        assert checked.api.complete(photo["id"]).status_code == 202
    with running_worker(checked.server) as worker:
        assert wait_for(lambda: {state(checked, one) for one in (photo, lie, odd)} == {"confirmed", "rejected"}, 60)
        assert wait_for(lambda: "stored" not in {state(checked, one) for one in (photo, lie, odd)}, 60)
        late = stored(checked, PNG, "image/png", "photo")
        assert wait_for(lambda: state(checked, late) == "confirmed", 60)
        assert worker.end(signal.SIGTERM) == 0
    ends = [checked.api.upload(one["id"]) for one in (photo, lie, odd)]
    assert [(one["state"], one["detected_type"]) for one in ends] == [
        ("confirmed", "image/png"),
        ("rejected", "text/html"),
        ("confirmed", "text/html"),
    ]
    assert ends[1]["reason"]["code"] == "content_mismatch"
    assert "is accepted nevertheless" in worker.log
    assert checked.object_keys("staging/") == []
    assert sorted(checked.object_keys()) == sorted(
        one["object"]["key"] for one in (ends[0], ends[2], checked.api.upload(late["id"]))
    )


def test_a_scanner_decides(checked: Service) -> None:
    """It reads the bytes where the upload says they are; clean ones are confirmed, infected ones are gone, and a form
    that is used again after the scan changes nothing of what was scanned."""
    judge = scanner(checked)
    clean, infected, again = (stored(checked, b"x" * 9, "text/plain", "scanned") for _ in range(3))
    shown = clean["object"]
    body = checked.bucket.client.get_object(Bucket=shown["bucket"], Key=shown["key"], IfMatch=f'"{shown["etag"]}"')
    assert body["Body"].read() == b"x" * 9
    said = {"verdict": "clean", "etag": shown["etag"]}
    done = judge.http.post(f"/v1/uploads/{clean['id']}/verdict", json=said)
    assert (done.status_code, done.json()["state"]) == (200, "confirmed")
    gone = judge.http.post(f"/v1/uploads/{infected['id']}/verdict", json=said | {"verdict": "infected"})
    assert (gone.json()["state"], gone.json()["reason"]["code"]) == ("rejected", "infected")
    renewed = checked.api.create("text/plain", size=9, profile="scanned")
    assert renewed.post(b"x" * 9).status == 201
    assert checked.api.complete(renewed.id).status_code == 202
    assert renewed.post(b"y" * 9).status == 201
    other = said | {"etag": "0" * 32}
    assert_problem(judge.http.post(f"/v1/uploads/{renewed.id}/verdict", json=other), 409, "state_conflict")
    elsewhere = said | {"key": renewed.staging_key}
    assert_problem(judge.http.post(f"/v1/uploads/{renewed.id}/verdict", json=elsewhere), 409, "state_conflict")
    kept = judge.http.post(f"/v1/uploads/{renewed.id}/verdict", json=said).json()
    assert kept["state"] == "confirmed"
    read = checked.bucket.client.get_object(Bucket=shown["bucket"], Key=kept["object"]["key"])["Body"].read()
    assert read == b"x" * 9
    assert_problem(judge.http.get(f"/v1/uploads/{renewed.id}"), 403, "forbidden")
    assert_problem(checked.api.http.post(f"/v1/uploads/{again['id']}/verdict", json=said), 403, "forbidden")
    assert state(checked, again) == "stored"
    left = [done.json()["object"]["key"], kept["object"]["key"], again["object"]["key"], f"staging/{again['id']}"]
    assert wait_for(lambda: sorted(checked.listed_keys()) == sorted(left)), checked.listed_keys()
