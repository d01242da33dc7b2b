"""The contract of ledgers for lists: the newest uploads first, page by page."""

from valetkey.core.model.upload import Claim, UploadState
from valetkey.core.ports.ledger import Query
from valetkey.testing.contracts.samples import NOW, KeyedLedger, upload


class PageContract:
    """What every ledger must do with lists. A fixture ``ledger`` provides an empty one."""

    def test_pages_are_newest_first(self, ledger: KeyedLedger) -> None:
        """By time of creation, whatever the order of adding, and up to the limit."""
        made = [upload() for _ in range(5)]
        ledger.add([made[number] for number in (3, 0, 4, 1, 2)])
        assert ledger.page(Query("shop", 10)) == made[::-1]
        assert ledger.page(Query("shop", 2)) == [made[4], made[3]]

    def test_pages_go_on_from_a_cursor(self, ledger: KeyedLedger) -> None:
        """Each upload once, even if new ones are added in between; after the last page there is nothing."""
        made = [upload() for _ in range(5)]
        ledger.add(made)
        first = ledger.page(Query("shop", 2))
        ledger.add([upload()])
        second = ledger.page(Query("shop", 2, before=first[-1].id))
        third = ledger.page(Query("shop", 2, before=second[-1].id))
        assert first + second + third == made[::-1]
        assert ledger.page(Query("shop", 2, before=made[0].id)) == []

    def test_pages_are_filtered(self, ledger: KeyedLedger) -> None:
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

    def test_pages_of_several_profiles_are_one_list(self, ledger: KeyedLedger) -> None:
        """Filters by state or by profile keep the order over all pages."""
        states = [UploadState.REJECTED, UploadState.CONFIRMED, UploadState.PENDING]
        made = [upload(profile=f"p{number % 4}", state=states[number % 3]) for number in range(24)]
        ledger.add(made)
        rejected = [one for one in reversed(made) if one.state is UploadState.REJECTED]
        first = ledger.page(Query("shop", 5, state=UploadState.REJECTED))
        assert first + ledger.page(Query("shop", 5, UploadState.REJECTED, before=first[-1].id)) == rejected
        assert ledger.page(Query("shop", 30, profile="p1")) == [one for one in reversed(made) if one.profile == "p1"]
        assert ledger.page(Query("shop", 30, profile="p9")) == []
        assert ledger.page(Query("shop", 30, UploadState.DELETED)) == []

    def test_pages_of_what_is_claimed(self, ledger: KeyedLedger) -> None:
        """Claimed uploads only, filtered by state and profile, too."""
        claimed = [upload(profile=name)._replace(claim=Claim("post:1", NOW)) for name in ("default", "images")]
        ledger.add([upload(), *claimed, upload()])
        assert ledger.page(Query("shop", 10, claimed=True)) == claimed[::-1]
        assert ledger.page(Query("shop", 10, profile="images", claimed=True)) == claimed[1:]
        assert ledger.page(Query("shop", 10, UploadState.DELETED, claimed=True)) == []

    def test_pages_of_all_accounts(self, ledger: KeyedLedger) -> None:
        """For operators: without an account, uploads of all accounts are listed, and the other filters apply."""
        mine, other, last = upload("shop"), upload("mall", state=UploadState.CONFIRMED), upload("mall")
        ledger.add([mine, other, last])
        assert ledger.page(Query(None, 10)) == [last, other, mine]
        assert ledger.page(Query(None, 10, state=UploadState.CONFIRMED)) == [other]
        assert ledger.page(Query(None, 10, state=UploadState.PENDING)) == [last, mine]
        assert ledger.page(Query(None, 10, profile="default", before=last.id)) == [other, mine]
        assert ledger.page(Query(None, 10, profile="unused")) == []
