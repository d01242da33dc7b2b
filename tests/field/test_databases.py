"""H. Databases with their own settings, and ones that change at run time: roles' defaults, time limits, failover.

Reported: migrations that a role's ``statement_timeout`` or ``idle_in_transaction_session_timeout`` ends in the middle
(polarsource/polar #14583, doctolib/safe-pg-migrations #30, scaleapi/scale-agentex #223); pools that keep the
connections to a primary that was demoted, until the process is started again (npgsql/efcore.pg #1306,
brettwooldridge/HikariCP #1802); RDS Proxy, which takes no ``options`` and says so in words of its own
(psycopg/psycopg2 #1577). URLs as providers give them: ``postgres://`` (encode/databases #177), and with parameters that
are other clients' own, as ``pgbouncer=true`` is Prisma's.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import IsolationLevel
from sqlalchemy import make_url
from tests.support.ledgers import migrated
from tests.support.postgres import Postgres

from valetkey.adapters.ledgers import open_ledger
from valetkey.adapters.sql.ledger import SqlLedger
from valetkey.core.errors import ConfigurationError, LedgerUnavailable
from valetkey.testing.contracts.samples import new_upload

LIMITS = ["statement_timeout", "idle_in_transaction_session_timeout"]
LIMIT, LONGER = "2s", 5.0


def set_default(url: str, name: str, value: str) -> None:
    """For all connections to the database from now on."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {urlsplit(url).path[1:]} SET {name} = '{value}'")


@contextmanager
def somebody_reads(url: str) -> Iterator[None]:
    """A transaction that is older than what is begun now, and ends `LONGER` seconds after its begin."""
    with psycopg.connect(url, options=" ".join(f"-c {name}=0" for name in LIMITS)) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT count(*) FROM uploads")
        ends = threading.Timer(LONGER, connection.rollback)
        ends.start()
        yield
        ends.join()


def drop_index(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP INDEX uploads_by_kind")


def migrate(url: str) -> None:
    with closing(SqlLedger(url)) as ledger:
        ledger.migrate()


@pytest.mark.parametrize("limit", LIMITS)
def test_limits_of_time_are_for_others_than_migrations(limit: str, postgres_url: str) -> None:
    """An index is built for as long as it takes, by one of three who want to, and all of them succeed."""
    migrate(postgres_url)
    drop_index(postgres_url)
    set_default(postgres_url, limit, LIMIT)
    with somebody_reads(postgres_url), ThreadPoolExecutor(3) as threads:
        list(threads.map(migrate, [postgres_url] * 3))
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT 1 FROM pg_indexes WHERE indexname = 'uploads_by_kind'").fetchone()


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_a_stricter_isolation_by_default(isolation: str, postgres_url: str) -> None:
    """Several migrate an empty database at once, and an index that is missing is built: nobody waits for himself."""
    set_default(postgres_url, "default_transaction_isolation", isolation)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(migrate, [postgres_url] * 3))
    drop_index(postgres_url)
    migrate(postgres_url)
    with migrated(postgres_url) as ledger, ledger._writers.begin() as connection:
        shown = connection.exec_driver_sql("SHOW transaction_isolation").scalar()
        assert shown == "read committed"


@pytest.mark.parametrize("by", ["database", "environment", "url"])
def test_an_encoding_of_clients_by_default(by: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are kept whatever a database, libpq's environment or a provider's URL has for clients."""
    migrate(postgres_url)
    if by == "database":
        set_default(postgres_url, "client_encoding", "LATIN1")
    elif by == "environment":
        monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    url = postgres_url + ("?client_encoding=latin1" if by == "url" else "")
    upload = new_upload(datetime.now(UTC))._replace(filename="名前 é.png", owner="Zoë")
    with migrated(url) as ledger:
        ledger.add([upload])
        assert ledger.get(upload.id) == upload


def test_a_schema_that_the_role_looks_into_no_more(postgres_url: str) -> None:
    """To migrate, as was advised, would begin an empty ledger beside the one that is there."""
    migrate(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA other")
    set_default(postgres_url, "search_path", "other")
    with closing(SqlLedger(postgres_url)) as ledger:
        with pytest.raises(LedgerUnavailable, match=r"some in the schema public.*search_path"):
            ledger.check()
        ledger.migrate()  # it may be meant
        ledger.check()


def test_connections_to_a_primary_that_was_demoted_are_given_up(postgres_url: str) -> None:
    """One request is told to try again; the next connection goes to where the name leads by then."""
    with migrated(postgres_url) as ledger:
        with ledger._writers.connect() as one, ledger._writers.connect() as other:
            for connection in (one, other):
                connection.exec_driver_sql("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
                connection.commit()
        with pytest.raises(LedgerUnavailable, match="ReadOnly"):
            ledger.add([new_upload(datetime.now(UTC))])
        for _ in range(3):
            ledger.add([new_upload(datetime.now(UTC))])


class RefusesOptions:
    """A pooler that ends whoever sends ``options`` with these words, and passes others on."""

    def __init__(self, url: str, words: str) -> None:
        self._port, self._words = urlsplit(url).port or 0, words
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = make_url(url).set(port=self._server.getsockname()[1]).render_as_string(hide_password=False)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._one, args=self._server.accept()[:1], daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        begin = b""
        while b"user\0" not in begin:  # requests for encryption come before that
            length = client.recv(4, socket.MSG_WAITALL)
            begin = length + client.recv(struct.unpack("!I", length)[0] - 4, socket.MSG_WAITALL)
            if b"user\0" not in begin:
                client.sendall(b"N")
        if b"options\0" in begin:
            said = b"SFATAL\0VFATAL\0C0A000\0M%b\0\0" % self._words.encode()
            client.sendall(b"E" + struct.pack("!I", len(said) + 4) + said)
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", self._port))
        server.sendall(begin)
        threading.Thread(target=_pass_on, args=(server, client), daemon=True).start()
        _pass_on(client, server)

    def close(self) -> None:
        self._server.close()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize(
    "words",
    [
        "Feature not supported: RDS Proxy currently doesn\u2019t support command-line options.",
        "unsupported startup parameter in options: lock_timeout",
    ],
    ids=["RDS Proxy", "Neon"],
)
def test_poolers_that_take_no_options(words: str, postgres_url: str) -> None:
    """However they say it: the ledger goes without."""
    with closing(RefusesOptions(postgres_url, words)) as pooler, migrated(pooler.url) as ledger:
        ledger.add([new_upload(datetime.now(UTC))])


def test_a_url_as_some_providers_write_it(postgres_url: str) -> None:
    """libpq takes it, and so do we, driver and all."""
    url = postgres_url.replace("postgresql://", "postgres://")
    with closing(open_ledger(url)) as ledger:
        ledger.migrate()
        upload = new_upload(datetime.now(UTC))
        ledger.add([upload])
        assert ledger.get(upload.id) == upload


@pytest.mark.parametrize("name", ["pgbouncer", "schema", "connection_limit"])
def test_a_parameter_of_another_client_is_named(name: str, postgres_url: str) -> None:
    """At the start, and not by a 503 for each request; those that libpq knows are taken."""
    with pytest.raises(ConfigurationError, match=name):
        open_ledger(f"{postgres_url}?{name}=true")
    with migrated(f"{postgres_url}?sslmode=prefer&channel_binding=prefer&application_name=photos") as ledger:
        ledger.check()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_is_not_in_utf_8_is_refused(postgres: Postgres, encoding: str) -> None:
    """Before its first table, and at the start: LATIN1 has no letters for most names, each of which was a 500."""
    name = f"other_{encoding.lower()}"
    made = f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(made)
    try:
        with closing(SqlLedger(postgres.url(name))) as ledger:
            for use in (ledger.migrate, ledger.check):
                with pytest.raises(LedgerUnavailable, match=f"{encoding}.*ENCODING 'UTF8'.*pg_dump"):
                    use()
    finally:
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
