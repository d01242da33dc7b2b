"""Several services on one PostgreSQL, and a PostgreSQL that is stopped and started."""

import multiprocessing
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Event
from time import monotonic, sleep

import psycopg
import pytest
from tests.support import processes
from tests.support.ledgers import migrated
from tests.support.postgres import Postgres
from tests.support.servers import VALETKEY

from valetkey.adapters.sql import SqlLedger, engines
from valetkey.adapters.sql.migrations import LOCK
from valetkey.core.access.api_keys import new_key
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.upload import Upload, UploadId, UploadState
from valetkey.core.ports.ledger import Once, Query
from valetkey.testing.contracts.parallel import in_parallel
from valetkey.testing.contracts.samples import upload

ROUNDS = 20


@pytest.fixture
def two(postgres_url: str) -> Iterator[tuple[SqlLedger, SqlLedger]]:
    """Two services' ledgers on one database."""
    with migrated(postgres_url) as one, closing(SqlLedger(postgres_url)) as other:
        yield one, other


def test_a_key_at_two_services_is_one_upload(two: tuple[SqlLedger, SqlLedger]) -> None:
    """Both get the same upload, which one of them brought; nothing else is recorded."""
    for number in range(ROUNDS):
        entries = [Once(upload(), f"key {number}", "f") for _ in range(8)]
        ledgers = two * 4
        kept = in_parallel(
            [lambda own=own, entry=entry: own.add_once([entry]) for own, entry in zip(ledgers, entries, strict=True)]  # type: ignore[misc]
        )
        assert all(one == kept[0] for one in kept)
        assert kept[0] in [[entry] for entry in entries]
    assert len(two[0].page(Query("shop", 1000))) == ROUNDS


def test_replace_at_two_services(two: tuple[SqlLedger, SqlLedger]) -> None:
    """Of 8 changes at once one wins, and both services see what it wrote."""
    for _ in range(ROUNDS):
        one = upload()
        two[0].add([one])
        afters = [one.changed(pins=number) for number in range(8)]
        won = in_parallel([lambda own=own, after=after: own.replace(one, after) for own, after in zip(two * 4, afters)])  # type: ignore[misc] # noqa: B905, B023
        assert won.count(True) == 1
        assert [ledger.get(one.id) for ledger in two] == [afters[won.index(True)]] * 2


def count_up(url: str, upload_id: UploadId, times: int) -> int:
    """As a process of its own: adds 1 to ``pins`` by compare-and-set, ``times`` times; how often it had to try."""
    tries = 0
    with closing(SqlLedger(url)) as ledger:
        for _ in range(times):
            while True:
                tries += 1
                now = ledger.get(upload_id)
                assert now is not None
                if ledger.replace(now, now.changed(pins=now.pins + 1)):
                    break
    return tries


def test_processes_count_together(postgres_url: str) -> None:
    """Three processes add to one number by compare-and-set: no step is lost, none is counted twice."""
    one = upload()
    with migrated(postgres_url) as ledger:
        ledger.add([one])
        with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
            tries = [pool.submit(count_up, postgres_url, one.id, 50) for _ in range(3)]
            assert sum(each.result(60) for each in tries) >= 150
        after = ledger.get(one.id)
    assert after is not None
    assert (after.pins, after.version) == (150, one.version + 150)


def wait_for_a_lock(url: str, sessions: int = 1) -> None:
    """Returns when so many sessions wait for another's lock."""
    with psycopg.connect(url, autocommit=True) as watcher:
        deadline = monotonic() + 60
        while watcher.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchone() != (sessions,):
            assert monotonic() < deadline
            sleep(0.01)


CLAIM = "INSERT INTO idempotency (account, key, fingerprint, upload_id) VALUES ('shop', %s, 'f', 'x')"


def test_a_deadlock_with_another_service(two: tuple[SqlLedger, SqlLedger], postgres_url: str) -> None:
    """Two that claim the same keys in opposite order: whom PostgreSQL ends tries again, and nobody is told."""
    entries = [Once(upload(), "first", "f"), Once(upload(), "second", "f")]
    with psycopg.connect(postgres_url) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SET deadlock_timeout = '60s'")  # so it is not this one that is ended
        other.execute(CLAIM, ["second"])
        adding = pool.submit(two[0].add_once, entries)
        wait_for_a_lock(postgres_url)
        other.execute(CLAIM, ["first"])
        other.rollback()
        assert adding.result(60) == entries
    assert len(two[1].page(Query("shop", 10))) == 2


def test_a_row_that_somebody_keeps(
    two: tuple[SqlLedger, SqlLedger], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for it is told to try again; those beside, who do not need it, are not held up."""
    monkeypatch.setattr(engines, "BUSY_TIMEOUT", 1000)
    one = upload()
    two[0].add([one])
    aborted = one.moved(UploadState.ABORTED)
    with closing(SqlLedger(postgres_url)) as impatient:
        with psycopg.connect(postgres_url) as other, ThreadPoolExecutor(1) as pool:
            other.execute("SELECT 1 FROM uploads FOR UPDATE")
            waiting = pool.submit(impatient.replace, one, aborted)
            wait_for_a_lock(postgres_url)
            beside = upload()
            impatient.add([beside])
            assert impatient.replace(beside, beside.moved(UploadState.ABORTED))
            assert not waiting.done()
            assert isinstance(waiting.exception(60), LedgerUnavailable)
        assert impatient.replace(one, aborted)


def test_many_that_migrate_at_once(postgres_url: str) -> None:
    """Services that start together may all migrate first: each says that it is done, and the schema is there once."""
    env = os.environ | {"VALETKEY_DATABASE_URL": postgres_url}
    with ExitStack() as stack:
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])  # so that all begin together
            running = [
                stack.enter_context(
                    processes.running([VALETKEY, "migrate"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                )
                for _ in range(3)
            ]
            wait_for_a_lock(postgres_url, 3)
        said = [each.communicate(timeout=150)[0] for each in running]
    assert said == [b"The ledger has the schema of this version.\n"] * 3
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM valetkey_version").fetchone() == (1,)


def test_migrating_waits_for_another_that_takes_long(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than for any row: a big table takes its time."""
    monkeypatch.setattr(engines, "BUSY_TIMEOUT", 100)
    with closing(SqlLedger(postgres_url)) as ledger, ThreadPoolExecutor(1) as pool:
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            migrating = pool.submit(ledger.migrate)
            wait_for_a_lock(postgres_url)
            sleep(0.5)
            assert not migrating.done()
        migrating.result(60)
        ledger.check()


def test_a_restart_between_two_requests(own_postgres: Postgres) -> None:
    """Nobody notices: connections from before are replaced, those of the writer's, too."""
    with migrated(own_postgres.url()) as ledger:
        known = [upload() for _ in range(3)]
        in_parallel([lambda one=one: ledger.add([one]) for one in known])  # type: ignore[misc]
        in_parallel([lambda one=one: ledger.get(one.id) for one in known])  # type: ignore[misc]
        for _ in range(2):
            own_postgres.stop_server()
            own_postgres.start_server()
            new = upload()
            ledger.add([new])
            assert [ledger.get(one.id) for one in [*known, new]] == [*known, new]
            assert ledger.replace(known[0], known[0].changed(pins=1))
            known[0] = known[0].changed(pins=1)


def test_a_server_that_is_away(own_postgres: Postgres) -> None:
    """Everything says so at once, and nothing is half done; when it is back all works, and nothing is lost."""
    known, new, entry = upload(), upload(), Once(upload(), "key", "f")
    with migrated(own_postgres.url()) as ledger:
        ledger.add([known])
        own_postgres.stop_server()
        calls: list[Callable[[], object]] = [
            lambda: ledger.add([new]),
            lambda: ledger.add_once([entry]),
            lambda: ledger.replace(known, known.moved(UploadState.ABORTED)),
            lambda: ledger.get(known.id),
            lambda: ledger.page(Query("shop", 10)),
            lambda: ledger.add_key(new_key("shop", known.created_at)[0]),
            ledger.list_keys,
            ledger.check,
            ledger.migrate,
        ]
        started = monotonic()
        for call in calls:
            with pytest.raises(LedgerUnavailable):
                call()
        assert monotonic() - started < 30  # nine times five seconds if each of them waited for a connection
        own_postgres.start_server()
        assert ledger.page(Query("shop", 10)) == [known]
        ledger.add([new])
        assert ledger.add_once([entry]) == [entry]
        assert ledger.replace(known, known.moved(UploadState.ABORTED))
        ledger.check()


def test_a_server_that_stops_under_load(own_postgres: Postgres) -> None:
    """What was said to be added is there afterwards, whatever was going on when the server stopped."""
    promised: list[Upload] = []
    refused: list[LedgerUnavailable] = []
    started_again = Event()
    until = monotonic() + 60

    def work(ledger: SqlLedger) -> None:
        promised_since = False
        while not promised_since and monotonic() < until:
            back = started_again.is_set()
            one = upload()
            try:
                ledger.add([one])
                after = one.moved(UploadState.ABORTED)
                assert ledger.replace(one, after)
                promised.append(after)
                promised_since = back
            except LedgerUnavailable as error:
                refused.append(error)
                sleep(0.01)
        assert promised_since

    with migrated(own_postgres.url()) as ledger, ThreadPoolExecutor(8) as pool:
        working = [pool.submit(work, ledger) for _ in range(8)]
        for _ in range(2):
            sleep(0.5)
            own_postgres.stop_server()
            own_postgres.start_server()
        started_again.set()
        for each in working:
            each.result(120)
        assert refused
        assert [ledger.get(one.id) for one in promised] == promised
