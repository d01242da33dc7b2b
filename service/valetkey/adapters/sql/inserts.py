"""INSERTs: of new uploads, straight to the driver; and of rows that may be there already."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlalchemy.dialects import postgresql, sqlite

from valetkey.adapters.sql.rows import Row, Value
from valetkey.adapters.sql.schema import uploads

_DIALECTS = {
    "sqlite": sqlite.dialect(),
    "postgresql": postgresql.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}


def insert_uploads(connection: Connection, rows: Sequence[Row]) -> None:
    """Straight to the driver: SQLAlchemy's work on each value, which these rows do not need, took half of the time.

    Columns that are NULL are left out: half of them in a new upload, and inserting is half of a grant.
    """
    alike: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        alike[tuple([name for name, value in row.items() if value is not None])].append(row)
    for names, some in alike.items():
        statement, values_of = _insert(connection.dialect.name, names)
        values = [values_of(row) for row in some]
        if connection.dialect.name == "sqlite":
            connection.connection.cursor().executemany(statement, values)
        else:  # by way of SQLAlchemy, which so learns of a connection that was lost
            connection.exec_driver_sql(statement, values)


@lru_cache(maxsize=256)
def _insert(dialect: str, names: tuple[str, ...]) -> tuple[str, Callable[[Row], tuple[Value, ...]]]:
    """The statement that takes these columns, and what gets their values out of a row in the statement's order."""
    compiled = insert(uploads).compile(dialect=_DIALECTS[dialect], column_keys=names)
    order = [column.name for column in uploads.c if column.name in names]
    return str(compiled), itemgetter(*order)


def upsert(connection: Connection, table: Table, row: Mapping[str, Any]) -> Any:
    """An INSERT of ``row`` that may say what to do where it is there already (``on_conflict_do_...``)."""
    into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return into(table).values(**row)
