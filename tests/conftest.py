"""Session fixtures, safe under pytest-xdist: a Ceph RGW and a PostgreSQL for the whole run, a moto for each worker."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.postgres import Postgres
from tests.servers import ValetkeyServer, running_valetkey
from tests.stores import Bucket, Rgw, S3Server, fresh_bucket, running_moto, stop_rgw


@dataclass(frozen=True)
class Run:
    """One `pytest` invocation: what its workers share."""

    directory: Path
    pid: int


RUN = pytest.StashKey[Run]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """How large a test may be made by hand; what is the default is a matter of seconds."""
    parser.addoption("--queue-uploads", type=int, default=200, help="uploads of tests/e2e/test_queue.py")


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's directory; in an xdist worker take the controller's."""
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    if given:
        config.stash[RUN] = Run(Path(given["run_directory"]), given["run_pid"])
    else:
        directory = Path(tempfile.mkdtemp(prefix="valetkey-"))
        directory.chmod(0o711)  # PostgreSQL runs as another user where the tests run as root
        config.stash[RUN] = Run(directory, os.getpid())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where the run's directory is (called in the controller)."""
    run = node.config.stash[RUN]
    node.workerinput["run_directory"] = str(run.directory)
    node.workerinput["run_pid"] = run.pid


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the whole run shared, after the last worker."""
    run = config.stash[RUN]
    if run.pid == os.getpid():
        if (run.directory / "rgw").exists():
            stop_rgw(run.directory / "rgw")
        if (run.directory / "postgres.port").exists():
            Postgres.start(run.directory / "postgres", owner=run.pid).remove()
        shutil.rmtree(run.directory, ignore_errors=True)


@pytest.fixture(scope="session")
def rgw(request: pytest.FixtureRequest) -> Rgw:
    """One Ceph RGW for the whole run, started by the first worker that asks. It really enforces policies."""
    run = request.config.stash[RUN]
    return Rgw.start(run.directory / "rgw", owner=run.pid)


@pytest.fixture
def rgw_bucket(rgw: Rgw) -> Iterator[Bucket]:
    """A fresh bucket on RGW."""
    with fresh_bucket(rgw) as bucket:
        yield bucket


@pytest.fixture(scope="session")
def moto_s3() -> Iterator[S3Server]:
    """Moto's S3, in this process. It enforces nothing: it never proves a policy."""
    with running_moto() as server:
        yield server


@pytest.fixture
def moto_bucket(moto_s3: S3Server) -> Iterator[Bucket]:
    """A fresh bucket on moto."""
    with fresh_bucket(moto_s3) as bucket:
        yield bucket


@pytest.fixture
def valetkey_server(tmp_path: Path) -> Iterator[Callable[..., ValetkeyServer]]:
    """A factory of running services: `valetkey_server(bucket, command="serve", env={...})`.

    Each has a directory of its own unless `directory=` is given, and is stopped after the test. A fixture
    with a wider scope uses `tests.servers.running_valetkey` itself.
    """
    with ExitStack() as stack:

        def start(bucket: Bucket | None = None, *, directory: Path | None = None, **options: Any) -> ValetkeyServer:
            where = directory or Path(tempfile.mkdtemp(dir=tmp_path))
            return stack.enter_context(running_valetkey(where, bucket, **options))

        yield start


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Postgres:
    """One PostgreSQL for the whole run, started by the first worker that asks. Not to be stopped by a test."""
    run = request.config.stash[RUN]
    return Postgres.start(run.directory / "postgres", owner=run.pid)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database."""
    with postgres.fresh_database() as url:
        yield url


@pytest.fixture
def own_postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """A PostgreSQL for one test alone, which may stop and start it."""
    run = request.config.stash[RUN]
    server = Postgres.start(run.directory / f"postgres-{secrets.token_hex(4)}", owner=run.pid)
    yield server
    server.remove()
