"""The contract of ledgers for several changes at once: all of them are written, or none."""

from datetime import timedelta

import pytest

from valetkey.core.model.upload import Claim, Reason, Upload, UploadState, Verdict, new_upload_id
from valetkey.core.ports.ledger import Query
from valetkey.testing.contracts.outbox import AnnouncingLedger, ids
from valetkey.testing.contracts.parallel import in_parallel
from valetkey.testing.contracts.samples import NOW, KeyedLedger, upload

CLAIM = Claim("post:17", NOW + timedelta(microseconds=1))


def confirmed() -> Upload:
    return upload(state=UploadState.CONFIRMED)._replace(confirmed_at=NOW)


def claimed(one: Upload, reference: str) -> Upload:
    return one.changed(claim=Claim(reference, NOW))


class ChangesContract:
    """What every ledger must do with several changes. A fixture ``ledger`` provides an empty one."""

    def test_several_are_written_together(self, ledger: KeyedLedger) -> None:
        """Each change as given, including fields that become None. An empty list is no error."""
        before = [confirmed(), confirmed()]
        ledger.add(before)
        after = [one.changed(claim=CLAIM, due_at=NOW) for one in before]
        assert ledger.replace_all(list(zip(before, after, strict=True)))
        assert [ledger.get(one.id) for one in before] == after
        freed = [one.changed(claim=None, released_at=NOW, due_at=None) for one in after]
        assert ledger.replace_all(list(zip(after, freed, strict=True))[::-1])
        assert [ledger.get(one.id) for one in before] == freed
        assert ledger.replace_all([])

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_one_that_changed_keeps_all_back(self, ledger: KeyedLedger, place: int) -> None:
        """If any of the uploads has changed, or does not exist, nothing is written, whatever its position."""
        before = [confirmed() for _ in range(3)]
        ledger.add(before)
        stale = [*before]
        moved = before[place].moved(UploadState.DELETED)
        assert ledger.replace(before[place], moved)
        assert not ledger.replace_all([(one, claimed(one, "a")) for one in stale])
        stale[place] = confirmed()._replace(id=new_upload_id())
        assert not ledger.replace_all([(one, claimed(one, "a")) for one in stale])
        kept = [moved if one is before[place] else one for one in before]
        assert [ledger.get(one.id) for one in before] == kept

    def test_words_of_others(self, ledger: KeyedLedger) -> None:
        """Texts of stores and scanners may contain anything: a NUL in one does not prevent the change."""
        before = upload(state=UploadState.STORED)
        ledger.add([before])
        said = "Win.\0Test"
        after = before.changed(reason=Reason("infected", said), verdict=Verdict("e", clean=False, detail=said))
        assert ledger.replace(before, after)
        found = ledger.get(before.id)
        assert found is not None
        assert found.reason is not None
        assert found.verdict is not None
        assert {found.reason.detail, found.verdict.detail} <= {said, "Win.\ufffdTest"}

    def test_many_who_want_the_same(self, ledger: KeyedLedger) -> None:
        """Of sixteen concurrent calls, half of them in reverse order, one changes all uploads and the others none."""
        before = [confirmed() for _ in range(10)]
        ledger.add(before)
        wanted = [
            [(one, claimed(one, str(number))) for one in before[:: 1 if number % 2 else -1]] for number in range(16)
        ]
        won = in_parallel([lambda changes=changes: ledger.replace_all(changes) for changes in wanted])  # type: ignore[misc]
        assert won.count(True) == 1
        found = [ledger.get(one.id) for one in before]
        assert {one.claim.reference for one in found if one and one.claim} == {str(won.index(True))}
        assert None not in found

    def test_claims_are_listed(self, ledger: KeyedLedger) -> None:
        """By account, newest first, page by page; without unclaimed uploads."""
        made = [confirmed() for _ in range(5)]
        made = [one._replace(claim=CLAIM) if number != 2 else one for number, one in enumerate(made)]
        ledger.add([*made, confirmed()._replace(account="mall", claim=CLAIM)])
        held = [made[4], made[3], made[1], made[0]]
        assert ledger.page(Query("shop", 10, UploadState.CONFIRMED, claimed=True)) == held
        assert ledger.page(Query("shop", 2, claimed=True)) == held[:2]
        assert ledger.page(Query("shop", 10, claimed=True, before=held[1].id)) == held[2:]
        assert ledger.page(Query("shop", 10, UploadState.PENDING, claimed=True)) == []


class AnnouncedChangesContract:
    """The same for a ``ledger`` with an outbox."""

    def test_ends_are_announced_with_them(self, ledger: AnnouncingLedger) -> None:
        """If the changes are written, each end among them has an announcement; other changes have none."""
        one, other, third = confirmed(), confirmed(), confirmed()
        ledger.add([one, other, third])
        ends = [(one, one.moved(UploadState.DELETED)), (other, other.moved(UploadState.DELETED))]
        assert ledger.replace(third, claimed(third, "a"))
        assert not ledger.replace_all([*ends, (third, third.moved(UploadState.DELETED))])
        assert ledger.announcements(None, 10) == []
        assert ledger.replace_all(ends)
        assert sorted(ids(ledger.announcements(None, 10))) == sorted([f"{one.id}-deleted", f"{other.id}-deleted"])

    def test_what_nobody_claimed_is_announced_as_that(self, ledger: AnnouncingLedger) -> None:
        """With its own type instead of that of a deletion, and with the same id as any announcement of this end."""
        one = confirmed()
        ledger.add([one])
        assert ledger.replace(one, one.moved(UploadState.DELETED, reason=Reason("unclaimed", "Nobody wanted it.")))
        [found] = ledger.announcements(None, 10)
        assert (found.id, found.type) == (f"{one.id}-deleted", "upload.unclaimed")
