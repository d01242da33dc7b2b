"""The cost of a page grows with its length, not with the ledger."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest
from sqlalchemy import event, insert, inspect, text
from tests.support.ledgers import migrated
from tests.support.plans import plans, sqlite_steps
from tests.support.postgres import Postgres

from valetkey.adapters.sql import SqlLedger
from valetkey.adapters.sql.rows import as_row
from valetkey.adapters.sql.schema import uploads
from valetkey.core.model.upload import Claim, UploadState, new_upload_id
from valetkey.core.ports.ledger import Query
from valetkey.testing.contracts.samples import NOW, upload

MANY, FEW = 6_000, 200
LIMIT = 20
ROW = 4
"""Blocks of an index and of the table that are read for one row of a page, at most; few rows are all in one."""

FILTERS: list[dict[str, Any]] = [
    {name: value for name, value in (("state", state), ("profile", profile), ("claimed", claimed)) if value}
    for state, profile, claimed in product(
        [None, UploadState.CONFIRMED, UploadState.REJECTED, UploadState.EXPIRED],
        [None, "default", "images", "unused"],
        [False, True],
    )
]
"""Each with many, with one, or with nothing on its pages."""


def fill(ledger: SqlLedger, count: int) -> None:
    """Nearly all are confirmed or pending and of two profiles; one of each other kind is the oldest."""
    sample = as_row(upload())
    rows = [sample | {"id": new_upload_id(), "state": "rejected", "profile": "images", "due_at": None}]
    rows += [
        sample
        | {
            "id": new_upload_id(),
            "state": ("confirmed", "pending")[number % 2],
            "profile": ("default", "video")[number % 3 % 2],
        }
        for number in range(count)
    ]
    claim = as_row(upload()._replace(claim=Claim("post:1", NOW), state=UploadState.CONFIRMED))
    rows[1] |= {name: claim[name] for name in ("claim_reference", "claimed_at", "state")}
    with ledger._writers.begin() as connection:
        connection.execute(insert(uploads), rows)
    with ledger._readers.connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def asked(number: int) -> list[Query]:
    accounts = ["shop"] if FILTERS[number].get("claimed") else ["shop", None]
    befores = [None, new_upload_id()]
    return [Query(account, LIMIT, **FILTERS[number], before=before) for account in accounts for before in befores]


def name(number: int) -> str:
    return " ".join(str(getattr(value, "value", value)) for value in FILTERS[number].values()) or "all"


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A ledger with few uploads and one with many."""
    folder = tmp_path_factory.mktemp("pages")
    with migrated(f"sqlite:///{folder / 'few.db'}") as few, migrated(f"sqlite:///{folder / 'many.db'}") as many:
        fill(few, FEW)
        fill(many, MANY)
        yield few, many


def steps(ledger: SqlLedger, query: Query) -> int:
    """How many instructions SQLite needs for a page, by tens."""
    return sqlite_steps(ledger, lambda: ledger.page(query))


@pytest.mark.parametrize("number", range(len(FILTERS)), ids=name)
def test_a_page_of_a_full_ledger_costs_what_one_of_a_small_costs(
    databases: tuple[SqlLedger, SqlLedger], number: int
) -> None:
    few, many = databases
    for query in asked(number):
        assert steps(many, query) < 1.3 * steps(few, query) + 40


def test_no_page_scans_in_postgresql(postgresql: SqlLedger) -> None:
    """Nor does it read what it then leaves out, but for what is claimed."""
    fill(postgresql, MANY)
    statements: list[tuple[str, Any]] = []
    event.listen(postgresql._readers, "before_cursor_execute", lambda *args: statements.append(args[2:4]))
    for number, filters in enumerate(FILTERS):
        if not filters.get("claimed"):
            for query in asked(number):
                postgresql.page(query)
    with postgresql._readers.connect() as connection:
        for statement, parameters in statements[:]:
            if statement.startswith(("SELECT", "WITH")) and "uploads" in statement:
                rows = connection.exec_driver_sql(f"EXPLAIN ANALYZE {statement}", parameters).all()
                plan = "\n".join(str(row[0]) for row in rows)
                assert "Seq Scan on uploads" not in plan, plan
                assert all(int(left_out) <= LIMIT for left_out in re.findall(r"Removed by Filter: (\d+)", plan)), plan


def blocks(ledger: SqlLedger, query: Query) -> int:
    """How many blocks PostgreSQL reads for a page, of indexes and of the table."""
    return plans(ledger, lambda: ledger.page(query)).blocks


def test_a_page_reads_as_many_blocks_of_a_full_ledger_in_postgresql(postgres: Postgres) -> None:
    """Also where a stretch of the index is empty: a scan for it ends at once."""
    with postgres.fresh_database() as url, migrated(url) as few:
        fill(few, FEW)
        expected = {query: blocks(few, query) for number in range(len(FILTERS)) for query in asked(number)}
    with postgres.fresh_database() as url, migrated(url) as many:
        fill(many, MANY)
        for query, few_blocks in expected.items():
            if not query.claimed:
                assert blocks(many, query) < 1.3 * few_blocks + ROW * LIMIT, query


def test_an_index_that_was_not_finished_is_built_anew(postgresql: SqlLedger) -> None:
    """And one that an older version lacks is built by the next `migrate`, which loses nothing, and removes those that
    are not needed any more."""
    with postgresql._writers.begin() as connection:
        connection.execute(text("DROP INDEX uploads_by_claim"))
        connection.execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'uploads_by_kind'::regclass")
        )
        connection.execute(text("CREATE INDEX uploads_by_due ON uploads (due_at, id)"))
    postgresql.migrate()
    with postgresql._readers.connect() as connection:
        query = "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'uploads'::regclass AND indisvalid"
        found = set(connection.scalars(text(query)))
    assert {"uploads_by_claim", "uploads_by_kind"} <= found
    assert "uploads_by_due" not in found  # which is of earlier versions


def test_an_index_that_nobody_needs_is_removed(kept: SqlLedger) -> None:
    """Which an older version has made beside the ledger, and what has its place is there; all rows stay."""
    one = upload()
    kept.add([one])
    with kept._writers.begin() as connection:
        connection.execute(text("DROP INDEX uploads_by_over"))
        connection.execute(text("CREATE INDEX uploads_by_end ON uploads (ended_at, id) WHERE ended_at IS NOT NULL"))
    for _ in range(2):
        kept.migrate()
        with kept._readers.connect() as connection:
            found = {index["name"] for index in inspect(connection).get_indexes("uploads")}
        assert "uploads_by_end" not in found
        assert "uploads_by_over" in found
    assert kept.get(one.id) == one


def test_writers_go_on_while_an_index_is_built(postgresql: SqlLedger) -> None:
    """A build waits for the transactions that are under way; who comes after them does not wait for the build."""
    with postgresql._writers.begin() as connection:
        connection.execute(text("DROP INDEX uploads_by_kind"))
    one = upload()
    building = text("SELECT count(*) FROM pg_stat_progress_create_index")
    with ThreadPoolExecutor(1) as pool:
        with postgresql._writers.begin() as held, postgresql._readers.connect() as other:
            held.execute(text("UPDATE uploads SET version = 1 WHERE id = ''"))
            migrating = pool.submit(postgresql.migrate)
            deadline = time.monotonic() + 60
            while not other.scalar(building):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            postgresql.add([one])
            assert not migrating.done()
        migrating.result(60)
    assert postgresql.get(one.id) == one


@pytest.mark.parametrize("accounts", [50, 3_000])
def test_a_page_of_all_accounts_where_each_user_has_one(sqlite: SqlLedger, accounts: int) -> None:
    """Their number is no number of statements."""
    sample, ids = as_row(upload()), [new_upload_id() for _ in range(accounts)]
    rows = [sample | {"id": one, "account": f"user-{number}"} for number, one in enumerate(ids)]
    rows[0] |= {"state": "rejected", "due_at": None}
    with sqlite._writers.begin() as connection:
        connection.execute(insert(uploads), rows)
    statements: list[str] = []
    event.listen(sqlite._readers, "before_cursor_execute", lambda *args: statements.append(args[2]))
    newest = ids[:0:-1]
    for query, expected in (
        (Query(None, LIMIT, UploadState.PENDING), newest[:LIMIT]),
        (Query(None, LIMIT, UploadState.PENDING, before=newest[LIMIT - 1]), newest[LIMIT : 2 * LIMIT]),
        (Query(None, LIMIT, UploadState.REJECTED), ids[:1]),
        (Query(None, LIMIT, profile="unused"), []),
        (Query("user-1", LIMIT, UploadState.PENDING), ids[1:2]),
    ):
        assert [one.id for one in sqlite.page(query)] == expected
    assert len(statements) < 1_000
