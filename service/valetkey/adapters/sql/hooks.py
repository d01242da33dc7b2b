"""The hooks that a ledger knows, and the rows written when an end is announced."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from valetkey.adapters.sql.database import Database
from valetkey.adapters.sql.driver import Direct
from valetkey.adapters.sql.inserts import upsert
from valetkey.adapters.sql.outbox import SqlCalls
from valetkey.adapters.sql.rows import as_call_row, as_outbox_row, micros, moment
from valetkey.adapters.sql.schema import hook_calls, hooks, outbox
from valetkey.adapters.sql.steps import remove_first
from valetkey.core.model.announcement import Announcement, Announcer, HookTypes, Status
from valetkey.core.ports.announcing import KnownHook, Outbox

_LEFT = [status.value for status in Status if status is not Status.DELIVERED]

FORGOTTEN = 1_000
"""How many calls of each status are removed in one transaction."""

_KNOWN = Direct(select(hooks.c.name, hooks.c.types))
"""Compiled once, as every end reads the hooks."""


class SqlHookBook(Database):
    """`HookBook` in an SQL database."""

    def record_hooks(self, hooks: HookTypes, now: datetime) -> None:
        if hooks:
            self._write(lambda connection: _record(connection, hooks, now))

    def hooks(self) -> list[KnownHook]:
        counted = select(hook_calls.c.hook, hook_calls.c.status, func.count().label("count"))
        counted = counted.group_by(hook_calls.c.hook, hook_calls.c.status)
        with self._reading() as connection:
            rows = connection.execute(select(hooks).order_by(hooks.c.name)).mappings().all()
            # by the statuses that are wanted, and not by those left out: nearly all calls have been delivered
            names = [row["name"] for row in rows]
            counted = counted.where(hook_calls.c.hook.in_(names), hook_calls.c.status.in_(_LEFT))
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
        mine = hook_calls.c.hook == name

        def forget_some(connection: Connection) -> int:
            each = ((mine, hook_calls.c.status == status.value) for status in Status)  # as in the index
            return sum(
                remove_first(connection, hook_calls.c.id, hook_calls.c.due_at, *one, limit=FORGOTTEN) for one in each
            )

        def forget(connection: Connection) -> bool:
            connection.execute(delete(hook_calls).where(mine))
            return connection.execute(delete(hooks).where(hooks.c.name == name)).rowcount == 1

        while self._write(forget_some) >= FORGOTTEN:  # there may be calls of months: others write in between
            pass
        return self._write(forget)

    def calls(self, hook: str, types: Collection[str] | None = None) -> Outbox:
        return SqlCalls(hook, types, self._reading, self._write)


def write_announcements(connection: Connection, announcer: Announcer, announced: Sequence[Announcement]) -> None:
    """Writes announcements for the webhook and for the hooks of the ledger and of this process, in the transaction of
    the ends."""
    if not announced:
        return
    if announcer.has_webhook:
        connection.execute(insert(outbox), [as_outbox_row(one) for one in announced])
    known = {name: _types(types) for name, types in _KNOWN.run(connection, {}).fetchall()}
    own = announcer.hooks()
    if unknown := {name: types for name, types in own.items() if not known.get(name, frozenset()) >= set(types)}:
        _record(connection, unknown, announced[0].created_at)
    listening: dict[str, set[str]] = {
        name: {*known.get(name, ()), *own.get(name, ())} for name in known.keys() | own.keys()
    }
    calls = [one.calling(name) for one in announced for name, types in listening.items() if one.type in types]
    if calls:
        connection.execute(insert(hook_calls), [as_call_row(one) for one in calls])


def _record(connection: Connection, found: HookTypes, now: datetime) -> None:
    for name, types in sorted(found.items()):  # in a fixed order: two processes that start at once must not deadlock
        row = {"name": name, "types": _written(types), "recorded_at": micros(now)}
        statement = upsert(connection, hooks, row).on_conflict_do_nothing(index_elements=[hooks.c.name])
        if connection.execute(statement).rowcount == 1:
            continue
        mine = hooks.c.name == name
        known = _types(connection.execute(select(hooks.c.types).where(mine).with_for_update()).scalar_one())
        if not known >= set(types):
            connection.execute(update(hooks).where(mine).values(types=_written(known | set(types))))


def _written(types: Collection[str]) -> str:
    return " ".join(sorted(types))


def _types(text: str) -> frozenset[str]:
    return frozenset(text.split())
