"""Statements of the hot path, passed straight to the driver: SQLAlchemy's overhead exceeds their run time.

Their text is SQLAlchemy's own, compiled once for each kind of database. Rows are returned as by the driver, so this is
only for columns whose values need no conversion: text and integers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Update
from sqlalchemy.engine import Dialect


class _Text(NamedTuple):
    """A statement for one kind of database; ``names`` are the names of its positional parameters."""

    text: str
    names: Sequence[str] | None


class Direct:
    """A statement with named parameters, none of which is a list."""

    def __init__(self, statement: Select[Any] | Update) -> None:
        self._statement = statement
        self._made: dict[tuple[str, str], _Text] = {}

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """Runs it on ``connection``, and returns a cursor, or an object like one, with its rows and their number.

        With SQLite a transaction has to be started before. Raises errors of the driver or of SQLAlchemy.
        """
        dialect = connection.dialect  # the application's transaction may use another driver than ours
        text, names = self._made.get((dialect.name, dialect.driver)) or self._make(dialect)
        given: Any = parameters if names is None else tuple(parameters[name] for name in names)
        if connection.dialect.name == "sqlite":
            driver: Any = connection.connection.dbapi_connection
            return driver.execute(text, given)
        return connection.exec_driver_sql(text, given)  # so that SQLAlchemy notices a lost connection

    def _make(self, dialect: Dialect) -> _Text:
        compiled: Any = self._statement.compile(dialect=dialect)
        made = _Text(compiled.string, compiled.positiontup if compiled.positional else None)
        self._made[dialect.name, dialect.driver] = made
        return made
