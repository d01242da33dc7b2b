"""INSERTs: of new uploads, straight to the driver; and of rows that may be there already."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from valetkey.adapters.sql.rows import Row, Value


def insert_uploads(connection: Connection, rows: Sequence[Row]) -> None:
    """Straight to the driver: SQLAlchemy's work on each value, which these rows do not need, took half of the time.

    A statement names the columns that its rows do: half of them for new uploads, and inserting is half of a grant.
    """
    alike: dict[tuple[str, ...], list[tuple[Value, ...]]] = defaultdict(list)
    for row in rows:
        alike[tuple(row)].append(tuple(row.values()))
    for names, values in alike.items():
        if connection.dialect.name == "sqlite":
            connection.connection.cursor().executemany(_insert(names, "?"), values)
        else:  # by way of SQLAlchemy, which so learns of a connection that was lost
            connection.exec_driver_sql(_insert(names, "%s"), values)


@lru_cache(maxsize=256)
def _insert(names: tuple[str, ...], mark: str) -> str:
    """The statement that takes the values of these columns, in this order."""
    columns, marks = ", ".join(names), ", ".join([mark] * len(names))
    return f"INSERT INTO uploads ({columns}) VALUES ({marks})"  # noqa: S608 - names of our own


def upsert(connection: Connection, table: Table, row: Mapping[str, Any]) -> Any:
    """An INSERT of ``row`` that may say what to do where it is there already (``on_conflict_do_...``)."""
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return into(table).values(**row)
