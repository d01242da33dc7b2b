"""Engines for the databases that a ledger may be in."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, Pool

from valetkey.adapters.sql.file import LedgerFile
from valetkey.adapters.sql.inserts import copy_rows
from valetkey.adapters.sql.pooling import POOLED
from valetkey.adapters.sql.writer import GroupWriter, SharedWriter
from valetkey.core.errors import ConfigurationError, LedgerUnavailable
from valetkey.forks import KEPT, renew_in_child

BUSY_TIMEOUT = 5_000
"""How long the database waits for a lock, in milliseconds, before the caller gets an error."""

_OPTIONS = f"-c lock_timeout={BUSY_TIMEOUT}"

_REFUSES_OPTIONS = re.compile("startup parameter|command-line options")
"""The messages with which PgBouncer and Neon, and RDS Proxy, refuse ``options``."""

READ_ONLY = "25006"
"""PostgreSQL's read_only_sql_transaction (its manual, appendix A)."""

_URLS = "sqlite:///valetkey.db or postgresql://USER:PASSWORD@HOST/DATABASE"


class Connections(NamedTuple):
    """The engine for reads, the engine for writes, and the writer.

    ``prompt`` is the engine for reads of one row that do not wait: None for a database on another machine. ``file`` is
    the file that all of them open.
    """

    readers: Engine
    writers: Engine
    writer: type[GroupWriter]
    prompt: Engine | None
    file: LedgerFile


_HOSTS = re.compile(
    r"(?P<before>postgres(?:ql)?(?:\+\w+)?://(?:[^:/@]*(?::[^@]*)?@)?)(?P<hosts>[^/?@]*)(?P<after>.*)", re.DOTALL
)
"""The user, the hosts and the rest of a URL, told apart as SQLAlchemy does it."""

_HOST = re.compile(r"(?:\[(?P<address>[^\[\]]+)\]|(?P<name>[^\[\]:]*))(?::(?P<port>[0-9]+))?")

_SQLITE_OPTIONS = frozenset(
    {"uri", "timeout", "isolation_level", "detect_types", "check_same_thread", "cached_statements"}
)
"""The parameters of Python's `sqlite3.connect`; with ``uri`` SQLite itself accepts more."""


def parsed_url(url: str) -> URL:
    """Parses ``url``; an SQLite file in it is named from the root, as the working directory may change.

    Raises `ConfigurationError` if there is no engine for its kind of database.
    """
    try:
        parsed = _made(url)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is not a number
        raise ConfigurationError(f"The database URL cannot be read; it looks like {_URLS}.") from error
    if parsed.get_backend_name() == "postgres":  # libpq accepts both, and providers use either
        parsed = parsed.set(drivername="postgresql")
    if parsed.get_backend_name() not in _DATABASES:
        raise ConfigurationError(f"No ledger for {parsed.get_backend_name()!r}: use {_URLS}.")
    return _named_from_root(parsed, url) if parsed.get_backend_name() == "sqlite" else parsed


def _made(url: str) -> URL:
    """``url`` by SQLAlchemy, which does not know two of libpq's forms (PostgreSQL's manual, 34.1.1.2): several hosts
    with a port each, and the folder of a socket in the place of a host. Raises ValueError and `ArgumentError`."""
    match = _HOSTS.fullmatch(url)
    if match is None or not ("," in match["hosts"] or match["hosts"].lower().startswith("%2f")):
        return make_url(url)
    found = [_HOST.fullmatch(one) for one in match["hosts"].split(",")]
    hosts = [one for one in found if one is not None]
    if len(hosts) < len(found):
        raise ValueError
    places = {"host": ",".join(one["address"] or unquote(one["name"]) for one in hosts)}
    if any(one["port"] for one in hosts):
        places["port"] = ",".join(one["port"] or "5432" for one in hosts)
    return make_url(match["before"] + match["after"]).update_query_dict(places)


def _named_from_root(parsed: URL, url: str) -> URL:
    """Raises `ConfigurationError` for parameters that SQLite does not know, and for drivers that encrypt."""
    if parsed.get_driver_name() not in {"pysqlite", "aiosqlite"}:
        raise ConfigurationError(f"No ledger by {parsed.drivername!r}: use {_URLS}.")
    odd = None if "uri" in parsed.query else next((name for name in parsed.query if name not in _SQLITE_OPTIONS), None)
    if odd or ("?" in url and not parsed.query):  # `make_url` drops a parameter without a value: another file
        raise ConfigurationError(
            f"The part after the ? in the database URL is not SQLite's{(odd and f': {odd[:40]!r}') or ''}. "
            "The name of a file cannot contain a ?."
        )
    parsed = parsed.set(drivername="sqlite")  # an application may have another for the same file
    name = parsed.database
    if not name or name == ":memory:" or name.startswith("file:"):
        return parsed
    return parsed.set(database=str(Path(name).absolute()))


def connect(parsed: URL) -> Connections:
    """Creates engines and writer for the database, without connecting yet. Raises `ConfigurationError`."""
    return _DATABASES[parsed.get_backend_name()](parsed)


def _postgresql(parsed: URL) -> Connections:
    _require_known(parsed.query)
    engine = postgresql_engine(parsed)
    readers = engine.execution_options(isolation_level="AUTOCOMMIT")  # of the same pool
    return Connections(readers, engine, SharedWriter, None, LedgerFile(None))


def _sqlite(parsed: URL) -> Connections:
    file = _file_of(parsed)
    readers, writers = sqlite_engine(parsed, file, writes=False), sqlite_engine(parsed, file, writes=True)
    prompt = sqlite_engine(parsed, file, writes=False, pool=NullPool)
    return Connections(readers, writers, GroupWriter, prompt, file)


_DATABASES: Mapping[str, Callable[[URL], Connections]] = {"sqlite": _sqlite, "postgresql": _postgresql}


def _require_known(options: Iterable[str]) -> None:
    """Raises `ConfigurationError` for parameters that libpq does not know, such as those of other clients."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    for name in options:
        try:
            make_conninfo(**{name: "x"})
        except ProgrammingError as error:
            said = f"The database URL has {name[:40]!r}, which PostgreSQL's client library does not know: leave it out."
            raise ConfigurationError(said) from error


def postgresql_engine(parsed: URL) -> Engine:
    """An engine for PostgreSQL. libpq's parameters in the URL's query take precedence over ours, except the encoding.

    A pooler in between (PgBouncer in transaction mode) is detected automatically: it refuses ``options``, keeps no
    prepared statements, and needs settings in each transaction.
    """
    patience = {
        "connect_timeout": "5",  # seconds
        "tcp_user_timeout": "10000",  # milliseconds: for a host that vanished without closing the connection
        "options": _OPTIONS,
        "application_name": "valetkey",
    }
    # whatever the role, the database or PGCLIENTENCODING say: names have letters that no other encoding has
    query = patience | dict(parsed.query) | {"client_encoding": "UTF8"}
    complete = parsed.set(drivername="postgresql+psycopg", query=query)
    # a ping before each use: connections from before a restart are replaced instead of failing a request
    engine = create_engine(
        complete,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=BUSY_TIMEOUT / 1000,
        isolation_level="READ COMMITTED",  # each statement sees all earlier commits, whatever the server's default
    )
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "do_executemany", copy_rows)
    event.listen(engine, "handle_error", _leave_a_standby)
    event.listen(engine, "connect", _look_for_a_pooler)
    event.listen(engine, "begin", _be_patient)
    renew_in_child(engine, _forget)
    return engine


def _connect(dialect: Dialect, _: Any, arguments: Any, parameters: dict[str, Any]) -> DBAPIConnection:
    """Connects. Raises psycopg's errors, and `LedgerUnavailable` if the database's encoding is not UTF-8: names with
    characters that it lacks would fail one by one."""
    made: Any = _open(dialect, arguments, parameters)
    encoding = made.info.parameter_status("server_encoding")  # the server always reports it
    if encoding not in {"UTF8", None}:
        made.close()
        raise LedgerUnavailable(
            f"The database stores text in {encoding}, which lacks the letters of most names. Create another one by "
            "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0, and move the data with "
            "`pg_dump --encoding=UTF8 OLD | psql NEW` while no process of valetkey runs."
        )
    opened: DBAPIConnection = made
    return opened


def _open(dialect: Dialect, arguments: Any, parameters: dict[str, Any]) -> DBAPIConnection:
    """Connects, without our own ``options`` if they are refused."""
    try:
        return dialect.connect(*arguments, **parameters)
    except dialect.loaded_dbapi.OperationalError as error:  # psycopg's, which is imported for PostgreSQL alone
        if not _REFUSES_OPTIONS.search(str(error)) or parameters.get("options") != _OPTIONS:
            raise
    return dialect.connect(*arguments, **{name: value for name, value in parameters.items() if name != "options"})


def _look_for_a_pooler(connection: Any, record: ConnectionPoolEntry) -> None:
    """Detects a pooler: it reports a process id of its own, whereas the server reports the real one."""
    [own] = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.rollback()
    record.info[POOLED] = pooled = own != connection.info.backend_pid
    if pooled:
        connection.prepare_threshold = None


def _leave_a_standby(context: ExceptionContext) -> None:
    """Drops all connections to a server that was demoted: it keeps them open but refuses writes. New ones go to the
    host that the name leads to now."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _be_patient(connection: Connection) -> None:
    """Makes the settings of ``options`` for one transaction."""
    if connection.info.get(POOLED) and connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_TIMEOUT}")


def _forget(engine: Engine) -> None:
    """Leaves the parent's connections alone; the child creates its own."""
    KEPT.append(engine.pool)
    engine.dispose(close=False)


def _file_of(parsed: URL) -> LedgerFile:
    """Raises `ConfigurationError` if the URL names no file, or one in a folder that does not exist."""
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigurationError("The SQLite ledger needs a file: in memory, nothing would be durable.")
    file = Path(parsed.database)
    if not file.absolute().parent.is_dir():
        raise ConfigurationError(f"The folder of {parsed.database!r} does not exist.")
    return LedgerFile(None if parsed.database.startswith("file:") else file)


def sqlite_engine(parsed: URL, file: LedgerFile, *, writes: bool, pool: type[Pool] | None = None) -> Engine:
    """An engine for SQLite; ``pool`` None leaves its choice to SQLAlchemy. Raises `ConfigurationError`."""
    # set once, and not at each use of a connection, which took half of a read
    level: Any = {} if writes else {"isolation_level": "AUTOCOMMIT"}
    patience = {"timeout": BUSY_TIMEOUT / 1000}
    try:
        engine = create_engine(parsed, hide_parameters=True, connect_args=patience, poolclass=pool, **level)
    except ValueError as error:
        raise ConfigurationError(f"A parameter of the database URL has an invalid value: {error}.") from error
    event.listen(engine, "do_connect", lambda *_: file.prepare())  # not before it is used: tests never do
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "connect", lambda *_: file.opened())
    renew_in_child(engine, _forget)
    if writes:
        # takes the lock at once: a reader that becomes a writer during a transaction may fail without waiting
        event.listen(engine, "begin", _begin_at_once)
    return engine


def _begin_at_once(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    if not driver.in_transaction:  # the writer may have started it
        driver.execute("BEGIN IMMEDIATE")


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # we start transactions; the driver would guess when
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # erased data leaves no text in pages that are reused later
