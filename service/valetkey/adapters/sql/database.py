"""One database: reads, writes, its schema, and its errors."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Condition, Lock
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from valetkey import forks, waiting
from valetkey.adapters.sql import migrations
from valetkey.adapters.sql.driver import Direct
from valetkey.adapters.sql.engines import connect, parsed_url
from valetkey.adapters.sql.inserts import insert_uploads
from valetkey.adapters.sql.prompt import PromptReaders
from valetkey.adapters.sql.rows import Row
from valetkey.adapters.sql.writer import Work
from valetkey.core.errors import LedgerUnavailable

T = TypeVar("T")

PATIENCE = 5.0
"""How long a fork waits for uses of the database, in seconds, which may wait that long for a lock themselves."""

OTHER_SCHEMA = "The ledger's schema is that of another version: run `valetkey migrate`."


class Database:
    """The database at ``url``: ``sqlite:///valetkey.db`` or ``postgresql://u:p@host/name``.

    Reads use pooled connections, writes a `GroupWriter` or `SharedWriter`. All errors are raised as
    `LedgerUnavailable`. Raises `ConfigurationError` for a URL it cannot use.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._url = parsed_url(url)
        self._readers, self._writers, make_writer, prompt, self._file = connect(self._url)
        self._writer = make_writer(self._writers, insert_uploads, self._file.require)
        self._prompt = PromptReaders(prompt)
        self._use = _Use(self.close)
        forks.pause_for_fork(self, Database._pause, Database._resume)
        forks.renew_in_child(self, Database._renew)

    def _pause(self) -> None:
        """Closes every connection once it is unused, and prevents opening new ones.

        SQLite must not be open while its process is forked, even if the child opens it again: it remembers the locks of
        the whole process, so the child would not take them. The last other process to close the database could then
        delete the log that the child is still writing to (sqlite.org, "How To Corrupt").
        """
        self._use.close()
        self.close()

    def _resume(self) -> None:
        self._use.open()

    def _renew(self) -> None:
        self._use = _Use(self.close)
        self._prompt.forget()

    def close(self) -> None:
        """Commits pending writes and closes the database."""
        self._writer.close()
        self._prompt.close()
        self._readers.dispose()
        self._writers.dispose()
        self._file.closed()

    def migrate(self) -> None:
        """Migrates the schema to this version's. Raises `LedgerUnavailable`, also if the schema is newer, and
        `ConfigurationError` if another program's table is in the way."""
        with self._reading() as connection:
            if detail := migrations.newer(connection):
                raise LedgerUnavailable(detail)
        with self._in_use(), self._writers.connect() as connection:
            migrations.upgrade(connection)

    def check(self) -> None:
        self._file.require()
        with self._reading() as connection:
            if detail := migrations.objection(connection):
                raise LedgerUnavailable(detail, 30)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection for reads; each statement sees everything committed before it."""
        with self._in_use(), self._readers.connect() as connection:
            yield connection

    def _look_up(self, statement: Direct, parameters: Mapping[str, Any]) -> Any:
        """The one row that ``statement`` finds, or None. It does not wait if the database is a file that has been
        opened before and nothing blocks it."""
        forks.look()
        with self._use:
            rows = self._prompt.run(statement, parameters)
        if rows is None:
            with self._reading() as connection:
                rows = statement.run(connection, parameters).fetchall()
            with self._use:
                self._prompt.keep_another()
        return rows[0] if rows else None

    def _insert(self, rows: list[Row]) -> None:
        """Inserts new uploads, all or none; returns once they are durable."""
        with self._in_use():
            self._writer.insert(rows)

    def _begin_insert(self, rows: list[Row]) -> "PendingInsert":
        """Starts inserting new uploads without waiting for the commit."""
        forks.look()
        use = self._use
        use.__enter__()  # until it is durable
        try:
            return PendingInsert(use, self._writer.begin_insert(rows))
        except BaseException:
            use.leave()
            raise

    def _write(self, call: Callable[[Connection], T]) -> T:
        """Runs ``call`` in a transaction, and returns its result once that is durable. ``call`` may run twice, so it
        must not do anything else."""
        with self._in_use():
            return self._writer.run(call)

    def _in_use(self) -> "_Use":
        waiting.look()
        forks.look()
        return self._use


class _Use:
    """A context manager around each use of a database; closed while its process is forked. ``let_go`` closes the
    connections.

    Turns the database's errors into those of the port; the cause is kept for the log, not for clients.
    """

    def __init__(self, let_go: Callable[[], None]) -> None:
        self._let_go = let_go
        self._changed = Condition(Lock())
        self._users = 0
        self._is_open = True

    def close(self) -> None:
        """Waits until the last use has ended, for `PATIENCE` at most; new uses wait from now on."""
        with self._changed:
            self._is_open = False
            self._changed.wait_for(lambda: not self._users, PATIENCE)

    def open(self) -> None:
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def __enter__(self) -> None:
        with self._changed:
            if not self._is_open:
                waiting.look()
                self._changed.wait_for(lambda: self._is_open, 2 * PATIENCE)
            self._users += 1

    def leave(self) -> None:
        """Ends a use, in any thread."""
        with self._changed:
            self._users -= 1
            if not self._users:
                if not self._is_open:
                    self._changed.notify_all()
                elif forks.forks_silently():
                    self._let_go()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self.leave()
        if isinstance(error, SQLAlchemyError | sqlite3.Error):
            raise _as_promised(error) from error


class PendingInsert:
    """`Written`: rows that the writer is inserting, during one ``use`` of the database."""

    __slots__ = ("_use", "_work")

    def __init__(self, use: _Use, work: Work[None]) -> None:
        self._use = use
        self._work = work

    def wait(self) -> None:
        self._work.wait()
        self._end()

    def call_after(self, then: Callable[[Exception | None], None]) -> bool:
        return self._work.call_after(lambda: then(self._failure()))

    def _failure(self) -> Exception | None:
        try:
            self._end()
        except Exception as error:
            return error
        return None

    def _end(self) -> None:
        error = self._work.take_error()
        try:
            self._use.__exit__(None, error, None)
            if error is not None:
                raise error
        finally:
            del error  # it holds this frame


def _as_promised(error: SQLAlchemyError | sqlite3.Error) -> LedgerUnavailable:
    cause = getattr(error, "orig", None) or error
    if _tells_of_another_schema(cause):
        return LedgerUnavailable(OTHER_SCHEMA, 30)
    return LedgerUnavailable(f"The ledger cannot be used now: {type(cause).__name__}.")


def _tells_of_another_schema(cause: BaseException) -> bool:
    """Whether a table or a column is missing: PostgreSQL reports an SQLSTATE (its Appendix A), SQLite a sentence."""
    if isinstance(cause, sqlite3.Error):
        return any(words in str(cause) for words in ("no such table", "no such column", "has no column named"))
    return getattr(cause, "sqlstate", None) in {"42P01", "42703"}
