"""The ledger's schema, version by version, run by Alembic. `alembic.ini` is not needed: everything is said here."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from valetkey.adapters.sql.migrations.indexes import build_indexes

LOCK = 0x76616C65746B6579
"""Which of PostgreSQL's advisory locks those who migrate take: "valetkey" in ASCII."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, for ``connection`` where it is to run on one."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["connection"] = connection
    return made


def upgrade(connection: Connection) -> None:
    """Brings the database to the newest version; does nothing when it is there."""
    command.upgrade(config(connection), "head")
    build_indexes(connection)


@cache
def newest() -> str | None:
    """The id of the newest version."""
    return ScriptDirectory.from_config(config()).get_current_head()


def objection(connection: Connection) -> str | None:
    """Why the database cannot be used by this version, and what to do; None where it can."""
    found = _revision(connection)
    if found == newest():
        return None
    if found is None:
        return "The ledger has no tables yet: run `valetkey migrate`."
    return newer(connection) or "The ledger has the schema of an older valetkey: run `valetkey migrate`."


def newer(connection: Connection) -> str | None:
    """The same, where a newer valetkey has migrated the database; None where none has."""
    found = _revision(connection)
    if found is None or found in _known():
        return None
    return f"The ledger's schema {found} is a newer valetkey's; this one ends at {newest()}: install the newer one."


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _known() -> frozenset[str]:
    """The ids of all versions up to the newest."""
    return frozenset(one.revision for one in ScriptDirectory.from_config(config()).walk_revisions())
