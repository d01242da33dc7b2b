"""H. The ledger's file is removed or replaced under processes that have it open.

By a restore without stopping them, by a clean-up, by a volume that is mounted over it. SQLite in WAL mode goes on
(sqlite.org, "How To Corrupt", "Unlinking or renaming a database file while in use"): each new upload was answered with
201, into a file that nobody opens again, and a new empty one was made in its place.
"""

import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support import ledgers

from valetkey.adapters.sql import SqlLedger
from valetkey.adapters.sql.file import REPLACED
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.upload import Upload
from valetkey.testing.contracts.samples import new_upload

Moved = Callable[[Path], None]


def remove(file: Path) -> None:
    file.unlink()


def remove_all(file: Path) -> None:
    for one in file.parent.glob(f"{file.name}*"):
        one.unlink()


def replace(file: Path) -> None:
    """By another ledger, as `mv backup.db ledger.db` does it."""
    file.with_name("backup.db").replace(file)


def added(ledger: SqlLedger) -> Upload:
    upload = new_upload(datetime.now(UTC))
    ledger.add([upload])
    return upload


@pytest.mark.parametrize("move", [remove, remove_all, replace])
def test_nothing_is_written_to_what_nobody_will_read(move: Moved, tmp_path: Path) -> None:
    """Each write and `/readyz` say what to do, no empty file appears, and what is put back is taken on."""
    file = tmp_path / "ledger.db"
    with ledgers.migrated(f"sqlite:///{tmp_path / 'backup.db'}") as backup:
        added(backup)
    with ledgers.migrated(f"sqlite:///{file}") as ledger:
        upload = added(ledger)
        kept = shutil.copytree(tmp_path, tmp_path / "kept", ignore=lambda *_: ["backup.db"])
        before = sorted(tmp_path.iterdir())
        move(file)
        for refused in (lambda: added(ledger), lambda: ledger.replace(upload, upload.changed()), ledger.check):
            with pytest.raises(LedgerUnavailable) as error:
                refused()
            assert error.value.detail == REPLACED
        assert set(tmp_path.iterdir()) <= set(before)
    remove_all(file)
    for one in kept.iterdir():
        shutil.move(one, tmp_path / one.name)
    with closing(SqlLedger(f"sqlite:///{file}")) as again:
        assert again.get(upload.id) == upload
        added(again)


def test_another_file_after_all_was_closed(tmp_path: Path) -> None:
    """A ledger that was closed opens what is there, as a process does after a fork."""
    file = tmp_path / "ledger.db"
    with ledgers.migrated(f"sqlite:///{file}") as ledger:
        upload = added(ledger)
        ledger.close()
        remove_all(file)
        ledgers.migrate(f"sqlite:///{file}")
        assert ledger.get(upload.id) is None
        assert ledger.get(added(ledger).id)
