"""The sweep's work costs what is due, not what is kept."""

from datetime import timedelta
from typing import Any

from sqlalchemy import event

from valetkey.adapters.sql import SqlLedger
from valetkey.core.model.upload import Upload
from valetkey.testing.contracts.samples import NOW, upload


def due(seconds: int | None) -> Upload:
    return upload()._replace(due_at=None if seconds is None else NOW + timedelta(seconds=seconds))


def test_what_is_due_is_found_by_its_index(sqlite: SqlLedger) -> None:
    """And so are the pages behind the first: the cost does not grow with uploads that have ended."""
    statements: list[Any] = []
    event.listen(sqlite._readers, "before_cursor_execute", lambda *args: statements.append(args[2:4]))
    sqlite.due(NOW, 10)
    sqlite.due(NOW, 10, due(0))
    with sqlite._readers.connect() as connection:
        for statement, parameters in statements[:]:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            assert [row for row in plan if "USING INDEX uploads_by_due" in row[-1]], plan
            assert not [row for row in plan if "TEMP B-TREE" in row[-1]], plan
