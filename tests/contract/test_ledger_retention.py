"""Old rows are removed in small steps, each of which costs only what it removes, however large the ledger is.

On a PostgreSQL that knows what its tables are made of (ANALYZE), with nothing said to its planner. Steps are smaller
here than the service's, as the ledger is: a small table is read faster as a whole than by an index.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, insert, update
from tests.support.filling import fill
from tests.support.ledgers import migrated
from tests.support.plans import Plans, plans
from tests.support.postgres import Postgres

from valetkey.adapters.sql import SqlLedger, hooks, outbox
from valetkey.adapters.sql.rows import as_call_row
from valetkey.adapters.sql.schema import hook_calls, uploads
from valetkey.core.model.announcement import Announcement, Status
from valetkey.core.model.erasure import ALL_ACCOUNTS, new_erasure
from valetkey.core.model.upload import StoreUploads, UploadId, UploadState, first_id_of
from valetkey.core.ports.ledger import Once
from valetkey.testing.contracts.samples import upload

COUNT = 40_000
STEP, STEPS = 20, 15
BLOCKS = 20
"""How many blocks of tables and indexes a step may read for each row that it takes."""

HERE = StoreUploads("default", "bench")
BIG = {"uploads", "outbox", "tickets", "idempotency", "hook_calls"}
"""The tables that grow with the uploads."""


@pytest.fixture(scope="module")
def filled(postgres: Postgres) -> Iterator[SqlLedger]:
    """A ledger with some of everything; see `tests.support.filling`."""
    with postgres.fresh_database() as url, migrated(url) as ledger:
        fill(url, COUNT)
        yield ledger


def ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def small(ledger: SqlLedger, call: Callable[[], object]) -> Plans:
    """The plans of ``call``, which scan no table that may be big, sort little, and read no more than what they take."""
    found = plans(ledger, call)
    said = "\n".join([str((found.blocks, found.left_out, found.sorted_rows)), *found.text])
    assert found.statements, said
    assert not found.scanned & BIG, said
    assert max(found.sorted_rows, found.left_out) <= STEP, said
    assert found.blocks <= BLOCKS * (STEP + 1), said
    return found


@pytest.mark.parametrize("before", [ago(1), ago(-4), ago(-400)], ids=["none", "half", "all"])
def test_delivered_webhooks_go_in_steps(filled: SqlLedger, before: datetime) -> None:
    """The last step costs what the first does: what has gone is not looked at again, and what stays never."""
    for _ in range(STEPS):
        small(filled, lambda: filled.prune(before, STEP))


@pytest.mark.parametrize("before", [ago(400), ago(0.5), ago(-400)], ids=["none", "half", "all"])
def test_spent_tickets_go_in_steps(filled: SqlLedger, before: datetime) -> None:
    for _ in range(STEPS):
        small(filled, lambda: filled.forget_allowances(before, STEP))


@pytest.mark.parametrize("now", [ago(400), ago(0)], ids=["all stay", "most go"])
@pytest.mark.parametrize("before", [ago(400), ago(15), ago(-1)], ids=["none", "half", "all"])
def test_idempotency_keys_go_in_steps(filled: SqlLedger, before: datetime, now: datetime) -> None:
    """Whether they go or stay: none is looked at twice."""
    last: UploadId | None = None

    def step() -> None:
        nonlocal last
        last = filled.forget_keys(first_id_of(before), now, STEP, last)

    for _ in range(STEPS):
        small(filled, step)


def test_keys_go_whose_uploads_are_gone(kept: SqlLedger) -> None:
    """However that came about."""
    one = upload()
    kept.add_once([Once(one, "key", "f")])
    with kept._writers.begin() as connection:
        connection.exec_driver_sql("DELETE FROM uploads")
    assert kept.forget_keys(first_id_of(ago(-1)), ago(9999), STEP) is None
    again = Once(upload(), "key", "f")
    assert kept.add_once([again]) == [again]


@pytest.mark.parametrize("days", [60, 29.95, 15, 0])
def test_what_is_over_is_found_among_what_is_kept(filled: SqlLedger, days: float) -> None:
    """Nearly all uploads are confirmed, and stay: none of them is passed on the way to those that go."""
    small(filled, lambda: filled.over(ago(days), STEP, store=HERE))
    found = filled.over(ago(days), STEP, store=HERE)
    if found:
        small(filled, lambda: filled.over(ago(days), STEP, found[-1], store=HERE))


def test_nothing_is_passed_where_nothing_is_over(postgres: Postgres) -> None:
    """In a ledger of confirmed uploads alone, which the retention has emptied of all others."""
    with postgres.fresh_database() as url, migrated(url) as ledger:
        fill(url, COUNT // 4)
        with ledger._writers.begin() as connection:
            connection.exec_driver_sql("UPDATE uploads SET state = 'confirmed', due_at = NULL, ended_at = created_at")
        with ledger._readers.connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE uploads")
        assert small(ledger, lambda: ledger.over(ago(0), STEP, store=HERE)).blocks <= BLOCKS


def test_rows_go_with_what_belongs_to_them(filled: SqlLedger) -> None:
    """The keys of their requests and what was told of them, by the rows' ids."""
    over = filled.over(ago(3), 4, store=HERE)
    found = plans(filled, lambda: filled.forget(over))
    said = "\n".join([str(found.blocks), *found.text])
    assert not found.scanned & BIG, said
    assert found.blocks <= 4 * 2 * BLOCKS, said
    assert filled.get_all([one.id for one in over]) == {}


@pytest.mark.parametrize("state", [None, UploadState.STORED])
def test_what_is_due_is_found_among_what_has_ended(filled: SqlLedger, state: UploadState | None) -> None:
    small(filled, lambda: filled.due(ago(0), STEP, state=state, store=HERE))
    found = filled.due(ago(0), STEP, state=state, store=HERE)
    if found:
        small(filled, lambda: filled.due(ago(0), STEP, found[-1], state=state, store=HERE))


@pytest.mark.parametrize("account", ["bench", "archive", ALL_ACCOUNTS], ids=["most", "none", "all"])
@pytest.mark.parametrize("owner", ["bench", "user-0", "user-900000", "nobody"])
def test_what_belongs_to_an_owner_is_found_by_it(filled: SqlLedger, owner: str, account: str) -> None:
    """Also where owner and account are both frequent, and never meet: it is the owner's uploads that are looked at."""
    job = new_erasure(account, owner, datetime.now(UTC))
    found = plans(filled, lambda: filled.belonging(job, STEP))
    said = "\n".join([str((found.blocks, found.left_out)), *found.text])
    assert not found.scanned & BIG, said
    assert found.left_out <= COUNT / 20, said  # what the owner has in other accounts


def test_whose_store_is_configured_costs_no_start(postgres: Postgres) -> None:
    """With `keep_for` every confirmed upload is due at some time: a process that starts reads none of them, nor those
    of another store that nobody counts."""
    with postgres.fresh_database() as url, migrated(url) as ledger:
        fill(url, COUNT)
        with ledger._writers.begin() as connection:
            connection.execute(update(uploads).values(due_at=uploads.c.created_at))
            connection.execute(update(uploads).where(uploads.c.account == "archive").values(store="eu"))
            connection.exec_driver_sql("ANALYZE uploads")
        small(ledger, lambda: ledger.open_by_store([HERE, StoreUploads("eu", HERE.bucket)]))
        assert ledger.open_by_store([HERE, StoreUploads("eu", HERE.bucket)]) == {}


def test_calls_of_hooks_are_counted_among_those_that_were_made(filled: SqlLedger) -> None:
    small(filled, filled.hooks)


def test_what_waits_is_claimed_among_what_was_delivered(filled: SqlLedger) -> None:
    small(filled, lambda: filled.claim(ago(0), ago(0), STEP))
    small(filled, lambda: filled.calls("shop.on_end").claim(ago(0), ago(0), STEP))


@pytest.fixture
def steps(kept: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Small ones; a number for each transaction that was committed since."""
    for module in (hooks, outbox):
        for name in ("FORGOTTEN", "REPLAYED"):
            monkeypatch.setattr(module, name, STEP, raising=False)
    committed: list[int] = []

    def note(_: object) -> None:
        committed.append(1)

    event.listen(kept._writers, "commit", note)
    yield committed
    event.remove(kept._writers, "commit", note)


def of_hook(ledger: SqlLedger, status: Status, count: int) -> None:
    """So many calls of the hook "gone", which nobody has called for months, or which failed each time."""
    ledger.record_hooks({"gone": {"upload.aborted"}}, ago(90))
    one = Announcement("", "upload.aborted", UploadId("0"), "", ago(90), ago(90), status=status).calling("gone")
    rows = [as_call_row(replace(one, id=f"{status}-{number:05}")) for number in range(count)]
    with ledger._writers.begin() as connection:
        connection.execute(insert(hook_calls), rows)


def test_a_hook_that_is_forgotten_keeps_nobody_from_writing(kept: SqlLedger, steps: list[int]) -> None:
    """SQLite has one writer: to remove a million calls in one transaction took longer than others wait."""
    for status in (Status.WAITING, Status.DEAD):
        of_hook(kept, status, 5 * STEP)
    steps.clear()
    assert kept.forget_hook("gone")
    assert len(steps) >= 5
    assert kept.calls("gone").announcements(None, 1) == []
    assert "gone" not in {hook.name for hook in kept.hooks()}


def test_replaying_all_keeps_nobody_from_writing(kept: SqlLedger, steps: list[int]) -> None:
    """What a receiver that was away for days has left is announced again in steps, each of them once."""
    of_hook(kept, Status.DEAD, 5 * STEP + 1)
    steps.clear()
    calls = kept.calls("gone")
    replayed = calls.replay(None, ago(0))
    assert (len(replayed), len(set(replayed))) == (5 * STEP + 1,) * 2
    assert len(steps) >= 6
    assert {one.status for one in calls.announcements(None, 10_000)} == {Status.WAITING}
