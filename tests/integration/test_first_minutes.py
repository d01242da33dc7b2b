"""What `make` prints for a newcomer before it installs anything."""

import os
import shutil
import socket
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tests.support import processes

ROOT = Path(__file__).parents[2]
COMMANDS = ("bash", "sh", "env", "make", "awk", "find", "nproc", "dirname", "id", "setpriv", "touch")
TARGETS = ("dev", "frontend", "check", "test")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What make reads of a clone, in which nothing was installed or built."""
    folder = tmp_path / "clone"
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "infra/first-look", "infra/system-packages"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(ROOT / name, folder / name)
    for name in ("service/docs", "infra/docs", "frontend/client"):
        (folder / name).mkdir(parents=True)
    for name in ("frontend/package.json", "frontend/package-lock.json"):
        (folder / name).touch()
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder of commands, for a machine that has no others: no node, no npm, no apt."""
    folder = tmp_path / "commands"
    folder.mkdir()
    for name in COMMANDS:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    (folder / "python3").symlink_to(sys.executable)
    return folder


def stub(path: Path, name: str, script: str) -> None:
    (path / name).unlink(missing_ok=True)  # a link, through which the real one would be written
    (path / name).write_text(f"#!/bin/sh\n{script}\n")
    (path / name).chmod(0o755)


def make(clone: Path, path: Path, *words: str, **env: str) -> CompletedProcess[str]:
    """What it prints; whatever it does, it has installed nothing by then."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("VALETKEY_", "MAKE", "PYTHON"))}
    command = ["make", "--no-print-directory", *words]
    done = processes.run(command, cwd=clone, env=clean | {"PATH": str(path)} | env, timeout=120)
    assert done.returncode != 0, done.stdout
    assert not (clone / ".venv").exists()
    assert not (clone / "frontend/node_modules").exists()
    return done


@pytest.mark.parametrize("target", TARGETS)
def test_without_node(clone: Path, path: Path, target: str) -> None:
    """The first thing that is said names the version, and where it is to be had."""
    done = make(clone, path, target)
    assert done.stderr.splitlines()[0] == (
        "The pages for browsers need Node 20.19 or newer, and there is none. Install it from https://nodejs.org/, then "
        "try again."
    )


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo v18.20.4", "this one is v18.20.4."),
        ("echo v20.18.1", "this one is v20.18.1."),
        ("exit 1", "this one is broken."),
    ],
)
def test_a_node_that_is_too_old(clone: Path, path: Path, script: str, said: str) -> None:
    """It is named, and nothing is installed with it."""
    stub(path, "node", script)
    stub(path, "npm", "echo npm was called; exit 1")
    done = make(clone, path, "dev")
    assert done.stderr.startswith(f"The pages for browsers need Node 20.19 or newer, and {said}")
    assert "npm was called" not in done.stdout + done.stderr


def test_a_node_that_debian_has_is_not_enough(clone: Path, path: Path) -> None:
    """Debian 12's is too old: it is not even installed."""
    stub(path, "apt-cache", "echo '  Candidate: 18.20.4+dfsg-1~deb12u1'")
    stub(path, "apt-get", "echo apt-get was called")
    done = make(clone, path, "dev")
    assert "and there is none" in done.stderr
    assert "apt-get was called" not in done.stdout + done.stderr


def test_a_port_in_use_and_all_else_at_once(clone: Path, path: Path) -> None:
    """Before anything is installed, with the option for another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = make(clone, path, "dev", f"ARGS=--port {port}")
        by_setting = make(clone, path, "dev", VALETKEY_PORT=str(port))
    other = f'make dev ARGS="--port {port + 1}"'
    said = f"Something already listens on 127.0.0.1:{port}. Stop it, or use another port: {other}"
    for lines in (done.stderr.splitlines(), by_setting.stderr.splitlines()):
        assert lines[0].startswith("The pages for browsers need Node")
        assert lines[1] == said


def test_a_python_that_is_too_old(clone: Path, path: Path) -> None:
    """It is named, and how to name another one."""
    stub(path, "old-python", '[ "$1" = -V ] && echo Python 3.9.2 && exit 0; exit 1')
    done = make(clone, path, "dev", "PYTHON=old-python")
    assert done.stderr.startswith("valetkey needs Python 3.11 or newer, and old-python is Python 3.9.2: make PYTHON=")


def test_what_takes_time_says_so_first(clone: Path, path: Path) -> None:
    """A line for each step, with how long it may take; a step that fails shows what its own program says."""
    stub(path, "node", "echo v22.11.0")
    stub(path, "npm", "exit 1")
    stub(path, "python3", '[ "$2" = venv ] && { mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; }; exit 0')
    (path / "mkdir").symlink_to("/bin/mkdir")
    (path / "cp").symlink_to("/bin/cp")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("VALETKEY_", "MAKE", "PYTHON"))}
    done = processes.run(["make", "dev"], cwd=clone, env=env | {"PATH": str(path)}, timeout=120)
    assert done.returncode != 0
    assert done.stderr.splitlines()[:3] == [
        "Making .venv, the virtual environment.",
        "Installing Python packages into .venv: a minute or two the first time.",
        "Installing npm packages into frontend/node_modules: about a minute.",
    ]
