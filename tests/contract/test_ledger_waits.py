"""What waits in PostgreSQL: no operation waits for the row of another upload."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import psycopg
import pytest
from tests.support.ledgers import migrated

from valetkey.adapters.sql import SqlLedger
from valetkey.core.access.callers import Allowance
from valetkey.core.model.upload import Claim, StoreUploads, UploadState, first_id_of
from valetkey.core.ports.ledger import Once, Query
from valetkey.testing.contracts.outbox import announcer
from valetkey.testing.contracts.parallel import in_parallel
from valetkey.testing.contracts.samples import NOW, new_upload, upload

THREADS, SECONDS, ENOUGH = 12, 4.0, 100.0
LATER = NOW + timedelta(days=9000)

WAITING = """
SELECT waiting.query, holding.query, lock.locktype, lock.relation::regclass::text
FROM pg_locks lock JOIN pg_stat_activity waiting USING (pid)
JOIN pg_stat_activity holding ON holding.pid = ANY(pg_blocking_pids(waiting.pid))
WHERE NOT lock.granted AND waiting.datname = current_database() AND lock.locktype <> 'extend'
"""
"""Locks that are waited for. Those by which a file grows ("extend") belong to no row, and are over in a moment."""


class Watch:
    """Looks at `pg_locks` all the time, and keeps whatever waits."""

    def __init__(self, url: str) -> None:
        self.seen: list[tuple[object, ...]] = []
        self.looks = 0
        self._url = url
        self._over = threading.Event()

    def __call__(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._over.is_set():
                self.seen += connection.execute(WAITING).fetchall()
                self.looks += 1

    @contextmanager
    def watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join(60)


@pytest.fixture
def services(postgres_url: str) -> Iterator[list[SqlLedger]]:
    """Two services' ledgers and a worker's on one database, which announce ends."""
    with (
        migrated(postgres_url, announcer()) as one,
        closing(SqlLedger(postgres_url, announcer())) as other,
        closing(SqlLedger(postgres_url)) as worker,
    ):
        yield [one, other, worker]


def life(ledger: SqlLedger, number: int) -> None:
    """All that is written of one upload by whoever has to do with it: with a key, a ticket, an end and a claim."""
    own = new_upload(NOW, due_at=NOW, owner=f"user-{number}")
    ticket = Allowance(f"{own.id[-12:]}{number:04d}", 9, LATER)
    assert ledger.add_once([Once(own, f"key {own.id}", "f")])
    assert ledger.add_within([new_upload(NOW)], ticket)
    ledger.add([new_upload(NOW), new_upload(NOW)])
    [moved] = ledger.reschedule([(own, NOW + timedelta(seconds=1))])
    stored = moved.moved(UploadState.STORED)
    assert ledger.replace(moved, stored)
    confirmed = stored.moved(UploadState.CONFIRMED)._replace(due_at=None)
    assert ledger.replace(stored, confirmed)
    claimed = confirmed.changed(claim=Claim(f"post:{number}", NOW))
    assert ledger.replace_all([(confirmed, claimed)])
    assert ledger.replace(claimed, claimed.moved(UploadState.DELETED)._replace(ended_at=NOW))


def retention(ledger: SqlLedger) -> None:
    """What a worker does meanwhile, of which a second one does the same."""
    now = datetime.now(UTC)
    for claimed in ledger.claim(now, now + timedelta(seconds=30), 8):
        ledger.settle(claimed, claimed.changed(status=type(claimed.status).DELIVERED, due_at=now))
    ledger.prune(now, 100)
    ledger.forget_allowances(LATER + timedelta(days=1), 100)
    ledger.forget_keys(first_id_of(LATER), LATER, 100)
    ledger.forget(ledger.over(now, 20, store=StoreUploads("default", "b")))
    ledger.page(Query("shop", 20, UploadState.DELETED))


def test_nobody_waits_for_another_upload_under_load(services: list[SqlLedger], postgres_url: str) -> None:
    """Two services and a worker write all that there is to write, each of other uploads: no lock is waited for."""
    *serving, worker = services
    begun, watch = monotonic(), Watch(postgres_url)
    done = [0] * (THREADS + 1)

    def goes_on() -> bool:
        """On a slow machine until everybody has done something and all of it was watched."""
        seconds = monotonic() - begun
        return seconds < SECONDS or (seconds < ENOUGH and (min(done) < 2 or watch.looks <= 20))

    def serve(number: int) -> None:
        while goes_on():
            life(serving[number % len(serving)], number)
            done[number] += 1

    def work() -> None:
        while goes_on():
            retention(worker)
            done[-1] += 1

    with watch.watching():
        in_parallel([*(lambda number=number: serve(number) for number in range(THREADS)), work])
    assert watch.seen == []
    assert min(done) >= 2
    assert watch.looks > 20


def test_the_watch_sees_who_waits(services: list[SqlLedger], postgres_url: str) -> None:
    """Two changes of one upload, one of which is held up: what the test above would see if there was anything."""
    one, watch = upload(), Watch(postgres_url)
    services[0].add([one])
    with watch.watching(), psycopg.connect(postgres_url) as other:
        other.execute("UPDATE uploads SET version = version")
        changing = threading.Thread(target=services[0].replace, args=(one, one.changed(pins=1)))
        changing.start()
        deadline = monotonic() + 60
        while not watch.seen and monotonic() < deadline:
            sleep(0.01)
        other.rollback()
        changing.join(60)
    assert any("UPDATE uploads SET" in str(waiting) for waiting, *_ in watch.seen)


STEPS: dict[str, list[str]] = {
    "webhooks": ["outbox"],
    "tickets": ["tickets"],
    "uploads": ["uploads", "idempotency", "outbox", "hook_calls"],
}
"""The tables that a step of the retention removes rows of."""


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_the_retention_that_takes_long_holds_up_nobody(
    services: list[SqlLedger], postgres_url: str, step: str
) -> None:
    """Its rows are locked meanwhile: all that is done to other uploads goes on, and so does another worker's step."""
    serving, _, worker = services
    for number in range(3):
        life(serving, number)
    with psycopg.connect(postgres_url) as other:
        other.execute("UPDATE outbox SET status = 'delivered'")
    watch = Watch(postgres_url)
    with psycopg.connect(postgres_url) as slow:
        for table in STEPS[step]:
            assert slow.execute(f"DELETE FROM {table}".encode()).rowcount or table == "hook_calls"
        with watch.watching():
            for number in range(3, 6):
                life(serving, number)
            worker.prune(LATER, 1000)
            worker.forget_allowances(LATER + timedelta(days=1), 1000)
            worker.forget_keys(first_id_of(LATER), LATER, 1000)
        slow.rollback()
    assert watch.seen == []
