"""The cost of the sweep grows with the due uploads, not with the ledger."""

from datetime import timedelta
from typing import Any

from sqlalchemy import event, insert
from tests.support.plans import sqlite_steps

from valetkey.adapters.sql import SqlLedger
from valetkey.adapters.sql.rows import as_row
from valetkey.adapters.sql.schema import uploads
from valetkey.core.model.upload import StoreUploads, Upload, UploadState, new_upload_id
from valetkey.testing.contracts.samples import NOW, upload


def due(seconds: int | None) -> Upload:
    return upload()._replace(due_at=None if seconds is None else NOW + timedelta(seconds=seconds))


STORE = StoreUploads("default", upload().bucket)
OTHERS, MINE = 3_000, 20


def plans(ledger: SqlLedger) -> list[tuple[str, list[str]]]:
    """What the sweep asks of its store, with how the database finds it."""
    asked: list[Any] = []
    explain = "EXPLAIN ANALYZE" if ledger._readers.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    event.listen(ledger._readers, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
    for state in (None, UploadState.STORED):
        ledger.due(NOW, 10, state=state, store=STORE)
        ledger.due(NOW, 10, due(0), state=state, store=STORE)
    with ledger._readers.connect() as connection:
        return [
            (statement, [row[-1] for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)])
            for statement, parameters in asked[:]
            if "due_at" in statement
        ]


def test_what_is_due_is_found_by_its_index(sqlite: SqlLedger) -> None:
    """And so are the pages behind the first: the cost does not grow with uploads that have ended."""
    for statement, plan in plans(sqlite):
        wanted = "uploads_by_store_check" if "state = 'stored'" in statement else "uploads_by_store_due"
        assert [row for row in plan if f"USING INDEX {wanted} (" in row], plan
        assert not [row for row in plan if "TEMP B-TREE" in row], plan


def test_what_is_due_in_postgresql(postgresql: SqlLedger) -> None:
    """Nothing is read that is left out, or sorted: also beside many that are due in a store that nobody has here, and
    of those that wait for nothing."""
    fill(postgresql)
    for _, plan in plans(postgresql):
        assert [row for row in plan if "using uploads_by_store_" in row], plan
        assert not [row for row in plan if "Removed by Filter" in row or "Sort" in row], plan


def fill(ledger: SqlLedger) -> None:
    """Many are due in a store that is gone, and before those of ours; few of these have arrived."""
    samples = [
        as_row(due(-60)._replace(store="gone")),
        as_row(due(-60)._replace(store="gone", state=UploadState.STORED)),
        as_row(due(-30)),
        as_row(due(-20)._replace(state=UploadState.STORED)),
        as_row(due(None)._replace(state=UploadState.CONFIRMED)),
    ]
    counts = [OTHERS, OTHERS, OTHERS, MINE, OTHERS]
    with ledger._writers.begin() as connection:
        for sample, count in zip(samples, counts, strict=True):
            connection.execute(insert(uploads), [sample | {"id": new_upload_id()} for _ in range(count)])
    with ledger._readers.connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def test_uploads_of_other_stores_cost_nothing(sqlite: SqlLedger) -> None:
    """They may be due for ever, as no worker has their store."""
    fill(sqlite)
    for state in (None, UploadState.STORED):
        assert steps(sqlite, state) < 60 * MINE


def steps(ledger: SqlLedger, state: UploadState | None) -> int:
    """How many instructions SQLite needs to find some that are due, by tens."""
    found: list[Upload] = []
    taken = sqlite_steps(ledger, lambda: found.extend(ledger.due(NOW, MINE, state=state, store=STORE)))
    assert len(found) == MINE
    return taken
