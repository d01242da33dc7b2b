"""`valetkey worker --app`: how the application is found, and the errors if there is none."""

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest
from click.testing import CliRunner, Result
from tests.support import ledgers, processes
from tests.support.servers import VALETKEY, environment, run_valetkey
from tests.support.stores import Bucket

from valetkey.cli import main

SHOP = """
from flask import Flask

from valetkey import ValetKey


def create_app(name="shop"):
    app = Flask(name)
    valetkey = ValetKey(app, allow_open=True)

    @valetkey.on_confirmed
    def note(upload):
        raise AssertionError

    return app
"""

MEMORY = """
from flask import Flask
from valetkey.testing import MemoryValetKey

app = Flask("memory")
MemoryValetKey(app)
"""

TWICE = """
from flask import Flask
from valetkey import ValetKey

app = Flask("twice")
for _ in range(2):
    ValetKey(app, allow_open=True)
"""

BROKEN = {
    "nothing": ("", "Failed to find Flask application or factory"),
    "several": ("from flask import Flask\na = Flask('a')\nb = Flask('b')\n", "multiple Flask applications"),
    "bare": ("from flask import Flask\napp = Flask('bare')\n", "'bare' has no valetkey"),
    "memory": (MEMORY, "'memory' has no valetkey"),
    "imports": ("import no_such_module_of_anybody\n", "no_such_module_of_anybody"),
    "raises": ("def create_app():\n    raise KeyError('DATABASE')\n", "Loading the application 'raises' failed"),
    "unset": ("from flask import Flask\nfrom valetkey import ValetKey\nValetKey(Flask('x'))\n", "VALETKEY_BUCKET"),
    "twice": (TWICE, "mount it once"),
}
"""Modules, and what is said of each."""


@pytest.fixture(autouse=True)
def folder(own_folder: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where the modules are. What a worker does to its process is undone: its path, its modules."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(file.stem, None)


def refused(name: str) -> Result:
    """What a worker says that does not start."""
    return CliRunner().invoke(main, ["worker", "--app", name])


@pytest.mark.parametrize("name", BROKEN)
def test_an_application_that_cannot_be_worked_for(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, and a traceback only where its own code failed."""
    code, said = BROKEN[name]
    (folder / f"{name}.py").write_text(code)
    if name == "twice":
        env = {"VALETKEY_BUCKET": "photos", "VALETKEY_SECRET_KEYS": "s" * 40, "AWS_ACCESS_KEY_ID": "a"}
        for variable, value in (env | {"AWS_SECRET_ACCESS_KEY": "b"}).items():
            monkeypatch.setenv(variable, value)
    result = refused(name)
    assert result.exit_code in {1, 2}
    assert said in result.output
    assert ("Traceback" in result.output) == (name in {"imports", "raises"})


@pytest.mark.parametrize(
    "name", ["nowhere", "nowhere:app", "shop:other", "shop:create_app(", "shop:create_app(1, 2, 3)"]
)
def test_a_name_that_leads_to_nothing(name: str, folder: Path) -> None:
    """As Flask says it."""
    (folder / "shop.py").write_text(SHOP)
    result = refused(name)
    assert result.exit_code == 2
    assert "Error: " in result.output
    assert "Traceback" not in result.output


@contextmanager
def worker(folder: Path, env: Mapping[str, str], *args: str) -> Iterator[Path]:
    """A worker that has started; its log. It is stopped by SIGTERM, and has to end well."""
    log = folder / f"worker-{len(args)}.log"
    with (
        log.open("ab") as out,
        processes.running([VALETKEY, "worker", *args], env=env, cwd=folder, stdout=out, stderr=out) as process,
    ):
        while "the worker has started" not in log.read_text():
            assert process.poll() is None, log.read_text()
            sleep(0.05)
        yield log
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.parametrize("name", ["shop", "shop.py", "shop:create_app", "shop:create_app('boutique')"])
def test_an_application_is_found_as_flask_finds_it(name: str, folder: Path, moto_bucket: Bucket) -> None:
    """From the current directory, by a factory, too; its hooks are known to the ledger as soon as it has started.

    A worker without it says that there is somebody who waits.
    """
    (folder / "shop.py").write_text(SHOP)
    env = environment(folder, moto_bucket)
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    with worker(folder, env, "--app", name):
        known = run_valetkey("hooks", "list", env=env, directory=folder)
    assert "shop.create_app.<locals>.note" in known
    if name == "shop":
        with worker(folder, env) as log:
            pass
        assert "does not call hooks that the ledger knows: shop.create_app.<locals>.note" in log.read_text()
