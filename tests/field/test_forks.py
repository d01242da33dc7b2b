"""A server that makes the application, uses it, and forks then (``gunicorn --preload``).

Reported of psycopg, SQLAlchemy ("Using Connection Pools with Multiprocessing or os.fork()"), PyMongo, boto3 and
requests: parent and children write to one connection and read each other's answers, or wait for a thread that only the
parent has.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.clients import post_form
from tests.servers import environment, free_port, run_valetkey
from tests.stores import Bucket

PRELOADED = """
from datetime import UTC, datetime
from threading import Thread

from flask import Flask
from valetkey import ValetKey
from valetkey.core.access import Caller
from valetkey.core.admission import UploadRequest

app = Flask("photos")
valetkey = ValetKey(app)


def use() -> None:
    valetkey.service.check()  # the ledger's readers and the store
    valetkey.service.create(Caller("early"), UploadRequest("early.png", "image/png", 1))  # the ledger's writer


threads = [Thread(target=use) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""

WANTED = {"filename": "a.png", "content_type": "image/png", "size": 5}
UPLOADS = 200


@contextmanager
def preloaded(directory: Path, env: dict[str, str], port: int) -> Iterator[httpx.Client]:
    """The application under gunicorn, which has used it before it forks four workers of it."""
    (directory / "preloaded.py").write_text(PRELOADED)
    gunicorn = [
        str(Path(sys.executable).with_name("gunicorn")),
        "--preload",
        "-w",
        "4",
        "-k",
        "gthread",
        "--threads",
        "4",
    ]
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", *gunicorn, "-b", f"127.0.0.1:{port}", "preloaded:app"],
        env=env,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    key = json.loads(run_valetkey("keys", "create", "--json", env=env, directory=directory))["key"]
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=20
        ) as client:
            _wait(client, process)
            yield client
    finally:
        process.terminate()
        try:
            process.wait(40)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            client.get("/healthz")
        except httpx.TransportError:
            assert process.poll() is None, "gunicorn has ended"
            assert time.monotonic() < deadline, "gunicorn does not answer"
            time.sleep(0.05)
        else:
            return


@pytest.mark.parametrize("ledger", ["sqlite", "postgresql"])
def test_workers_that_were_forked_after_the_first_use(
    ledger: str, moto_bucket: Bucket, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each opens connections and a writer of its own: of many grants and confirmations at once not one fails."""
    env = environment(tmp_path, moto_bucket)
    if ledger == "postgresql":
        env["VALETKEY_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    run_valetkey("migrate", env=env, directory=tmp_path)
    with preloaded(tmp_path, env, free_port()) as client, ThreadPoolExecutor(16) as threads:

        def one(number: int) -> str:
            answer = client.post("/v1/uploads", json=WANTED)
            assert answer.status_code == 201, answer.text
            upload, grant = answer.json()["upload"], answer.json()["grant"]
            if number % 4:
                return str(client.get(f"/v1/uploads/{upload['id']}").raise_for_status().json()["state"])
            assert post_form(grant["url"], grant["fields"], b"hello").status == 201
            return str(client.post(f"/v1/uploads/{upload['id']}/complete").raise_for_status().json()["state"])

        states = list(threads.map(one, range(UPLOADS)))
    assert states == ["pending" if number % 4 else "confirmed" for number in range(UPLOADS)]
