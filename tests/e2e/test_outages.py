"""The store or the ledger is unavailable: 503 with Retry-After, nothing is lost, and work continues afterwards."""

import os
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import pytest
from tests.e2e.api import WANTED, Api, assert_not_ready, assert_try_again
from tests.e2e.conftest import Service, running_service
from tests.e2e.proxy import CountingProxy
from tests.support.servers import ValetkeyServer
from tests.support.stores import Bucket, Rgw


@dataclass(frozen=True)
class Fragile:
    """A service whose way to the store can be cut; clients reach the store all the time."""

    service: Service
    way: CountingProxy


@pytest.fixture
def fragile(rgw: Rgw, rgw_bucket: Bucket, tmp_path: Path) -> Iterator[Fragile]:
    with CountingProxy(rgw.endpoint_url) as way:
        env = {"VALETKEY_S3_ENDPOINT_URL": way.url, "VALETKEY_S3_PUBLIC_ENDPOINT_URL": rgw.endpoint_url}
        with running_service(tmp_path, rgw_bucket, env) as service:
            yield Fragile(service, way)


def test_the_store_is_away(fragile: Fragile) -> None:
    """Every signal says 503, grants are still given, and what arrived meanwhile is confirmed afterwards."""
    service, api = fragile.service, fragile.service.api
    before, returning = api.create(), api.create(redirect=True)
    assert before.post(b"x").status == 201
    fragile.way.stop()

    assert_try_again(api.complete(before.id), "store_unavailable")
    assert_try_again(service.push_event(before, size=1), "store_unavailable")
    assert_try_again(api.http.get(f"/v1/uploads/{returning.id}/return"), "store_unavailable")
    assert_not_ready(api, "store_unavailable")
    assert api.http.get("/healthz").status_code == 200
    during = api.create()
    assert during.post(b"y").status == 201
    assert {api.upload(created.id)["state"] for created in (before, during)} == {"pending"}

    fragile.way.start()
    assert api.http.get("/readyz").status_code == 200
    assert api.confirm(before.id)["object"]["size"] == 1
    assert service.push_event(during, size=1).json()["confirmed"] == 1
    assert len(service.object_keys("uploads/")) == 2
    assert service.object_keys("staging/") == []


def test_removal_while_the_store_is_away(fragile: Fragile) -> None:
    """A DELETE that could not reach the bytes says so, and works when it is sent again."""
    api = fragile.service.api
    created = api.create()
    assert created.post(b"x").status == 201
    api.confirm(created.id)
    fragile.way.stop()
    assert_try_again(api.http.delete(f"/v1/uploads/{created.id}"), "store_unavailable")
    fragile.way.start()
    assert api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    assert fragile.service.object_keys() == []


@contextmanager
def locked(server: ValetkeyServer) -> Iterator[None]:
    """Somebody else holds the only write lock of the SQLite file."""
    with closing(sqlite3.connect(server.directory / "valetkey.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full(server: ValetkeyServer) -> Iterator[None]:
    """SQLite's log may not grow any more: what a full disk is to a database."""
    log_size = (server.directory / "valetkey.db-wal").stat().st_size
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _in_group(int(path.name), server.pid)]
    assert server.pid in pids
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (log_size, hard))
    yield
    for pid, limits in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def _in_group(pid: int, group: int) -> bool:
    try:
        return os.getpgid(pid) == group
    except ProcessLookupError:
        return False


@pytest.mark.parametrize("trouble", [locked, full])
def test_the_ledger_is_away(
    fragile: Fragile, trouble: Callable[[ValetkeyServer], AbstractContextManager[None]]
) -> None:
    """Whatever needs a write says 503 soon; afterwards the same calls work, and bytes that came are confirmed."""
    service, api = fragile.service, fragile.service.api
    arrived = api.create()
    assert arrived.post(b"x").status == 201
    with trouble(service.server):
        started = time.monotonic()
        assert_try_again(api.http.post("/v1/uploads", json=WANTED), "ledger_unavailable")
        again = {"Idempotency-Key": "once"}
        assert_try_again(api.http.post("/v1/uploads", json=WANTED, headers=again), "ledger_unavailable")
        answer = api.http.post("/v1/uploads/batch", json={"uploads": [WANTED] * 3})
        assert_try_again(answer, "ledger_unavailable")
        assert_try_again(api.complete(arrived.id), "ledger_unavailable")
        assert_try_again(service.push_event(arrived, size=1), "ledger_unavailable")
        assert time.monotonic() - started < 5 * 15
        assert api.http.get("/healthz").status_code == 200
    assert api.confirm(arrived.id)["object"]["size"] == 1
    assert len(_all(api)) == 1
    created = api.http.post("/v1/uploads", json=WANTED, headers=again)
    assert created.status_code == 201
    assert "idempotency-replayed" not in created.headers


def _all(api: Api) -> list[str]:
    return [upload["id"] for upload in api.http.get("/v1/uploads").json()["uploads"]]


def test_a_short_lock_is_waited_for(fragile: Fragile) -> None:
    """A lock that is soon gone is no error: the creation waits for it."""
    with closing(
        sqlite3.connect(fragile.service.server.directory / "valetkey.db", isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        timer = release_after(other, 0.3)
        assert fragile.service.api.create().upload["state"] == "pending"
        timer.join()


def release_after(connection: sqlite3.Connection, seconds: float) -> Timer:
    timer = Timer(seconds, connection.execute, ["ROLLBACK"])
    timer.start()
    return timer
