"""What of an outbox only a database on a disk can get wrong, and one that nobody asked for."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.ledgers import migrated

from valetkey.adapters.memory import MemoryLedger
from valetkey.adapters.sql import SqlLedger
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.upload import UploadState
from valetkey.testing.contracts.outbox import Announcing, announcer, end, ids, pending

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("make", [SqlLedger, lambda _: MemoryLedger()], ids=["sqlite", "memory"])
def test_without_an_announcer_nothing_is_written(make: Callable[[str], Announcing], url: str) -> None:
    """Nobody would send it."""
    with migrated(url):
        ledger = make(url)
    end(ledger)
    assert ledger.announcements(None, 10) == []


def test_the_end_and_its_row_are_one_transaction(url: str, tmp_path: Path) -> None:
    """Where the row cannot be written the end is not either; and a row that is refused leaves the upload open."""
    with migrated(url, announcer()) as ledger:
        upload = pending()
        ledger.add([upload])
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
            other.execute("CREATE TRIGGER no BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'full'); END")
            with pytest.raises(LedgerUnavailable):
                ledger.replace(upload, upload.moved(UploadState.ABORTED))
            assert ledger.get(upload.id) == upload
            other.execute("DROP TRIGGER no")
        assert ledger.replace(upload, upload.moved(UploadState.ABORTED))
        assert ids(ledger.announcements(None, 10)) == [f"{upload.id}-aborted"]


def test_looking_for_work_reads_an_index(url: str, tmp_path: Path) -> None:
    """Cost grows with what is due, not with the outbox: no scan, no sort."""
    with migrated(url, announcer()):
        pass
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        for query in ("status = 'waiting' AND due_at <= 1 ORDER BY due_at", "status = 'delivered' AND due_at <= 1"):
            for table, ours in (("outbox", "true"), ("hook_calls", "hook = 'a'")):
                read = f"SELECT * FROM {table} WHERE {ours} AND {query} LIMIT 9"
                plan = str(other.execute(f"EXPLAIN QUERY PLAN {read}").fetchall())
                assert f"USING INDEX {table}_by_due" in plan
                assert "TEMP B-TREE" not in plan
