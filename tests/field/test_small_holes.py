"""Small holes that an audit of ours found (FIELD.md, K, and the last of L).

A landing page that answers for any upload's id; an authentication that can be switched off by a variable; tickets that
outlive what they are for; SQL parameters in logs (SQLAlchemy has ``hide_parameters`` for it). Reported of others, too:
database files that everybody may read (grafana/grafana 8283), and two services that share a port without a word
(SO_REUSEPORT: benoitc/gunicorn 1553 and 1603).
"""

import os
import stat
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from tests.support import processes
from tests.support.servers import VALETKEY, ValetkeyServer, free_port
from tests.support.stores import Bucket

from valetkey import ValetKey
from valetkey.adapters.ledgers import open_ledger
from valetkey.adapters.sql import SqlLedger
from valetkey.app import installed_in
from valetkey.core.access.tickets import TICKET_PREFIX
from valetkey.core.errors import ConfigurationError
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import new_upload_id, upload_ids_in
from valetkey.settings import load_settings
from valetkey.testing import MemoryValetKey

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}


def test_the_landing_answers_for_uploads_with_redirect_only() -> None:
    """Any other id is as unknown there as one that nobody has; and no cache keeps how one was."""
    app = Flask("photos")
    MemoryValetKey(app)
    client = app.test_client()
    without = client.post("/v1/uploads", json=CAT).get_json()["upload"]["id"]
    with_it = client.post("/v1/uploads", json=CAT | {"redirect": True}).get_json()["upload"]["id"]
    assert client.get(f"/v1/uploads/{without}/return").status_code == 404
    assert client.get(f"/v1/uploads/{new_upload_id()}/return").status_code == 404
    landed = client.get(f"/v1/uploads/{with_it}/return")
    assert (landed.status_code, landed.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize("by", ["environment", "settings"])
def test_an_application_with_an_open_door_is_refused(
    by: str, moto_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``VALETKEY_AUTH=open`` is for `valetkey dev`; an application has to say in its code that it wants that."""
    for name, value in (moto_bucket.server.env() | {"VALETKEY_BUCKET": moto_bucket.name}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VALETKEY_DATABASE_URL", f"sqlite:///{tmp_path / 'v.db'}")
    monkeypatch.setenv("VALETKEY_SECRET_KEYS", "s" * 40)
    monkeypatch.setenv("VALETKEY_AUTH", "open")
    given: dict[str, Any] = {} if by == "environment" else {"settings": load_settings()}
    with pytest.raises(ConfigurationError, match="VALETKEY_AUTH=keys"):
        ValetKey(Flask("photos"), **given)
    app = Flask("photos")
    ValetKey(app, allow_open=True, **given)
    installed_in(app).ledger.close()


def test_no_renewal_prolongs_a_ticket() -> None:
    """It ends one grant after the last renewal that there may be, however often there was one."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    app, clock = Flask("photos"), [now]
    profile = Profile("default", expires_in=timedelta(minutes=15), renewable_for=timedelta(hours=2))
    MemoryValetKey(app, profiles={"default": profile}, clock=lambda: clock[0])
    client = app.test_client()
    granted = client.post("/v1/uploads", json=CAT).get_json()
    tickets = [granted["ticket"]]
    for minutes in (30, 60, 90, 119):
        clock[0] = now + timedelta(minutes=minutes)
        tickets.append(client.post(f"/v1/uploads/{granted['upload']['id']}/grant").get_json()["ticket"])
    assert {_end(ticket) for ticket in tickets} == {now + timedelta(hours=2, minutes=15)}


def _end(ticket: str) -> datetime:
    return datetime.fromtimestamp(int(ticket.removeprefix(TICKET_PREFIX).split(".")[2]), UTC)


def test_no_values_in_errors_of_the_ledger(tmp_path: Path) -> None:
    """What SQLAlchemy raises, and so what is logged, names no value of a row: they are people's names and files."""
    ledger = SqlLedger(f"sqlite:///{tmp_path / 'v.db'}")
    engines = [ledger._readers, ledger._writers]
    for engine in engines:
        with pytest.raises(SQLAlchemyError) as caught, engine.connect() as connection:
            connection.execute(text("SELECT * FROM nowhere WHERE owner = :owner"), {"owner": "alice@example.com"})
        assert "alice" not in str(caught.value)
    ledger.close()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_a_new_sqlite_file_is_its_owners_alone(umask: int, tmp_path: Path) -> None:
    """The file and what SQLite keeps beside it, whatever the umask, also where a link leads to it."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "disk" / "v.db")
    before = os.umask(umask)
    try:
        ledger = SqlLedger(f"sqlite:///{tmp_path / 'link.db'}")
        ledger.migrate()
        ledger.check()
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "disk").iterdir()}
        ledger.close()
    finally:
        os.umask(before)
    assert set(found) >= {"v.db", "v.db-wal", "v.db-shm"}
    assert set(found.values()) == {0o600}


def test_a_sqlite_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    """Whoever shared it with a group had a reason."""
    file = tmp_path / "v.db"
    file.touch()
    file.chmod(0o640)
    ledger = SqlLedger(f"sqlite:///{file}")
    ledger.migrate()
    ledger.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_second_service_on_a_port_is_refused(
    valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket
) -> None:
    """It says so and ends, while the first goes on; the several processes of one service share their port."""
    first = valetkey_server(moto_bucket, env={"VALETKEY_WORKERS": "2"})
    again = processes.run([VALETKEY, "serve"], env=first.env, cwd=first.directory, timeout=120)
    assert again.returncode != 0
    assert f"already listens on 127.0.0.1:{first.env['VALETKEY_PORT']}" in again.stderr
    assert httpx.get(f"{first.base_url}/healthz").status_code == 200


def test_of_two_that_start_at_once_one_serves(
    valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket
) -> None:
    """Both look whether the port is free at the same moment; all the same only one of them gets it."""
    beside = valetkey_server(moto_bucket)
    env = {**beside.env, "VALETKEY_PORT": str(free_port())}
    with ExitStack() as stack:
        both = [
            stack.enter_context(
                processes.running(
                    [VALETKEY, "serve"],
                    dies_by="TERM",
                    ends_by=SIGTERM,
                    env=env,
                    cwd=beside.directory,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            for _ in range(2)
        ]
        ended = _first_to_end(both)
        assert ended.returncode not in {0, None}
        [other] = [one for one in both if one is not ended]
        assert other.poll() is None


def _first_to_end(both: list["subprocess.Popen[bytes]"]) -> "subprocess.Popen[bytes]":
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        for one in both:
            if one.poll() is not None:
                return one
        time.sleep(0.05)
    raise AssertionError("both serve")


def test_a_password_with_an_at_sign_is_not_printed() -> None:
    """What follows it would be taken for the host, and stand in the error of a ledger that is unavailable."""
    with pytest.raises(ConfigurationError, match="%40") as refused:
        open_ledger("postgresql://user:half@half@127.0.0.1/valetkey")
    assert "half" not in refused.value.detail


@pytest.mark.parametrize(
    "before", ["", "a", "abcd", "0198aaaa-bbbb-7ccc-8ddd-abcd", "0198aaaa-bbbb-7ccc-8ddd-abcdef012345"]
)
def test_an_owner_hides_no_id(before: str) -> None:
    """What stands before an id in a key may be most of another one: the id is found all the same."""
    upload_id = new_upload_id()
    assert upload_id in upload_ids_in(f"uploads/{before}{upload_id}/a.txt")
