"""Ledgers in databases, for tests."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from valetkey.adapters.sql import SqlLedger
from valetkey.core.model.announcement import Announcer


@contextmanager
def migrated(url: str, announce: Announcer | None = None) -> Iterator[SqlLedger]:
    """The ledger at ``url`` with its schema, closed afterwards."""
    with closing(SqlLedger(url, announce)) as ledger:
        ledger.migrate()
        yield ledger
