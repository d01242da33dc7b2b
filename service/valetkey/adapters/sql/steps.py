"""Removing rows in small steps that do not disturb other work."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, select


def remove_first(
    connection: Connection, key: Column[str], order: Column[Any], *which: ColumnElement[bool], limit: int
) -> int:
    """Removes the first ``limit`` matching rows in the order of ``order``; returns how many."""
    found = first_of(connection, key, order, *which, limit=limit)
    if found:
        connection.execute(delete(key.table).where(key.in_(found), *which))  # others may have the key, too
    return len(found)


def first_of(
    connection: Connection, key: Column[str], order: Column[Any], *which: ColumnElement[bool], limit: int
) -> Sequence[str]:
    """The keys of the first ``limit`` matching rows in the order of ``order``, which are removed next.

    Without an order PostgreSQL scans the table from its beginning, where the rows removed before lie, and for the ids
    of a subquery it may read all of it. Rows locked by another process are skipped.
    """
    first = select(key).where(*which).order_by(order).limit(limit).with_for_update(skip_locked=True)
    return connection.scalars(first).all()
