"""Looks at one upload that wait for nothing: in a file, while somebody writes; never over a network."""

import sqlite3
from pathlib import Path

import pytest

from valetkey import waiting
from valetkey.adapters.sql import SqlLedger
from valetkey.adapters.sql.database import OTHER_SCHEMA
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.upload import UploadState, new_upload_id
from valetkey.testing.contracts.samples import NOW, new_upload


def test_a_file_is_looked_into_at_once(sqlite: SqlLedger, tmp_path: Path) -> None:
    """From the second look on, whoever writes; and each look sees what was committed before it."""
    upload = new_upload(NOW)
    sqlite.add([upload])
    with pytest.raises(waiting.WouldWait):
        waiting.without(sqlite.get, upload.id)
    assert sqlite.get(upload.id) == upload
    assert waiting.without(sqlite.get, upload.id) == upload
    assert waiting.without(sqlite.get, new_upload_id()) is None
    aborted = upload.moved(UploadState.ABORTED)
    assert sqlite.replace(upload, aborted)
    assert waiting.without(sqlite.get, upload.id) == aborted
    writer = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert waiting.without(sqlite.get, upload.id) == aborted
    writer.close()


def test_a_closed_one_is_opened_by_who_may_wait(sqlite: SqlLedger) -> None:
    sqlite.get(new_upload_id())
    sqlite.close()
    with pytest.raises(waiting.WouldWait):
        waiting.without(sqlite.get, new_upload_id())
    assert sqlite.get(new_upload_id()) is None
    assert waiting.without(sqlite.get, new_upload_id()) is None


def test_what_fails_is_told_by_who_may_wait(sqlite: SqlLedger, tmp_path: Path) -> None:
    """As it is of any other look."""
    sqlite.get(new_upload_id())
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("ALTER TABLE uploads RENAME TO old")
    other.close()
    with pytest.raises(waiting.WouldWait):
        waiting.without(sqlite.get, new_upload_id())
    with pytest.raises(LedgerUnavailable, match=OTHER_SCHEMA[:20]):
        sqlite.get(new_upload_id())


def test_a_server_is_always_waited_for(postgresql: SqlLedger) -> None:
    postgresql.get(new_upload_id())
    with pytest.raises(waiting.WouldWait):
        waiting.without(postgresql.get, new_upload_id())
