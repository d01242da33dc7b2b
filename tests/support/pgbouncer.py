"""A real PgBouncer in front of PostgreSQL, with transaction pooling."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from tests.support.postgres import SERVER_USER, USER
from tests.support.servers import free_port


@contextmanager
def pooled(url: str, directory: Path, *, pool_size: int = 4, ignored: str = "") -> Iterator[str]:
    """The database ``url`` through Debian's PgBouncer, with transaction pooling over ``pool_size`` connections.

    ``ignored`` are startup parameters to ignore (``ignore_startup_parameters``).
    """
    parts, port = urlsplit(url), free_port()
    config = directory / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host={parts.hostname} port={parts.port}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = {pool_size}\nmax_client_conn = 200\n"
        f"ignore_startup_parameters = {ignored}\nlogfile = {directory / 'pgbouncer.log'}\n"
    )
    # "any" wants the user to be named for the database
    config.write_text(config.read_text().replace("* = host", f"{parts.path[1:]} = user={USER} host"))
    as_user = ["--user", SERVER_USER] if os.geteuid() == 0 else []  # it refuses to be root
    if as_user:
        _give_to_server(directory, config)
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", _command(), "--quiet", *as_user, str(config)], stdin=subprocess.DEVNULL
    )
    try:
        there = f"postgresql://{USER}@127.0.0.1:{port}{parts.path}"
        _wait(there, process)
        yield there
    finally:
        process.kill()
        process.wait()


def _command() -> str:
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "pgbouncer"


def _give_to_server(directory: Path, config: Path) -> None:
    log = directory / "pgbouncer.log"
    log.touch()
    for path in (config, log):
        shutil.chown(path, SERVER_USER)
    for folder in (directory, *directory.parents):
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url, connect_timeout=10).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
