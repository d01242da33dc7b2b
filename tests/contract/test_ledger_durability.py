"""An upload that was reported as recorded exists, whatever happens next."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from valetkey.adapters.sql import SqlLedger
from valetkey.core.access.api_keys import new_key
from valetkey.core.ports.ledger import Once
from valetkey.testing.contracts.samples import NOW, full, upload


def test_it_is_all_there_after_a_restart(kept: SqlLedger) -> None:
    """Uploads, idempotency keys and API keys."""
    one, entry, (key, _) = full(), Once(upload(), "key", "f"), new_key("shop", NOW)
    kept.add([one])
    kept.add_once([entry])
    kept.add_key(key)
    kept.close()
    with closing(SqlLedger(kept.url)) as again:
        assert again.get(one.id) == one
        assert again.add_once([Once(upload(), "key", "f")]) == [entry]
        assert again.list_keys() == [key]


def test_it_is_all_there_when_add_returns(sqlite: SqlLedger, tmp_path: Path) -> None:
    """Another connection sees it at once: the answer comes after the commit."""
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        for number in range(1, 21):
            sqlite.add([upload()])
            assert other.execute("SELECT count(*) FROM uploads").fetchone() == (number,)


def test_commits_are_durable(sqlite: SqlLedger) -> None:
    """``synchronous`` is FULL (2) and the journal a WAL, on the connections that are really used."""
    names = ("synchronous", "journal_mode")

    def pragmas(connection: Connection) -> list[object]:
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert sqlite._writer.run(pragmas) == [2, "wal"]
    with sqlite._readers.connect() as connection:
        assert pragmas(connection) == [2, "wal"]
