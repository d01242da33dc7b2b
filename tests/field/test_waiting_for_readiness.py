"""Readiness and the OpenAPI document are determined once, however many requests wait for them.

Reported of other services: readiness probes hang with the system that they ask, until liveness probes hang with them
(FIELD.md, row I).
"""

import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask
from pydantic import TypeAdapter
from tests.e2e.proxy import CountingProxy
from tests.support.servers import ValetkeyServer
from tests.support.stores import Bucket

from valetkey.api.readiness import REMEMBERED, Readiness
from valetkey.core.errors import StoreUnavailable, Unavailable
from valetkey.testing import MemoryValetKey

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}


def test_readiness_is_looked_up_by_one_at_a_time(
    valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket
) -> None:
    """A store that accepts connections and does not respond holds one request for `/readyz`, and no other request."""
    with CountingProxy(moto_bucket.server.endpoint_url) as way:
        env = {"VALETKEY_THREADS": "8", "VALETKEY_S3_ENDPOINT_URL": way.url}
        server = valetkey_server(moto_bucket, env=env)
        key = server.create_key("backend").headers
        time.sleep(REMEMBERED)
        way.stop()
        with silence(way.url), ThreadPoolExecutor(32) as threads:
            asked = [threads.submit(_status, f"{server.base_url}/readyz") for _ in range(32)]
            assert httpx.get(f"{server.base_url}/healthz", timeout=60).status_code == 200
            granted = httpx.post(f"{server.base_url}/v1/uploads", json=CAT, headers=key, timeout=60)
            assert granted.status_code == 201
            for _, one in zip(range(31), as_completed(asked, timeout=60), strict=False):
                assert one.result() == 503
            server.process.kill()
            answers = Counter(one.result() for one in asked)
        way.start()
    assert answers[503] >= 31


def test_of_many_that_ask_one_looks() -> None:
    """Requests meanwhile get the last result; readiness is remembered for a while."""
    looks: list[int] = []
    going, on = threading.Event(), threading.Event()

    def look() -> None:
        looks.append(1)
        going.set()
        assert on.wait(60)

    readiness = Readiness(look)
    first = threading.Thread(target=readiness.check)
    first.start()
    assert going.wait(60)
    for _ in range(20):
        with pytest.raises(Unavailable):
            readiness.check()
    on.set()
    first.join()
    for _ in range(20):
        readiness.check()
    assert len(looks) == 1


def test_what_was_not_ready_is_looked_at_again() -> None:
    """The end of an outage is noticed at once."""
    away = [True]

    def look() -> None:
        if away[0]:
            raise StoreUnavailable("The store is unavailable.")

    readiness = Readiness(look)
    with pytest.raises(StoreUnavailable):
        readiness.check()
    away[0] = False
    readiness.check()


def test_the_document_is_made_once_for_all_who_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise 64 first requests for `/openapi.json` make it 64 times, which takes ten seconds."""
    app = Flask("photos")
    MemoryValetKey(app)
    made: list[int] = []
    schemas = TypeAdapter.json_schemas

    def slowly(*args: Any, **kwargs: Any) -> Any:
        made.append(1)
        time.sleep(0.3)
        return schemas(*args, **kwargs)

    monkeypatch.delitem(sys.modules, "valetkey.api.openapi", raising=False)  # as in a process that has just started
    monkeypatch.setattr(TypeAdapter, "json_schemas", slowly)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(lambda: app.test_client().get("/openapi.json").status_code) for _ in range(8)]
        assert {one.result() for one in asked} == {200}
    assert len(made) == 1


def _status(url: str) -> int:
    try:
        return httpx.get(url, timeout=120).status_code
    except httpx.TransportError:
        return 0


@contextmanager
def silence(url: str) -> Iterator[None]:
    """A server at ``url`` that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", urlsplit(url).port or 0), backlog=128):
        yield
