"""Erasing a person on a real Ceph RGW: afterwards nothing of them is in the bucket or in any table."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from sqlalchemy import MetaData, create_engine, select
from tests.e2e.api import Created, Json, assert_problem, wait_for
from tests.e2e.conftest import Service, running_service
from tests.e2e.proxy import CountingProxy
from tests.support.servers import run_valetkey, running_worker
from tests.support.stores import Bucket, Rgw

from valetkey.core.erasing.eraser import BATCH

OWNER = "tenant-a/Anna Änderson"
MARKS = ("nderson", "Anna", "passport-scan", "born-1970", "case:4711", "key-of-hers")
"""Each is part of something that is known of her: owner, file name, metadata, a claim, a key of a request."""

PROFILES = """
[profiles.default]
key = "people/{owner}/{id}/{filename}"
multipart_from = 6000000
"""

SHORT = {
    "VALETKEY_SWEEP_INTERVAL": "1",
    "VALETKEY_SWEEP_FIRST_LOOK": "1",
    "VALETKEY_SWEEP_GRACE": "2",
    "VALETKEY_SWEEP_RETENTION": "3",
    "VALETKEY_SWEEP_CLEAN_INTERVAL": "1",
    "VALETKEY_WEBHOOK_URL": "http://127.0.0.1:9/nobody-listens",
    "VALETKEY_WEBHOOK_ALLOW_PRIVATE": "true",
    "VALETKEY_WEBHOOK_SECRETS": "whsec_" + "c2VjcmV0" * 6,
}
"""Times in seconds, so that a test need not wait for minutes. Webhooks are written, and stay."""


def settings_in(directory: Path, database_url: str | None = None) -> dict[str, str]:
    (directory / "valetkey.toml").write_text(PROFILES)
    env = SHORT | {"VALETKEY_CONFIG": str(directory / "valetkey.toml")}
    return env | ({"VALETKEY_DATABASE_URL": database_url} if database_url else {})


@pytest.fixture
def of_people(rgw_bucket: Bucket, tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path, rgw_bucket, settings_in(tmp_path)) as service:
        yield service


def hers(service: Service, **wanted: Any) -> Created:
    """An upload of hers."""
    body = {
        "filename": "passport-scan Anna.png",
        "size": 1,
        "content_type": "image/png",
        "owner": OWNER,
        "metadata": {"born": "born-1970"},
    }
    answer = service.api.http.post("/v1/uploads", json=body | wanted)
    assert answer.status_code == 201, answer.text
    return Created(**answer.json())


def confirmed(service: Service, **wanted: Any) -> Created:
    created = hers(service, **wanted)
    assert created.post(b"x").status == 201
    service.api.confirm(created.id)
    return created


def confirm_many(service: Service, number: int) -> None:
    """No more at once than may wait for the store."""
    with ThreadPoolExecutor(16) as pool:
        assert len(list(pool.map(lambda _: confirmed(service), range(number)))) == number


def erase(service: Service, owner: str = OWNER) -> Json:
    answer = service.api.http.post("/v1/erasures", json={"owner": owner})
    assert answer.status_code == 202, answer.text
    job: Json = answer.json()
    assert answer.headers["location"].endswith(f"/v1/erasures/{job['id']}")
    assert int(answer.headers["retry-after"]) >= 1
    return job


def job_of(service: Service, job: Json) -> Json:
    answer = service.api.http.get(f"/v1/erasures/{job['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def is_over(service: Service, job: Json) -> bool:
    return bool(job_of(service, job)["state"] != "running")


def everything_in_tables(url: str) -> str:
    """All that any table has."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        rows = [row for table in tables.sorted_tables for row in connection.execute(select(table))]
    engine.dispose()
    assert len(tables.tables) > 5
    return "\n".join(str(tuple(row)) for row in rows)


def assert_nothing_of_her(service: Service) -> None:
    """Neither in the bucket, old versions and open parts included, nor in the ledger."""
    s3, bucket = service.bucket.client, service.bucket.name
    assert service.object_keys() == []
    found = s3.list_object_versions(Bucket=bucket)
    assert [*found.get("Versions", []), *found.get("DeleteMarkers", [])] == []
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    text = everything_in_tables(service.server.env["VALETKEY_DATABASE_URL"])
    assert not [mark for mark in MARKS if mark in text], text


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_person_is_erased(request: pytest.FixtureRequest, rgw_bucket: Bucket, tmp_path: Path, database: str) -> None:
    """In every state: objects, names, metadata, claims, keys of requests, what waits to be announced. Others stay, and
    a grant of hers that is used afterwards leaves nothing."""
    url = None if database == "sqlite" else str(request.getfixturevalue("postgres_url"))
    with running_service(tmp_path, rgw_bucket, settings_in(tmp_path, url)) as service:
        _erase_a_person(service)


def _erase_a_person(service: Service) -> None:
    http = service.api.http
    pending, done, claimed, gone = hers(service), *(confirmed(service) for _ in range(3))
    keyed = http.post(
        "/v1/uploads",
        json={"filename": "Anna.txt", "size": 1, "content_type": "text/plain", "owner": OWNER},
        headers={"Idempotency-Key": "key-of-hers"},
    ).json()
    assert http.post(f"/v1/uploads/{claimed.id}/claim", json={"reference": "case:4711"}).status_code == 200
    assert http.delete(f"/v1/uploads/{gone.id}").status_code == 204
    in_parts = hers(service, size=12_000_000, method="multipart")
    waiting = hers(service)
    assert waiting.post(b"x").status == 201
    bens = confirmed(service, owner="ben", filename="ben.png", metadata={})
    before = service.api.upload(bens.id)
    text = everything_in_tables(service.server.env["VALETKEY_DATABASE_URL"])
    assert not [mark for mark in MARKS if mark not in text]

    job = erase(service)
    assert (job["state"], job["uploads"]) == ("running", 0)
    with running_worker(service.server) as worker:
        assert wait_for(lambda: is_over(service, job)), worker.log
        last = job_of(service, job)
        assert (last["state"], last["uploads"]) == ("done", 7), last
        assert last["objects"] in {2, 3}, last  # the sweep of the same worker may have confirmed one before
        assert (last["remaining"], last["kept"], last["newer"], last["detail"]) == (0, [], 0, None)
        assert service.api.upload(bens.id) == before
        assert [key for key in service.object_keys() if bens.id not in key] == []

        states = {one: service.api.upload(one) for one in (pending.id, done.id, keyed["upload"]["id"], in_parts.id)}
        assert {one["state"] for one in states.values()} == {"aborted", "deleted"}
        assert {one["reason"]["code"] for one in states.values()} == {"erased"}
        assert {(one["owner"], one["filename"], one["content_type"]) for one in states.values()} == {("", "", "")}
        told = service_webhooks(service)
        assert f"{job['id']}-erased" in told
        assert told[f"{job['id']}-erased"]["type"] == "owner.erased"

        assert pending.post(b"x").status == 201  # its form is good still
        assert_problem(service.api.complete(pending.id), 409, "state_conflict")
        assert wait_for(lambda: service.object_keys("staging/") == [], 60), worker.log
        assert service.api.upload(pending.id)["state"] == "aborted"
    assert http.delete(f"/v1/uploads/{bens.id}").status_code == 204
    assert_nothing_of_her(service)
    assert "nderson" not in worker.log + service.server.log


def service_webhooks(service: Service) -> dict[str, Json]:
    out = run_valetkey(
        "webhooks", "list", "--state", "all", "--json", env=service.server.env, directory=service.server.directory
    )
    return {one["id"]: one for one in json.loads(out)["webhooks"]}


def test_a_killed_worker_is_gone_on_with(of_people: Service) -> None:
    """SIGKILL in the middle of many: another worker finishes, and each upload is counted once."""
    many = 3 * BATCH + 7
    confirm_many(of_people, many)
    job = erase(of_people)
    with running_worker(of_people.server) as worker:
        assert wait_for(lambda: job_of(of_people, job)["uploads"] > 0)
        assert worker.end(signal.SIGKILL) == -signal.SIGKILL
    halfway = job_of(of_people, job)
    assert (halfway["state"], halfway["uploads"] < many) == ("running", True)
    with running_worker(of_people.server) as worker:
        assert wait_for(lambda: is_over(of_people, job), 120), worker.log
    last = job_of(of_people, job)
    assert (last["state"], last["uploads"], last["objects"]) == ("done", many, many)
    assert_nothing_of_her(of_people)


def test_a_worker_that_is_asked_to_stop_goes_at_once(of_people: Service) -> None:
    """Between two uploads; the next one needs not wait for a lease."""
    many = 2 * BATCH
    confirm_many(of_people, many)
    job = erase(of_people)
    with running_worker(of_people.server) as worker:
        assert wait_for(lambda: job_of(of_people, job)["uploads"] > 0)
        assert worker.end(signal.SIGTERM) == 0
        assert "Traceback" not in worker.log
    with running_worker(of_people.server):
        assert wait_for(lambda: is_over(of_people, job), 20)
    assert job_of(of_people, job)["uploads"] == many
    assert_nothing_of_her(of_people)


def test_a_store_that_is_away_is_waited_for(of_people: Service) -> None:
    """The job says so, and that nothing is erased; when the store is back it goes on."""
    for _ in range(3):
        confirmed(of_people)
    with CountingProxy(of_people.bucket.server.endpoint_url) as way:
        way.stop()
        with running_worker(of_people.server, {"VALETKEY_S3_ENDPOINT_URL": way.url}) as worker:
            job = erase(of_people)
            assert wait_for(lambda: job_of(of_people, job)["detail"] is not None)
            waiting = job_of(of_people, job)
            assert (waiting["state"], waiting["uploads"]) == ("running", 0)
            way.start()
            assert wait_for(lambda: is_over(of_people, job), 120), worker.log
    assert job_of(of_people, job)["uploads"] == 3
    assert_nothing_of_her(of_people)


def test_old_versions_go_too(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """In a bucket that keeps versions: those of the confirmed object, and those that a form used again has left."""
    s3 = rgw_bucket.client
    s3.put_bucket_versioning(Bucket=rgw_bucket.name, VersioningConfiguration={"Status": "Enabled"})
    with running_service(tmp_path, rgw_bucket, settings_in(tmp_path)) as service:
        created = confirmed(service)
        key = service.api.upload(created.id)["object"]["key"]
        s3.put_object(Bucket=rgw_bucket.name, Key=key, Body=b"by somebody else")
        for content in (b"y", b"z"):
            assert created.post(content).status == 201
        assert len(s3.list_object_versions(Bucket=rgw_bucket.name)["Versions"]) >= 4
        job = erase(service)
        with running_worker(service.server):
            assert wait_for(lambda: is_over(service, job))
        assert job_of(service, job)["state"] == "done"
        assert_nothing_of_her(service)


def test_what_object_lock_keeps_is_not_called_erased(rgw: Rgw, tmp_path: Path) -> None:
    """The job is incomplete and says which object stays and why; its name and metadata go from the ledger all the
    same."""
    bucket = Bucket(f"test-{token_hex(6)}", rgw.client(), rgw)  # it stays: what is in it cannot be removed
    s3, name = bucket.client, bucket.name
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    with running_service(tmp_path, bucket, settings_in(tmp_path)) as service:
        created, free = confirmed(service), confirmed(service)
        stored = service.api.upload(created.id)["object"]
        until: Any = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=1)}
        s3.put_object_retention(Bucket=name, Key=stored["key"], VersionId=stored["version_id"], Retention=until)
        job = erase(service)
        with running_worker(service.server):
            assert wait_for(lambda: is_over(service, job))
        last = job_of(service, job)
        assert (last["state"], last["uploads"], last["remaining"]) == ("incomplete", 1, 1), last
        [kept] = last["kept"]
        assert kept["key"] == stored["key"]
        assert "DeleteObject" in kept["reason"]
        assert service.object_keys() == []  # what stays is hidden
        assert {one["Key"] for one in s3.list_object_versions(Bucket=name)["Versions"]} == {stored["key"]}
        assert service.api.upload(free.id)["owner"] == ""
        text = everything_in_tables(service.server.env["VALETKEY_DATABASE_URL"])
        assert not [mark for mark in ("passport-scan Anna", "born-1970") if mark in text]
        assert service.api.upload(created.id)["state"] == "deleted"


def test_the_command_line(of_people: Service) -> None:
    """`valetkey owners erase` does the same for all accounts, and `show` says how far it has come."""

    def valetkey(*args: str) -> Json:
        out = run_valetkey(*args, "--json", env=of_people.server.env, directory=of_people.server.directory)
        return dict(json.loads(out))

    confirmed(of_people)
    job = valetkey("owners", "erase", OWNER)
    assert job["state"] == "running"
    assert_problem(of_people.api.http.get(f"/v1/erasures/{job['id']}"), 404, "erasure_not_found")
    with running_worker(of_people.server):
        assert wait_for(lambda: valetkey("owners", "show", job["id"])["state"] == "done")
    assert_nothing_of_her(of_people)
