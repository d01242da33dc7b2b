"""The contract of ledgers for the sweep: which uploads are due, and when they are due again."""

from datetime import timedelta

from valetkey.core.model.upload import Upload, UploadState
from valetkey.testing.contracts.parallel import in_parallel
from valetkey.testing.contracts.samples import MICROSECOND, NOW, KeyedLedger, upload


def due(seconds: int | None) -> Upload:
    return upload()._replace(due_at=None if seconds is None else NOW + timedelta(seconds=seconds))


class DueContract:
    """What every ledger must do for the sweep. A fixture ``ledger`` provides an empty one."""

    def test_what_is_due_the_longest_comes_first(self, ledger: KeyedLedger) -> None:
        """Ordered by time to the microsecond and then by id, up to the limit; never an upload that is not due."""
        early, first, second, later, never = due(-5), due(0), due(0), due(1), due(None)
        ledger.add([later, never, second, early, first])
        assert ledger.due(NOW, 10) == [early, first, second]
        assert ledger.due(NOW, 2) == [early, first]
        assert ledger.due(NOW - MICROSECOND, 10) == [early]
        assert ledger.due(NOW + timedelta(seconds=1), 10) == [early, first, second, later]

    def test_what_is_due_is_read_page_by_page(self, ledger: KeyedLedger) -> None:
        """The next page begins after the last upload of the previous one, even if both are due at the same time."""
        made = [due(-1), due(0), due(0), due(0), due(0)]
        ledger.add(made)
        first = ledger.due(NOW, 2)
        second = ledger.due(NOW, 2, first[-1])
        third = ledger.due(NOW, 2, second[-1])
        assert first + second + third == made
        assert ledger.due(NOW, 2, third[-1]) == []

    def test_rescheduling_moves_only_the_moment(self, ledger: KeyedLedger) -> None:
        """The version stays the same, so that an upload that was read before can still be changed. None removes it from
        the sweep."""
        one, other = due(0), due(0)
        ledger.add([one, other])
        later = NOW + timedelta(minutes=1, microseconds=1)
        moved = ledger.reschedule([(one, later), (other, None)])
        assert moved == [one._replace(due_at=later), other._replace(due_at=None)]
        assert [ledger.get(one.id), ledger.get(other.id)] == moved
        assert ledger.due(NOW + timedelta(days=999), 10) == [moved[0]]
        assert ledger.replace(one, one.moved(UploadState.ABORTED))

    def test_rescheduling_of_what_has_changed(self, ledger: KeyedLedger) -> None:
        """Uploads with another version or another due time, or that do not exist, are not changed and not returned."""
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

    def test_two_who_claim_share_what_is_due(self, ledger: KeyedLedger) -> None:
        """If eight callers reschedule the same 40 uploads at once, each upload is returned to exactly one of them."""
        made = [due(0) for _ in range(40)]
        ledger.add(made)
        lease = NOW + timedelta(minutes=1)
        taken = in_parallel([lambda: ledger.reschedule([(one, lease) for one in made])] * 8)
        ids = [one.id for some in taken if isinstance(some, list) for one in some]
        assert sorted(ids) == [one.id for one in made]
