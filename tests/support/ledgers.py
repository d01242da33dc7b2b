"""Ledgers in databases, for tests."""

import functools
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from valetkey.adapters.ledgers import open_ledger
from valetkey.adapters.sql import SqlLedger
from valetkey.adapters.sql.file import PRIVATE
from valetkey.core.access.api_keys import ApiKey, Scope, new_key
from valetkey.core.model.announcement import Announcer

SQLITE = "sqlite:///"


@contextmanager
def migrated(url: str, announce: Announcer | None = None) -> Iterator[SqlLedger]:
    """The ledger at ``url`` with its schema, closed afterwards."""
    migrate(url)
    with closing(SqlLedger(url, announce)) as ledger:
        yield ledger


def migrate(url: str, directory: Path | None = None) -> None:
    """Does what `valetkey migrate` does, without a separate process; relative SQLite files are in ``directory``.

    A new SQLite file is a copy of one that was migrated before, which takes a tenth of the time.
    """
    file = (directory or Path.cwd()) / url.removeprefix(SQLITE)
    if not url.startswith(SQLITE):
        _migrate(url)
    elif file.exists():
        _migrate(f"{SQLITE}{file}")
    else:
        file.touch(PRIVATE)
        file.write_bytes(_migrated_file())


def create_key(url: str, name: str, scope: str = "uploads") -> tuple[ApiKey, str]:
    """Does what `valetkey keys create` does, without a separate process; returns the key and its text."""
    key, text = new_key(name, datetime.now(UTC), Scope(scope))
    with closing(open_ledger(url)) as ledger:
        ledger.add_key(key)
    return key, text


@functools.cache
def _migrated_file() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.db"
        _migrate(f"{SQLITE}{file}")
        return file.read_bytes()


def _migrate(url: str) -> None:
    with closing(open_ledger(url)) as ledger:
        ledger.migrate()
