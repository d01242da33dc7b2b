"""A rolling upgrade: the version before the newest migration and this one, working on one ledger."""

import json
import os
import sys
from pathlib import Path

import pytest
from tests.e2e.api import Api, assert_not_ready, wait_for
from tests.support import processes
from tests.support.servers import environment, run_valetkey, running_valetkey, running_worker
from tests.support.stores import Bucket


@pytest.mark.timeout(300)
def test_two_versions_on_one_ledger(older_service: Path, rgw_bucket: Bucket, postgres_url: str, tmp_path: Path) -> None:
    """The ledger is migrated under the older one, which goes on. Uploads of each are confirmed by the other."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    env = {name: value for name, value in environment(first, rgw_bucket).items() if name.startswith("VALETKEY_")}
    env |= {"VALETKEY_DATABASE_URL": postgres_url, "VALETKEY_SWEEP_FIRST_LOOK": "1"}
    before_it = env | {"PYTHONPATH": str(older_service)}
    run_valetkey("migrate", env=environment(first, rgw_bucket) | before_it, directory=first)
    with running_valetkey(first, rgw_bucket, env=before_it, migrate=False) as old_server:
        key = old_server.create_key("tests").key
        old = Api(old_server.base_url, key)
        before = old.create(size=5)
        assert before.post(b"hello").status == 201

        run_valetkey("migrate", env=environment(second, rgw_bucket) | env, directory=second)
        assert_not_ready(old, "ledger_unavailable")
        assert old.http.get("/healthz").status_code == 200
        between, silent = old.create(size=5), old.create(size=5)
        for created in (between, silent):
            assert created.post(b"hello").status == 201

        with running_valetkey(second, rgw_bucket, env=env) as new_server, running_worker(new_server):
            new = Api(new_server.base_url, key)
            assert wait_for(lambda: new.upload(silent.id)["state"] == "confirmed")
            assert new.confirm(before.id)["state"] == new.confirm(between.id)["state"] == "confirmed"
            after = new.create(size=5)
            assert after.post(b"hello").status == 201
            assert old.confirm(after.id)["state"] == "confirmed"
            assert "Traceback" not in old_server.log + new_server.log


SENDS = """
import sys
import valetkey
from valetkey.client import Client

assert valetkey.__file__.startswith(sys.argv[1]), valetkey.__file__
with Client(sys.argv[2], sys.argv[3]) as service:
    upload = service.upload(b"hello", filename="a.txt", owner="user-17")
    assert upload.state == "confirmed"
    service.claim(upload.id, "post:17", owner="user-17")
    assert [one.id for one in service.list(state="confirmed") if one.owner == "user-17"] == [upload.id]
    service.delete(upload.id)
"""


@pytest.mark.timeout(300)
def test_older_clients(older_service: Path, rgw_bucket: Bucket, tmp_path: Path) -> None:
    """`valetkey put` and a Python program of that version do their work with this one's service."""
    (tmp_path / "small.txt").write_bytes(b"hello")
    (tmp_path / "large.bin").write_bytes(os.urandom(20 * 1024**2))
    with running_valetkey(tmp_path, rgw_bucket) as server:
        key = server.create_key("tests").key
        where = {"PYTHONPATH": str(older_service), "VALETKEY_ENDPOINT": server.base_url, "VALETKEY_TOKEN": key}
        env = environment(tmp_path, None) | where
        said = run_valetkey("put", "small.txt", "large.bin", "--json", env=env, directory=tmp_path)
        uploads = [json.loads(line)["upload"] for line in said.splitlines()]
        assert [upload["state"] for upload in uploads] == ["confirmed"] * 2
        program = [sys.executable, "-c", SENDS, str(older_service), server.base_url, key]
        done = processes.run(program, env=env, cwd=tmp_path, timeout=60)
        assert done.returncode == 0, done.stderr
