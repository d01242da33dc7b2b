"""`valetkey dev --app`: your own application with valetkey, in one command."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from tests.support import ledgers, processes
from tests.support.clients import post_form
from tests.support.servers import START, VALETKEY, environment, free_port
from tests.support.stores import Bucket

from valetkey import Profile
from valetkey.cli import main
from valetkey.settings import MADE_FOR_A_RUN

REAL_SECRET = "r" * 40

ALBUM = """
import os

from flask import Flask, request
from valetkey import ValetKey, upload_confirmed

TITLE = "first"


def create_app():
    app = Flask("album")
    valetkey = ValetKey(app)
    valetkey.owner_loader(lambda: "ann")

    @app.get("/")
    def page():
        return TITLE

    @app.get("/token")
    def token():
        return os.environ.get("AWS_SESSION_TOKEN", "") + os.environ.get("AWS_DEFAULT_PROFILE", "")

    @app.get("/has/<upload_id>")
    def has(upload_id):
        with valetkey.open(upload_id) as file:
            return file.read()

    @upload_confirmed.connect
    def heard(upload):
        print("receiver:", upload.id, flush=True)

    @valetkey.on_confirmed
    def called(upload):
        print("hook:", upload.id, flush=True)

    return app
"""

ELSEWHERE = """
from flask import Flask
from valetkey import ValetKey
from valetkey.settings import Settings

app = Flask("elsewhere")
ValetKey(app, settings=Settings(bucket="real-photos", s3_endpoint_url="https://s3.example", secret_keys=("s" * 40,)))
"""

BROKEN = {
    "nothing": ("", "Failed to find Flask application or factory"),
    "bare": ("from flask import Flask\napp = Flask('bare')\n", "'bare' has no valetkey"),
    "raises": ("def create_app():\n    raise KeyError('DATABASE')\n", "Loading the application 'raises' failed"),
    "elsewhere": (ELSEWHERE, "would upload to https://s3.example"),
}
"""Modules, and what is said of each."""


@dataclass
class Running:
    """The command while it runs."""

    url: str
    log: Path

    def answer(self, path: str = "/") -> str:
        """Nothing where the process has just ended that was to answer."""
        try:
            return httpx.get(f"{self.url}{path}", timeout=START).text
        except httpx.TransportError:
            return ""

    def comes(self, condition: Callable[[], bool]) -> None:
        """Waits for what is to happen, for as long as a start may take."""
        deadline = time.monotonic() + START
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def says(self, text: str) -> None:
        self.comes(lambda: text in self.log.read_text())

    def send(self) -> str:
        """Uploads a file as a page of the application does, and tells nobody that it is there: its id."""
        own_page = {"Sec-Fetch-Site": "same-origin"}
        ticket = httpx.post(f"{self.url}/session/ticket", json={}, headers=own_page).json()["ticket"]
        bearer = {"Authorization": f"Bearer {ticket}"}
        asked = {"filename": "cat.txt", "content_type": "text/plain", "size": 5}
        made = httpx.post(f"{self.url}/v1/uploads", json=asked, headers=bearer).json()
        assert post_form(made["grant"]["url"], made["grant"]["fields"], b"hello").status == 201
        return str(made["upload"]["id"])


@contextmanager
def running(
    folder: Path, *args: str, env: Mapping[str, str] | None = None, code: str = ALBUM, port: int | None = None
) -> Iterator[Running]:
    """`valetkey dev --app album` in ``folder``, once it answers."""
    (folder / "album.py").write_text(code)
    port = free_port() if port is None else port
    inherited = environment(folder, None)
    given = {name: value for name, value in inherited.items() if not name.startswith("VALETKEY_")} | dict(env or {})
    command: list[str | Path] = [VALETKEY, "dev", "--app", "album", "--port", str(port), *args]
    log = folder / "dev.log"
    with (
        log.open("ab") as out,
        processes.running(command, env=given, cwd=folder, stdout=out, stderr=out, dies_by="TERM") as process,
    ):
        shown = Running("", log)
        shown.comes(lambda: "listens on" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        [address] = re.findall(r"listens on (http://127\.0\.0\.1:\d+)/", log.read_text())
        yield Running(address, log)


def test_any_free_port(tmp_path: Path) -> None:
    """Port 0 is one that nobody uses; the start says which."""
    with running(tmp_path, port=0) as here:
        assert not here.url.endswith(":0")
        assert here.answer() == "first"


@pytest.mark.parametrize("args", [(), ("--no-reload",)])
def test_receivers_and_hooks_hear_what_the_worker_confirms(args: tuple[str, ...], tmp_path: Path) -> None:
    """Nobody says that the file has arrived: the store's event confirms it, in the process of the application."""
    with running(tmp_path, *args) as here:
        assert here.answer() == "first"
        upload_id = here.send()
        here.says(f"receiver: {upload_id}")
        here.says(f"hook: {upload_id}")
        assert here.answer(f"/has/{upload_id}") == "hello"


def test_it_is_loaded_again_when_its_code_changes(tmp_path: Path) -> None:
    """What was uploaded stays. Code that cannot be loaded is said to be so, until it is mended."""
    with running(tmp_path) as here:
        upload_id = here.send()
        here.says(f"receiver: {upload_id}")
        code = tmp_path / "album.py"
        code.write_text(ALBUM.replace("first", "second"))
        here.comes(lambda: here.answer() == "second")
        assert here.answer(f"/has/{upload_id}") == "hello"
        code.write_text("this is no Python\n")
        here.says("Error: Loading the application 'album' failed: SyntaxError")
        here.comes(lambda: "SyntaxError" in here.answer())
        code.write_text(ALBUM.replace("first", "third"))
        here.comes(lambda: here.answer() == "third")
        another = here.send()
        here.says(f"hook: {another}")


def test_settings_of_a_real_store_are_put_aside(tmp_path: Path) -> None:
    """Whether the environment has them or `.env`: nothing reaches that store, and the start says which are not used."""
    real = tmp_path / "real.db"
    (tmp_path / ".env").write_text(
        "VALETKEY_BUCKET=real-photos\nVALETKEY_S3_PUBLIC_ENDPOINT_URL=http://127.0.0.1:9\nVALETKEY_S3_LACKS=post\n"
        f"VALETKEY_S3_ACCELERATE=true\nVALETKEY_SECRET_KEYS={REAL_SECRET}\nVALETKEY_DATABASE_URL=sqlite:///{real}\n"
        "AWS_SESSION_TOKEN=real\nAWS_DEFAULT_PROFILE=of-nobody\n"
    )
    with running(tmp_path, env={"AWS_PROFILE": "of-nobody", "VALETKEY_S3_ENDPOINT_URL": "http://127.0.0.1:9"}) as here:
        upload_id = here.send()
        here.says(f"hook: {upload_id}")
        said = re.findall(r"Ignored, as `valetkey dev` uses its own: (.+)\.", here.log.read_text())
        accounts = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE", "AWS_SESSION_TOKEN"]
        names = ["BUCKET", "DATABASE_URL", "S3_ACCELERATE", "S3_ENDPOINT_URL", "S3_LACKS", "S3_PUBLIC_ENDPOINT_URL"]
        assert said == [", ".join([*accounts, *(f"VALETKEY_{name}" for name in [*names, "SECRET_KEYS"])])]
        assert here.answer("/token") == "", "the real account is back"
        assert REAL_SECRET not in here.log.read_text()
    assert not real.exists()


def test_an_application_that_does_not_say_who_is_logged_in(tmp_path: Path) -> None:
    """Its pages could upload nothing, and a visitor would only see that it is not allowed: the start says why."""
    with running(tmp_path, "--no-reload", code=ALBUM.replace('valetkey.owner_loader(lambda: "ann")', "")) as here:
        here.says("@valetkey.owner_loader")
        assert "Its pages may not upload yet" in here.log.read_text()


def test_another_process_joins_in(tmp_path: Path) -> None:
    """By the lines that are printed: it has the same uploads, and nothing to say of settings that are another's."""
    with running(tmp_path) as here:
        upload_id = here.send()
        here.says(f"receiver: {upload_id}")
        lines = "\n".join(re.findall(r"^export .+$", here.log.read_text(), re.MULTILINE))
        code = f"from album import create_app; print(create_app().test_client().get('/has/{upload_id}').text)"
        env = {name: value for name, value in environment(tmp_path, None).items() if not name.startswith("VALETKEY_")}
        done = processes.run(
            ["bash", "-c", f'{lines}\nexec "{sys.executable}" -c "{code}"'], env=env, cwd=tmp_path, timeout=START
        )
        assert (done.returncode, done.stdout) == (0, "hello\n"), done.stderr
    for name in ("FIRST_LOOK", "GRACE"):
        assert f"export VALETKEY_SWEEP_{name}=" in lines
    assert f"export VALETKEY_SECRET_KEYS={MADE_FOR_A_RUN}" in lines


@pytest.fixture
def folder(own_folder: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where modules are that cannot be run. What the command does to its process is undone."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = dict(os.environ)
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(file.stem, None)


def refused(name: str) -> Result:
    """What the command says that does not start."""
    return CliRunner().invoke(main, ["dev", "--app", name, "--port", str(free_port()), "--no-reload"])


@pytest.mark.parametrize("name", [*BROKEN, "nowhere"])
def test_an_application_that_cannot_be_run(name: str, folder: Path) -> None:
    """One sentence, and a traceback only where its own code failed."""
    code, said = BROKEN.get(name, ("", "Could not import 'nowhere'"))
    if name in BROKEN:
        (folder / f"{name}.py").write_text(code)
    result = refused(name)
    assert result.exit_code in {1, 2}, result.output
    assert said in result.output
    assert ("Traceback" in result.output) == (name == "raises")


def test_stores_of_the_toml_are_not_used_in_passing(folder: Path) -> None:
    """Where profiles lead to real stores, it says so and does not start."""
    (folder / "album.py").write_text(ALBUM)
    (folder / "valetkey.toml").write_text('[stores.archive]\nbucket = "archive"\nendpoint_url = "https://s3.example"\n')
    result = refused("album")
    assert result.exit_code == 1
    assert "has [stores.archive], and would upload to https://s3.example" in result.output


@pytest.mark.parametrize("command", [("dev",), ("dev", "--app", "album", "--no-reload")])
def test_the_ledger_of_another_store_is_left_alone(
    command: tuple[str, ...], folder: Path, moto_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its uploads would all be looked for in a store that does not have them."""
    (folder / "album.py").write_text(ALBUM)
    url = f"sqlite:///{folder / 'real.db'}"
    ledgers.migrate(url)
    monkeypatch.setenv("VALETKEY_DATABASE_URL", url)
    _upload_to(url, moto_bucket)
    result = CliRunner().invoke(main, [*command, "--port", str(free_port())])
    assert result.exit_code == 1
    assert f"The ledger has uploads of the bucket {moto_bucket.name!r}" in result.output


def _upload_to(url: str, bucket: Bucket) -> None:
    """One upload of an application that is in use."""
    from flask import Flask

    from valetkey import ValetKey
    from valetkey.app import installed_in
    from valetkey.core.granting.admission import UploadRequest
    from valetkey.settings import Settings

    settings = Settings(
        bucket=bucket.name,
        s3_endpoint_url=bucket.server.endpoint_url,
        database_url=url,
        secret_keys=("s" * 40,),
    )
    app = Flask("real")
    ValetKey(app, settings=settings, session=bucket.server.session, profiles={"default": Profile("default")})
    installed = installed_in(app)
    wanted = UploadRequest(filename="a.txt", content_type="text/plain", size=5)
    installed.service.create(installed.authenticator.application, wanted)
    installed.ledger.close()
