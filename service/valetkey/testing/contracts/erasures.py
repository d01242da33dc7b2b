"""The contract of ledgers for erasures, and for forgetting uploads that ended long ago."""

from dataclasses import replace
from datetime import timedelta

from valetkey.core.model.announcement import Status
from valetkey.core.model.erasure import ALL_ACCOUNTS, Erasure, ErasureState, KeptObject, new_erasure
from valetkey.core.model.upload import Upload, UploadState, erased
from valetkey.core.ports.ledger import Ledger, Once
from valetkey.testing.contracts.outbox import AnnouncingLedger, ids, settle_all
from valetkey.testing.contracts.parallel import in_parallel
from valetkey.testing.contracts.samples import MICROSECOND, NOW, KeyedLedger, full, new_upload

HOUR = timedelta(hours=1)


def of(owner: str = "ann", **changes: object) -> Upload:
    return new_upload(NOW, owner=owner, **changes)


def job(ledger: Ledger, owner: str = "ann", account: str = "shop") -> Erasure:
    return ledger.begin_erasure(new_erasure(account, owner, NOW))


def ended(seconds: int, **changes: object) -> Upload:
    ended_at = NOW + timedelta(seconds=seconds)
    return new_upload(NOW, state=UploadState.ABORTED, ended_at=ended_at, **changes)


class ErasureContract:
    """What every ledger must do for erasures. A fixture ``ledger`` provides an empty one."""

    def test_a_job_comes_back_as_it_was_written(self, ledger: KeyedLedger) -> None:
        """Every field, with values that are hard to store."""
        started = job(ledger, owner="n\u00e4me\u202e'; --")
        assert ledger.get_erasure(started.id) == started
        full_one = started.changed(
            owner=None,
            due_at=None,
            state=ErasureState.INCOMPLETE,
            passed=of().id,
            postponed=1,
            uploads=2,
            objects=3,
            remaining=4,
            kept=(KeptObject("gr\u00f6\u00dfe/\U0001f600", "a\nb"), KeptObject("", "")),
            newer=5,
            detail="d\u00e9tail",
            finished_at=NOW + MICROSECOND,
        )
        assert ledger.save_erasure(started, full_one)
        assert ledger.get_erasure(started.id) == full_one
        assert ledger.get_erasure(of().id) is None

    def test_one_job_runs_for_each_owner_and_account(self, ledger: KeyedLedger) -> None:
        """A second request restarts the job under the same id, as of the later request; after it has ended, a new job
        starts."""
        first = job(ledger)
        others = [job(ledger, "ben"), job(ledger, account="mall"), job(ledger, account=ALL_ACCOUNTS)]
        assert len({first.id, *(one.id for one in others)}) == 4
        busy = first.changed(
            passed=of().id, postponed=3, uploads=7, remaining=1, kept=(KeptObject("k", "r"),), due_at=NOW + HOUR
        )
        assert ledger.save_erasure(first, busy)
        later = replace(new_erasure("shop", "ann", NOW + MICROSECOND))
        again = ledger.begin_erasure(later)
        fresh = busy.changed(
            requested_at=NOW + MICROSECOND,
            due_at=NOW + MICROSECOND,
            passed=None,
            postponed=0,
            remaining=0,
            kept=(),
        )
        assert again == fresh == ledger.get_erasure(first.id)
        assert ledger.begin_erasure(new_erasure("shop", "ann", NOW)).requested_at == NOW + MICROSECOND
        now = ledger.get_erasure(first.id)
        assert now is not None
        assert ledger.save_erasure(now, now.changed(owner=None, due_at=None, state=ErasureState.DONE))
        assert job(ledger).id != first.id

    def test_a_job_is_saved_by_one(self, ledger: KeyedLedger) -> None:
        """Compare-and-set: of eight concurrent calls, one succeeds."""
        started = job(ledger)
        afters = [started.changed(uploads=number) for number in range(8)]
        won = in_parallel([lambda one=one: ledger.save_erasure(started, one) for one in afters])  # type: ignore[misc]
        assert won.count(True) == 1
        assert ledger.get_erasure(started.id) == afters[won.index(True)]
        assert not ledger.save_erasure(started, started.changed())

    def test_jobs_that_are_due(self, ledger: KeyedLedger) -> None:
        """The longest overdue first, up to the limit; none that has ended or is leased."""
        jobs = [job(ledger, owner) for owner in ("a", "b", "c", "d")]
        due_ats = [NOW + HOUR, NOW - HOUR, None, NOW]
        after = [one.changed(due_at=due_at) for one, due_at in zip(jobs, due_ats, strict=True)]
        assert all(ledger.save_erasure(*pair) for pair in zip(jobs, after, strict=True))
        assert ledger.due_erasures(NOW, 9) == [after[1], after[3]]
        assert ledger.due_erasures(NOW, 1) == [after[1]]

    def test_jobs_that_were_over_long_ago(self, ledger: KeyedLedger) -> None:
        """Up to the limit; none that is running, or that ended at that moment or later."""
        running = job(ledger)
        over = [job(ledger, owner) for owner in ("a", "b", "c")]
        for one in over:
            assert ledger.save_erasure(one, one.changed(owner=None, due_at=None, finished_at=NOW))
        assert ledger.forget_erasures(NOW, 9) == 0
        assert ledger.forget_erasures(NOW + MICROSECOND, 2) == 2
        assert ledger.forget_erasures(NOW + MICROSECOND, 2) == 1
        assert [ledger.get_erasure(one.id) for one in (running, *over)] == [running, None, None, None]

    def test_what_belongs_to_an_owner(self, ledger: KeyedLedger) -> None:
        """In one account or in all, created up to that time, after the cursor, and up to the limit."""
        mine = [of() for _ in range(4)]
        late = of()._replace(created_at=NOW + MICROSECOND)
        other_account = of(account="mall")
        ledger.add([*mine, of("ben"), of("Ann"), of("ann "), other_account, late])
        started = job(ledger)
        assert ledger.belonging(started, 9) == mine
        assert ledger.belonging(started, 3) == mine[:3]
        assert ledger.belonging(replace(started, passed=mine[1].id), 9) == mine[2:]
        assert ledger.belonging(job(ledger, account=ALL_ACCOUNTS), 9) == [*mine, other_account]
        assert ledger.newer(started) == 1
        assert ledger.newer(job(ledger, "ben")) == 0

    def test_erasing_is_one_commit(self, ledger: KeyedLedger) -> None:
        """The uploads, their idempotency keys and the job's progress are written together, or not at all."""
        one, other = full()._replace(owner="ann", account="shop"), of()
        ledger.add([other])
        ledger.add_once([Once(one, "key of ann", "f")])
        started = job(ledger)
        changes = [(one, erased(one)), (other, erased(other))]
        assert ledger.erase(changes, started, started.changed(uploads=2))
        assert [ledger.get(old.id) for old, _ in changes] == [new for _, new in changes]
        assert ledger.get_erasure(started.id) == started.changed(uploads=2)
        again = Once(of(), "key of ann", "other")
        assert ledger.add_once([again]) == [again]

    def test_erasing_what_has_changed(self, ledger: KeyedLedger) -> None:
        """If an upload has changed or is gone, or the job has changed, nothing is written."""
        one, other = of(), of()
        ledger.add([one])
        ledger.add_once([Once(other, "key", "f")])
        started = job(ledger)
        moved = other.changed(pins=1)
        assert ledger.replace(other, moved)
        progress = started.changed(uploads=2)
        assert not ledger.erase([(one, erased(one)), (other, erased(other))], started, progress)
        assert not ledger.erase([(one, erased(one)), (of(), erased(of()))], started, progress)
        assert not ledger.erase([(one, erased(one))], started.changed(), progress)
        assert ledger.get(one.id) == one
        assert ledger.get(other.id) == moved
        assert ledger.get_erasure(started.id) == started
        assert ledger.add_once([Once(of(), "key", "f")])[0].upload == moved
        assert ledger.erase([], started, progress)

    def test_what_is_over(self, ledger: KeyedLedger) -> None:
        """The longest ended first, page by page; no upload that is open, confirmed or still swept."""
        early, first, second, late = ended(-5), ended(0), ended(0), ended(1)
        looked_for = ended(-9, due_at=NOW)
        # as an older version leaves it that confirms what had expired
        confirmed = of(state=UploadState.CONFIRMED, ended_at=early.ended_at)
        ledger.add([late, looked_for, second, of(), of(state=UploadState.CONFIRMED), confirmed, early, first])
        by_id = sorted([first, second])
        assert ledger.over(NOW, 9) == [early, *by_id]
        assert ledger.over(NOW, 2) == [early, by_id[0]]
        assert ledger.over(NOW, 2, by_id[0]) == [by_id[1]]
        assert ledger.over(NOW - HOUR, 9) == []

    def test_forgetting(self, ledger: KeyedLedger) -> None:
        """Uploads that have not changed, with their idempotency keys; others are not affected."""
        gone, changed, due, other = ended(0), ended(0), ended(0), ended(0)
        ledger.add([changed, due, other])
        ledger.add_once([Once(gone, "key", "f")])
        moved = changed.changed(pins=1)
        assert ledger.replace(changed, moved)
        [rescheduled] = ledger.reschedule([(due, NOW)])
        assert ledger.forget([gone, changed, due, ended(0)]) == 1
        assert [ledger.get(one.id) for one in (gone, changed, due, other)] == [None, moved, rescheduled, other]
        again = Once(of(), "key", "other")
        assert ledger.add_once([again]) == [again]
        assert ledger.forget([]) == 0


class AnnouncedErasureContract:
    """What erasures mean for an outbox. A fixture ``ledger`` provides an empty one that was created with
    `announcer()`."""

    def test_what_was_announced_tells_nothing_any_more(self, ledger: AnnouncingLedger) -> None:
        """Delivered announcements are removed; waiting and dead ones get another body, but keep their id and state."""
        upload, beside = of(filename="secret"), of(filename="ben's")
        ledger.add([upload, beside])
        expired = upload.moved(UploadState.EXPIRED)
        assert ledger.replace(upload, expired)
        settle_all(ledger, Status.DELIVERED, NOW)
        rejected = expired.moved(UploadState.REJECTED)
        assert ledger.replace(expired, rejected)
        assert ledger.replace(beside, beside.moved(UploadState.ABORTED))
        started = ledger.begin_erasure(new_erasure("shop", "ann", NOW))
        before = {one.id: one for one in ledger.announcements(None, 9)}
        assert ledger.erase([(rejected, erased(rejected))], started, started.changed(uploads=1))
        after = {one.id: one for one in ledger.announcements(None, 9)}
        assert after.keys() == {f"{upload.id}-rejected", f"{beside.id}-aborted"}
        old, new = before[f"{upload.id}-rejected"], after[f"{upload.id}-rejected"]
        body = f"upload.rejected {old.created_at.isoformat()} rejected "
        assert new == replace(old, body=body, version=old.version + 1)
        assert "secret" in old.body
        assert after[f"{beside.id}-aborted"] == before[f"{beside.id}-aborted"]

    def test_who_is_sending_it_does_not_bring_it_back(self, ledger: AnnouncingLedger) -> None:
        """If a worker has read the announcement before, the result of its attempt is not written."""
        upload = of(filename="secret")
        ledger.add([upload])
        aborted = upload.moved(UploadState.ABORTED)
        assert ledger.replace(upload, aborted)
        [claimed] = ledger.claim(NOW + HOUR, NOW + 2 * HOUR, 1)
        started = ledger.begin_erasure(new_erasure("shop", "ann", NOW))
        assert ledger.erase([(aborted, erased(aborted))], started, started.changed())
        assert not ledger.settle(claimed, claimed.changed(status=Status.DELIVERED))
        [kept] = ledger.announcements(None, 9)
        assert "secret" not in kept.body

    def test_the_end_of_a_job_is_announced_once(self, ledger: AnnouncingLedger) -> None:
        """In the same transaction as the end of the job, and not for its steps."""
        started = ledger.begin_erasure(new_erasure("shop", "ann", NOW))
        step = started.changed(uploads=1)
        assert ledger.save_erasure(started, step)
        assert ledger.announcements(None, 9) == []
        done = step.changed(state=ErasureState.DONE, owner=None, due_at=None, finished_at=NOW)
        assert not ledger.save_erasure(started, done)
        assert ledger.save_erasure(step, done)
        [told] = ledger.announcements(None, 9)
        assert (told.id, told.type, told.upload_id) == (f"{started.id}-erased", "owner.erased", None)
        assert told.body == f"owner.erased {NOW.isoformat()} done"

    def test_what_is_forgotten_takes_what_was_delivered_along(self, ledger: AnnouncingLedger) -> None:
        """Announcements that are not delivered yet stay until they are."""
        upload = of()
        ledger.add([upload])
        expired = upload.moved(UploadState.EXPIRED)
        assert ledger.replace(upload, expired)
        settle_all(ledger, Status.DELIVERED, NOW + 99 * HOUR)
        rejected = expired.moved(UploadState.REJECTED)
        assert ledger.replace(expired, rejected)
        assert ledger.forget([rejected]) == 1
        assert ids(ledger.announcements(None, 9)) == [f"{upload.id}-rejected"]
