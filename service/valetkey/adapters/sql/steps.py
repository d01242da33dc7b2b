"""Removing rows in small steps that do not disturb other work."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, select


def remove_first(
    connection: Connection, key: Column[str], order: Column[Any], *which: ColumnElement[bool], limit: int
) -> int:
    """Removes the first ``limit`` rows of these in the order of ``order``, and says how many."""
    found = first_of(connection, key, order, *which, limit=limit)
    if found:
        connection.execute(delete(key.table).where(key.in_(found), *which))  # others may have the key, too
    return len(found)


def first_of(
    connection: Connection, key: Column[str], order: Column[Any], *which: ColumnElement[bool], limit: int
) -> Sequence[str]:
    """The keys of the first ``limit`` rows of these in the order of ``order``, which are to be removed next.

    Without an order PostgreSQL looks through the table from its begin, where those lie that have gone before, and for
    the ids of a subquery it may read all of it. Rows that another process is at are passed over: nobody waits for it.
    """
    first = select(key).where(*which).order_by(order).limit(limit).with_for_update(skip_locked=True)
    return connection.scalars(first).all()
