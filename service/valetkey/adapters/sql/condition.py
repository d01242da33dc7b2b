"""The condition of a database's set-up, for administrators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from valetkey.adapters.sql.database import Database


@dataclass(frozen=True, slots=True)
class Condition:
    """``kind``: ``sqlite`` or ``postgresql``, with its ``version``; ``encoding`` of its text. ``connections`` is the
    number of open connections at the server, ``limit`` its maximum for users like us; None if there is no limit."""

    kind: str
    version: str
    encoding: str
    connections: int | None = None
    limit: int | None = None


class SqlCondition(Database):
    """Reads how its database is set up."""

    def condition(self) -> Condition:
        """Raises `LedgerUnavailable`."""
        with self._reading() as connection:
            return _LOOKS[connection.dialect.name](connection)


def _sqlite(connection: Connection) -> Condition:
    version, encoding = (_one(connection, sql) for sql in ("SELECT sqlite_version()", "PRAGMA encoding"))
    return Condition("sqlite", version, encoding)


def _postgresql(connection: Connection) -> Condition:
    version, encoding, limit, reserved = (
        _one(connection, f"SELECT current_setting('{name}')")
        for name in ("server_version", "server_encoding", "max_connections", "superuser_reserved_connections")
    )
    own = int(_one(connection, "SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user"))
    used = int(_one(connection, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    free = int(limit) - int(reserved)
    return Condition("postgresql", version, encoding, used, min(free, own) if own >= 0 else free)


def _one(connection: Connection, statement: str) -> str:
    return str(connection.exec_driver_sql(statement).scalar_one())


_LOOKS: Mapping[str, Callable[[Connection], Condition]] = {"sqlite": _sqlite, "postgresql": _postgresql}
