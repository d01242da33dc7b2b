"""The cost of erasing and forgetting grows with what is removed, not with the ledger; and data of older versions."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import event, text
from tests.support.ledgers import migrated

from valetkey.adapters.sql import SqlLedger, migrations
from valetkey.core.model.erasure import ALL_ACCOUNTS, new_erasure
from valetkey.core.model.upload import UploadState, erased, new_upload_id
from valetkey.testing.contracts.outbox import announcer
from valetkey.testing.contracts.samples import NOW, new_upload

MANY = 3_000
JOBS = 50
"""How many jobs a worker looks at."""


def fill(ledger: SqlLedger) -> None:
    """Uploads of other owners that are confirmed, each with a key of a request, an announcement and a hook's call."""
    uploads = [new_upload(NOW, owner=f"other {number}", state=UploadState.CONFIRMED) for number in range(MANY)]
    ledger.add(uploads)
    keys = [{"account": "shop", "key": f"k{n}", "fingerprint": "f", "id": one.id} for n, one in enumerate(uploads)]
    told = [{"id": f"{one.id}-confirmed", "upload_id": one.id, "at": n} for n, one in enumerate(uploads)]
    with ledger._writers.begin() as connection:
        connection.execute(text("INSERT INTO idempotency VALUES (:account, :key, :fingerprint, :id)"), keys)
        connection.execute(
            text(
                "INSERT INTO outbox (id, type, upload_id, body, created_at, due_at, status, attempts, version)"
                " VALUES (:id, 't', :upload_id, '{}', :at, :at, 'delivered', 1, 1)"
            ),
            told,
        )
        connection.execute(
            text(
                "INSERT INTO hook_calls (id, hook, type, upload_id, created_at, due_at, status, attempts, version)"
                " VALUES (:id, 'mine', 't', :upload_id, :at, :at, 'waiting', 0, 1)"
            ),
            told,
        )
    with ledger._readers.connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def plans_of(ledger: SqlLedger, call: Callable[[], object]) -> dict[str, str]:
    """How the database does what ``call`` asks it for, by statement."""
    statements: list[tuple[str, Any]] = []

    def listen(*args: Any) -> None:
        statements.append(args[2:4])

    engines = {ledger._readers, ledger._writers}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", listen)
    call()
    for engine in engines:
        event.remove(engine, "before_cursor_execute", listen)
    explain = "EXPLAIN" if ledger._readers.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    found = {}
    with ledger._readers.connect() as connection:
        for statement, parameters in statements:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
                found[statement] = "\n".join(str(row[-1]) for row in rows)
    return found


def assert_no_scan(plans: dict[str, str]) -> None:
    """Of no table that grows; that of jobs has a few rows."""
    assert plans
    for statement, plan in plans.items():
        for table in ("uploads", "idempotency", "outbox", "hook_calls"):
            assert f"SCAN {table}" not in plan, (statement, plan)
            assert f"Seq Scan on {table}" not in plan, (statement, plan)


@pytest.fixture(params=["url", "postgres_url"])
def filled(request: pytest.FixtureRequest) -> Any:
    with migrated(str(request.getfixturevalue(request.param)), announcer()) as ledger:
        fill(ledger)
        yield ledger


def test_no_step_of_an_erasure_scans_a_table(filled: SqlLedger) -> None:
    """Uploads are found by their owner, keys and announcements by their upload."""
    mine = [new_upload(NOW, state=UploadState.ABORTED) for _ in range(3)]
    filled.add(mine)
    for account in ("shop", ALL_ACCOUNTS):
        job = filled.begin_erasure(new_erasure(account, "ann", NOW))
        found = plans_of(filled, lambda job=job: [filled.belonging(job, 50), filled.newer(job)])  # type: ignore[misc]
        found |= plans_of(filled, lambda: filled.due_erasures(NOW, 50))
        assert_no_scan(found)
        assert sum("uploads_by_owner" in plan for plan in found.values()) == 2
        assert not [plan for plan in found.values() if "TEMP B-TREE" in plan]
    changes = [(one, erased(one)) for one in mine]
    assert_no_scan(plans_of(filled, lambda: filled.erase(changes, job, job.changed(uploads=3))))
    assert filled.get(mine[0].id) == changes[0][1]


def test_jobs_of_a_newer_version_hide_no_other(any_url: str) -> None:
    """More of them than a worker takes at once, and all due before: they were all that it ever saw."""
    with migrated(any_url, announcer()) as ledger:
        before = [ledger.begin_erasure(new_erasure("shop", f"o{n}", NOW - timedelta(hours=1))) for n in range(2 * JOBS)]
        with ledger._writers.begin() as connection:
            connection.execute(text("UPDATE erasures SET state = 'paused'"))
        assert ledger.due_erasures(NOW, JOBS) == []
        mine = ledger.begin_erasure(new_erasure("shop", "ann", NOW))
        assert ledger.due_erasures(NOW, JOBS) == [mine]
        assert len(before) > JOBS


def test_forgetting_scans_no_table(filled: SqlLedger) -> None:
    """What is over is found by its index, in order; what is removed with it by its upload."""
    over = [new_upload(NOW, state=UploadState.ABORTED, ended_at=NOW) for _ in range(3)]
    filled.add(over)
    found = plans_of(filled, lambda: filled.over(NOW, 50))
    found |= plans_of(filled, lambda: filled.over(NOW, 50, over[0]))
    assert len(found) == 2
    assert all("uploads_by_over" in plan for plan in found.values()), found
    assert_no_scan(found)
    assert_no_scan(plans_of(filled, lambda: filled.forget(over)))
    assert filled.over(NOW, 50) == []


def test_what_ended_before_counts_from_the_migration(any_url: str) -> None:
    """Nobody has kept when that was; of an expired one it is when no grant is given any more, if that is later."""
    columns = {
        "version": 1, "profile": "default", "account": "shop", "owner": "ann", "filename": "a", "pins": 0, "size": 1,
        "content_type": "t/t", "bucket": "b", "created_at": 0, "expires_at": 7, "renewable_until": 9, "redirect": 0,
    }  # fmt: skip
    later = datetime(2190, 1, 1, tzinfo=UTC)
    micros = int(later.timestamp()) * 1_000_000
    rows: list[dict[str, object]] = [{"state": state.value} for state in UploadState]
    rows.append({"state": "expired", "renewable_until": micros})
    with closing(SqlLedger(any_url)) as ledger:
        with ledger._writers.connect() as connection:
            command.upgrade(migrations.config(connection), "0009")
        with ledger._writers.begin() as connection:
            for row in rows:
                values = columns | row | {"id": new_upload_id()}
                names, marks = ", ".join(values), ", ".join(f":{column}" for column in values)
                connection.execute(text(f"INSERT INTO uploads ({names}) VALUES ({marks})"), values)
        before = datetime.now(UTC)
        ledger.migrate()
        found = ledger.over(datetime.now(UTC) + timedelta(seconds=1), 9)
        assert {one.state for one in found} == {
            UploadState.REJECTED,
            UploadState.ABORTED,
            UploadState.DELETED,
            UploadState.EXPIRED,
        }
        assert all(one.ended_at and one.ended_at >= before - timedelta(seconds=1) for one in found)
        [last] = ledger.over(later, 9, found[-1])
        assert last.ended_at == later


def test_an_announcement_that_was_there_before_the_migration(any_url: str) -> None:
    """It is sent as it was written; the outbox still has its index."""
    with closing(SqlLedger(any_url)) as ledger:
        with ledger._writers.connect() as connection:
            command.upgrade(migrations.config(connection), "0009")
        with ledger._writers.begin() as connection:
            connection.execute(
                text("INSERT INTO outbox VALUES ('a', 't', 'u', '{}', 0, 0, 'waiting', 0, 1, NULL)"),
            )
        ledger.migrate()
        [one] = ledger.claim(NOW, NOW, 9)
        assert (one.id, one.upload_id, one.body) == ("a", "u", "{}")


def test_what_is_erased_is_not_in_the_file(url: str, tmp_path: Path) -> None:
    """SQLite overwrites what it removes, long names on pages of their own, too: nothing of it can be read there."""
    name = "secretname" * 800
    with migrated(url) as ledger:
        one = new_upload(NOW, owner="ann", filename=name, metadata={"note": "confidential"})
        ledger.add([new_upload(NOW, owner="ben") for _ in range(50)])
        ledger.add([one])
        assert b"confidential" in everything_in(tmp_path)
        job = ledger.begin_erasure(new_erasure("shop", "ann", NOW))
        assert ledger.erase([(one, erased(one))], job, job.changed(owner=None))
        with ledger._writers.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = everything_in(tmp_path)
    assert b"ben" in kept
    assert not [mark for mark in (b"secretname", b"confidential", b"ann") if mark in kept]


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())
