"""Indexes that are built while the ledger is in use, without locking a large table for minutes.

PostgreSQL builds them concurrently, which is impossible in a transaction, so they are not part of a version of the
schema. An index left by an interrupted build is built again. SQLite has one writer, and builds them at once.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Index, text
from sqlalchemy.schema import CreateIndex, DropIndex

from valetkey.adapters.sql.migrations.patience import wait_without_end
from valetkey.adapters.sql.pooling import POOLED
from valetkey.adapters.sql.schema import FORMER, metadata

LOCK = 0x76616C65_696E6478
"""The number of PostgreSQL's advisory lock for building indexes: "valeindx" in ASCII."""

AGAIN = 0.2
"""How long a second process waits before it tries again, in seconds."""

_VALID = text("""
    SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE pg_table_is_visible(c.oid)
""")


def build_indexes(connection: Connection) -> None:
    """Builds the missing indexes, while other processes that want to wait; removes those in `FORMER`. Commits."""
    every = [index for table in metadata.sorted_tables for index in table.indexes]
    wanted = [index for index in every if index.dialect_options["postgresql"]["concurrently"]]
    if connection.dialect.name == "postgresql":
        _build_concurrently(connection, wanted)
        return
    for index in wanted:
        index.create(connection, checkfirst=True)
    for name in FORMER:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
    connection.commit()


def _build_concurrently(connection: Connection, wanted: list[Index]) -> None:
    finished = not _missing(connection, wanted) and not _former(connection)
    connection.rollback()
    if finished:
        return
    if connection.info.get(POOLED):  # a pooler may not have a second one
        _build(connection.execution_options(isolation_level="AUTOCOMMIT"), wanted)
        return
    with _alone(connection), connection.engine.connect() as other:
        builder = other.execution_options(isolation_level="AUTOCOMMIT")
        wait_without_end(builder, local=False)  # it waits for the transactions that began before it
        try:
            _build(builder, wanted)
        finally:
            builder.invalidate()  # no other work gets these time limits


def _build(builder: Connection, wanted: list[Index]) -> None:
    for index in _missing(builder, wanted):
        builder.execute(DropIndex(index, if_exists=True))  # left by an interrupted build
        builder.execute(CreateIndex(index))
    for name in _former(builder):
        builder.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """A context with the lock, in a transaction that reads no table, as a build waits for the end of those that do.

    A build also waits for running statements, so nothing may wait for the lock in one: it is tried repeatedly.
    """
    while True:
        with connection.begin():
            wait_without_end(connection)
            if connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({LOCK})").scalar_one():
                yield
                return
        time.sleep(AGAIN)


def _missing(connection: Connection, wanted: list[Index]) -> list[Index]:
    """The indexes that are missing, or incomplete after an interrupted build."""
    valid = {row.relname for row in connection.execute(_VALID) if row.indisvalid}
    return [index for index in wanted if index.name not in valid]


def _former(connection: Connection) -> list[str]:
    """The indexes that exist, complete or not, and are no longer needed."""
    return [row.relname for row in connection.execute(_VALID) if row.relname in FORMER]
