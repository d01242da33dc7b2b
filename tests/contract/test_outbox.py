"""What every outbox must do: SQLite, PostgreSQL and memory pass the same suite."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
from tests.support.ledgers import migrated
from tests.support.parallel import in_parallel
from tests.support.uploads import new_upload

from valetkey.adapters.memory import MemoryLedger
from valetkey.adapters.sql import SqlLedger
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.announcement import Announcement, Announcer, Status
from valetkey.core.model.upload import StoredObject, Upload, UploadState
from valetkey.core.ports.announcing import Outbox
from valetkey.core.ports.ledger import Ledger

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Record(Ledger, Outbox, Protocol):
    """Both ports, as every adapter here has them."""


def render(kind: str, at: datetime, upload: Upload) -> str:
    return f"{kind} {at.isoformat()} {upload.state} {upload.filename}"


def announcer() -> Announcer:
    """Each announcement is a second younger than the one before."""
    moments = iter(range(10_000))
    return Announcer(render, lambda: NOW + next(moments) * SECOND)


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
def ledger(request: pytest.FixtureRequest, url: str) -> Iterator[Record]:
    if request.param == "memory":
        yield MemoryLedger(announce=announcer())
        return
    with migrated(url if request.param == "sqlite" else request.getfixturevalue("postgres_url"), announcer()) as made:
        yield made


def pending() -> Upload:
    return new_upload(NOW, filename="größe\n😀")


def end(ledger: Record) -> str:
    """An upload is aborted; the id of its announcement."""
    upload = pending()
    ledger.add([upload])
    assert ledger.replace(upload, upload.moved(UploadState.ABORTED))
    return f"{upload.id}-aborted"


def ids(announcements: list[Announcement]) -> list[str]:
    return [one.id for one in announcements]


def test_an_end_comes_with_its_announcement(ledger: Record) -> None:
    """Every field as core made it."""
    upload = pending()
    ledger.add([upload])
    assert ledger.announcements(None, 10) == []
    after = upload.moved(UploadState.ABORTED)
    assert ledger.replace(upload, after)
    body = f"upload.aborted {NOW.isoformat()} aborted größe\n😀"
    expected = Announcement(f"{upload.id}-aborted", "upload.aborted", upload.id, body, NOW, NOW)
    assert ledger.announcements(None, 10) == [expected]


def test_each_end_of_one_upload_is_announced(ledger: Record) -> None:
    """Expired, then confirmed after all, then deleted: three ends, three ids; a pin is none."""
    upload = pending()
    ledger.add([upload])
    stored = StoredObject("k", "e", None, 1, "image/png")
    for state in (UploadState.EXPIRED, UploadState.STORED, UploadState.CONFIRMED, UploadState.DELETED):
        after = upload.moved(state, object=stored if state is not UploadState.EXPIRED else None)
        assert ledger.replace(upload, after)
        upload = after
    states = ("deleted", "confirmed", "expired")
    assert ids(ledger.announcements(None, 10)) == [f"{upload.id}-{state}" for state in states]


def test_a_lost_compare_and_set_announces_nothing(ledger: Record) -> None:
    """Neither of an upload that has changed, nor of one that is not there."""
    upload = pending()
    ledger.add([upload])
    assert ledger.replace(upload, upload.changed(pins=1))
    assert not ledger.replace(upload, upload.moved(UploadState.ABORTED))
    stranger = pending()
    assert not ledger.replace(stranger, stranger.moved(UploadState.ABORTED))
    assert ledger.announcements(None, 10) == []


def test_ends_that_race_are_announced_once(ledger: Record) -> None:
    """Eight threads try two ends: one announcement, of the end that won."""
    upload = pending()
    ledger.add([upload])
    afters = [upload.moved(state) for state in (UploadState.ABORTED, UploadState.EXPIRED)] * 4
    won = in_parallel([lambda after=after: ledger.replace(upload, after) for after in afters])  # type: ignore[misc]
    winner = afters[won.index(True)]
    assert won.count(True) == 1
    assert ids(ledger.announcements(None, 10)) == [f"{upload.id}-{winner.state}"]


def test_a_claim_takes_what_is_due(ledger: Record) -> None:
    """The oldest first up to the limit, one version on, due again when the lease is over; what is not due stays."""
    names = [end(ledger) for _ in range(4)]
    now, until = NOW + 2 * SECOND, NOW + 32 * SECOND
    first = ledger.claim(now, until, 2)
    assert sorted(ids(first)) == sorted(names[:2])
    assert [(one.due_at, one.version, one.attempts) for one in first] == [(until, 2, 0)] * 2
    assert ids(ledger.claim(now, until, 10)) == [names[2]]
    assert ledger.claim(now, until, 10) == []
    assert sorted(ids(ledger.claim(until, until + SECOND, 10))) == sorted(names)


def test_a_claim_by_many_threads(ledger: Record) -> None:
    """Eight at once, again and again, get each row exactly once between them."""
    names = [end(ledger) for _ in range(60)]
    now = NOW + timedelta(hours=1)

    def claim_all() -> list[str]:
        mine = []
        for _ in range(60):
            mine += ids(ledger.claim(now, now + SECOND, 3))
        return mine

    claimed = [name for mine in in_parallel([claim_all] * 8) for name in mine]
    assert sorted(claimed) == sorted(names)


def test_workers_side_by_side_all_find_work(ledger: Record) -> None:
    """Nobody goes away with nothing because another one looked at the same rows."""
    names = [end(ledger) for _ in range(24)]
    now = NOW + timedelta(hours=1)
    claimed = in_parallel([lambda: ids(ledger.claim(now, now + SECOND, 3))] * 8)
    assert [len(mine) for mine in claimed] == [3] * 8
    assert sorted(name for mine in claimed for name in mine) == sorted(names)


def test_what_came_of_an_attempt_is_kept(ledger: Record) -> None:
    """Every field that an attempt changes; a stale version changes nothing."""
    end(ledger)
    [claimed] = ledger.claim(NOW, NOW + SECOND, 1)
    failed = claimed.changed(attempts=1, due_at=NOW + 9 * SECOND, detail="HTTP 500 größe")
    assert ledger.settle(claimed, failed)
    assert not ledger.settle(claimed, claimed.changed(status=Status.DELIVERED))
    assert ledger.announcements(None, 10) == [failed]
    [again] = ledger.claim(NOW + 9 * SECOND, NOW + 10 * SECOND, 1)
    dead = again.changed(status=Status.DEAD, attempts=2, detail=None)
    assert ledger.settle(again, dead)
    assert ledger.announcements(Status.DEAD, 10) == [dead]
    assert ledger.claim(NOW + timedelta(days=9), NOW + timedelta(days=10), 10) == []


def settle_all(ledger: Record, status: Status, due_at: datetime) -> list[str]:
    """All that wait are made so; their ids."""
    claimed = ledger.claim(NOW + timedelta(hours=1), NOW + timedelta(hours=2), 100)
    assert all(ledger.settle(one, one.changed(status=status, attempts=1, due_at=due_at)) for one in claimed)
    return ids(claimed)


def test_only_delivered_ones_are_removed(ledger: Record) -> None:
    """When their time has come, up to the limit; dead and waiting ones stay however old."""
    for _ in range(3):
        end(ledger)
    settle_all(ledger, Status.DELIVERED, NOW + timedelta(days=7))
    dead_id = end(ledger)
    settle_all(ledger, Status.DEAD, NOW)
    waiting_id = end(ledger)
    assert ledger.prune(NOW + timedelta(days=7) - SECOND, 10) == 0
    assert ledger.prune(NOW + timedelta(days=7), 2) == 2
    assert ledger.prune(NOW + timedelta(days=7), 2) == 1
    assert ids(ledger.announcements(None, 10)) == [waiting_id, dead_id]


def test_they_are_listed_newest_first(ledger: Record) -> None:
    """By status, and cut at the limit."""
    dead = [end(ledger) for _ in range(3)]
    settle_all(ledger, Status.DEAD, NOW)
    waiting = end(ledger)
    assert ids(ledger.announcements(Status.DEAD, 10)) == dead[::-1]
    assert ids(ledger.announcements(Status.WAITING, 10)) == [waiting]
    assert ids(ledger.announcements(None, 2)) == [waiting, dead[2]]
    assert ledger.announcements(Status.DELIVERED, 10) == []


def test_all_dead_ones_are_replayed(ledger: Record) -> None:
    """They wait as if no attempt had been made; delivered ones and those that wait are left alone."""
    delivered = end(ledger)
    settle_all(ledger, Status.DELIVERED, NOW + timedelta(days=7))
    dead = [end(ledger) for _ in range(2)]
    settle_all(ledger, Status.DEAD, NOW)
    waiting = end(ledger)
    later = NOW + timedelta(days=1)
    assert sorted(ledger.replay(None, later)) == sorted(dead)
    assert ledger.replay(None, later) == []
    found = {one.id: one for one in ledger.announcements(None, 10)}
    assert {(found[name].status, found[name].attempts, found[name].due_at) for name in dead} == {
        (Status.WAITING, 0, later)
    }
    assert found[delivered].status is Status.DELIVERED
    assert found[waiting].due_at < later


def test_some_are_replayed(ledger: Record) -> None:
    """Dead or delivered, by their ids; one that waits or is not there is left out."""
    dead, other = end(ledger), end(ledger)
    settle_all(ledger, Status.DEAD, NOW)
    delivered = end(ledger)
    settle_all(ledger, Status.DELIVERED, NOW)
    waiting = end(ledger)
    replayed = ledger.replay([dead, delivered, waiting, "nobody", "%"], NOW)
    assert sorted(replayed) == sorted([dead, delivered])
    assert ledger.replay([], NOW) == []
    assert ids(ledger.announcements(Status.DEAD, 10)) == [other]


def test_a_replay_takes_the_row_from_a_late_worker(ledger: Record) -> None:
    """What a worker read before the replay cannot be written any more."""
    end(ledger)
    settle_all(ledger, Status.DEAD, NOW)
    [dead] = ledger.announcements(Status.DEAD, 10)
    ledger.replay(None, NOW)
    assert not ledger.settle(dead, dead.changed(status=Status.DELIVERED))


@pytest.mark.parametrize("make", [SqlLedger, lambda _: MemoryLedger()], ids=["sqlite", "memory"])
def test_without_an_announcer_nothing_is_written(make: Callable[[str], Record], url: str) -> None:
    """Nobody would send it."""
    with migrated(url):
        ledger = make(url)
    end(ledger)
    assert ledger.announcements(None, 10) == []


# --- what only a database on a disk can get wrong ---


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
            plan = str(other.execute(f"EXPLAIN QUERY PLAN SELECT * FROM outbox WHERE {query} LIMIT 9").fetchall())
            assert "USING INDEX outbox_by_due" in plan
            assert "TEMP B-TREE" not in plan
