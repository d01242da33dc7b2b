"""Indexes that are built while the ledger is in use, without locking a large table for minutes.

PostgreSQL builds them concurrently, which no transaction may do, so no version of the schema makes them; what an
interrupted build has left is built anew. SQLite has one writer, and makes them at once.
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
"""Which of PostgreSQL's advisory locks those who build take: "valeindx" in ASCII."""

AGAIN = 0.2
"""How long whoever comes second waits before he looks again, in seconds."""

_VALID = text("""
    SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE pg_table_is_visible(c.oid)
""")


def build_indexes(connection: Connection) -> None:
    """Makes those that are missing, whoever else does: of several, the others wait. Removes `FORMER` ones. Commits."""
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
    if connection.info.get(POOLED):  # behind a pooler there may be no second one
        _build(connection.execution_options(isolation_level="AUTOCOMMIT"), wanted)
        return
    with _alone(connection), connection.engine.connect() as other:
        builder = other.execution_options(isolation_level="AUTOCOMMIT")
        wait_without_end(builder, local=False)  # it waits for the transactions that began before it
        try:
            _build(builder, wanted)
        finally:
            builder.invalidate()  # nobody else gets that patience


def _build(builder: Connection, wanted: list[Index]) -> None:
    for index in _missing(builder, wanted):
        builder.execute(DropIndex(index, if_exists=True))  # which a build that was interrupted has left
        builder.execute(CreateIndex(index))
    for name in _former(builder):
        builder.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """For a transaction that looks at no table: a build waits for the end of those that do.

    It also waits for statements that run, so nobody may wait for the lock in one: they look again and again.
    """
    while True:
        with connection.begin():
            wait_without_end(connection)
            if connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({LOCK})").scalar_one():
                yield
                return
        time.sleep(AGAIN)


def _missing(connection: Connection, wanted: list[Index]) -> list[Index]:
    """Those that are not there, or that a build has left half done."""
    valid = {row.relname for row in connection.execute(_VALID) if row.indisvalid}
    return [index for index in wanted if index.name not in valid]


def _former(connection: Connection) -> list[str]:
    """Those that are there, whole or half done, and not needed."""
    return [row.relname for row in connection.execute(_VALID) if row.relname in FORMER]
