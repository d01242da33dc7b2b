"""A real PostgreSQL for tests: a temporary cluster on loopback, without fsync."""

import fcntl
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from tests.support import processes
from tests.support.servers import free_port

USER = "valetkey"
SERVER_USER = "postgres"
"""The user for the server if tests run as root, which PostgreSQL refuses. Debian's package creates this user."""

CONFIG = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = 32MB
fsync = off
"""

# the server also ends when the test process is killed and no teardown runs; after `remove` there is nothing to watch
WATCH = """
while [ -e "/proc/$1" ] && [ -e "$2" ]; do sleep 0.5; done
[ ! -e "$2" ] || kill -QUIT "$(head -n 1 "$2/postmaster.pid")"
rm -rf "$2"
"""


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    directory: Path
    port: int

    @classmethod
    def start(cls, directory: Path, *, owner: int, settings: str = "") -> "Postgres":
        """Starts a server, or finds the one that was started there. It ends when process `owner` ends.

        `settings` are lines of postgresql.conf that precede `CONFIG`.
        If tests run as root, other users must have access (x) to the parents of `directory`.
        """
        with directory.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # let go of when it is closed
            port = directory.with_suffix(".port")
            if not port.exists():
                _make(directory, settings)
                port.write_text(str(_first_start(directory)))
                _as_server("sh", "-c", WATCH, "watch", str(owner), str(directory), wait=False)
        return cls(directory, int(port.read_text()))

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int:
        """The pid of the postmaster."""
        return int((self.directory / "postmaster.pid").read_text().split()[0])

    def stop_server(self) -> None:
        """Stops the server, and ends all connections; committed data is kept."""
        _as_server(_command("pg_ctl"), "stop", "-D", str(self.directory), "-m", "fast")

    def start_server(self) -> None:
        _start(self.directory, self.port)

    def remove(self) -> None:
        """Stops the server for good, and discards its data."""
        if (self.directory / "postmaster.pid").exists():
            _as_server(_command("pg_ctl"), "stop", "-D", str(self.directory), "-m", "immediate")
        shutil.rmtree(self.directory, ignore_errors=True)

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """The URL of an empty database, dropped afterwards."""
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            with psycopg.connect(self.url(), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _make(directory: Path, settings: str) -> None:
    directory.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(directory, SERVER_USER, SERVER_USER)
    options = ("--no-sync", "--auth=trust", "--encoding=UTF8", "--no-locale", f"--username={USER}")
    _as_server(_command("initdb"), "-D", str(directory), *options)
    with (directory / "postgresql.conf").open("a") as config:
        config.write(CONFIG + settings)  # the last of several counts


def _first_start(directory: Path, attempts: int = 3) -> int:
    """Starts the server on a free port, and on another one if that was taken in the meantime."""
    for _ in range(attempts - 1):
        port = free_port()
        try:
            _start(directory, port)
        except RuntimeError:
            continue
        return port
    port = free_port()
    _start(directory, port)
    return port


def _start(directory: Path, port: int) -> None:
    log = str(directory / "server.log")
    _as_server(_command("pg_ctl"), "start", "-D", str(directory), "-o", f"-p {port}", "-l", log, "-w", "-t", "150")


def _command(name: str) -> str:
    """The path of a PostgreSQL command of the newest version: Debian has a folder for each, outside of the PATH."""
    debian = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    found = [str(path) for path in sorted(debian, key=lambda path: int(path.parts[-3]))]
    if on_path := shutil.which(name):
        found.append(on_path)
    if not found:
        raise RuntimeError(f"{name} of PostgreSQL is missing: run infra/system-packages ledger")
    return found[-1]


def _as_server(*command: str, wait: bool = True) -> None:
    """Runs ``command`` as a user that PostgreSQL accepts. Raises `RuntimeError` if it fails."""
    root = os.geteuid() == 0
    process = subprocess.Popen(
        [*processes.BY_DEFAULT, *command],
        user=SERVER_USER if root else None,
        group=SERVER_USER if root else None,
        extra_groups=[] if root else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # a pipe would stay open as long as the server
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if wait:
        try:
            process.wait(170)
        except BaseException:
            processes.end(process)
            raise
        if process.returncode:
            raise RuntimeError(f"{Path(command[0]).name} exited {process.returncode}")
