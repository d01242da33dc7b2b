"""The writer of SQLite, which commits the work of many threads together: each gets its own result."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event, Thread
from time import monotonic, sleep

import pytest
from sqlalchemy import Connection

from valetkey.adapters.sql import SqlLedger
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.ports.ledger import Query, Written
from valetkey.testing.contracts.samples import upload


def limit_pages(ledger: SqlLedger, more: int) -> None:
    """Lets the database grow by ``more`` pages of 4 KiB and no further."""

    def limit(connection: Connection) -> int:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + more}").scalar_one())

    ledger._writer.run(limit)


def test_a_full_disk(sqlite: SqlLedger) -> None:
    """`LedgerUnavailable`, nothing half done, reading goes on, and with space again all works."""
    known, new = upload(), [upload()._replace(filename="x" * 4096) for _ in range(100)]
    sqlite.add([known])
    limit_pages(sqlite, 2)
    with pytest.raises(LedgerUnavailable):
        sqlite.add(new)
    assert [sqlite.get(one.id) for one in new] == [None] * 100
    assert sqlite.get(known.id) == known
    limit_pages(sqlite, 1000)
    sqlite.add(new)
    assert sqlite.get(new[-1].id) == new[-1]


def wait_for(ledger: SqlLedger, pieces: int) -> None:
    """Returns when so many pieces of work wait for the writer."""
    deadline = monotonic() + 60
    while len(ledger._writer._waiting) < pieces:
        assert monotonic() < deadline
        sleep(0.001)


def together(ledger: SqlLedger, work: list[Callable[[], object]]) -> list[BaseException | None]:
    """Has ``work`` wait while the writer is busy, so that all of it comes into one group; the error of each."""
    begun, go = Event(), Event()

    def busy(_: Connection) -> bool:
        begun.set()
        return go.wait(120)

    with ThreadPoolExecutor(len(work) + 1) as pool:
        first = pool.submit(ledger._writer.run, busy)
        assert begun.wait(60)
        waiting = [pool.submit(call) for call in work]
        wait_for(ledger, len(work))
        go.set()
        assert first.result(60)
        return [one.exception(60) for one in waiting]


def test_a_full_disk_hinders_only_what_needs_space(sqlite: SqlLedger) -> None:
    """Of one group the big piece fails, and the small one beside it is done."""
    known, big = upload(), upload()._replace(filename="x" * 1_000_000)
    aborted = known.moved(UploadState.ABORTED)
    sqlite.add([known])
    limit_pages(sqlite, 2)
    errors = together(sqlite, [lambda: sqlite.add([big]), lambda: sqlite.replace(known, aborted)])
    assert isinstance(errors[0], LedgerUnavailable)
    assert errors[1] is None
    assert sqlite.get(known.id) == aborted
    assert sqlite.get(big.id) is None


def test_an_error_fails_its_own_work_only(sqlite: SqlLedger) -> None:
    """In a group with a duplicate and a bug, each error goes to whoever made it; the others are durable."""
    known = upload()
    sqlite.add([known])
    good = [upload() for _ in range(10)]

    def bug(_: Connection) -> None:
        raise ZeroDivisionError

    work: list[Callable[[], object]] = [lambda one=one: sqlite.add([one]) for one in good]  # type: ignore[misc]
    work[3:3] = [lambda: sqlite.add([known]), lambda: sqlite._writer.run(bug)]
    errors = together(sqlite, work)
    assert isinstance(errors.pop(3), LedgerUnavailable)
    assert isinstance(errors.pop(3), ZeroDivisionError)
    assert errors == [None] * 10
    assert [sqlite.get(one.id) for one in good] == good


def test_closing_finishes_what_waits(sqlite: SqlLedger, url: str) -> None:
    """Work that was handed over before `close` is durable, and whoever waits for it is answered."""
    begun, go = Event(), Event()
    made = [upload() for _ in range(20)]

    def busy(_: Connection) -> bool:
        begun.set()
        return go.wait(120)

    with ThreadPoolExecutor(len(made) + 2) as pool:
        pool.submit(sqlite._writer.run, busy)
        assert begun.wait(60)
        adding = [pool.submit(sqlite.add, [one]) for one in made]
        wait_for(sqlite, len(made))
        closing_ = pool.submit(sqlite.close)
        go.set()
        closing_.result(60)
        assert [one.exception(60) for one in adding] == [None] * len(made)
    with closing(SqlLedger(url)) as again:
        assert len(again.page(Query("shop", 100))) == len(made)


def test_writing_while_it_closes_never_hangs(sqlite: SqlLedger) -> None:
    """Work that is handed over at the very moment is done, and its thread is answered."""
    made = [upload() for _ in range(400)]
    with ThreadPoolExecutor(8) as pool:
        adding = [pool.submit(sqlite.add, [one]) for one in made]
        while not all(one.done() for one in adding):
            sqlite._writer.close()
        assert [one.exception(0) for one in adding] == [None] * len(made)
    assert [sqlite.get(one.id) for one in made] == made


def begin(ledger: SqlLedger, one: Upload) -> Written:
    unwritten: list[Written] = []
    ledger.add([one], unwritten)
    return unwritten[0]


def test_begun_inserts_while_it_closes_never_hang(sqlite: SqlLedger) -> None:
    """The same for those that no thread waits for until they are durable."""
    made = [upload() for _ in range(400)]
    with ThreadPoolExecutor(4) as pool:
        begun = [pool.submit(begin, sqlite, one) for one in made]
        while not all(one.done() for one in begun):
            sqlite._writer.close()
    for one in begun:
        one.result(0).wait()
    assert [sqlite.get(one.id) for one in made] == made


def test_a_thread_that_cannot_be_started(sqlite: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under a limit of processes: whoever commits does the work of the others, too."""

    class NoThread(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    sqlite.close()
    made = [upload() for _ in range(10)]
    work: list[Callable[[], object]] = [lambda one=one: sqlite.add([one]) for one in made]  # type: ignore[misc]
    with monkeypatch.context() as full:
        full.setattr("valetkey.adapters.sql.writer.Thread", NoThread)
        assert together(sqlite, work) == [None] * len(made)
        begin(sqlite, alone := upload()).wait()
    sqlite.add([known := upload()])
    assert [sqlite.get(one.id) for one in [*made, alone, known]] == [*made, alone, known]


def test_who_is_interrupted_hands_on(sqlite: SqlLedger) -> None:
    """A signal's handler that raises in the thread that commits (Ctrl-C): its work fails, that of others is done."""

    def interrupted(_: Connection) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sqlite._writer.run(interrupted)
    sqlite.add([known := upload()])
    assert sqlite.get(known.id) == known
