"""Properties of an outbox that only a database on disk can violate, and a ledger without announcements."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import insert
from tests.support.ledgers import migrated
from tests.support.plans import plans, sqlite_steps

from valetkey.adapters.memory import MemoryLedger
from valetkey.adapters.sql import SqlLedger
from valetkey.adapters.sql.rows import as_call_row, as_outbox_row
from valetkey.adapters.sql.schema import hook_calls, outbox
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.announcement import Announcement, Status
from valetkey.core.model.upload import UploadState
from valetkey.testing.contracts.outbox import AnnouncingLedger, announcer, end, ids, pending

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("make", [SqlLedger, lambda _: MemoryLedger()], ids=["sqlite", "memory"])
def test_without_an_announcer_nothing_is_written(make: Callable[[str], AnnouncingLedger], url: str) -> None:
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


def filled(ledger: SqlLedger, count: int) -> SqlLedger:
    """Nearly all are delivered; one waits and one is dead, among the oldest. The same of two hooks."""
    statuses = {2: Status.DEAD, 3: Status.WAITING}
    sent = [
        Announcement(f"a-{number:06}", "upload.confirmed", None, "{}", NOW + number * SECOND, NOW)
        for number in range(count)
    ]
    sent = [replace(one, status=statuses.get(number, Status.DELIVERED)) for number, one in enumerate(sent)]
    calls = [as_call_row(replace(one, hook=hook)) | {"upload_id": "u"} for one in sent for hook in ("mine", "other")]
    with ledger._writers.begin() as connection:
        connection.execute(insert(outbox), [as_outbox_row(one) for one in sent])
        connection.execute(insert(hook_calls), calls)
    return ledger


LISTS = [(status, hook) for status in (None, *Status) for hook in (None, "mine")]


def listed(ledger: SqlLedger, status: Status | None, hook: str | None) -> list[Announcement]:
    return (ledger if hook is None else ledger.calls(hook)).announcements(status, 20)


@pytest.mark.parametrize(("status", "hook"), LISTS)
def test_a_list_of_a_full_outbox_costs_what_one_of_a_small_costs(
    status: Status | None, hook: str | None, tmp_path: Path
) -> None:
    """`valetkey webhooks list` and `hooks calls`: by what they give, in SQLite's instructions."""
    steps: list[int] = []
    for count in (100, 3_000):
        with migrated(f"sqlite:///{tmp_path / f'{count}.db'}") as ledger:
            filled(ledger, count)
            found = listed(ledger, status, hook)
            assert [one.created_at for one in found] == sorted((one.created_at for one in found), reverse=True)
            assert len(found) == (20 if status in {None, Status.DELIVERED} else 1)
            assert status is None or {one.status for one in found} == {status}
            steps.append(sqlite_steps(ledger, partial(listed, ledger, status, hook)))
    assert steps[1] < 1.3 * steps[0] + 40


def test_no_list_reads_all_of_it_in_postgresql(postgresql: SqlLedger) -> None:
    """Nor does one sort, or leave out, more than some of each status."""
    filled(postgresql, 3_000)
    with postgresql._writers.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    for status, hook in LISTS:
        made = plans(postgresql, partial(listed, postgresql, status, hook))
        assert made.statements == 1
        assert made.scanned == set(), made.text
        assert (made.sorted_rows <= 62, made.left_out) == (True, 0), made.text
        assert made.blocks < 100, made.text
