"""Counts of uploads that tickets with a limit have used up, within a caller's transaction."""

from sqlalchemy import Connection

from valetkey.adapters.sql.inserts import upsert
from valetkey.adapters.sql.rows import micros
from valetkey.adapters.sql.schema import tickets
from valetkey.core.access.callers import Allowance


def spend(connection: Connection, allowance: Allowance, count: int) -> bool:
    """Uses up ``count`` of ``allowance`` if that many are left. Concurrent callers wait for this transaction."""
    if count > allowance.limit:
        return False
    row = {"id": allowance.ticket, "used": count, "expires_at": micros(allowance.expires_at)}
    total = tickets.c.used + count
    statement = upsert(connection, tickets, row).on_conflict_do_update(
        index_elements=[tickets.c.id], set_={"used": total}, where=total <= allowance.limit
    )
    return bool(connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount == 1)
