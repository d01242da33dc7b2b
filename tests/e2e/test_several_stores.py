"""Several stores in one installation: Ceph RGW and moto, each with its own credentials; some are unavailable."""

import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.api import Api, Created, assert_problem, assert_try_again, wait_for
from tests.e2e.rgw_events import pushing
from tests.e2e.test_store_events import queue_of
from tests.support.servers import ValetkeyServer, free_port, run_valetkey, running_valetkey, running_worker
from tests.support.stores import Bucket

CONFIG = """
[stores.ceph]
bucket = "{ceph.name}"
endpoint_url = "{ceph.server.endpoint_url}"
region = "{ceph.server.region}"
aws_profile = "ceph"
events = ["ceph"]

[stores.moto]
bucket = "{moto.name}"
endpoint_url = "{moto.server.endpoint_url}"
prefix = "kept/"
staging_prefix = "incoming/"
events = ["sqs"]

[stores.down]
bucket = "{ceph.name}"
endpoint_url = "{down}"
aws_profile = "ceph"

[stores_by_owner]
"acme-*" = "moto"

[profiles.default]
store = "ceph"

[profiles.second]
store = "moto"

[profiles.third]
store = "down"
"""

GONE = "Store 'moto' is not configured here, and uploads wait for it: 1."

QUICK = {
    "VALETKEY_SWEEP_FIRST_LOOK": "1",
    "VALETKEY_SWEEP_GRACE": "600",
    "VALETKEY_WORKER_THREADS": "2",
}


@dataclass(frozen=True)
class Installation:
    """Where the two buckets are, and what a service on them is told."""

    ceph: Bucket
    moto: Bucket
    directory: Path

    def write(self, down: str, without: str = "") -> None:
        """The stores and profiles, but for those tables that have ``without`` in their names or under them."""
        text = CONFIG.format(ceph=self.ceph, moto=self.moto, down=down)
        tables = [table for table in text.split("\n\n") if not without or without not in table]
        (self.directory / "valetkey.toml").write_text("\n\n".join(tables))

    @contextmanager
    def serving(self, **env: str) -> Iterator[tuple[ValetkeyServer, Api]]:
        """The service, with moto's credentials in its environment and Ceph's in a profile of AWS's."""
        keys = self.ceph.server
        profile = f"[ceph]\naws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
        (self.directory / "credentials").write_text(profile)
        told = {
            "AWS_ACCESS_KEY_ID": self.moto.server.access_key,
            "AWS_SECRET_ACCESS_KEY": self.moto.server.secret_key,
            "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "credentials"),
            "VALETKEY_SECRET_KEYS": "s" * 40,
        }
        with running_valetkey(self.directory, env={**told, **QUICK, **env}) as server:
            yield server, Api(server.base_url, server.create_key("tests").key, [keys.secret_key])


@pytest.fixture
def both(rgw_bucket: Bucket, moto_bucket: Bucket, tmp_path: Path) -> Installation:
    made = Installation(rgw_bucket, moto_bucket, tmp_path)
    made.write(down=f"http://127.0.0.1:{free_port()}")
    return made


def sent(api: Api, profile: str = "default", **wanted: str) -> Created:
    """An upload whose bytes are at its store, and whose client says no more."""
    created = api.create("text/plain", size=1, profile=profile, **wanted)
    assert created.post(b"x").status in {201, 204}
    return created


def keys(bucket: Bucket) -> list[str]:
    return [item["Key"] for item in bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", [])]


def confirmed(api: Api, *uploads: Created) -> bool:
    return {api.upload(created.id)["state"] for created in uploads} == {"confirmed"}


def test_uploads_of_two_profiles_and_events_of_both(both: Installation) -> None:
    """Each ends under its own bucket and prefix, by its own store's event: Ceph's push, and moto's queue."""
    events_alone = {"VALETKEY_SWEEP_FIRST_LOOK": "600"}  # the sweep would be first where the machine is slow
    with (
        queue_of(both.moto) as queue,
        both.serving(VALETKEY_EVENTS_SQS_QUEUE_URL=queue, **events_alone) as (server, api),
    ):
        secret = server.env["VALETKEY_EVENTS_CEPH_SECRET"]
        push = pushing(both.ceph, f"{server.base_url}/v1/events/ceph?secret={secret}")
        with push, running_worker(server, {"VALETKEY_WORKER_THREADS": "4"}):
            uploads = [sent(api), sent(api, "second"), sent(api, owner="acme-7")]
            assert wait_for(lambda: confirmed(api, *uploads)), server.log[-2000:]
            # staging is cleared in batches, beside the confirmations
            assert wait_for(lambda: not any("staging/" in key for key in [*keys(both.ceph), *keys(both.moto)]))
        objects = [api.upload(created.id)["object"] for created in uploads]
        assert {api.upload(created.id)["confirmed_by"] for created in uploads} == {"event"}
        assert [one["bucket"] for one in objects] == [both.ceph.name, both.moto.name, both.moto.name]
        assert keys(both.ceph) == [objects[0]["key"]]
        assert keys(both.moto) == sorted(one["key"] for one in objects[1:])
        assert all(one["key"].startswith("kept/uploads/") for one in objects[1:])
        assert uploads[1].staging_key == f"incoming/staging/{uploads[1].id}"
        for created in uploads:
            assert api.http.get(f"/v1/uploads/{created.id}/download", follow_redirects=True).text == "x"


@contextmanager
def silent_address() -> Iterator[str]:
    """A store that takes connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("how", ["refusing", "silent"])
def test_a_store_that_is_down_hinders_no_other(both: Installation, how: str) -> None:
    """Neither requests nor the worker wait for it: uploads of the other are confirmed by client and by sweep."""
    with silent_address() as silent:
        if how == "silent":
            both.write(down=silent)
        with both.serving() as (server, api), running_worker(server) as worker:
            waiting = [api.create("text/plain", size=1, profile="third") for _ in range(12)]
            assert wait_for(lambda: "store 'down'" in worker.log, 90)
            uploads = [sent(api), sent(api, "second")]
            assert wait_for(lambda: confirmed(api, *uploads)), worker.log[-2000:]
            for created in (sent(api), sent(api, "second")):
                api.confirm(created.id)
            assert api.http.get("/readyz").status_code == 200
            if how == "refusing":
                assert_try_again(api.complete(waiting[0].id), "store_unavailable")
            assert {api.upload(created.id)["state"] for created in waiting} == {"pending"}


def test_a_store_that_is_taken_out_and_put_back(both: Installation) -> None:
    """It is named in the log with how many uploads wait for it; they answer a problem, and go on when it is back."""
    with both.serving() as (_, api):
        waiting, done = sent(api, "second"), sent(api, "second")
        api.confirm(done.id)
    both.write("http://127.0.0.1:1", without="moto")
    with both.serving() as (server, api):
        assert (said := server.log.count(GONE)) >= 1
        problem = assert_problem(api.complete(waiting.id), 503, "store_unavailable")
        assert "the store 'moto', which is not configured" in problem["detail"]
        assert_problem(api.http.get(f"/v1/uploads/{done.id}/download"), 503, "store_unavailable")
        assert api.upload(done.id)["state"] == "confirmed"
        swept = run_valetkey("uploads", "sweep", "--json", env=server.env, directory=both.directory)
        assert "of this store, which is not configured here: 1" in swept
        api.confirm(sent(api).id)
    both.write("http://127.0.0.1:1")
    with both.serving() as (server, api):
        api.confirm(waiting.id)
        shown = run_valetkey("uploads", "show", "--json", waiting.id, env=server.env, directory=both.directory)
        assert json.loads(shown)["store"] == "moto"
        assert server.log.count(GONE) == said


def test_stores_in_each_others_way_are_refused(both: Installation) -> None:
    """Before anything is served, with a sentence that says what to change."""
    config = both.directory / "valetkey.toml"
    again = f"""
[stores.again]
bucket = "{both.ceph.name}"
endpoint_url = "{both.ceph.server.endpoint_url}"
aws_profile = "ceph"
prefix = "again-{secrets.token_hex(4)}/"
"""
    config.write_text(config.read_text() + again)
    with pytest.raises(RuntimeError, match="'ceph' and 'again' are both in the bucket"), both.serving():
        pass
