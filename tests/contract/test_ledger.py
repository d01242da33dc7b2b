"""What every ledger must do: SQLite, PostgreSQL and memory pass the same suite; another is one parameter more."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from threading import Barrier, Event, Thread
from time import monotonic, sleep
from typing import Any, Protocol

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from valetkey.adapters import engines, migrations
from valetkey.adapters.memory.ledger import MemoryLedger
from valetkey.adapters.schema import metadata
from valetkey.adapters.sql import SqlLedger
from valetkey.core.errors import ConfigurationError, LedgerUnavailable
from valetkey.core.keys import Scope, new_key
from valetkey.core.ports import KeyRing, Ledger, Once, Query
from valetkey.core.upload import (
    Checksum,
    Inspection,
    Method,
    Multipart,
    MultipartUploadId,
    Reason,
    Signal,
    StoredObject,
    Upload,
    UploadState,
    Verdict,
    new_upload_id,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Record(Ledger, KeyRing, Protocol):
    """Both ports, as every adapter here has them."""


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Record]:
    if request.param == "memory":
        yield MemoryLedger()
    else:
        yield request.getfixturevalue(request.param)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def sqlite(url: str) -> Iterator[SqlLedger]:
    ledger = SqlLedger(url)
    ledger.migrate()
    yield ledger
    ledger.close()


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[SqlLedger]:
    ledger = SqlLedger(postgres_url)
    ledger.migrate()
    yield ledger
    ledger.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest) -> SqlLedger:
    """A ledger in a database."""
    ledger: SqlLedger = request.getfixturevalue(request.param)
    return ledger


@pytest.fixture(params=["url", "postgres_url"])
def any_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    return str(request.getfixturevalue(request.param))


def upload(account: str = "shop", profile: str = "default", state: UploadState = UploadState.PENDING) -> Upload:
    return Upload(
        id=new_upload_id(),
        profile=profile,
        account=account,
        owner="ann",
        filename="a.png",
        content_type="image/png",
        size=1,
        bucket="b",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        renewable_until=NOW + timedelta(days=1),
        state=state,
    )


def full() -> Upload:
    """Every field has a value that is hard to keep."""
    return Upload(
        id=new_upload_id(),
        profile="größe",
        account="a'; DROP TABLE uploads; --",
        owner="名前\u202e",
        filename="../../é\r\n\u202e😀" + "x" * 4096,
        content_type='text/plain; charset="utf-8"',
        size=2**63 - 1,
        bucket="b",
        created_at=NOW,
        expires_at=NOW + MICROSECOND,
        renewable_until=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        checksum=Checksum("sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        metadata={"title": "Größe\n", "": "", "a.b": "😀"},
        redirect=True,
        state=UploadState.CONFIRMED,
        version=7,
        pins=3,
        object=StoredObject("k/é", "etag-2", "v1", 2**40, "image/png"),
        reason=Reason("code", "A détail."),
        confirmed_by=Signal.EVENT,
        confirmed_at=NOW - timedelta(days=20_000),
        due_at=NOW + MICROSECOND,
        inspection=Inspection(3, "image/x-größe"),
        verdict=Verdict("etag-2", clean=False, detail="Trojan 名前\n"),
        method=Method.MULTIPART,
        multipart=Multipart("k/é", 5 * 1024**3, MultipartUploadId("2~" + "x" * 1000)),
    )


def in_parts() -> Upload:
    """One that has not been begun at the store, and whose size nobody declared."""
    return upload()._replace(size=None, method=Method.MULTIPART, multipart=Multipart("k", 1))


@pytest.mark.parametrize("make", [upload, full, in_parts])
def test_what_is_added_comes_back(ledger: Record, make: Callable[[], Upload]) -> None:
    """Every field as it was: None, Unicode, 64-bit sizes, moments to the microsecond."""
    one = make()
    ledger.add([one])
    assert ledger.get(one.id) == one


def test_an_unknown_id_is_none(ledger: Record) -> None:
    """Nothing there is no error."""
    assert ledger.get(new_upload_id()) is None


def test_adding_nothing(ledger: Record) -> None:
    """A batch of which every request broke a rule."""
    ledger.add([])
    assert ledger.add_once([]) == []


def test_a_batch_is_added(ledger: Record) -> None:
    """All of it."""
    batch = [upload() for _ in range(100)]
    ledger.add(batch)
    assert [ledger.get(one.id) for one in batch] == batch


def test_a_batch_is_added_whole_or_not_at_all(ledger: Record) -> None:
    """One that cannot be added hinders all of its batch, and no other."""
    known, new = upload(), upload()
    ledger.add([known])
    with pytest.raises(LedgerUnavailable):
        ledger.add([new, known._replace(filename="other")])
    with pytest.raises(LedgerUnavailable):
        ledger.add([new, new])
    assert ledger.get(new.id) is None
    assert ledger.get(known.id) == known
    ledger.add([new])


def test_the_first_of_a_key_is_added(ledger: Record) -> None:
    """And comes back as it was given."""
    entry = Once(upload(), "key", "f" * 64)
    assert ledger.add_once([entry]) == [entry]
    assert ledger.get(entry.upload.id) == entry.upload


def test_a_replay_gets_what_was_recorded(ledger: Record) -> None:
    """As it is by now, and nothing is added."""
    first = Once(upload(), "key", "f" * 64)
    ledger.add_once([first])
    later = first.upload.moved(UploadState.ABORTED)
    assert ledger.replace(first.upload, later)
    again = Once(upload(), "key", "f" * 64)
    assert ledger.add_once([again]) == [Once(later, "key", "f" * 64)]
    assert ledger.get(again.upload.id) is None


def test_a_replay_with_another_body_is_told(ledger: Record) -> None:
    """The fingerprint of the first comes back, so that the caller sees the difference."""
    first = Once(upload(), "key", "f" * 64)
    ledger.add_once([first])
    assert ledger.add_once([Once(upload(), "key", "0" * 64)]) == [first]


def test_keys_of_two_accounts_do_not_meet(ledger: Record) -> None:
    """Nor do two keys of one account."""
    entries = [Once(upload("shop"), "key", "f"), Once(upload("mall"), "key", "f"), Once(upload("shop"), "Key", "f")]
    assert ledger.add_once(entries) == entries


def test_a_key_twice_in_one_call(ledger: Record) -> None:
    """The first wins there too."""
    first, second = Once(upload(), "key", "f"), Once(upload(), "key", "f")
    assert ledger.add_once([first, second]) == [first, first]
    assert ledger.get(second.upload.id) is None


def at_once(work: list[Callable[[], object]]) -> list[object]:
    """Runs each of ``work`` in a thread of its own, all beginning together."""
    barrier = Barrier(len(work))

    def begin(call: Callable[[], object]) -> object:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(begin, work))


def test_one_key_by_many_threads(ledger: Record) -> None:
    """All of them get the same upload, which one of them brought, and it is the only one."""
    entries = [Once(upload(), "key", "f") for _ in range(8)]
    kept = at_once([lambda entry=entry: ledger.add_once([entry]) for entry in entries])  # type: ignore[misc]
    assert all(one == kept[0] for one in kept)
    assert kept[0] in [[entry] for entry in entries]
    assert len(ledger.page(Query("shop", 100))) == 1


def test_replace_writes_what_changed(ledger: Record) -> None:
    """Every field that a move may set, and its way back to None."""
    one = upload()
    ledger.add([one])
    stored = one.moved(UploadState.STORED, object=StoredObject("k", "e", None, 1, "image/png"), pins=1)
    assert ledger.replace(one, stored)
    assert ledger.get(one.id) == stored
    rejected = stored.moved(UploadState.REJECTED, object=None, reason=Reason("missing", "It is gone."))
    assert ledger.replace(stored, rejected)
    assert ledger.get(one.id) == rejected


def test_replace_writes_every_field_of_an_end(ledger: Record) -> None:
    """From the barest upload to the fullest."""
    one = upload()
    ledger.add([one])
    after = full()._replace(id=one.id)
    assert ledger.replace(one, after)
    assert ledger.get(one.id) == after


def test_replace_of_a_stale_version(ledger: Record) -> None:
    """False, and nothing is changed."""
    one = upload()
    ledger.add([one])
    aborted = one.moved(UploadState.ABORTED)
    assert ledger.replace(one, aborted)
    assert not ledger.replace(one, one.moved(UploadState.EXPIRED))
    assert not ledger.replace(one, one.changed(expires_at=NOW))
    assert ledger.get(one.id) == aborted


def test_replace_of_an_unknown_upload(ledger: Record) -> None:
    """False, and nothing is added."""
    one = upload()
    assert not ledger.replace(one, one.moved(UploadState.ABORTED))
    assert ledger.get(one.id) is None


def test_replace_by_many_threads(ledger: Record) -> None:
    """Exactly one of 16 wins, and what it wrote is there."""
    one = upload()
    ledger.add([one])
    afters = [one.changed(pins=number) for number in range(16)]
    won = at_once([lambda after=after: ledger.replace(one, after) for after in afters])  # type: ignore[misc]
    assert won.count(True) == 1
    assert ledger.get(one.id) == afters[won.index(True)]


def test_pages_are_newest_first(ledger: Record) -> None:
    """In the order of creation, whatever the order of adding, and cut at the limit."""
    made = [upload() for _ in range(5)]
    ledger.add([made[number] for number in (3, 0, 4, 1, 2)])
    assert ledger.page(Query("shop", 10)) == made[::-1]
    assert ledger.page(Query("shop", 2)) == [made[4], made[3]]


def test_pages_go_on_from_a_cursor(ledger: Record) -> None:
    """Each upload once, though new ones come in between; behind the last there is nothing."""
    made = [upload() for _ in range(5)]
    ledger.add(made)
    first = ledger.page(Query("shop", 2))
    ledger.add([upload()])
    second = ledger.page(Query("shop", 2, before=first[-1].id))
    third = ledger.page(Query("shop", 2, before=second[-1].id))
    assert first + second + third == made[::-1]
    assert ledger.page(Query("shop", 2, before=made[0].id)) == []


def test_pages_are_filtered(ledger: Record) -> None:
    """By state, by profile, by both, and always by account."""
    mine = [
        upload(profile=profile, state=state)
        for profile in ("default", "images")
        for state in (UploadState.PENDING, UploadState.CONFIRMED)
    ]
    ledger.add([*mine, upload("mall"), upload("SHOP"), upload("")])
    pending = UploadState.PENDING
    assert ledger.page(Query("shop", 10)) == mine[::-1]
    assert ledger.page(Query("shop", 10, state=pending)) == [mine[2], mine[0]]
    assert ledger.page(Query("shop", 10, profile="images")) == [mine[3], mine[2]]
    assert ledger.page(Query("shop", 10, state=pending, profile="images")) == [mine[2]]
    assert ledger.page(Query("shop", 10, state=pending, before=mine[2].id)) == [mine[0]]
    assert ledger.page(Query("nobody", 10)) == []


def test_pages_of_all_accounts(ledger: Record) -> None:
    """For the operator: no account filters nothing, and the other filters still do."""
    mine, other = upload("shop"), upload("mall", state=UploadState.CONFIRMED)
    ledger.add([mine, other])
    assert ledger.page(Query(None, 10)) == [other, mine]
    assert ledger.page(Query(None, 10, state=UploadState.CONFIRMED)) == [other]


def due(seconds: int | None) -> Upload:
    return upload()._replace(due_at=None if seconds is None else NOW + timedelta(seconds=seconds))


def test_what_is_due_the_longest_comes_first(ledger: Record) -> None:
    """To the microsecond, those of one moment in the order of their ids, up to the limit; never what is not due."""
    early, first, second, later, never = due(-5), due(0), due(0), due(1), due(None)
    ledger.add([later, never, second, early, first])
    assert ledger.due(NOW, 10) == [early, first, second]
    assert ledger.due(NOW, 2) == [early, first]
    assert ledger.due(NOW - MICROSECOND, 10) == [early]
    assert ledger.due(NOW + timedelta(seconds=1), 10) == [early, first, second, later]


def test_what_is_due_is_read_page_by_page(ledger: Record) -> None:
    """Behind the last one of a page, also within one moment."""
    made = [due(-1), due(0), due(0), due(0), due(0)]
    ledger.add(made)
    first = ledger.due(NOW, 2)
    second = ledger.due(NOW, 2, first[-1])
    third = ledger.due(NOW, 2, second[-1])
    assert first + second + third == made
    assert ledger.due(NOW, 2, third[-1]) == []


def test_rescheduling_moves_only_the_moment(ledger: Record) -> None:
    """Its version stays, so that whoever read it before can still change it; None takes it out for good."""
    one, other = due(0), due(0)
    ledger.add([one, other])
    later = NOW + timedelta(minutes=1, microseconds=1)
    moved = ledger.reschedule([(one, later), (other, None)])
    assert moved == [one._replace(due_at=later), other._replace(due_at=None)]
    assert [ledger.get(one.id), ledger.get(other.id)] == moved
    assert ledger.due(NOW + timedelta(days=999), 10) == [moved[0]]
    assert ledger.replace(one, one.moved(UploadState.ABORTED))


def test_rescheduling_of_what_has_changed(ledger: Record) -> None:
    """Another version, another moment, or none: left alone, and not among those that come back."""
    changed, taken, good = due(0), due(0), due(0)
    ledger.add([changed, taken, good])
    stored = changed.moved(UploadState.STORED)
    ledger.replace(changed, stored)
    [lease] = ledger.reschedule([(taken, NOW + MICROSECOND)])
    later = NOW + timedelta(hours=1)
    assert ledger.reschedule([(changed, later), (taken, later), (due(0), later), (good, later)]) == [
        good._replace(due_at=later)
    ]
    assert ledger.get(changed.id) == stored
    assert ledger.get(taken.id) == lease
    assert ledger.reschedule([]) == []


def test_two_who_claim_share_what_is_due(ledger: Record) -> None:
    """Eight at once reschedule the same 40: each upload goes to exactly one of them."""
    made = [due(0) for _ in range(40)]
    ledger.add(made)
    lease = NOW + timedelta(minutes=1)
    taken = at_once([lambda: ledger.reschedule([(one, lease) for one in made])] * 8)
    ids = [one.id for some in taken if isinstance(some, list) for one in some]
    assert sorted(ids) == [one.id for one in made]


def test_keys_come_back(ledger: Record) -> None:
    """One by its id, all of them the oldest first."""
    old, _ = new_key("größe", NOW)
    new, _ = new_key("shop", NOW + MICROSECOND)
    ledger.add_key(new)
    ledger.add_key(old)
    assert ledger.get_key(old.id) == old
    assert ledger.get_key("0" * 12) is None
    assert ledger.list_keys() == [old, new]


def test_a_key_is_added_once(ledger: Record) -> None:
    """An id that is taken is refused, and the key that has it stays as it was."""
    key, _ = new_key("shop", NOW)
    ledger.add_key(key)
    with pytest.raises(LedgerUnavailable):
        ledger.add_key(replace(key, name="mall"))
    assert ledger.list_keys() == [key]


def test_keys_are_revoked(ledger: Record) -> None:
    """For good, with the date of the first time; an unknown one is told."""
    key, _ = new_key("shop", NOW)
    other, _ = new_key("mall", NOW)
    ledger.add_key(key)
    ledger.add_key(other)
    assert ledger.revoke_key(key.id, NOW)
    assert ledger.revoke_key(key.id, NOW + MICROSECOND)
    assert ledger.get_key(key.id) == replace(key, revoked_at=NOW)
    assert ledger.get_key(other.id) == other
    assert not ledger.revoke_key("0" * 12, NOW)


def test_check_of_a_good_ledger(ledger: Record) -> None:
    """It says nothing."""
    ledger.check()


# --- what only a database can get wrong ---


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


def test_the_migrations_make_the_schema(kept: SqlLedger) -> None:
    """What Alembic built and what the code expects do not differ in a table, a column, a type or an index."""
    with kept._writers.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_what_is_due_is_found_by_its_index(sqlite: SqlLedger) -> None:
    """And so are the pages behind the first: the cost does not grow with uploads that have ended."""
    statements: list[Any] = []
    event.listen(sqlite._readers, "before_cursor_execute", lambda *args: statements.append(args[2:4]))
    sqlite.due(NOW, 10)
    sqlite.due(NOW, 10, due(0))
    with sqlite._readers.connect() as connection:
        for statement, parameters in statements[:]:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            assert [row for row in plan if "USING INDEX uploads_by_due" in row[-1]], plan
            assert not [row for row in plan if "TEMP B-TREE" in row[-1]], plan


def test_open_uploads_of_the_first_schema_become_due(url: str, tmp_path: Path) -> None:
    """A ledger of version 0001 is migrated with what is in it; what is open is looked at, what has ended is not."""
    columns = {
        "version": 1, "profile": "default", "account": "shop", "owner": "ann", "filename": "a", "size": 1, "pins": 0,
        "content_type": "t/t", "bucket": "b", "created_at": 0, "expires_at": 7, "renewable_until": 9, "redirect": 0,
    }  # fmt: skip
    with closing(SqlLedger(url)) as ledger:
        with ledger._writers.connect() as connection:
            command.upgrade(migrations.config(connection), "0001")
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
            for state in UploadState:
                row = columns | {"id": new_upload_id(), "state": state.value}
                other.execute(
                    f"INSERT INTO uploads ({','.join(row)}) VALUES ({','.join('?' * len(row))})", [*row.values()]
                )
            other.commit()
        ledger.migrate()
        found = ledger.due(NOW, 10)
    assert {one.state for one in found} == {UploadState.PENDING, UploadState.STORED, UploadState.EXPIRED}
    assert {one.due_at for one in found} == {found[0].expires_at}


def test_migrating_again_changes_nothing(kept: SqlLedger) -> None:
    """And loses nothing."""
    one = upload()
    kept.add([one])
    kept.migrate()
    assert kept.get(one.id) == one


def test_a_database_without_the_schema_is_told(any_url: str) -> None:
    """`check` says what to run, and the rest is unavailable."""
    with closing(SqlLedger(any_url)) as empty:
        with pytest.raises(LedgerUnavailable, match="valetkey migrate"):
            empty.check()
        with pytest.raises(LedgerUnavailable):
            empty.add([upload()])
        with pytest.raises(LedgerUnavailable):
            empty.get(new_upload_id())


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nonsense",
        "mysql://localhost/x",
        "postgresql://localhost:port/x",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////no/such/folder/x.db",
    ],
)
def test_a_url_it_cannot_use_is_a_setting_to_mend(bad: str) -> None:
    """At the start, not at the first request."""
    with pytest.raises(ConfigurationError):
        SqlLedger(bad)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[SqlLedger]:
    """A ledger that waits 0.2 s for a lock."""
    monkeypatch.setattr(engines, "BUSY_TIMEOUT", 200)
    with closing(SqlLedger(url)) as ledger:
        ledger.migrate()
        yield ledger


def test_a_locked_database(impatient: SqlLedger, tmp_path: Path) -> None:
    """`LedgerUnavailable` for writers, readers go on; nothing is half done, and all works when the lock is gone."""
    known, new = upload(), upload()
    impatient.add([known])
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writes: list[Callable[[], object]] = [
            lambda: impatient.add([new]),
            lambda: impatient.add_once([Once(new, "key", "f")]),
            lambda: impatient.replace(known, known.moved(UploadState.ABORTED)),
            lambda: impatient.add_key(new_key("shop", NOW)[0]),
        ]
        for write in writes:
            with pytest.raises(LedgerUnavailable):
                write()
        assert impatient.get(known.id) == known
        assert impatient.page(Query("shop", 10)) == [known]
        other.execute("ROLLBACK")
    assert impatient.get(new.id) is None
    assert impatient.add_once([Once(new, "key", "f")]) == [Once(new, "key", "f")]
    assert impatient.replace(known, known.moved(UploadState.ABORTED))


def test_a_lock_that_is_soon_gone(sqlite: SqlLedger, tmp_path: Path) -> None:
    """A writer of another process (`valetkey keys create`) is waited for."""
    path = tmp_path / "ledger.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute("BEGIN IMMEDIATE")
        adding = pool.submit(sqlite.add, [upload()])
        other.execute("COMMIT")
        adding.result(10)
    assert len(sqlite.page(Query("shop", 10))) == 1


def test_many_locked_out_at_once_are_told_together(impatient: SqlLedger, tmp_path: Path) -> None:
    """They wait for the lock once, not one after the other: the last of 40 would wait 40 times as long."""
    impatient.add([upload()])
    statements: list[str] = []
    event.listen(impatient._writers, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with (
        closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other,
        ThreadPoolExecutor(40) as pool,
    ):
        other.execute("BEGIN IMMEDIATE")
        adding = [pool.submit(impatient.add, [upload()]) for _ in range(40)]
        errors = [one.exception(60) for one in adding]
    assert {type(error) for error in errors} == {LedgerUnavailable}
    assert set(statements) == {"BEGIN IMMEDIATE"}
    assert len(statements) < 20


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
    """Returns when so many pieces of work are in the writer's queue."""
    deadline = monotonic() + 30
    while ledger._writer._queue.qsize() < pieces:
        assert monotonic() < deadline
        sleep(0.001)


def together(ledger: SqlLedger, work: list[Callable[[], object]]) -> list[BaseException | None]:
    """Has ``work`` wait while the writer is busy, so that all of it comes into one group; the error of each."""
    begun, go = Event(), Event()

    def busy(_: Connection) -> bool:
        begun.set()
        return go.wait(30)

    with ThreadPoolExecutor(len(work) + 1) as pool:
        first = pool.submit(ledger._writer.run, busy)
        assert begun.wait(30)
        waiting = [pool.submit(call) for call in work]
        wait_for(ledger, len(work))
        go.set()
        assert first.result(30)
        return [one.exception(30) for one in waiting]


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
        return go.wait(30)

    with ThreadPoolExecutor(len(made) + 2) as pool:
        pool.submit(sqlite._writer.run, busy)
        assert begun.wait(30)
        adding = [pool.submit(sqlite.add, [one]) for one in made]
        wait_for(sqlite, len(made))
        closing_ = pool.submit(sqlite.close)
        go.set()
        closing_.result(30)
        assert [one.exception(30) for one in adding] == [None] * len(made)
    with closing(SqlLedger(url)) as again:
        assert len(again.page(Query("shop", 100))) == len(made)


class SlowHand(SimpleQueue[Any]):
    """A queue whose first piece of work is put in while somebody else closes the writer."""

    def __init__(self, close: Callable[[], None]) -> None:
        self.closer: Thread | None = Thread(target=close, daemon=True)

    def put(self, item: object, block: bool = True, timeout: float | None = None) -> None:
        if item is not None and (closer := self.closer):
            self.closer = None
            closer.start()
            closer.join(0.5)
        super().put(item, block, timeout)


def test_writing_while_it_closes_never_hangs(sqlite: SqlLedger) -> None:
    """Work that is handed over at the very moment is done or refused, but whoever waits for it is answered."""
    sqlite.close()
    sqlite._writer._queue = SlowHand(sqlite._writer.close)
    sqlite._writer._begin()
    adding = Thread(target=sqlite.add, args=([upload()],), daemon=True)
    adding.start()
    adding.join(10)
    assert not adding.is_alive()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)
"""What the API lets in: no NUL, which PostgreSQL does not keep."""


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_text_comes_back(kept: SqlLedger, data: st.DataObject) -> None:
    """Whatever a client calls its file, and whatever it says of it."""
    one = upload()._replace(
        filename=data.draw(TEXT),
        owner=data.draw(TEXT),
        metadata=data.draw(st.dictionaries(TEXT, TEXT, max_size=5)),
        size=data.draw(st.integers(0, 2**63 - 1)),
        created_at=data.draw(st.datetimes(timezones=st.just(UTC))),
    )
    kept.add([one])
    assert kept.get(one.id) == one


def test_checks_come_and_go_by_replacement(ledger: Record) -> None:
    """What the first bytes looked like (nothing known, too) and a verdict are kept apart from each other."""
    one = upload()
    ledger.add([one])
    for changes in (
        {"inspection": Inspection(1, None)},
        {"verdict": Verdict("e", clean=True)},
        {"inspection": None},
        {"verdict": None},
    ):
        after = one.changed(**changes)
        assert ledger.replace(one, after)
        assert ledger.get(one.id) == after
        one = after


def test_a_key_keeps_its_scope(ledger: Record) -> None:
    """An ordinary key, and a scanner's."""
    made = [new_key("shop", NOW)[0], new_key("scanner", NOW, Scope.VERDICT)[0]]
    for key in made:
        ledger.add_key(key)
    assert [ledger.get_key(key.id) for key in made] == made
    assert {key.scope for key in ledger.list_keys()} == set(Scope)


@pytest.mark.parametrize("place", ["url", "postgres_url"])
def test_keys_of_the_schema_before_scopes_are_for_uploads(place: str, request: pytest.FixtureRequest) -> None:
    """A ledger of version 0003 keeps its keys and what they may do."""
    with closing(SqlLedger(str(request.getfixturevalue(place)))) as ledger:
        with ledger._writers.connect() as connection:
            command.upgrade(migrations.config(connection), "0003")
            insert = "INSERT INTO api_keys (id, name, digest, created_at) VALUES ('0123456789ab', 'shop', 'd', 7)"
            connection.exec_driver_sql(insert)
            connection.commit()
        ledger.migrate()
        [key] = ledger.list_keys()
        assert (key.name, key.scope) == ("shop", Scope.UPLOADS)
