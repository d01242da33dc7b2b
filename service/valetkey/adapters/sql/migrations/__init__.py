"""The ledger's schema, version by version, run by Alembic and configured here: there is no `alembic.ini`.

A database's version is read without Alembic, whose import takes as long as the rest of a short command.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, column, delete, event, func, insert, inspect, select, table, text

from valetkey.adapters.sql.migrations.indexes import build_indexes
from valetkey.adapters.sql.schema import VERSION
from valetkey.core.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config

_ONE_AT_A_TIME = Lock()
"""Guards Alembic, which keeps its state in globals of its modules."""

LOCK = 0x76616C65746B6579
"""The number of PostgreSQL's advisory lock for migrations: "valetkey" in ASCII."""

_HERE = Path(__file__).parent
_VERSION = table(VERSION, column("version_num"))

_FORMER = table("alembic_version", column("version_num"))
"""The table of earlier commits: it may be an application's, used by another Alembic (Flask-Migrate)."""

_MAKE_VERSION = text(
    f"CREATE TABLE {VERSION} (version_num VARCHAR(32) NOT NULL, CONSTRAINT {VERSION}_pkc PRIMARY KEY (version_num))"
)
"""As Alembic creates it."""

_SCHEMA = text("SELECT relnamespace::regnamespace::text FROM pg_catalog.pg_class WHERE relname = :name LIMIT 1")
"""Whether a role may look into a schema does not matter: everybody may read the catalogue."""


def config(connection: Connection | None = None) -> "Config":
    """Alembic's configuration, for ``connection`` if it runs on one."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(_HERE).replace("%", "%%"))  # it interpolates
    made.attributes["connection"] = connection
    return made


def upgrade(connection: Connection) -> None:
    """Migrates the database to the newest version; does nothing if it has that already.

    Raises `ConfigurationError` if another program's table has the name of one to be created; it stays unchanged.
    """
    from alembic import command

    with _ONE_AT_A_TIME, _taking_no_name(connection):
        command.upgrade(config(connection), "head")
    build_indexes(connection)


@contextmanager
def _taking_no_name(ours: Connection) -> Iterator[None]:
    """A context in which this connection refuses to create a table whose name is taken."""

    def require_free(made: Table, connection: Connection, **_: Any) -> None:
        if connection is ours and is_here(connection, made.name):
            raise ConfigurationError(
                f"The ledger's database already has a table {made.name!r}, and the ledger needs that name. If it is "
                "your application's, rename it, or give the ledger its own database in VALETKEY_DATABASE_URL."
            )

    event.listen(Table, "before_create", require_free)  # Alembic creates its own `Table` objects
    try:
        yield
    finally:
        event.remove(Table, "before_create", require_free)


def is_here(connection: Connection, name: str) -> bool:
    """Whether a table of this name exists where one would be created: PostgreSQL may see others, in other schemas."""
    is_postgresql = connection.dialect.name == "postgresql"
    schema = connection.execute(select(func.current_schema())).scalar() if is_postgresql else None
    return inspect(connection).has_table(name, schema=schema)


def newest() -> str:
    """The id of the newest version."""
    return max(known())


@cache
def known() -> frozenset[str]:
    """The ids of all versions up to the newest: a file's name begins with its id, as in ``0001_uploads.py``."""
    return frozenset(file.name.partition("_")[0] for file in (_HERE / "versions").glob("[0-9]*_*.py"))


def objection(connection: Connection) -> str | None:
    """Why the database cannot be used by this version, and what to do; None if it can."""
    found = _revision(connection)
    if found == newest():
        return None
    if found is None:
        return _elsewhere(connection) or "The ledger has no tables yet: run `valetkey migrate`."
    return newer(connection) or "The ledger has the schema of an older valetkey: run `valetkey migrate`."


def _elsewhere(connection: Connection) -> str | None:
    """The same, where a ledger is in a schema of PostgreSQL's that this role does not look into (any more): to migrate
    would begin an empty one, and all uploads would be unknown."""
    if connection.dialect.name != "postgresql":
        return None
    schema = connection.execute(_SCHEMA, {"name": VERSION}).scalar()
    if schema is None:
        return None
    return (
        f"The ledger has no tables where this role looks for them; there are some in the schema {schema}. If they are "
        f"this ledger's, put that schema into the role's search_path; else run `valetkey migrate`."
    )


def newer(connection: Connection) -> str | None:
    """The same if a newer valetkey has migrated the database; None if none has."""
    found = _revision(connection)
    if found is None or found in known():
        return None
    return (
        f"The ledger's schema {found} is that of a newer valetkey; this one ends at {newest()}: install the newer one."
    )


def adopt(connection: Connection) -> None:
    """Moves the version of a ledger of an earlier commit out of Alembic's default table; an application's stays
    there."""
    if is_here(connection, VERSION) or (found := _former(connection)) is None:
        return
    connection.execute(_MAKE_VERSION)
    connection.execute(insert(_VERSION).values(version_num=found))
    connection.execute(delete(_FORMER).where(_FORMER.c.version_num == found))
    if connection.execute(select(_FORMER.c.version_num)).first() is None:
        connection.execute(text(f"DROP TABLE {_FORMER.name}"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION):
        return _former(connection)
    found: str | None = connection.execute(select(_VERSION.c.version_num)).scalar()
    return found


def _former(connection: Connection) -> str | None:
    """The version of a ledger of an earlier commit; None if there is none. An application's version has other ids, or
    no table of uploads like ours."""
    if not (is_here(connection, _FORMER.name) and is_here(connection, "uploads")):
        return None
    if "renewable_until" not in {one["name"] for one in inspect(connection).get_columns("uploads")}:
        return None
    said = connection.scalars(select(_FORMER.c.version_num)).all()
    return next((one for one in said if one in known()), None)
