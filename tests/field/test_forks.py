"""A server that creates the application, uses it, and then forks (``gunicorn --preload``).

Documented by SQLAlchemy ("Using Connection Pools with Multiprocessing or os.fork()"), and FIELD.md's row (H) of ours:
parent and children write to one connection and read each other's answers, or wait for a thread that only the
parent has.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support import ledgers
from tests.support.clients import post_form
from tests.support.gunicorns import running_gunicorn
from tests.support.servers import environment
from tests.support.stores import Bucket

PRELOADED = """
from datetime import UTC, datetime
from threading import Thread

from flask import Flask
from valetkey import ValetKey
from valetkey.core.access.callers import Caller
from valetkey.core.granting.admission import UploadRequest

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


@pytest.mark.parametrize("ledger", ["sqlite", "postgresql"])
def test_workers_that_were_forked_after_the_first_use(
    ledger: str, moto_bucket: Bucket, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each opens connections and a writer of its own: of many grants and confirmations at once not one fails."""
    env = environment(tmp_path, moto_bucket)
    if ledger == "postgresql":
        env["VALETKEY_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    options = ["--preload", "-w", "4", "--threads", "4"]
    with running_gunicorn(tmp_path, env, PRELOADED, *options) as client, ThreadPoolExecutor(16) as threads:

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
