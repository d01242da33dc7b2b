"""The version that an upgrade begins with: the one before the newest migration, from git's history."""

import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.support import processes

ROOT = Path(__file__).parents[2]
VERSIONS = Path("service/valetkey/adapters/sql/migrations/versions")


@pytest.fixture(scope="session")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its `service` and `frontend`."""
    newest = max(file.name for file in (ROOT / VERSIONS).glob("[0-9]*.py"))
    asked = ["git", "log", "--first-parent", "-m", "--diff-filter=A", "--format=%H", "-1", "--", str(VERSIONS / newest)]
    came = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True, timeout=30).stdout.strip()
    assert came, f"git's history does not say when {newest} came: it takes a clone with its whole history"
    directory = tmp_path_factory.mktemp("older")
    archive = directory / "older.tar"
    wanted = ["service", "frontend"]
    subprocess.run(["git", "archive", "-o", archive, f"{came}^1", *wanted], cwd=ROOT, check=True, timeout=60)
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter="data")
    return directory


@pytest.fixture
def older_service(older: Path) -> Path:
    """What Python imports of it."""
    return older / "service"


@pytest.fixture(scope="session")
def older_page(older: Path) -> Path:
    """Its client for browsers, built from its sources by the tools that we have now."""
    (older / "frontend" / "node_modules").symlink_to(ROOT / "frontend" / "node_modules")
    client = older / "frontend" / "client"
    done = processes.run(["node", "scripts/build.mjs"], cwd=client, timeout=120)
    assert done.returncode == 0, done.stderr
    return client / "dist"
