"""Reads of one upload that do not wait: in a file during writes, and never over a network."""

import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Never

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


@contextmanager
def no_more_files() -> Iterator[None]:
    """In the block this process can open none (EMFILE)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_was_read_is_given_though_no_look_can_be_prepared(sqlite: SqlLedger) -> None:
    """A process without a file descriptor has read its row by the connection that there is: the look is no 503."""
    upload = new_upload(NOW)
    sqlite.add([upload])
    sqlite.check()
    with no_more_files():
        assert sqlite.get(upload.id) == upload
        with sqlite._readers.connect():  # somebody else has the one that it was read by
            sqlite._prompt.keep_another()


def test_looks_are_prepared_while_all_connections_are_out(sqlite: SqlLedger) -> None:
    """Nobody waits for one of the pool on the way to an answer that is there."""
    with ExitStack() as held:
        for _ in range(15):  # as many as SQLAlchemy's pool has
            held.enter_context(sqlite._readers.connect())
        preparing = Thread(target=sqlite._prompt.keep_another, daemon=True)
        preparing.start()
        preparing.join(15)  # the pool's patience is 30 seconds
        assert not preparing.is_alive()
        assert waiting.without(sqlite.get, new_upload_id()) is None


def test_a_look_that_fails_takes_no_place(sqlite: SqlLedger) -> None:
    """Whatever it was: there are as many prompt looks afterwards as before."""

    class Broken:
        def run(self, *_: Any) -> Never:
            raise RuntimeError("a fault of ours")

    broken: Any = Broken()
    for _ in range(10):
        sqlite.get(new_upload_id())
        with pytest.raises(RuntimeError):
            sqlite._prompt.run(broken, {})
    sqlite.get(new_upload_id())
    assert waiting.without(sqlite.get, new_upload_id()) is None


def test_a_server_is_always_waited_for(postgresql: SqlLedger) -> None:
    postgresql.get(new_upload_id())
    with pytest.raises(waiting.WouldWait):
        waiting.without(postgresql.get, new_upload_id())
