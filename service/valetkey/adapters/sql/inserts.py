"""INSERTs of new uploads, passed straight to the driver, and of rows that may already exist."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from valetkey.adapters.sql.rows import Row, Value


def insert_uploads(connection: Connection, rows: Sequence[Row]) -> None:
    """Inserts new uploads, straight by the driver: SQLAlchemy's conversions, which they do not need, took half the
    time.

    A statement names only the columns of its rows: half of them for new uploads, and inserting is half of a grant.
    """
    alike: dict[tuple[str, ...], list[tuple[Value, ...]]] = defaultdict(list)
    for row in rows:
        alike[tuple(row)].append(tuple(row.values()))
    for names, values in alike.items():
        if connection.dialect.name == "sqlite":
            cursor = connection.connection.cursor()
            for some in _in_powers_of_two(values):
                cursor.execute(_insert(names, "?", len(some), _ALL), list(chain.from_iterable(some)))
        else:  # through SQLAlchemy, so that it notices a lost connection
            statement = _insert(names, "%s") if len(values) == 1 else f"{_COPY} uploads ({', '.join(names)}) FROM STDIN"
            connection.exec_driver_sql(statement, values)


_COPY = "COPY"


def copy_rows(cursor: Any, statement: str, rows: Sequence[tuple[Value, ...]], _: Any) -> bool:
    """SQLAlchemy's "do_executemany" for PostgreSQL: returns whether it has inserted the rows. A COPY is part of the
    transaction like INSERTs, and takes a third of their time for ten rows."""
    if not statement.startswith(_COPY):
        return False
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
    return True


_ALL = "OR ROLLBACK "
"""A failure rolls back the transaction, which the writer does anyway. Otherwise SQLite would record the earlier content
of every page for each statement, to undo that statement alone, which took a third of the time."""

MAX_ROWS = 32
"""How many rows one statement inserts: with all columns of a new upload fewer values than any SQLite allows (999)."""


def _in_powers_of_two(values: Sequence[tuple[Value, ...]]) -> Iterator[Sequence[tuple[Value, ...]]]:
    """The values in pieces whose lengths are powers of two, so that the driver can keep each statement prepared.

    It releases the interpreter's lock for each statement: on a busy service another thread takes it every time, so rows
    that were inserted one by one cost two thread switches each.
    """
    at = 0
    while (left := len(values) - at) > 0:
        size = min(MAX_ROWS, 1 << left.bit_length() - 1)
        yield values[at : at + size]
        at += size


@lru_cache(maxsize=256)
def _insert(names: tuple[str, ...], mark: str, rows: int = 1, otherwise: str = "") -> str:
    """The statement that inserts this many rows with these columns, in this order."""
    columns, marks = ", ".join(names), ", ".join([mark] * len(names))
    values = ", ".join([f"({marks})"] * rows)
    return f"INSERT {otherwise}INTO uploads ({columns}) VALUES {values}"  # noqa: S608 - names of our own


def upsert(connection: Connection, table: Table, row: Mapping[str, Any]) -> Any:
    """An INSERT of ``row`` that can handle an existing one (``on_conflict_do_...``)."""
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return into(table).values(**row)
