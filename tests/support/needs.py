"""What the selected tests need from the system: it is installed before the first test, or the run ends with the reason.

A plugin. A test's needs follow from its fixtures (`FIXTURES`) and from `@pytest.mark.needs(...)`: those of
`infra/system-packages`, `pages` for what `make frontend` builds, and `docs` for what `make docs` builds. Tests of the
core need nothing.
"""

import fcntl
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FIXTURES = {
    "rgw": ["s3"],
    "servers": ["s3", "proxies"],
    "postgres": ["ledger"],
    "own_postgres": ["ledger"],
    "postgres_url": ["ledger"],
    "postgresql": ["ledger"],
    "redis": ["jobs"],
    "redis_url": ["jobs"],
    "chromium": ["browser", "pages"],
    "shared_chromium": ["browser", "pages"],
    "browser": ["browser", "pages"],
    "site": ["pages"],
    "running_shop": ["pages"],
}

BUILT = {"pages": "frontend", "docs": "docs"}
"""What make builds for tests, by need: its target."""

_brought: set[str] = set()
"""The needs that this process has already met, so that no test waits while other processes install something."""

LACKING = "lacking"
LOCK = Path(tempfile.gettempdir()) / f"valetkey-system-packages-{os.getuid()}.lock"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*names): what infra/system-packages has to bring; or `pages`, `docs`")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Checks the needs of the selected tests. If something is missing, the run ends with the command to run.

    An xdist worker cannot end the run: it runs no tests, and writes the message to the run's directory.
    """
    if config.option.collectonly:
        return
    try:
        bring({need for item in items for need in needed(item)})
    except pytest.UsageError as failure:
        given: dict[str, str] | None = getattr(config, "workerinput", None)
        if given is None:
            raise
        (Path(given["run_directory"]) / LACKING).write_text(str(failure))
        items.clear()


def lacking(directory: Path) -> str:
    """What a worker of the run in that directory found missing, and what to do; empty if nothing is missing."""
    words = directory / LACKING
    return words.read_text() if words.exists() else ""


def needed(item: pytest.Item) -> set[str]:
    """The needs of a test: of its markers, its fixtures, and its parameters, which may be names of fixtures."""
    names: list[str] = [*getattr(item, "fixturenames", ())]
    if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        names += [value for value in item.callspec.params.values() if isinstance(value, str)]
    by_fixture = {need for name in names for need in FIXTURES.get(name, ())}
    return by_fixture | {str(need) for marker in item.iter_markers("needs") for need in marker.args}


def bring(needs: set[str]) -> None:
    """Meets the needs, in one process at a time: otherwise all workers, and concurrent runs, would call apt."""
    if needs <= _brought:
        return
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if packages := sorted(needs - BUILT.keys()):
            _run("infra/system-packages", *packages)
        if targets := [target for need, target in BUILT.items() if need in needs]:
            _run("make", "--silent", "--no-print-directory", *targets)
    _brought.update(needs)


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise pytest.UsageError(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
