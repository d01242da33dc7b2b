"""The contract of outboxes: they return an announcement again and again until it is delivered."""

from datetime import datetime, timedelta
from typing import Protocol

from valetkey.core.model.announcement import Announcement, Announcer, Status
from valetkey.core.model.upload import StoredObject, Upload, UploadState
from valetkey.core.ports.announcing import Outbox
from valetkey.core.ports.ledger import Ledger
from valetkey.testing.contracts.parallel import in_parallel
from valetkey.testing.contracts.samples import NOW, new_upload

SECOND = timedelta(seconds=1)


class AnnouncingLedger(Ledger, Outbox, Protocol):
    """A ledger with its own outbox."""


def render(kind: str, at: datetime, upload: Upload) -> str:
    return f"{kind} {at.isoformat()} {upload.state} {upload.filename}"


def announcer() -> Announcer:
    """An announcer each of whose announcements is one second later than the one before."""
    moments = iter(range(10_000))
    return Announcer(
        render,
        lambda: NOW + next(moments) * SECOND,
        render_erasure=lambda kind, at, job: f"{kind} {at.isoformat()} {job.state}",
    )


def pending() -> Upload:
    return new_upload(NOW, filename="größe\n😀")


def end(ledger: AnnouncingLedger) -> str:
    """Aborts an upload, and returns the id of its announcement."""
    upload = pending()
    ledger.add([upload])
    assert ledger.replace(upload, upload.moved(UploadState.ABORTED))
    return f"{upload.id}-aborted"


def ids(announcements: list[Announcement]) -> list[str]:
    return [one.id for one in announcements]


def settle_all(ledger: AnnouncingLedger, status: Status, due_at: datetime) -> list[str]:
    """Changes all waiting announcements, and returns their ids."""
    claimed = ledger.claim(NOW + timedelta(hours=1), NOW + timedelta(hours=2), 100)
    assert all(ledger.settle(one, one.changed(status=status, attempts=1, due_at=due_at)) for one in claimed)
    return ids(claimed)


class OutboxContract:
    """What every outbox must do. A fixture ``ledger`` provides an empty one that was created with `announcer()`."""

    def test_an_end_comes_with_its_announcement(self, ledger: AnnouncingLedger) -> None:
        """Every field as the core has set it."""
        upload = pending()
        ledger.add([upload])
        assert ledger.announcements(None, 10) == []
        after = upload.moved(UploadState.ABORTED)
        assert ledger.replace(upload, after)
        body = f"upload.aborted {NOW.isoformat()} aborted größe\n😀"
        expected = Announcement(f"{upload.id}-aborted", "upload.aborted", upload.id, body, NOW, NOW)
        assert ledger.announcements(None, 10) == [expected]

    def test_what_waits_too_long_is_found(self, ledger: AnnouncingLedger) -> None:
        """The longest due first, whatever is younger. What is delivered does not wait."""
        delivered = end(ledger)
        settle_all(ledger, Status.DELIVERED, NOW)
        late = [end(ledger) for _ in range(3)]
        end(ledger)
        assert ids(ledger.late(NOW + 3 * SECOND, 10)) == late
        assert ids(ledger.late(NOW + 3 * SECOND, 2)) == late[:2]
        assert delivered not in ids(ledger.late(NOW + timedelta(days=1), 10))

    def test_each_end_of_one_upload_is_announced(self, ledger: AnnouncingLedger) -> None:
        """Expired, then confirmed after all, then deleted: three ends with three ids. A pin is not an end."""
        upload = pending()
        ledger.add([upload])
        stored = StoredObject("k", "e", None, 1, "image/png")
        for state in (UploadState.EXPIRED, UploadState.STORED, UploadState.CONFIRMED, UploadState.DELETED):
            after = upload.moved(state, object=stored if state is not UploadState.EXPIRED else None)
            assert ledger.replace(upload, after)
            upload = after
        states = ("deleted", "confirmed", "expired")
        assert ids(ledger.announcements(None, 10)) == [f"{upload.id}-{state}" for state in states]

    def test_a_lost_compare_and_set_announces_nothing(self, ledger: AnnouncingLedger) -> None:
        """If the upload has changed or does not exist, nothing is announced."""
        upload = pending()
        ledger.add([upload])
        assert ledger.replace(upload, upload.changed(pins=1))
        assert not ledger.replace(upload, upload.moved(UploadState.ABORTED))
        stranger = pending()
        assert not ledger.replace(stranger, stranger.moved(UploadState.ABORTED))
        assert ledger.announcements(None, 10) == []

    def test_ends_that_race_are_announced_once(self, ledger: AnnouncingLedger) -> None:
        """Eight threads write two different ends: one announcement, of the end that was written."""
        upload = pending()
        ledger.add([upload])
        afters = [upload.moved(state) for state in (UploadState.ABORTED, UploadState.EXPIRED)] * 4
        won = in_parallel([lambda after=after: ledger.replace(upload, after) for after in afters])  # type: ignore[misc]
        winner = afters[won.index(True)]
        assert won.count(True) == 1
        assert ids(ledger.announcements(None, 10)) == [f"{upload.id}-{winner.state}"]

    def test_a_claim_takes_what_is_due(self, ledger: AnnouncingLedger) -> None:
        """The oldest first, up to the limit, with the next version, and due again when the lease ends; others are not
        changed."""
        names = [end(ledger) for _ in range(4)]
        now, until = NOW + 2 * SECOND, NOW + 32 * SECOND
        first = ledger.claim(now, until, 2)
        assert sorted(ids(first)) == sorted(names[:2])
        assert [(one.due_at, one.version, one.attempts) for one in first] == [(until, 2, 0)] * 2
        assert ids(ledger.claim(now, until, 10)) == [names[2]]
        assert ledger.claim(now, until, 10) == []
        assert sorted(ids(ledger.claim(until, until + SECOND, 10))) == sorted(names)

    def test_a_claim_by_many_threads(self, ledger: AnnouncingLedger) -> None:
        """If eight threads claim again and again, each row is returned exactly once."""
        names = [end(ledger) for _ in range(60)]
        now = NOW + timedelta(hours=1)

        def claim_all() -> list[str]:
            mine = []
            for _ in range(60):
                mine += ids(ledger.claim(now, now + SECOND, 3))
            return mine

        claimed = [name for mine in in_parallel([claim_all] * 8) for name in mine]
        assert sorted(claimed) == sorted(names)

    def test_workers_side_by_side_all_find_work(self, ledger: AnnouncingLedger) -> None:
        """No worker gets an empty result because another one is reading the same rows."""
        names = [end(ledger) for _ in range(24)]
        now = NOW + timedelta(hours=1)
        claimed = in_parallel([lambda: ids(ledger.claim(now, now + SECOND, 3))] * 8)
        assert [len(mine) for mine in claimed] == [3] * 8
        assert sorted(name for mine in claimed for name in mine) == sorted(names)

    def test_what_came_of_an_attempt_is_kept(self, ledger: AnnouncingLedger) -> None:
        """Every field that an attempt changes is written; a stale version changes nothing."""
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

    def test_only_delivered_ones_are_removed(self, ledger: AnnouncingLedger) -> None:
        """After the retention period, up to the limit; dead and waiting ones are kept, however old."""
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

    def test_they_are_listed_newest_first(self, ledger: AnnouncingLedger) -> None:
        """By status, up to the limit."""
        dead = [end(ledger) for _ in range(3)]
        settle_all(ledger, Status.DEAD, NOW)
        waiting = end(ledger)
        assert ids(ledger.announcements(Status.DEAD, 10)) == dead[::-1]
        assert ids(ledger.announcements(Status.WAITING, 10)) == [waiting]
        assert ids(ledger.announcements(None, 2)) == [waiting, dead[2]]
        assert ledger.announcements(Status.DELIVERED, 10) == []

    def test_all_dead_ones_are_replayed(self, ledger: AnnouncingLedger) -> None:
        """They wait as if there had been no attempt; delivered and waiting ones are not changed."""
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

    def test_some_are_replayed(self, ledger: AnnouncingLedger) -> None:
        """Dead or delivered ones by their ids; waiting and unknown ones are left out."""
        dead, other = end(ledger), end(ledger)
        settle_all(ledger, Status.DEAD, NOW)
        delivered = end(ledger)
        settle_all(ledger, Status.DELIVERED, NOW)
        waiting = end(ledger)
        replayed = ledger.replay([dead, delivered, waiting, "nobody", "%"], NOW)
        assert sorted(replayed) == sorted([dead, delivered])
        assert ledger.replay([], NOW) == []
        assert ids(ledger.announcements(Status.DEAD, 10)) == [other]

    def test_a_replay_takes_the_row_from_a_late_worker(self, ledger: AnnouncingLedger) -> None:
        """The result of an attempt that began before the replay is not written."""
        end(ledger)
        settle_all(ledger, Status.DEAD, NOW)
        [dead] = ledger.announcements(Status.DEAD, 10)
        ledger.replay(None, NOW)
        assert not ledger.settle(dead, dead.changed(status=Status.DELIVERED))
