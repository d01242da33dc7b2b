"""One small application under the usual servers for Flask: the same run over HTTP, twenty requests at once.

The classic fault is what a process shares after a fork: one connection to the database, a pool of sockets, a thread
that only the parent has.
"""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest
from tests.support import ledgers, processes
from tests.support.clients import post_form
from tests.support.servers import START, environment, free_port
from tests.support.stores import Bucket

APPLICATION = Path(__file__).with_name("application")
BIN = Path(sys.executable).parent
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
AT_ONCE = 20
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')

Command = Callable[[int], list[str | Path]]


def gunicorn(*options: str) -> Command:
    # it would close a connection after two seconds that a slow client just uses again
    fixed = ["--no-control-socket", "--graceful-timeout", "3", "--keep-alive", "75", "--workers", "2"]
    return lambda port: [BIN / "gunicorn", *fixed, *options, "--bind", f"127.0.0.1:{port}", "albums:app"]


def uwsgi(*options: str) -> Command:
    # it ends each connection, and does not say so by itself
    fixed = ["--master", "--processes", "2", "--need-app", "--die-on-term", "--add-header", "Connection: close"]
    fixed += ["--disable-logging", "--module", "albums:app"]
    return lambda port: [BIN / "uwsgi", *fixed, *options, "--http-socket", f"127.0.0.1:{port}"]


def granian(port: int) -> list[str | Path]:
    fixed = ["--interface", "wsgi", "--workers", "2", "--blocking-threads", "4", "--port", str(port)]
    return [BIN / "granian", *fixed, "albums:app"]


def flask(port: int) -> list[str | Path]:
    return [BIN / "flask", "--app", "albums", "run", "--debug", "--port", str(port)]


SERVERS: Mapping[str, Command] = {
    "sync": gunicorn("-k", "sync"),
    "gthread": gunicorn("-k", "gthread", "--threads", "4"),
    "gevent": gunicorn("-k", "gevent"),
    "granian": granian,
    "flask": flask,
}

FORKING: Mapping[str, Command] = {
    "preload": gunicorn("-k", "gthread", "--threads", "4", "--preload"),
    "gevent, preloaded": gunicorn("-k", "gevent", "--preload", "--config", "python:patched"),
    "uwsgi": uwsgi("--enable-threads", "--threads", "4"),
    "uwsgi without threads": uwsgi(),
}
"""Those that make the application, and fork then."""


@contextmanager
def serving(command: Command, directory: Path, env: Mapping[str, str]) -> Iterator[str]:
    """The application under a server, ready when yielded: its address. What the server printed is in the error."""
    port = free_port()
    base, log = f"http://127.0.0.1:{port}", directory / "server.log"
    with (
        log.open("wb") as out,
        processes.running(
            command(port), env=env, cwd=directory, stdout=out, stderr=out, ends_by=signal.SIGTERM
        ) as process,
    ):
        deadline = time.monotonic() + START
        while True:
            try:
                httpx.get(f"{base}/healthz", timeout=5).raise_for_status()
                break
            except httpx.TransportError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        try:
            yield base
        except Exception as error:
            error.add_note(log.read_text()[-4000:])
            raise


def saved_album(base: str, number: int) -> set[str]:
    """Logs in, uploads a photo to the store, and submits the form with it; the processes that answered."""
    answered: set[str] = set()
    name = f"photo-{number}.png"

    def good(answer: httpx.Response) -> httpx.Response:
        answered.add(answer.headers["X-Processes"])
        assert answer.status_code < 400, f"{answer.request.method} {answer.request.url}: {answer.text}"
        return answer

    def with_token(form: dict[str, str], page: httpx.Response) -> dict[str, str]:
        found = CSRF.search(page.text)
        assert found
        return form | {"csrf_token": found[1]}

    with httpx.Client(base_url=base, timeout=60, follow_redirects=True) as http:
        form = with_token({"name": f"user-{number}"}, good(http.get("/login")))
        page = good(http.post("/login", data=form))
        asked = http.post("/session/ticket", json={"profile": "photos"}, headers={"Origin": base})
        bearer = {"Authorization": f"Bearer {good(asked).json()['ticket']}"}
        wanted = {"profile": "photos", "filename": name, "content_type": "image/png", "size": len(PNG)}
        created = good(http.post("/v1/uploads", json=wanted, headers=bearer))
        grant = created.json()["grant"]
        assert post_form(grant["url"], grant["fields"], PNG).status == 201
        done = good(http.post(f"{created.headers['Location']}/complete", headers=bearer)).json()
        assert done["state"] == "confirmed"
        form = with_token({"title": f"Album {number}", "photos": done["id"]}, page)
        assert f"<li>{name}</li>" in good(http.post("/", data=form)).text
    return answered


@pytest.fixture
def env(rgw_bucket: Bucket, tmp_path: Path) -> dict[str, str]:
    inherited = environment(tmp_path, rgw_bucket)
    path = os.pathsep.join([str(APPLICATION), *filter(None, [inherited.get("PYTHONPATH")])])
    return inherited | {"PYTHONPATH": path, "ALBUMS_DATABASE_URL": f"sqlite:///{tmp_path / 'albums.db'}"}


def all_saved(command: Command, directory: Path, env: Mapping[str, str], *, by: int) -> set[tuple[str, str]]:
    """Twenty albums at once, on a ledger that is ready; who answered, and who made the application for it.

    Which process takes a connection is the kernel's choice, and one may still be starting: they are saved again until
    ``by`` processes have answered, for half a minute.
    """
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    made = processes.run(
        [sys.executable, "-c", "from albums import *\nwith app.app_context(): db.create_all()"],
        env={name: value for name, value in env.items() if name != "ALBUMS_USED_EARLY"},
        cwd=directory,
        timeout=START,
    )
    assert made.returncode == 0, made.stderr
    answered: set[str] = set()
    with serving(command, directory, env) as base, ThreadPoolExecutor(AT_ONCE) as threads:
        deadline = time.monotonic() + 30
        for first in count(0, AT_ONCE):
            answered.update(*threads.map(lambda number: saved_album(base, number), range(first, first + AT_ONCE)))
            if len(answered) >= by or time.monotonic() > deadline:
                break
    return {(pid, made_in) for pid, made_in in (one.split() for one in answered)}


@pytest.mark.parametrize("server", SERVERS)
def test_an_application_under_a_server(server: str, env: dict[str, str], tmp_path: Path) -> None:
    """Login, ticket, upload, form and album work, in each of its processes."""
    processes_of_server = 1 if server == "flask" else 2
    answered = all_saved(SERVERS[server], tmp_path, env, by=processes_of_server)
    assert len(answered) == processes_of_server


@pytest.mark.parametrize("ledger", ["sqlite", "postgresql"])
@pytest.mark.parametrize("server", FORKING)
def test_an_application_that_was_used_before_the_fork(
    server: str, ledger: str, env: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Ledger and store were in use in the process that the workers were forked from: it shows in none of them."""
    env["ALBUMS_USED_EARLY"] = "yes"
    if ledger == "postgresql":
        env["VALETKEY_DATABASE_URL"] = request.getfixturevalue("postgres_url")
        env["ALBUMS_DATABASE_URL"] = env["VALETKEY_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
    answered = all_saved(FORKING[server], tmp_path, env, by=2)
    assert len({pid for pid, _ in answered}) == 2
    [made_in] = {made_in for _, made_in in answered}
    assert made_in not in {pid for pid, _ in answered}


@pytest.mark.parametrize("server", [*SERVERS, "uwsgi"])
def test_a_body_in_chunks_is_read_or_refused(server: str, env: dict[str, str], tmp_path: Path) -> None:
    """uWSGI hands on no such body: it is no empty one, and the answer says what to send instead."""
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    pieces = [b'{"filename": "a.png", ', b'"content_type": "image/png", "size": 1}']
    with serving({**SERVERS, **FORKING}[server], tmp_path, env) as base:
        sent = httpx.post(f"{base}/v1/uploads", content=iter(pieces), headers={"Content-Type": "application/json"})
    expected = (411, "length_required") if server == "uwsgi" else (401, "unauthenticated")
    assert (sent.status_code, sent.json()["code"]) == expected, sent.text
