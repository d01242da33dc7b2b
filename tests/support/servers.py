"""valetkey as a subprocess: a black box with an environment, a port and a log."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tests.support import ledgers, prepared, processes
from tests.support.stores import Bucket

VALETKEY = prepared.VALETKEY
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""The number of workers of the run, and the index of this one."""

_given: set[int] = set()

START = 90.0
"""The maximum time for the start of a process in seconds, on a busy machine; usually it takes one."""


def free_port() -> int:
    """A port that nothing listens on, below the ephemeral ports (32768 and up on Linux).

    Each worker of the run has its own range of ports, and returns each port only once: nobody else takes it before the
    server listens, or while the server restarts.
    """
    while True:
        port = 10000 + secrets.randbelow(22000 // WORKERS) * WORKERS + WORKER % WORKERS
        if port in _given:
            continue
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                _given.add(port)
                return port


@dataclass(frozen=True)
class ApiKey:
    """An API key, as its user has it."""

    id: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True)
class ValetkeyServer:
    """A running `valetkey` process, seen from outside."""

    base_url: str
    process: "subprocess.Popen[bytes]"
    env: Mapping[str, str]
    directory: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        """The output of the process so far."""
        return (self.directory / "valetkey.log").read_text(errors="replace")

    def create_key(self, name: str = "default", scope: str = "uploads") -> ApiKey:
        """Creates a key in this server's ledger, as `valetkey keys create` does."""
        key, text = ledgers.create_key(self.env["VALETKEY_DATABASE_URL"], name, scope)
        return ApiKey(id=key.id, key=text)

    def stop(self) -> None:
        """Sends SIGTERM, and after 10 s SIGKILL to all its processes that are left."""
        processes.end(self.process)


def run_valetkey(*args: str, env: Mapping[str, str], directory: Path) -> str:
    """Runs a `valetkey` command, and returns its output. Raises `RuntimeError` if it fails.

    It is forked if possible (`tests.support.prepared`).
    """
    if prepared.can_start(env):
        code, out, err = _forked(args, env, directory)
    else:
        done = processes.run([VALETKEY, *args], env=env, cwd=directory, timeout=START)
        code, out, err = done.returncode, done.stdout, done.stderr
    if code:
        raise RuntimeError(f"valetkey {' '.join(args)} exited {code}:\n{out}{err}")
    return out


def _forked(args: Sequence[str], env: Mapping[str, str], directory: Path) -> tuple[int, str, str]:
    """Returns the exit code, and the output to both streams."""
    with TemporaryFile() as out, TemporaryFile() as err:
        begun = prepared.start(args, env=env, cwd=directory, log=out, errors=err, dies_by="KILL")
        with processes.ended(begun, signal.SIGKILL) as process:
            code = process.wait(START)
        for stream in (out, err):
            stream.seek(0)
        return code, out.read().decode(errors="surrogateescape"), err.read().decode(errors="surrogateescape")


@contextmanager
def running_valetkey(
    directory: Path,
    bucket: Bucket | None = None,
    *,
    command: str = "serve",
    env: Mapping[str, str] | None = None,
    migrate: bool = True,
    executable: Sequence[str | Path] = (),
) -> Iterator[ValetkeyServer]:
    """Runs `valetkey serve` or `dev` on a free port, unless `env` has one. It is ready when yielded, and stopped after
    it.

    For `serve`, the ledger is migrated before, unless ``migrate`` is False. ``executable`` is executed instead of
    `valetkey`, which is forked if possible (`tests.support.prepared`).

    It runs in `directory`, where its SQLite file and its log are, too. The only AWS_* and VALETKEY_* variables in its
    environment are those from `bucket` and `env`.
    """
    port = int((env or {}).get("VALETKEY_PORT", 0)) or free_port()
    base_url = f"http://127.0.0.1:{port}"
    full_env = environment(directory, bucket) | {"VALETKEY_PORT": str(port), "VALETKEY_PUBLIC_URL": base_url}
    full_env |= env or {}
    if command == "serve" and migrate:
        ledgers.migrate(full_env["VALETKEY_DATABASE_URL"], directory)
    with ExitStack() as stack:
        with (directory / "valetkey.log").open("ab") as log:
            served = start([command], full_env, directory, log, executable=executable, dies_by="TERM")
            process = stack.enter_context(processes.ended(served, signal.SIGTERM))
        server = ValetkeyServer(base_url, process, full_env, directory)
        _wait_until_ready(server)
        yield server


def start(
    args: Sequence[str],
    env: Mapping[str, str],
    directory: Path,
    log: IO[bytes],
    *,
    executable: Sequence[str | Path] = (),
    module: str = "",
    dies_by: str = "KILL",
) -> "subprocess.Popen[bytes]":
    """Starts `valetkey` with ``args``; the caller ends it. ``executable`` is executed instead, or a ``module`` of the
    tests is run."""
    if not executable and prepared.can_start(env):
        return prepared.start(args, env=env, cwd=directory, log=log, dies_by=dies_by, module=module)
    if module:
        executable = [sys.executable, "-m", module]
        env = {**env, "PYTHONPATH": os.pathsep.join([str(prepared.ROOT), *filter(None, [env.get("PYTHONPATH")])])}
    command = [*(executable or [VALETKEY]), *args]
    streams = {"stdout": log, "stderr": subprocess.STDOUT}
    return processes.start(command, dies_by=dies_by, env=env, cwd=directory, **streams)


def environment(directory: Path, bucket: Bucket | None) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "VALETKEY_"))}
    ours = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "VALETKEY_DATABASE_URL": f"sqlite:///{directory / 'valetkey.db'}",
        "VALETKEY_SECRET_KEYS": secrets.token_urlsafe(32),
        "VALETKEY_EVENTS_CEPH_SECRET": secrets.token_urlsafe(24),
    }
    if bucket:
        ours |= bucket.server.env() | {"VALETKEY_BUCKET": bucket.name, "VALETKEY_S3_ADDRESSING_STYLE": "path"}
    return inherited | ours


def _wait_until_ready(server: ValetkeyServer, seconds: float = START) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (code := server.process.poll()) is not None:
            raise RuntimeError(f"valetkey exited {code} at its start:\n{server.log[-4000:]}")
        try:
            with urllib.request.urlopen(f"{server.base_url}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"valetkey is not ready after {seconds} s:\n{server.log[-4000:]}")


@dataclass(frozen=True)
class WorkerProcess:
    """A running `valetkey worker`, seen from outside."""

    process: "subprocess.Popen[bytes]"
    log_file: Path

    @property
    def log(self) -> str:
        """The output so far."""
        return self.log_file.read_text(errors="replace")

    def end(self, how: signal.Signals, seconds: float = 60) -> int:
        """Sends a signal, and waits for the end; returns the exit code, which is negative if the signal killed it."""
        self.process.send_signal(how)
        return self.process.wait(seconds)


@contextmanager
def running_worker(
    beside: ValetkeyServer,
    env: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
    *,
    app: str | None = None,
) -> Iterator[WorkerProcess]:
    """Runs `valetkey worker` with the settings and the ledger of a service. It has started when yielded, and is killed
    afterwards.

    ``before`` is a command that starts it, such as `nohup`; ``app`` is the application for `--app`.
    """
    log_file = beside.directory / f"worker-{secrets.token_hex(4)}.log"
    with ExitStack() as stack:
        with log_file.open("ab") as log:
            args = ["worker", *(["--app", app] if app else [])]
            executable: Sequence[str | Path] = [*before, VALETKEY] if before else ()
            begun = start(args, {**beside.env, **(env or {})}, beside.directory, log, executable=executable)
            process = stack.enter_context(processes.ended(begun, signal.SIGKILL))
        worker = WorkerProcess(process, log_file)
        _wait_until_started(worker)
        yield worker


def _wait_until_started(worker: WorkerProcess, seconds: float = START) -> None:
    deadline = time.monotonic() + seconds
    while "the worker has started" not in worker.log:
        if worker.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the worker did not begin:\n{worker.log[-4000:]}")
        time.sleep(0.05)
