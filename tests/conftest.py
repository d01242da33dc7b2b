"""Session fixtures, safe under pytest-xdist: a Ceph RGW and a PostgreSQL for the whole run, a moto for each worker.

What they are made with is imported by those that need it: the controller of a run needs none of it, nor do the runs
that tests start, and it takes 2 s of CPU.
"""

import functools
import gc
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support import bounds, needs, order, reaper

if TYPE_CHECKING:
    from botocore.endpoint_provider import EndpointProvider
    from botocore.loaders import Loader
    from playwright.sync_api import Browser
    from tests.support.postgres import Postgres
    from tests.support.servers import ValetkeyServer
    from tests.support.stores import Bucket, Rgw, S3Server


@dataclass(frozen=True)
class Run:
    """One `pytest` invocation: what its workers share."""

    directory: Path
    pid: int
    ignored: tuple[int, ...]  # signals that the shell has it ignore

    @property
    def mark(self) -> str:
        """The environment variable that all processes of the run have."""
        return f"{reaper.MARK}={self.directory}"


RUN = pytest.StashKey[Run]()
PATIENCE = 60.0
"""How long a test waits for an answer where it says nothing else, in seconds."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """How large a test may be made by hand; what is the default is a matter of seconds."""
    parser.addoption("--queue-uploads", type=int, default=200, help="uploads of tests/e2e/test_queue.py")


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's directory; in an xdist worker take the controller's."""
    gc.set_threshold(50_000, 20, 20)  # tests and modules stay: looking for cycles in them took a sixth of the time
    for plugin in (bounds, needs, order):
        config.pluginmanager.register(plugin)
    given: dict[str, Any] | None = getattr(config, "workerinput", None)
    if given:
        run = Run(Path(given["run_directory"]), given["run_pid"], given["run_ignored"])
    else:
        directory = Path(tempfile.mkdtemp(prefix="valetkey-"))
        directory.chmod(0o711)  # PostgreSQL runs as another user where the tests run as root
        ignored = [int(each) for each in (signal.SIGINT, signal.SIGQUIT) if signal.getsignal(each) == signal.SIG_IGN]
        run = Run(directory, os.getpid(), tuple(ignored))
        reaper.watch(run.pid, run.mark, directory)
        os.environ[reaper.MARK] = str(directory)
    config.stash[RUN] = run
    if config.pluginmanager.has_plugin("hypothesispytest") and not config.getoption("hypothesis_profile"):
        _leave_nothing_to_luck()
    for each in run.ignored:  # by us, still; what we start gets the system's own meaning then, browsers included
        signal.signal(each, lambda *_: None)


def _leave_nothing_to_luck() -> None:
    """Properties have the same examples in every run: `--hypothesis-profile default` looks for others.

    By Hypothesis's own settings an example may take 0.2 s, and ten of them a second to be made; machines may be slower.
    """
    from hypothesis import HealthCheck, settings  # not imported where no property is looked at

    slow = [HealthCheck.too_slow]
    settings.register_profile("every run", deadline=None, derandomize=True, database=None, suppress_health_check=slow)
    settings.load_profile("every run")


def pytest_collection_finish() -> None:
    """Modules and tests are there until the end: no look for cycles goes through them again."""
    if "httpx" in sys.modules:
        _prepare_httpx()
    if "botocore.session" in sys.modules:
        _prepare_botocore()
    gc.freeze()


def _prepare_httpx() -> None:
    """It gives up after 5 s: a machine may be busier than that. And it reads the system's certificates for each client,
    also for each `httpx.get`, which takes 20 ms of CPU: here it reads them once."""
    from httpx import create_ssl_context
    from httpx._config import DEFAULT_TIMEOUT_CONFIG

    for part in ("connect", "read", "write", "pool"):
        setattr(DEFAULT_TIMEOUT_CONFIG, part, PATIENCE)
    patch = pytest.MonkeyPatch()
    patch.setattr("httpx._transports.default.create_ssl_context", functools.cache(create_ssl_context))


def _prepare_botocore() -> None:
    """It reads its models for each session (60 ms of CPU), and makes the rules for endpoints from them for each client
    (a third of what a client costs): here it does so once. That takes more than most tests do."""
    from botocore.endpoint_provider import EndpointProvider
    from botocore.loaders import create_loader

    make_loader = functools.cache(create_loader)
    made: dict[tuple[int, int], tuple[Any, Any, EndpointProvider]] = {}

    def shared_loader(*where: str) -> "Loader":
        loader = make_loader(*where)
        loader.search_paths[:] = dict.fromkeys(loader.search_paths)  # each session of boto3 adds its own
        return loader

    def shared_provider(ruleset_data: Any, partition_data: Any, **options: Any) -> "EndpointProvider":
        of = id(ruleset_data), id(partition_data)  # a loader gives the same each time
        if of not in made:
            made[of] = ruleset_data, partition_data, EndpointProvider(ruleset_data, partition_data, **options)
        return made[of][-1]

    patch = pytest.MonkeyPatch()
    patch.setattr("botocore.session.create_loader", shared_loader)
    patch.setattr("botocore.regions.EndpointProvider", shared_provider)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where the run's directory is (called in the controller)."""
    run = node.config.stash[RUN]
    node.workerinput["run_directory"] = str(run.directory)
    node.workerinput["run_pid"] = run.pid
    node.workerinput["run_ignored"] = run.ignored


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop what the whole run shared, after the last worker. Fails the run when a test left a process behind."""
    run = session.config.stash[RUN]
    if run.pid == os.getpid():
        if list(run.directory.glob("rgw*")) or list(run.directory.glob("store-*")):
            from tests.support.stores import stop_rgw, stop_stores

            if (run.directory / "rgw").exists():
                stop_rgw(run.directory / "rgw")
            stop_stores(run.directory)
        if (run.directory / "postgres.port").exists():
            from tests.support.postgres import Postgres

            Postgres.start(run.directory / "postgres", owner=run.pid).remove()
        if left := reaper.reap(run.mark):
            print("Killed, as tests did not end them:", *left, sep="\n  ", file=sys.stderr)
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
        if words := needs.lacking(run.directory):
            print(words, file=sys.stderr)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        shutil.rmtree(run.directory, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _shared_by_folders() -> Iterator[None]:
    """What tests of several folders share, and no fixture makes, is ended with the run."""
    yield
    if prepared := sys.modules.get("tests.support.prepared"):  # not imported where no process is needed
        prepared.stop()
    if pages := sys.modules.get("tests.support.pages"):  # nor this one where no page is looked at
        pages.stop_playwright()


@pytest.fixture(scope="session")
def shared_chromium() -> Iterator["Browser"]:
    """One Chromium for the worker of the run, for fixtures that close what they open in it."""
    from tests.support.pages import running_chromium  # not imported where no page is looked at

    with running_chromium() as browser:
        yield browser


@pytest.fixture
def chromium(shared_chromium: "Browser") -> Iterator["Browser"]:
    """The same, for one test: what it leaves open is closed after it."""
    before = shared_chromium.contexts
    yield shared_chromium
    for context in shared_chromium.contexts:
        if context not in before:
            context.close()


@pytest.fixture(scope="session")
def rgw(request: pytest.FixtureRequest) -> "Rgw":
    """One Ceph RGW for the whole run, started by the first worker that asks. It really enforces policies."""
    from tests.support.stores import Rgw

    needs.bring({"s3"})
    run = request.config.stash[RUN]
    return Rgw.start(run.directory / "rgw", owner=run.pid)


@pytest.fixture
def rgw_bucket(rgw: "Rgw") -> Iterator["Bucket"]:
    """A fresh bucket on RGW."""
    from tests.support.stores import fresh_bucket

    with fresh_bucket(rgw) as bucket:
        yield bucket


@pytest.fixture(scope="session")
def moto_s3() -> Iterator["S3Server"]:
    """Moto's S3, in this process. It enforces nothing: it never proves a policy."""
    from tests.support.stores import running_moto

    with running_moto() as server:
        yield server


@pytest.fixture
def moto_bucket(moto_s3: "S3Server") -> Iterator["Bucket"]:
    """A fresh bucket on moto."""
    from tests.support.stores import fresh_bucket

    with fresh_bucket(moto_s3) as bucket:
        yield bucket


@pytest.fixture
def valetkey_server(tmp_path: Path) -> Iterator[Callable[..., "ValetkeyServer"]]:
    """A factory of running services: `valetkey_server(bucket, command="serve", env={...})`.

    Each has a directory of its own unless `directory=` is given, and is stopped after the test. A fixture
    with a wider scope uses `tests.support.servers.running_valetkey` itself.
    """
    from tests.support.servers import running_valetkey

    with ExitStack() as stack:

        def start(bucket: "Bucket | None" = None, *, directory: Path | None = None, **options: Any) -> "ValetkeyServer":
            where = directory or Path(tempfile.mkdtemp(dir=tmp_path))
            return stack.enter_context(running_valetkey(where, bucket, **options))

        yield start


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> "Postgres":
    """One PostgreSQL for the whole run, started by the first worker that asks. Not to be stopped by a test."""
    from tests.support.postgres import Postgres

    needs.bring({"ledger"})
    run = request.config.stash[RUN]
    return Postgres.start(run.directory / "postgres", owner=run.pid)


@pytest.fixture
def postgres_url(postgres: "Postgres") -> Iterator[str]:
    """The URL of an empty database."""
    with postgres.fresh_database() as url:
        yield url


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Redis for the worker of the run."""
    from tests.support.redis_server import running_redis

    needs.bring({"jobs"})
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis_url(redis: str) -> str:
    """The URL of an empty one."""
    from redis import Redis

    with closing(Redis.from_url(redis)) as client:
        client.flushall()
    return redis


@pytest.fixture
def own_postgres(request: pytest.FixtureRequest) -> Iterator["Postgres"]:
    """A PostgreSQL for one test alone, which may stop and start it."""
    from tests.support.postgres import Postgres

    needs.bring({"ledger"})
    run = request.config.stash[RUN]
    server = Postgres.start(run.directory / f"postgres-{secrets.token_hex(4)}", owner=run.pid)
    try:
        yield server
    finally:
        server.remove()
