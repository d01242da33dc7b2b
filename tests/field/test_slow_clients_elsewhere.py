"""Slow clients of other servers, such as gunicorn, whose threads read bodies from the socket."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from flask import Flask
from tests.support import ledgers
from tests.support.gunicorns import running_gunicorn
from tests.support.idlers import idling
from tests.support.servers import environment
from tests.support.stores import Bucket

from valetkey.api.socket_bodies import READERS
from valetkey.testing import MemoryValetKey

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}


def test_few_bodies_are_read_at_once_in_somebody_elses_server() -> None:
    """A bounded number of threads reads bodies from sockets. The next request gets 503, and requests that their
    headers decide do not count."""
    app = Flask("photos")
    MemoryValetKey(app)
    arrived = threading.Semaphore(0)
    go_on = threading.Event()

    class Slow(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            arrived.release()
            assert go_on.wait(120)
            return b"{}"

    def post(stream: Any) -> int:
        environ = {"wsgi.input": stream, "CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json"}
        return app.test_client().post("/v1/uploads", environ_overrides=environ).status_code

    with ThreadPoolExecutor(READERS) as threads:
        slow = [threads.submit(post, Slow()) for _ in range(READERS)]
        for _ in slow:
            assert arrived.acquire(timeout=60)
        assert post(Slow()) == 503
        assert app.test_client().get("/healthz").status_code == 200
        assert (
            app.test_client().post("/v1/uploads", json=CAT).status_code == 201
        )  # a body that has arrived does not wait
        go_on.set()
        assert {one.result() for one in slow} == {422}
    assert app.test_client().post("/v1/uploads", json=CAT).status_code == 201


MOUNTED = """
from flask import Flask
from valetkey import ValetKey

app = Flask("photos")
ValetKey(app)
"""


def test_slow_clients_of_somebody_elses_server(moto_bucket: Bucket, tmp_path: Path) -> None:
    """Forty of them hold half a body each, and there are thirty threads: other requests still get their responses."""
    env = environment(tmp_path, moto_bucket)
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    with running_gunicorn(tmp_path, env, MOUNTED, "-w", "1", "--threads", "30") as client:
        address = (client.base_url.host, client.base_url.port or 0)
        head = f"POST /v1/uploads HTTP/1.1\r\nHost: here\r\nAuthorization: {client.headers['Authorization']}\r\n"
        slow = {"half a body": f"{head}Content-Length: 4000\r\n\r\n{{".encode()}
        with idling(address, slow, 40, pace=40) as idlers:
            granted = [_patiently(client) for _ in range(10)]
            assert client.get("/healthz").status_code == 200
        assert granted == [201] * 10
        assert idlers.closed["half a body"]


def _patiently(client: httpx.Client) -> int:
    """The final status of a new upload, retried while it is 503."""
    for _ in range(300):
        answer = client.post("/v1/uploads", json=CAT)
        if answer.status_code != 503:
            break
        time.sleep(0.2)
    return answer.status_code
