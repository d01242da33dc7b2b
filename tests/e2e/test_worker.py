"""`valetkey worker` as a process on a real Ceph RGW: without any signal, and killed at any moment."""

import json
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.e2e.api import Created, wait_for
from tests.e2e.conftest import Service, running_service, write_profiles
from tests.e2e.proxy import CountingProxy
from tests.support.parallel import in_parallel
from tests.support.servers import run_valetkey, running_worker
from tests.support.stores import Bucket

SHORT = {
    "VALETKEY_SWEEP_INTERVAL": "1",
    "VALETKEY_SWEEP_FIRST_LOOK": "1",
    "VALETKEY_SWEEP_GRACE": "1",
    "VALETKEY_SWEEP_CLEAN_INTERVAL": "1",
}
"""In seconds, so that a test need not wait for minutes."""


@pytest.fixture
def silent(rgw_bucket: Bucket, tmp_path: Path) -> Iterator[Service]:
    """A service on a bucket without notifications."""
    with running_service(tmp_path, rgw_bucket, write_profiles(tmp_path) | SHORT) as service:
        yield service


def posted(service: Service, number: int) -> list[Created]:
    """Uploads whose bytes are at S3 and whose clients say no more."""
    uploads = [service.api.create("text/plain", size=1) for _ in range(number)]
    answers = in_parallel([partial(created.post, b"x") for created in uploads])
    assert {answer.status for answer in answers} == {201}
    return uploads


def posted_in_time(service: Service) -> Created:
    """One whose grant is over after a second, which may be too short for a machine that has other things to do."""
    for _ in range(30):
        created = service.api.create("text/plain", size=1, profile="brief")
        if created.post(b"x").status == 201:
            return created
        assert service.api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    raise AssertionError("no form was sent within its second")


def multiparts(service: Service) -> list[str]:
    """The keys of the multipart uploads that are open."""
    answer = service.bucket.client.list_multipart_uploads(Bucket=service.bucket.name)
    return [upload["Key"] for upload in answer.get("Uploads", [])]


def states(service: Service, uploads: list[Created]) -> list[str]:
    return [service.api.upload(created.id)["state"] for created in uploads]


def assert_settled(service: Service, uploads: list[Created]) -> None:
    """All confirmed by the sweep, under one final key each, and staging is empty."""
    found = [service.api.upload(created.id) for created in uploads]
    assert {(one["state"], one["confirmed_by"]) for one in found} == {("confirmed", "sweep")}
    assert sorted(service.object_keys()) == sorted(one["object"]["key"] for one in found)


def test_a_closed_tab_is_confirmed_by_the_worker(silent: Service) -> None:
    """No complete, no redirect, no event: the bytes are found, and what never came expires, once each."""
    uploads = posted(silent, 8)
    gone = silent.api.create("text/plain", size=1, profile="brief")
    with running_worker(silent.server) as worker:
        assert wait_for(lambda: set(states(silent, uploads)) == {"confirmed"}, 60)
        assert wait_for(lambda: states(silent, [gone]) == ["expired"], 60)
        assert worker.end(signal.SIGTERM) == 0
    assert_settled(silent, uploads)
    assert worker.log.count("is confirmed") == 8
    assert worker.log.count(f"{gone.id} is expired") == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_worker_cleanly(silent: Service, how: signal.Signals) -> None:
    """It finishes what it has in hand, exits 0 within seconds, and shows no traceback."""
    with running_worker(silent.server) as worker:
        uploads = posted(silent, 20)
        assert wait_for(lambda: "confirmed" in states(silent, uploads), 60)
        assert worker.end(how) == 0
    assert "Traceback" not in worker.log
    assert set(states(silent, uploads)) <= {"pending", "confirmed"}
    with running_worker(silent.server) as second:
        assert wait_for(lambda: set(states(silent, uploads)) == {"confirmed"}, 60)
        assert second.end(signal.SIGTERM) == 0
    assert_settled(silent, uploads)


def test_a_worker_in_the_background_of_a_script(silent: Service) -> None:
    """Such a job has SIGINT ignored, as Ctrl-C is for the foreground: it goes on working; SIGTERM ends it."""
    with running_worker(silent.server, before=("env", "--ignore-signal=INT")) as worker:
        worker.process.send_signal(signal.SIGINT)
        uploads = posted(silent, 2)
        assert wait_for(lambda: set(states(silent, uploads)) == {"confirmed"}, 60)
        assert worker.end(signal.SIGTERM) == 0


def test_a_second_worker_finishes_what_a_killed_one_left(silent: Service) -> None:
    """SIGKILL in mid-work, twice; every upload is confirmed, and nothing is left under staging or a second key."""
    uploads = posted(silent, 40)
    for _ in range(2):
        with running_worker(silent.server) as worker:
            before = states(silent, uploads).count("confirmed")
            wanted = min(before + 1, len(uploads))  # it may be through before one has looked
            assert wait_for(lambda wanted=wanted: states(silent, uploads).count("confirmed") >= wanted, 60)  # type: ignore[misc]
            assert worker.end(signal.SIGKILL) == -signal.SIGKILL
    with running_worker(silent.server, {"VALETKEY_SWEEP_RETENTION": "1"}):
        assert wait_for(lambda: set(states(silent, uploads)) == {"confirmed"}, 60)
        # one that was killed right after its commit had no time to remove the staging object
        assert wait_for(lambda: silent.object_keys("staging/") == [], 60)
    assert_settled(silent, uploads)


def test_two_workers_side_by_side(silent: Service) -> None:
    """They share the work: each upload is announced by one of them."""
    with running_worker(silent.server) as first, running_worker(silent.server) as second:
        uploads = posted(silent, 40)
        assert wait_for(lambda: set(states(silent, uploads)) == {"confirmed"}, 60)
        assert (first.end(signal.SIGTERM), second.end(signal.SIGTERM)) == (0, 0)
    for created in uploads:
        assert (first.log + second.log).count(f"{created.id} is confirmed") == 1
    assert_settled(silent, uploads)


def test_orphans_under_staging_go(silent: Service) -> None:
    """After the retention: what nobody asked for, a form used again after the confirmation, a forgotten multipart."""
    s3, bucket = silent.bucket.client, silent.bucket.name
    [done] = posted(silent, 1)
    silent.api.confirm(done.id)
    assert done.post(b"y").status == 201
    s3.put_object(Bucket=bucket, Key="staging/holiday.png", Body=b"x")
    s3.put_object(Bucket=bucket, Key="uploads/somebody-elses", Body=b"x")
    s3.create_multipart_upload(Bucket=bucket, Key="staging/holiday.mp4")
    s3.create_multipart_upload(Bucket=bucket, Key="uploads/somebody-elses.mp4")
    open_upload = silent.api.create("text/plain", size=1)
    assert len(silent.listed_keys("staging/")) == 2
    time.sleep(2)
    with running_worker(silent.server, {"VALETKEY_SWEEP_RETENTION": "1"}):
        assert wait_for(lambda: silent.object_keys("staging/") == [], 60)
        assert wait_for(lambda: multiparts(silent) == ["uploads/somebody-elses.mp4"], 60)
        assert not wait_for(lambda: multiparts(silent) == [], 3)
    confirmed = silent.api.upload(done.id)["object"]["key"]
    assert sorted(silent.object_keys()) == sorted([confirmed, "uploads/somebody-elses"])
    assert s3.get_object(Bucket=bucket, Key=confirmed)["Body"].read() == b"x"
    assert open_upload.post(b"x").status == 201
    silent.api.confirm(open_upload.id)


def test_a_store_that_comes_back(silent: Service) -> None:
    """While the worker cannot reach the store it neither ends nor expires what may be there; then it goes on."""
    uploads = posted(silent, 8)
    late = posted_in_time(silent)
    with CountingProxy(silent.bucket.server.endpoint_url) as way:
        way.stop()
        with running_worker(silent.server, {"VALETKEY_S3_ENDPOINT_URL": way.url}) as worker:
            assert wait_for(lambda: "the sweep will be tried again" in worker.log, 60)
            assert set(states(silent, [*uploads, late])) == {"pending"}
            way.start()
            assert wait_for(lambda: set(states(silent, [*uploads, late])) == {"confirmed"}, 90)
            assert worker.end(signal.SIGTERM) == 0


def test_a_sweep_by_hand(silent: Service) -> None:
    """`valetkey uploads sweep` beside a running service: first what it would do, then doing it."""
    [created] = posted(silent, 1)
    time.sleep(1.1)

    def sweep(*args: str) -> list[tuple[str, str]]:
        out = run_valetkey(
            "uploads", "sweep", "--json", *args, env=silent.server.env, directory=silent.server.directory
        )
        return [(finding["action"], finding["subject"]) for finding in json.loads(out)["findings"]]

    assert sweep("--dry-run") == [("confirm", created.id)]
    assert states(silent, [created]) == ["pending"]
    assert sweep() == [("confirm", created.id)]
    assert sweep() == []
    assert_settled(silent, [created])
