"""Connections that read one row without waiting, for threads that must not wait (`valetkey.waiting`).

Reading an SQLite file in WAL mode does not wait for writers. The connections are kept, as taking one from the pool and
returning it took three times as long as the read.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from valetkey.adapters.sql.driver import Direct
from valetkey.core.errors import LedgerUnavailable
from valetkey.forks import KEPT

LIMIT = 4
"""How many connections are kept; `valetkey serve` has two threads that need one each."""


class PromptReaders:
    """Up to `LIMIT` connections of ``engine``, which has no pool to wait for; with None, every read waits. Threads may
    share it."""

    def __init__(self, engine: Engine | None) -> None:
        self._engine = engine
        self._free: list[Connection] = []
        self._count = 0

    def run(self, statement: Direct, parameters: Mapping[str, Any]) -> Any:
        """The rows; None if no connection is free now, or if an error occurs: the usual way of reading then waits, or
        reports it."""
        try:
            connection = self._free.pop()
        except IndexError:
            return None
        try:
            rows = statement.run(connection, parameters).fetchall()  # all, so that the next read sees newer data
        except BaseException as error:
            self._count -= 1
            connection.close()
            if isinstance(error, sqlite3.Error):
                return None
            raise
        self._free.append(connection)
        return rows

    def keep_another(self) -> None:
        """Opens one more for later reads, if the limit allows it; if that fails, they wait, too."""
        if self._engine is None or self._count >= LIMIT:
            return
        with suppress(SQLAlchemyError, sqlite3.Error, LedgerUnavailable):
            connection = self._engine.connect()
            connection.connection.cursor().execute("PRAGMA busy_timeout=0")
            self._count += 1  # two threads at once may open one too many, which does no harm
            self._free.append(connection)

    def close(self) -> None:
        """Closes the connections that are not in use."""
        while self._free:
            self._free.pop().close()
            self._count -= 1

    def forget(self) -> None:
        """Forgets the connections in a child process, as they are the parent's."""
        KEPT.append(self._free)
        self._free, self._count = [], 0
