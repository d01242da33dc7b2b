"""The next rows that this version can read.

A newer version may write unknown values into the same ledger. Such a row is skipped: it is not changed and does not
block the rows behind it, and a process of that version handles it.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, RowMapping, Select, tuple_

from valetkey.core.errors import RecordUnknown

log = logging.getLogger("valetkey")

T = TypeVar("T")

MORE = 1_000
"""How many rows are read at once after all earlier ones were skipped."""

NAMED = 10_000
"""How many rows are remembered as already logged."""

_named: set[str] = set()


def first_readable(
    connection: Connection,
    statement: Select[Any],
    order: tuple[Column[int], Column[str]],
    convert: Callable[[RowMapping], T],
    *,
    limit: int,
    after: tuple[int, str] | None = None,
) -> list[T]:
    """The first rows of ``statement`` in their ``order``, converted, up to ``limit`` of them; only those after
    ``after``, if given. Empty only if there is none that can be read."""
    step = limit
    while True:
        page = statement if after is None else statement.where(tuple_(*order) > after)
        rows = connection.execute(page.order_by(*order).limit(step)).mappings().all()
        if (found := list(readable(rows, convert))) or len(rows) < step:
            return found[:limit]
        after, step = (rows[-1][order[0].name], rows[-1][order[1].name]), MORE


def first_of_any(
    connection: Connection, statement: Select[Any], convert: Callable[[RowMapping], T], *, limit: int
) -> list[T]:
    """Like `first_readable`, for an order that is not unique, so no row marks where to continue: for small limits."""
    step = limit
    while True:
        rows = connection.execute(statement.limit(step)).mappings().all()
        if (found := list(readable(rows, convert))) or len(rows) < step:
            return found[:limit]
        step += MORE


def up_to_unreadable(rows: Iterable[RowMapping], convert: Callable[[RowMapping], T]) -> list[T]:
    """The rows before the first one that cannot be read. Raises `RecordUnknown` if there are none before it."""
    found: list[T] = []
    for row in rows:
        try:
            found.append(convert(row))
        except RecordUnknown:
            if not found:
                raise
            break
    return found


def readable(rows: Iterable[RowMapping], convert: Callable[[RowMapping], T]) -> Iterator[T]:
    """Those of ``rows`` that can be read, converted."""
    for row in rows:
        try:
            yield convert(row)
        except RecordUnknown as error:
            _name(error)


def _name(error: RecordUnknown) -> None:
    """Logs a skipped row, once, as a worker meets it every few seconds."""
    if error.subject not in _named:
        if len(_named) >= NAMED:
            _named.clear()
        _named.add(error.subject)
        log.warning("left alone: %s", error.detail)
