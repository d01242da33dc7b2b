"""H. Database URLs in all the forms that people write.

Reported: several hosts with a port each, as PostgreSQL's own client takes them, and tools for failover print them
(hapostgres/pg_auto_failover #875, encode/databases #466); a bracket in a password, which Python takes for an address
(BerriAI/litellm #12406, galaxyproject/galaxy #16083); a relative SQLite file, where the working directory changes after
the start (Smart-AI-Memory/attune-ai #2170). Looked for by ourselves: the folder of a socket in the place of the host,
drivers and parameters that are no SQLite's, a package below a folder with a percent sign.
"""

import os
import shutil
import socket
import sys
import threading
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import create_engine
from tests.support import processes
from tests.support.ledgers import migrated
from tests.support.servers import free_port

import valetkey
from valetkey.adapters.ledgers import open_ledger
from valetkey.core.errors import ConfigurationError, LedgerUnavailable
from valetkey.core.model.upload import UploadId


@pytest.mark.parametrize("hosts", ["127.0.0.1:{closed},127.0.0.1:{open}", "[::1]:{closed},127.0.0.1:{open}"])
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_several_hosts(scheme: str, hosts: str, postgres_url: str) -> None:
    """The next one is asked where one does not answer, and what follows is kept: which of them takes writes."""
    parts = urlsplit(postgres_url)
    places = hosts.format(closed=free_port(), open=parts.port)
    url = f"{scheme}://{parts.username}@{places}{parts.path}?target_session_attrs=read-write"
    with migrated(url) as ledger:
        ledger.check()


def test_several_hosts_of_which_one_is_none() -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_ledger("postgresql://me:short@[::1,db:5432/uploads")


@pytest.mark.parametrize("place", ["{encoded}/uploads", "{encoded}:5433/uploads", "/uploads?host={folder}&port=5432"])
def test_a_socket_in_the_place_of_a_host(place: str) -> None:
    """Its folder, as libpq reads it: with percent signs, or in the query."""
    with TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as listener:
        port = 5433 if "5433" in place else 5432
        listener.bind(f"{folder}/.s.PGSQL.{port}")  # the path of a socket has at most 107 bytes
        listener.listen()
        url = f"postgresql://me@{place.format(encoded=quote(folder, safe=''), folder=folder)}"
        heard: list[bytes] = []
        server = threading.Thread(target=hang_up, args=(listener, heard))
        server.start()
        with closing(open_ledger(url)) as ledger, pytest.raises(LedgerUnavailable):
            ledger.check()
        server.join()
    assert b"database\0uploads\0" in heard[0]


def hang_up(listener: socket.socket, heard: list[bytes]) -> None:
    """After the first message."""
    listener.settimeout(20)
    connection, _ = listener.accept()
    with connection:
        heard.append(connection.recv(1024))


@pytest.mark.parametrize("password", ["p[w", "p]w", "[pw]", "p/w", "p?w", "p#w", "p%w", "p%5Bw"])
def test_a_password_of_any_letters(password: str) -> None:
    """Whatever is no @ needs no percent sign, as for SQLAlchemy."""
    with closing(open_ledger(f"postgresql://me:{password}@127.0.0.1:1/uploads")) as ledger:
        assert ledger._writers.url.password == password.replace("%5B", "[")  # type: ignore[attr-defined]


def test_a_relative_file_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application or its server changes the folder after the start: the ledger is one file, private, with what joins
    it, and nothing appears elsewhere."""
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    monkeypatch.chdir(before)
    with closing(open_ledger("sqlite:///valetkey.db")) as ledger:
        monkeypatch.chdir(after)
        ledger.migrate()
        with create_engine(f"sqlite:///{before}/valetkey.db").connect() as connection:
            assert ledger.joined(connection).get(UploadId("01900000-0000-7000-8000-000000000000")) is None
    assert not list(after.iterdir())
    assert (before / "valetkey.db").stat().st_mode & 0o777 == 0o600


def test_a_driver_that_an_application_has_for_the_same_file(tmp_path: Path) -> None:
    with migrated(f"sqlite+aiosqlite:///{tmp_path / 'valetkey.db'}") as ledger:
        ledger.check()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite+pysqlcipher://:short@/{folder}/x.db", "sqlite\\+pysqlcipher"),
        ("sqlite:///{folder}/x.db?timeout=soon", "'soon'"),
        ("sqlite:///{folder}/x.db?sslmode=require", "'sslmode'"),
        ("sqlite:///{folder}/what?.db", "is not SQLite's"),
    ],
)
def test_what_sqlite_does_not_take_is_named(url: str, said: str, tmp_path: Path) -> None:
    """At the start, instead of a stack trace, of errors one by one, or of another file."""
    with pytest.raises(ConfigurationError, match=said):
        open_ledger(url.format(folder=tmp_path))
    assert not list(tmp_path.iterdir())


def test_an_installation_below_a_folder_with_a_percent_sign(tmp_path: Path) -> None:
    """Alembic reads its settings as a file in which it stands for something."""
    folder = tmp_path / "100% ours"
    package = Path(valetkey.__file__).parent
    shutil.copytree(package, folder / "valetkey", ignore=shutil.ignore_patterns("__pycache__", "api"))
    (folder / "valetkey/api").symlink_to(package / "api")
    code = "from valetkey.adapters.ledgers import open_ledger; open_ledger('sqlite:///x.db').migrate()"
    env = os.environ | {"PYTHONPATH": str(folder)}
    done = processes.run([sys.executable, "-c", code], cwd=tmp_path, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
