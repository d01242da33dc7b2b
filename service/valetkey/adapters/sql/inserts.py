"""INSERTs of new uploads, straight to the driver, and of rows that may exist already."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
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
            cursor = connection.connection.cursor()
            for some in _in_powers_of_two(values):
                cursor.execute(_insert(names, "?", len(some), _ALL), list(chain.from_iterable(some)))
        else:  # by way of SQLAlchemy, which so learns of a connection that was lost
            statement = _insert(names, "%s") if len(values) == 1 else f"{_COPY} uploads ({', '.join(names)}) FROM STDIN"
            connection.exec_driver_sql(statement, values)


_COPY = "COPY"


def copy_rows(cursor: Any, statement: str, rows: Sequence[tuple[Value, ...]], _: Any) -> bool:
    """SQLAlchemy's "do_executemany" for PostgreSQL: says whether it has done it. A COPY is as much part of its
    transaction as INSERTs are, and of ten rows it takes a third of the time that these take."""
    if not statement.startswith(_COPY):
        return False
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
    return True


_ALL = "OR ROLLBACK "
"""What fails takes its transaction along, as the writer has it anyway: else SQLite would write down, for each of these
statements, what every page was before, in case that it has to undo the statement alone. That took a third of it."""

MAX_ROWS = 32
"""How many rows one statement takes: with all columns of a new upload fewer values than any SQLite takes (999)."""


def _in_powers_of_two(values: Sequence[tuple[Value, ...]]) -> Iterator[Sequence[tuple[Value, ...]]]:
    """As few pieces as there are statements for, of which the driver keeps each prepared.

    It lets go of the interpreter's lock for each: on a busy service another thread takes that every time, and a row by
    itself cost a switch of threads there and back.
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
    """An INSERT of ``row`` that may say what to do where it is there already (``on_conflict_do_...``)."""
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return into(table).values(**row)
