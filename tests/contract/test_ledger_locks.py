"""An SQLite file that another process is writing to."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event
from tests.support.ledgers import migrated

from valetkey.adapters.sql import SqlLedger, engines
from valetkey.core.access.api_keys import new_key
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.upload import UploadState
from valetkey.core.ports.ledger import Once, Query
from valetkey.testing.contracts.samples import NOW, upload


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[SqlLedger]:
    """A ledger that waits 0.2 s for a lock."""
    monkeypatch.setattr(engines, "BUSY_TIMEOUT", 200)
    with migrated(url) as ledger:
        yield ledger


def test_a_locked_database(impatient: SqlLedger, tmp_path: Path) -> None:
    """`LedgerUnavailable` for writers, readers go on; nothing is half done, and all works when the lock is gone."""
    known, new = upload(), upload()
    impatient.add([known])
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writes: list[Callable[[], object]] = [
            lambda: impatient.add([new]),
            lambda: impatient.add_once([Once(new, "key", "f")]),
            lambda: impatient.replace(known, known.moved(UploadState.ABORTED)),
            lambda: impatient.add_key(new_key("shop", NOW)[0]),
        ]
        for write in writes:
            with pytest.raises(LedgerUnavailable):
                write()
        assert impatient.get(known.id) == known
        assert impatient.page(Query("shop", 10)) == [known]
        other.execute("ROLLBACK")
    assert impatient.get(new.id) is None
    assert impatient.add_once([Once(new, "key", "f")]) == [Once(new, "key", "f")]
    assert impatient.replace(known, known.moved(UploadState.ABORTED))


def test_a_lock_that_is_soon_gone(sqlite: SqlLedger, tmp_path: Path) -> None:
    """A writer of another process (`valetkey keys create`) is waited for."""
    path = tmp_path / "ledger.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute("BEGIN IMMEDIATE")
        adding = pool.submit(sqlite.add, [upload()])
        other.execute("COMMIT")
        adding.result(60)
    assert len(sqlite.page(Query("shop", 10))) == 1


def test_many_locked_out_at_once_are_told_together(impatient: SqlLedger, tmp_path: Path) -> None:
    """They wait for the lock once, not one after the other: the last of 40 would wait 40 times as long."""
    impatient.add([upload()])
    begun: list[object] = []
    statements: list[str] = []
    event.listen(impatient._writers, "begin", begun.append)
    event.listen(impatient._writers, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with (
        closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other,
        ThreadPoolExecutor(40) as pool,
    ):
        other.execute("BEGIN IMMEDIATE")
        adding = [pool.submit(impatient.add, [upload()]) for _ in range(40)]
        errors = [one.exception(60) for one in adding]
    assert {type(error) for error in errors} == {LedgerUnavailable}
    assert len(begun) < 20, "they have waited in groups"
    assert statements == []
