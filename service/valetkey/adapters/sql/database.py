"""One database: reads, writes, its schema, and what it raises."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from valetkey.adapters.sql import migrations
from valetkey.adapters.sql.engines import connect, parsed_url
from valetkey.adapters.sql.inserts import insert_uploads
from valetkey.adapters.sql.rows import Row
from valetkey.core.errors import LedgerUnavailable

T = TypeVar("T")

OTHER_SCHEMA = "The ledger's schema is not this version's: run `valetkey migrate`."


class Database:
    """The database at ``url``: ``sqlite:///valetkey.db`` or ``postgresql://u:p@host/name``.

    Reads run on pooled connections, writes as their writer has it: `GroupWriter`, `SharedWriter`. Whatever goes wrong
    is `LedgerUnavailable`. Raises `ConfigurationError` for a URL it cannot use.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._readers, self._writers, make_writer = connect(parsed_url(url))
        self._writer = make_writer(self._writers, insert_uploads)

    def close(self) -> None:
        """Commits what waits and lets go of the database."""
        self._writer.close()
        self._readers.dispose()
        self._writers.dispose()

    def migrate(self) -> None:
        """Brings the schema to this version's. Raises `LedgerUnavailable`, also where a newer one has been there."""
        with self._reading() as connection:
            if detail := migrations.newer(connection):
                raise LedgerUnavailable(detail)
        with _available, self._writers.connect() as connection:
            migrations.upgrade(connection)

    def check(self) -> None:
        with self._reading() as connection:
            if detail := migrations.objection(connection):
                raise LedgerUnavailable(detail, 30)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection to read by; each statement sees what was committed before it."""
        with _available, self._readers.connect() as connection:
            yield connection

    def _insert(self, rows: list[Row]) -> None:
        """New uploads, all or none; returns when they are durable."""
        with _available:
            self._writer.insert(rows)

    def _write(self, call: Callable[[Connection], T]) -> T:
        """What ``call`` returns, once it is durable. It may be run twice, so it does nothing else."""
        with _available:
            return self._writer.run(call)


class _Available:
    """Turns what the database raises into what the port promises; the cause is kept for the log, not for clients."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, SQLAlchemyError | sqlite3.Error):
            cause = getattr(error, "orig", None) or error
            if _tells_of_another_schema(cause):
                raise LedgerUnavailable(OTHER_SCHEMA, 30) from error
            raise LedgerUnavailable(f"The ledger cannot be used now: {type(cause).__name__}.") from error


def _tells_of_another_schema(cause: BaseException) -> bool:
    """Whether a table or a column is not there: PostgreSQL says it by SQLSTATE (its Appendix A), SQLite in words."""
    if isinstance(cause, sqlite3.Error):
        return any(words in str(cause) for words in ("no such table", "no such column", "has no column named"))
    return getattr(cause, "sqlstate", None) in {"42P01", "42703"}


_available = _Available()
