"""An upload's id is passed to a job, which reads the bytes where there was never a request.

What this takes the place of, a stream that dies with its request, is in `test_stream_trap.py` beside it.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from hashlib import file_digest, sha256
from pathlib import Path

import pytest
from celery import Celery
from flask import Flask, copy_current_request_context
from redis import Redis
from rq import Queue
from tests.support import ledgers, processes
from tests.support.clients import post_form
from tests.support.servers import environment
from tests.support.stores import Bucket

from valetkey import ValetKey
from valetkey.app import installed_in
from valetkey.settings import Settings

TASKS = Path(__file__).with_name("queued") / "tasks.py"
CONTENT = os.urandom(3_000_000)
DIGEST = sha256(CONTENT).hexdigest()
BOUND = 150
"""How long a worker may take to start and to do its job, in seconds."""


@pytest.fixture
def valetkey(settings: Settings, moto_bucket: Bucket) -> ValetKey:
    """That of the web process."""
    server = moto_bucket.server
    session = server.session
    app = Flask("shop")
    made = ValetKey(app, settings=settings, session=session, allow_open=True)
    ledgers.migrate(installed_in(app).settings.database_url)
    return made


@pytest.fixture
def upload_id(valetkey: ValetKey) -> str:
    """A confirmed upload of the application."""
    http = valetkey._app.test_client()  # type: ignore[union-attr]
    bearer = {"Authorization": f"Bearer {valetkey.ticket(owner='ann')}"}
    asked = {"filename": "cat.png", "content_type": "image/png", "size": len(CONTENT)}
    granted = http.post("/v1/uploads", json=asked, headers=bearer).get_json()
    assert post_form(granted["grant"]["url"], granted["grant"]["fields"], CONTENT).status == 201
    path = f"/v1/uploads/{granted['upload']['id']}"
    assert http.post(f"{path}/complete", headers=bearer).get_json()["state"] == "confirmed"
    return str(granted["upload"]["id"])


@pytest.fixture
def env(tmp_path: Path, moto_bucket: Bucket, redis_url: str) -> Mapping[str, str]:
    """What a worker on this ledger, this bucket and this Redis sees; its module is in ``tmp_path``."""
    shutil.copy(TASKS, tmp_path)
    return environment(tmp_path, moto_bucket) | {"REDIS_URL": redis_url, "VALETKEY_AUTH": "open"}


@contextmanager
def working(env: Mapping[str, str], folder: Path, *command: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of somebody else's, begun when yielded; what it printed is shown where the block fails."""
    log = folder / "jobs.log"
    python = [sys.executable, "-m"]
    with (
        log.open("wb") as out,
        processes.running([*python, *command], env=env, cwd=folder, stdout=out, stderr=subprocess.STDOUT) as one,
    ):
        try:
            yield one
        except BaseException as error:
            error.add_note(log.read_text())
            raise


def test_a_celery_task_reads_it(upload_id: str, env: Mapping[str, str], tmp_path: Path, redis_url: str) -> None:
    """In a worker's child process: the application was imported before the fork."""
    celery = Celery("web", broker=redis_url, backend=redis_url)
    with working(env, tmp_path, "celery", "--app", "tasks:celery", "worker", "--concurrency", "1") as worker:
        pid, digest = celery.send_task("fingerprint", [upload_id]).get(timeout=BOUND)
    assert digest == DIGEST
    assert int(pid) not in {os.getpid(), worker.pid}
    celery.close()


def test_an_rq_job_reads_it(upload_id: str, env: Mapping[str, str], tmp_path: Path, redis_url: str) -> None:
    """In a process that RQ forks for this one job."""
    with closing(Redis.from_url(redis_url)) as redis:
        job = Queue(connection=redis).enqueue("tasks.fingerprint", upload_id)
        with working(env, tmp_path, "rq.cli", "worker", "--url", redis_url, "--burst") as worker:
            assert worker.wait(BOUND) == 0
        result = job.return_value(refresh=True)
    assert result is not None
    pid, digest = result
    assert digest == DIGEST
    assert int(pid) not in {os.getpid(), worker.pid}


def test_a_thread_reads_it_after_its_request(valetkey: ValetKey, upload_id: str) -> None:
    """Also under `copy_current_request_context`, long after the response was sent: nothing of it is the request's."""
    app = Flask("another")
    with ThreadPoolExecutor(1) as pool:

        @app.post("/<upload_id>")
        def view(upload_id: str) -> str:
            @copy_current_request_context
            def later() -> str:
                time.sleep(0.1)
                with valetkey.open(upload_id) as file:
                    return file_digest(file, "sha256").hexdigest()

            app.extensions["later"] = pool.submit(later)
            return "accepted"

        assert app.test_client().post(f"/{upload_id}").text == "accepted"
        assert app.extensions["later"].result(BOUND) == DIGEST
