"""The outbox in an SQL database: announcements by webhook and by hooks that are still to be delivered."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, Select, Table, select, true, union_all, update

from valetkey.adapters.sql.database import Database
from valetkey.adapters.sql.rows import as_announcement, as_outbox_row, changed, micros
from valetkey.adapters.sql.schema import hook_calls, outbox
from valetkey.adapters.sql.steps import first_of, remove_first
from valetkey.core.model.announcement import Announcement, Status

T = TypeVar("T")
REPLAYED = 1_000
"""How many dead announcements are replayed in one transaction."""

Reading = Callable[[], AbstractContextManager[Connection]]


class Announced(ABC):
    """`Outbox` on a table of announcements, or on those of its rows that are ``_ours``; those that are ``_claimed``
    are claimed."""

    _table: Table
    _ours: ColumnElement[bool]
    _claimed: ColumnElement[bool] = true()

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _write(self, call: Callable[[Connection], T]) -> T: ...

    def claim(self, now: datetime, until: datetime, limit: int) -> list[Announcement]:
        table = self._table
        waiting = table.c.status == Status.WAITING.value
        due = select(table).where(self._ours, self._claimed, waiting, table.c.due_at <= micros(now))
        due = due.order_by(table.c.due_at).limit(limit)

        def take(connection: Connection) -> list[Announcement]:
            # rows that another worker is claiming now are skipped (SQLite allows one writer at a time anyway)
            rows = connection.execute(due.with_for_update(skip_locked=True)).mappings().all()
            pairs = [(one, one.changed(due_at=until)) for one in map(as_announcement, rows)]
            return [new for old, new in pairs if self._settle(connection, old, new)]

        with self._reading() as connection:  # reading takes no lock: usually nothing is due
            if connection.execute(due.limit(1)).first() is None:
                return []
        return self._write(take)

    def settle(self, before: Announcement, after: Announcement) -> bool:
        return self._write(lambda connection: self._settle(connection, before, after))

    def prune(self, now: datetime, limit: int) -> int:
        table = self._table
        done = self._ours, table.c.status == Status.DELIVERED.value, table.c.due_at <= micros(now)

        def remove(connection: Connection) -> int:
            return remove_first(connection, table.c.id, table.c.due_at, *done, limit=limit)

        return self._write(remove)

    def announcements(self, status: Status | None, limit: int) -> list[Announcement]:
        # the index is by status: `limit` rows of each are read, and only these are sorted
        newest = [self._newest(one, limit) for one in (Status if status is None else (status,))]
        statement = newest[0]
        if len(newest) > 1:
            each = union_all(*(select(one.subquery()) for one in newest)).subquery()
            statement = select(each).order_by(each.c.created_at.desc(), each.c.id.desc()).limit(limit)
        with self._reading() as connection:
            return [as_announcement(row) for row in connection.execute(statement).mappings()]

    def late(self, before: datetime, limit: int) -> list[Announcement]:
        table = self._table
        waiting = self._ours, table.c.status == Status.WAITING.value, table.c.due_at <= micros(before)
        statement = select(table).where(*waiting).order_by(table.c.due_at).limit(limit)
        with self._reading() as connection:
            return [as_announcement(row) for row in connection.execute(statement).mappings()]

    def _newest(self, status: Status, limit: int) -> Select[Any]:
        table = self._table
        statement = select(table).where(self._ours, table.c.status == status.value)
        return statement.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)

    def replay(self, ids: Sequence[str] | None, now: datetime) -> list[str]:
        if ids is not None:
            return self._write(lambda connection: self._replay(connection, ids, now))
        dead = self._ours, self._table.c.status == Status.DEAD.value

        def replay_some(connection: Connection) -> list[str]:
            found = first_of(connection, self._table.c.id, self._table.c.due_at, *dead, limit=REPLAYED)
            return self._replay(connection, found, now) if found else []

        replayed: list[str] = []
        while some := self._write(replay_some):  # there may be announcements of days: others write in between
            replayed += some
        return replayed

    def _replay(self, connection: Connection, ids: Sequence[str], now: datetime) -> list[str]:
        table = self._table
        statement = update(table).where(self._ours, table.c.status != Status.WAITING.value, table.c.id.in_(ids))
        again = {"status": Status.WAITING.value, "attempts": 0, "due_at": micros(now), "version": table.c.version + 1}
        return list(connection.execute(statement.values(again).returning(table.c.id)).scalars())

    def _settle(self, connection: Connection, before: Announcement, after: Announcement) -> bool:
        table = self._table
        statement = (
            update(table)
            .where(self._ours, table.c.id == before.id, table.c.version == before.version)
            .values(changed(as_outbox_row(before), as_outbox_row(after)))
        )
        return connection.execute(statement).rowcount == 1


class SqlOutbox(Database, Announced):
    """`Outbox` of webhooks in an SQL database; a `SqlLedger` writes to it."""

    _table, _ours = outbox, true()


class SqlCalls(Announced):
    """`Outbox` of one hook, in the database of ``reading`` and ``write``."""

    _table = hook_calls

    def __init__(
        self,
        hook: str,
        types: Collection[str] | None,
        reading: Reading,
        write: Callable[[Callable[[Connection], Any]], Any],
    ) -> None:
        self._ours = hook_calls.c.hook == hook
        if types is not None:
            self._claimed = hook_calls.c.type.in_(sorted(types))
        self._begin_reading = reading
        self._begin_writing = write

    def _reading(self) -> AbstractContextManager[Connection]:
        return self._begin_reading()

    def _write(self, call: Callable[[Connection], T]) -> T:
        return cast("T", self._begin_writing(call))
