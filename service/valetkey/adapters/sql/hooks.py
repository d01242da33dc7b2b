"""The hooks that a ledger knows, and what is written when an end is announced."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from valetkey.adapters.sql.database import Database
from valetkey.adapters.sql.inserts import upsert
from valetkey.adapters.sql.outbox import SqlCalls
from valetkey.adapters.sql.rows import as_call_row, as_outbox_row, micros, moment
from valetkey.adapters.sql.schema import hook_calls, hooks, outbox
from valetkey.core.model.announcement import Announcement, Announcer, HookTypes, Status
from valetkey.core.ports.announcing import KnownHook, Outbox


class SqlHookBook(Database):
    """`HookBook` in an SQL database."""

    def record_hooks(self, hooks: HookTypes, now: datetime) -> None:
        if hooks:
            self._write(lambda connection: _record(connection, hooks, now, anew=True))

    def hooks(self) -> list[KnownHook]:
        counted = select(hook_calls.c.hook, hook_calls.c.status, func.count().label("count"))
        counted = counted.where(hook_calls.c.status != Status.DELIVERED.value)
        counted = counted.group_by(hook_calls.c.hook, hook_calls.c.status)
        with self._reading() as connection:
            rows = connection.execute(select(hooks).order_by(hooks.c.name)).mappings().all()
            counts = {(row.hook, row.status): row.count for row in connection.execute(counted).mappings()}
        return [
            KnownHook(
                name := row["name"],
                _types(row["types"]),
                moment(row["recorded_at"]),
                waiting=counts.get((name, Status.WAITING.value), 0),
                dead=counts.get((name, Status.DEAD.value), 0),
            )
            for row in rows
        ]

    def forget_hook(self, name: str) -> bool:
        def forget(connection: Connection) -> bool:
            connection.execute(delete(hook_calls).where(hook_calls.c.hook == name))
            return connection.execute(delete(hooks).where(hooks.c.name == name)).rowcount == 1

        return self._write(forget)

    def calls(self, hook: str) -> Outbox:
        return SqlCalls(hook, self._reading, self._write)


def write_announcements(connection: Connection, announcer: Announcer, announced: Sequence[Announcement]) -> None:
    """In the transaction of the ends: for the webhook, and for the hooks of the ledger and of this process."""
    if not announced:
        return
    if announcer.has_webhook:
        connection.execute(insert(outbox), [as_outbox_row(one) for one in announced])
    known = {row["name"]: _types(row["types"]) for row in connection.execute(select(hooks)).mappings()}
    own = announcer.hooks()
    if unknown := {name: types for name, types in own.items() if name not in known}:
        _record(connection, unknown, announced[0].created_at, anew=False)
    listening: dict[str, set[str]] = {
        name: {*known.get(name, ()), *own.get(name, ())} for name in known.keys() | own.keys()
    }
    calls = [one.calling(name) for one in announced for name, types in listening.items() if one.type in types]
    if calls:
        connection.execute(insert(hook_calls), [as_call_row(one) for one in calls])


def _record(connection: Connection, found: HookTypes, now: datetime, *, anew: bool) -> None:
    for name, types in sorted(found.items()):  # in one order, so that two who start at once do not lock each other
        values = {"types": " ".join(sorted(types)), "recorded_at": micros(now)}
        statement = upsert(connection, hooks, {"name": name, **values})
        connection.execute(
            statement.on_conflict_do_update(index_elements=[hooks.c.name], set_=values)
            if anew
            else statement.on_conflict_do_nothing(index_elements=[hooks.c.name])
        )


def _types(text: str) -> Collection[str]:
    return frozenset(text.split())
