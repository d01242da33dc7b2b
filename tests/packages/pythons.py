"""Pythons of other versions, and the wheel of `make dist` in an empty environment of each."""

import os
import shutil
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support import processes
from tests.support.stores import INSTALLED

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
WHEEL = DIST / f"valetkey-{VERSION}-py3-none-any.whl"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
NEWEST = PYTHONS[-1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
LIMITS = ["--constraint", str(ROOT / "constraints.txt")]


@dataclass(frozen=True)
class Environment:
    """One that has the wheel and what it depends on: how its Python is called, and with which variables."""

    python: Sequence[str]
    env: dict[str, str]

    def command(self, *arguments: str) -> list[str]:
        return [*self.python, *arguments]


def environment_of(version: str, directory: Path) -> Environment:
    """A new one in ``directory``, which is empty. It fails where this machine has no such Python, and says so."""
    assert WHEEL.exists(), "there is nothing in dist/: run `make packages`"
    for python in found(version):
        return _with_venv(python, directory)
    debian = INSTALLED / "newest-python"
    assert version == NEWEST, f"no python{version} in the PATH, nor with pyenv: this version was not tried"
    assert debian.exists(), f"no python{version}: run `make packages`, which unpacks one"
    return _in_debian(debian, directory)


def found(version: str) -> Iterator[str]:
    """Those in the PATH and those that pyenv has, as far as they start."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)]
    for each in candidates:
        if each and processes.run([each, "-c", "import venv"], timeout=60).returncode == 0:
            yield str(each)


def _with_venv(python: str, directory: Path) -> Environment:
    _run([python, "-m", "venv", "--without-pip", str(directory)])
    inside = str(directory / "bin" / "python")
    _run([*PIP, "--python", inside, "install", *LIMITS, str(WHEEL)])
    return Environment([inside], {})


def _in_debian(debian: Path, directory: Path) -> Environment:
    """Installed by this Python's pip for that one, which runs in its own Debian."""
    assert os.getuid() == 0, "another Debian is entered by root: sudo make packages"
    place = directory / "packages"
    target = ["--target", str(place), "--python-version", NEWEST, "--only-binary=:all:"]
    _run([*PIP, "install", *target, *LIMITS, str(WHEEL)])
    enter = ["unshare", "--mount", str(Path(__file__).with_name("within")), str(debian), str(directory)]
    return Environment([*enter, f"/usr/bin/python{NEWEST}"], {"PYTHONPATH": str(place), "HOME": str(directory)})


def _run(command: list[str]) -> None:
    done = processes.run(command, timeout=400)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
