"""The pytest plugin, in separate runs of pytest that find it as in an installed valetkey."""

import os
import sys
import tomllib
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tests.support import processes

ROOT = Path(__file__).parents[2]

APPLICATION = """
from flask import Flask
from valetkey import ValetKey

app = Flask("posts")
valetkey = ValetKey(app)
"""

CONFTEST = """
import os

import pytest
from valetkey.testing import ENVIRONMENT

os.environ.update(ENVIRONMENT)


@pytest.fixture(scope="session")
def {fixture}():
    from application import app

    return app
"""

TESTS = """
from application import valetkey
import pytest


@pytest.mark.parametrize("number", range(4))
def test_it(valetkey_memory, number):
    assert valetkey_memory.announcements == []  # each test has a ledger of its own
    upload = valetkey_memory.client().upload(b"hello")
    assert valetkey.get(upload["id"]).state == "confirmed"


def test_none_is_left():
    from application import app

    assert type(app.extensions["valetkey"]).__name__ == "Installed"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody's application with its tests, beside an installed valetkey that has the entry points of ours."""
    [(name, module)] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][
        "pytest11"
    ].items()
    installed = tmp_path / "installed" / "valetkey_plugin-1.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: valetkey-plugin\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(f"[pytest11]\n{name} = {module}\n")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "application.py").write_text(APPLICATION)
    return folder


def run(project: Path, *options: str) -> CompletedProcess[str]:
    """pytest in ``project``, as its author calls it, without settings and with nothing of this run."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "VALETKEY_", "AWS_"))}
    env["PYTHONPATH"] = os.pathsep.join([str(project.parent / "installed"), str(ROOT / "service"), str(project)])
    command = [sys.executable, *options, "-p", "no:cacheprovider", *processes.WITHOUT_OTHERS]
    return processes.run(command, cwd=project, env=env, timeout=170)


def write(project: Path, tests: str, fixture: str = "app") -> None:
    (project / "conftest.py").write_text(CONFTEST.format(fixture=fixture))
    (project / "test_posts.py").write_text(tests)


def test_the_fixture_replaces_what_is_mounted(project: Path) -> None:
    """For each test anew, in several processes; no file of a ledger is left."""
    write(project, TESTS)
    done = run(project, "-m", "pytest", "-n", "2")
    assert "5 passed" in done.stdout, done.stdout + done.stderr
    assert list(project.glob("*.db")) == []


def test_the_application_may_be_another_fixture(project: Path) -> None:
    """By one line of pytest's configuration."""
    write(project, TESTS, fixture="posts_app")
    (project / "pytest.ini").write_text("[pytest]\nvaletkey_app = posts_app\n")
    done = run(project, "-m", "pytest", "--strict-config")
    assert "5 passed" in done.stdout, done.stdout + done.stderr


def test_a_missing_application_is_said_in_a_sentence(project: Path) -> None:
    """It names both ways out."""
    write(project, TESTS, fixture="posts_app")
    done = run(project, "-m", "pytest")
    assert "valetkey_memory needs a fixture 'app' that returns your Flask application." in done.stdout
    assert "valetkey_app = ..." in done.stdout
    assert "Traceback" not in done.stdout


def test_a_fixture_of_the_application_that_fails_says_so_itself(project: Path) -> None:
    """What it lacks is not taken for a missing application."""
    write(project, TESTS)
    with (project / "conftest.py").open("a") as conftest:
        conftest.write("\n@pytest.fixture\ndef app(database):\n    return None\n")
    done = run(project, "-m", "pytest")
    assert "fixture 'database' not found" in done.stdout
    assert "valetkey_memory needs" not in done.stdout


UNUSED = """
import sys

def test_nothing_heavy_is_imported():
    heavy = {"flask", "boto3", "sqlalchemy", "pydantic", "valetkey.app", "valetkey.api", "valetkey.core"}
    assert heavy & sys.modules.keys() == set()
    assert "valetkey.testing.plugin" in sys.modules
"""


def test_unused_it_costs_nothing(project: Path) -> None:
    """A run that does not ask for the fixture imports one small module."""
    (project / "test_other.py").write_text(UNUSED)
    done = run(project, "-m", "pytest")
    assert "1 passed" in done.stdout, done.stdout + done.stderr
