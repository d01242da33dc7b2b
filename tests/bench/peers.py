"""Starts the servers of the benchmarks, each with its whole process tree on one core, and reads their memory."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from tests.support.npm import installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

_BIN = Path(sys.executable).parent
_ROOT = Path(__file__).parents[2]
_NPM = Path(__file__).with_name("npm")
_START_SECONDS = 30.0
# Both sides sign only: nothing listens at this endpoint (the discard port), and nothing asks it.
_STORE = "http://127.0.0.1:9"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDBENCH", "AWS_SECRET_ACCESS_KEY": "bench-secret"}


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run the block on `core`; processes started in it inherit that, and keep it afterwards."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A running server under test: where it listens, the API key it takes, and its process tree."""

    name: str
    command: list[str]
    env: dict[str, str]
    core: int
    log: Path
    port: int
    key: str

    def __enter__(self) -> Self:
        with pinned(self.core), self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, env=self.env, cwd=_ROOT, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._wait_until_it_listens()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return ("127.0.0.1", self.port)

    def processes(self) -> list[int]:
        """The ids of its whole process tree."""
        return tree(self.process.pid)

    def rss(self) -> int:
        """Resident bytes of the whole tree; pages that its processes share count once for each."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.processes())
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self) -> float:
        """CPU time the tree has used, in steps of a clock tick (10 ms)."""
        return cpu_seconds(self.process.pid)

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(self.address, timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"{self.name} did not start: {self.log.read_text()[-2000:]}")

    def _stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(15)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, and of all that have come of it, those that have ended included; in steps of 10 ms."""
    ticks = 0
    for one in tree(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended: its parent knows
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The ids of a process and all below it."""
    children = [
        int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
    ]
    return [pid, *(found for child in children for found in tree(child))]


def plain_server(folder: Path, core: int, threads: int) -> Server:
    """The peer, `tests.bench.plain_app`, under gunicorn gthread with one worker."""
    port, key = free_port(), secrets.token_urlsafe(32)
    settings = {
        "PLAIN_DATABASE": str(folder / f"plain-{threads}.db"),
        "PLAIN_API_KEY": key,
        "PLAIN_S3_ENDPOINT_URL": _STORE,
    }
    # Connections stay open as long as granian keeps them, so that neither side pays for new ones.
    command = [str(_BIN / "gunicorn"), "-k", "gthread", "-w", "1", "--threads", str(threads), "--keep-alive", "75"]
    command += ["-b", f"127.0.0.1:{port}", "--log-level", "warning", "tests.bench.plain_app:app"]
    env = os.environ | _CREDENTIALS | settings
    return Server("plain", command, env, core, folder / f"plain-{threads}.log", port, key)


def hello_server(folder: Path, core: int, threads: int) -> Server:
    """`tests.bench.hello_app` on granian, which serves valetkey, too, with one worker process."""
    port = free_port()
    command = [str(_BIN / "granian"), "--interface", "wsgi", "--workers", "1", "--blocking-threads", str(threads)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--no-ws", "tests.bench.hello_app:app"]
    return Server("hello", command, dict(os.environ), core, folder / f"hello-{threads}.log", port, "")


def node_server(folder: Path, core: int, name: str) -> Server:
    """``better_upload`` or ``companion`` of `npm/`, with the packages that its lock file names."""
    installed_in = installed(sorted(_NPM.iterdir()), _NPM.parent / ".installed")
    port = free_port()
    settings = {"PORT": str(port), "NODE_ENV": "production", "STORE_HOST": urlsplit(_STORE).netloc}
    env = os.environ | _CREDENTIALS | settings | {"FOLDER": str(folder)}
    command = ["node", str(installed_in / f"{name}.js")]
    return Server(name, command, env, core, folder / f"{name}.log", port, "")


def valetkey_server(folder: Path, core: int, settings: Mapping[str, str] | None = None) -> Server:
    """`valetkey serve` as it ships, on SQLite, with one API key; ``settings`` in place of the defaults here.

    The ledger is there when this returns, and what is in ``folder`` already stays.
    """
    port = free_port()
    defaults = {
        "VALETKEY_DATABASE_URL": f"sqlite:///{folder / 'valetkey.db'}",
        "VALETKEY_SECRET_KEYS": secrets.token_urlsafe(48),
        "VALETKEY_BUCKET": "bench",
        "VALETKEY_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "VALETKEY_S3_ENDPOINT_URL": _STORE,
        "VALETKEY_S3_REGION": "us-east-1",
        "VALETKEY_S3_ADDRESSING_STYLE": "path",
    }
    env = os.environ | _CREDENTIALS | defaults | dict(settings or {})
    _valetkey(env, "migrate")
    key = json.loads(_valetkey(env, "keys", "create", "bench", "--json"))["key"]
    command = [str(_BIN / "valetkey"), "serve", "--host", "127.0.0.1", "--port", str(port)]
    return Server("valetkey", command, env, core, folder / "valetkey.log", port, key)


def _valetkey(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [str(_BIN / "valetkey"), *arguments], env=env, cwd=_ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"valetkey {arguments[0]} failed: {done.stderr[-2000:]}")
    return done.stdout
