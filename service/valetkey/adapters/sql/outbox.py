"""The outbox in an SQL database: what the application is still to be told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from valetkey.adapters.sql.database import Database
from valetkey.adapters.sql.rows import as_announcement, as_outbox_row, changed, micros
from valetkey.adapters.sql.schema import outbox
from valetkey.core.model.announcement import Announcement, Status


class SqlOutbox(Database):
    """`Outbox` in an SQL database; a `SqlLedger` writes to it."""

    def claim(self, now: datetime, until: datetime, limit: int) -> list[Announcement]:
        due = select(outbox).where(outbox.c.status == Status.WAITING.value, outbox.c.due_at <= micros(now))
        due = due.order_by(outbox.c.due_at).limit(limit)

        def take(connection: Connection) -> list[Announcement]:
            # rows that another worker is taking now are passed over (SQLite lets one write at a time anyway)
            rows = connection.execute(due.with_for_update(skip_locked=True)).mappings().all()
            pairs = [(one, one.changed(due_at=until)) for one in map(as_announcement, rows)]
            return [new for old, new in pairs if _settle(connection, old, new)]

        with self._reading() as connection:  # a look takes no lock: most of them find nothing
            if connection.execute(due.limit(1)).first() is None:
                return []
        return self._write(take)

    def settle(self, before: Announcement, after: Announcement) -> bool:
        return self._write(lambda connection: _settle(connection, before, after))

    def prune(self, now: datetime, limit: int) -> int:
        done = select(outbox.c.id).where(outbox.c.status == Status.DELIVERED.value, outbox.c.due_at <= micros(now))
        statement = delete(outbox).where(outbox.c.id.in_(done.limit(limit)))
        return self._write(lambda connection: connection.execute(statement).rowcount)

    def announcements(self, status: Status | None, limit: int) -> list[Announcement]:
        statement = select(outbox).order_by(outbox.c.created_at.desc(), outbox.c.id.desc()).limit(limit)
        if status is not None:
            statement = statement.where(outbox.c.status == status.value)
        with self._reading() as connection:
            return [as_announcement(row) for row in connection.execute(statement).mappings()]

    def replay(self, ids: Sequence[str] | None, now: datetime) -> list[str]:
        statement = update(outbox).values(
            status=Status.WAITING.value, attempts=0, due_at=micros(now), version=outbox.c.version + 1
        )
        if ids is None:
            statement = statement.where(outbox.c.status == Status.DEAD.value)
        else:
            statement = statement.where(outbox.c.status != Status.WAITING.value, outbox.c.id.in_(ids))
        returning = statement.returning(outbox.c.id)
        return self._write(lambda connection: list(connection.execute(returning).scalars()))


def _settle(connection: Connection, before: Announcement, after: Announcement) -> bool:
    statement = (
        update(outbox)
        .where(outbox.c.id == before.id, outbox.c.version == before.version)
        .values(changed(as_outbox_row(before), as_outbox_row(after)))
    )
    return connection.execute(statement).rowcount == 1
