"""The ledger's schema, version by version, run by Alembic. `alembic.ini` is not needed: everything is said here."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

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


@cache
def newest() -> str | None:
    """The id of the newest version."""
    return ScriptDirectory.from_config(config()).get_current_head()


def is_current(connection: Connection) -> bool:
    """Whether the database is at the newest version."""
    return MigrationContext.configure(connection).get_current_revision() == newest()
