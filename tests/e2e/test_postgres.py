"""`valetkey` on PostgreSQL, from outside: one whole upload, two services on a database, a server that restarts."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Barrier, Thread

import httpx
import pytest
from tests.e2e.api import WANTED, assert_not_ready, assert_problem, assert_try_again
from tests.e2e.conftest import Service, running_service, write_profiles
from tests.support import processes
from tests.support.postgres import Postgres
from tests.support.servers import run_valetkey, running_valetkey
from tests.support.stores import Bucket


@pytest.fixture
def on_postgres(rgw_bucket: Bucket, postgres_url: str, tmp_path: Path) -> Iterator[Service]:
    """`valetkey serve` on PostgreSQL and Ceph RGW."""
    env = {"VALETKEY_DATABASE_URL": postgres_url} | write_profiles(tmp_path)
    with running_service(tmp_path, rgw_bucket, env) as service:
        yield service


def test_one_upload_from_end_to_end(on_postgres: Service) -> None:
    """Granted, sent, confirmed, listed, downloaded and deleted, and no SQLite file was made."""
    api = on_postgres.api
    created = api.create(filename="größe 😀.png", content_type="image/png", size=5, metadata={"album": "Ä"})
    assert created.post(b"hello").status == 201
    confirmed = api.confirm(created.id)
    assert confirmed["object"]["size"] == 5
    assert api.upload(created.id) == confirmed
    assert api.http.get("/v1/uploads", params={"state": "confirmed"}).json()["uploads"] == [confirmed]
    link = api.http.get(f"/v1/uploads/{created.id}/download")
    assert httpx.get(link.headers["location"]).content == b"hello"
    assert api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    assert api.upload(created.id)["state"] == "deleted"
    assert on_postgres.object_keys() == []
    assert not list(on_postgres.server.directory.glob("*.db*"))


def test_text_that_postgresql_refuses_is_the_clients_fault(on_postgres: Service) -> None:
    """A NUL in any place where a client may put one is refused or unknown: never said to be an outage."""
    http = on_postgres.api.http
    for wanted in ({"filename": "a\0b"}, {"owner": "\0"}, {"metadata": {"album": "\0"}}, {"profile": "a\0"}):
        assert_problem(http.post("/v1/uploads", json=WANTED | wanted), 422, "invalid_request")
    assert http.get("/v1/uploads", params={"profile": "\0"}).status_code == 422
    assert http.get("/v1/uploads", params={"cursor": "\0" * 36}).status_code == 422
    assert http.get("/v1/uploads/%00").status_code == 404
    assert http.post("/v1/uploads/%00/complete").status_code == 404
    longest = WANTED | {"filename": "x" * 8192, "owner": "ö" * 200, "content_type": "a/" + "b" * 125}
    assert http.post("/v1/uploads", json=longest, headers={"Idempotency-Key": "k" * 255}).status_code == 201


def test_two_services_on_one_database(
    on_postgres: Service, rgw_bucket: Bucket, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One Idempotency-Key at both at once is one upload; what one granted the other confirms; an API key opens both."""
    directory = tmp_path_factory.mktemp("second")
    with running_valetkey(directory, rgw_bucket, env=_settings(on_postgres.server.env)) as server:
        clients = [
            httpx.Client(base_url=url, headers=on_postgres.api.http.headers, timeout=60)
            for url in (on_postgres.server.base_url, server.base_url)
        ]
        for number in range(10):
            answers = _at_once(clients * 2, f"key {number}")
            assert {answer.status_code for answer in answers} == {201}
            assert len({answer.json()["upload"]["id"] for answer in answers}) == 1
        listed = [client.get("/v1/uploads").json()["uploads"] for client in clients]
        assert listed[0] == listed[1]
        assert len(listed[0]) == 10
        created = on_postgres.api.create()
        assert created.post(b"x").status == 201
        answer = clients[1].post(f"/v1/uploads/{created.id}/complete", json={})
        assert answer.json()["state"] == "confirmed"
        assert on_postgres.api.upload(created.id) == answer.json()


def _settings(env: Mapping[str, str]) -> dict[str, str]:
    """What another service with the same secrets and database is told."""
    own = {"VALETKEY_PORT", "VALETKEY_PUBLIC_URL"}
    return {name: value for name, value in env.items() if name.startswith("VALETKEY_") and name not in own}


def _at_once(clients: list[httpx.Client], key: str) -> list[httpx.Response]:
    barrier, answers = Barrier(len(clients)), []

    def create(client: httpx.Client) -> None:
        barrier.wait(10)
        answers.append(client.post("/v1/uploads", json=WANTED, headers={"Idempotency-Key": key}))

    threads = [Thread(target=create, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_the_server_is_away(own_postgres: Postgres, rgw_bucket: Bucket, tmp_path: Path) -> None:
    """Whatever needs the ledger says 503 and when to come again; afterwards it works and nothing is lost."""
    with running_service(tmp_path, rgw_bucket, {"VALETKEY_DATABASE_URL": own_postgres.url()}) as service:
        api = service.api
        arrived = api.create()
        assert arrived.post(b"x").status == 201
        own_postgres.stop_server()
        again = {"Idempotency-Key": "once"}
        assert_try_again(api.http.post("/v1/uploads", json=WANTED), "ledger_unavailable")
        assert_try_again(api.http.post("/v1/uploads", json=WANTED, headers=again), "ledger_unavailable")
        assert_try_again(api.complete(arrived.id), "ledger_unavailable")
        assert_try_again(service.push_event(arrived, size=1), "ledger_unavailable")
        assert_try_again(api.http.get(f"/v1/uploads/{arrived.id}"), "ledger_unavailable")
        assert_not_ready(api, "ledger_unavailable")
        assert api.http.get("/healthz").status_code == 200
        own_postgres.start_server()
        assert api.http.get("/readyz").status_code == 200
        assert service.push_event(arrived, size=1).json()["confirmed"] == 1
        assert api.upload(arrived.id)["state"] == "confirmed"
        created = api.http.post("/v1/uploads", json=WANTED, headers=again)
        assert created.status_code == 201
        assert "idempotency-replayed" not in created.headers
        assert len(api.http.get("/v1/uploads").json()["uploads"]) == 2


def test_the_copy_in_the_readme(rgw_bucket: Bucket, postgres_url: str, tmp_path: Path) -> None:
    """What SQLite held is on PostgreSQL: uploads, idempotency keys and API keys; and an upload on its way goes on."""
    again = {"Idempotency-Key": "once"}
    with running_service(tmp_path, rgw_bucket) as service:
        api = service.api
        confirmed, sent = api.create(filename="größe 😀"), api.create(metadata={"album": "Ä"})
        for created in (confirmed, sent):
            assert created.post(b"x").status == 201
        before = [api.upload(sent.id), api.confirm(confirmed.id)]
        once = api.http.post("/v1/uploads", json=WANTED, headers=again).json()["upload"]["id"]
        env = service.server.env
    _copy(env, env["VALETKEY_DATABASE_URL"], postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    settings = _settings(env) | {"VALETKEY_DATABASE_URL": postgres_url}
    with running_valetkey(tmp_path, rgw_bucket, env=settings) as server:
        http = httpx.Client(base_url=server.base_url, headers=api.http.headers, timeout=60)
        assert [http.get(f"/v1/uploads/{created.id}").json() for created in (sent, confirmed)] == before
        assert http.post(f"/v1/uploads/{sent.id}/complete", json={}).json()["state"] == "confirmed"
        replayed = http.post("/v1/uploads", json=WANTED, headers=again)
        assert (replayed.json()["upload"]["id"], len(http.get("/v1/uploads").json()["uploads"])) == (once, 3)


def _copy(env: Mapping[str, str], old: str, new: str) -> None:
    """Does what the documentation says."""
    page = (Path(__file__).parents[2] / "service/docs/operating.md").read_text()
    [script] = re.findall(r"<<'PY'\n([^`]*?sorted_tables.*?)^PY$", page, re.DOTALL | re.MULTILINE)
    for url in (old, new):
        run_valetkey("migrate", env={**env, "VALETKEY_DATABASE_URL": url}, directory=Path.cwd())
    done = processes.run([sys.executable, "-c", script], env={**env, "OLD": old, "NEW": new}, timeout=120)
    assert done.returncode == 0, done.stderr
