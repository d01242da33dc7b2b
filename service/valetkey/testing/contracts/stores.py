"""What every ledger must know of stores: which uploads are of which, and what processes say of theirs."""

from datetime import timedelta

from valetkey.core.model.upload import OfStores, UploadState
from valetkey.core.ports.ledger import Declared
from valetkey.testing.contracts.samples import NOW, Record, upload


class StoresContract:
    """What every ledger must know of stores. A fixture ``ledger`` gives an empty one."""

    def test_what_is_due_of_some_stores(self, ledger: Record) -> None:
        """Of those that are named, or of all others; page by page as ever."""
        made = [upload()._replace(due_at=NOW, store=name) for name in ("default", "eu", "us", "eu", "gone")]
        ledger.add(made)
        default, eu, us, later, gone = made
        named, others = OfStores(frozenset({"eu", "us"})), OfStores(frozenset({"eu", "us"}), others=True)
        assert ledger.due(NOW, 9, stores=named) == [eu, us, later]
        assert ledger.due(NOW, 9, stores=others) == [default, gone]
        assert ledger.due(NOW, 9) == made
        assert ledger.due(NOW, 1, us, stores=named) == [later]
        assert ledger.due(NOW, 9, state=UploadState.STORED, stores=named) == []
        assert [one in named for one in made] == [one not in others for one in made] == [False, True, True, True, False]

    def test_what_is_over_of_some_stores(self, ledger: Record) -> None:
        """The same for what the ledger need not keep."""
        made = [upload(state=UploadState.REJECTED)._replace(ended_at=NOW, store=name) for name in ("default", "eu")]
        ledger.add(made)
        assert ledger.over(NOW, 9, stores=OfStores(frozenset({"eu"}))) == made[1:]
        assert ledger.over(NOW, 9, stores=OfStores(frozenset({"eu"}), others=True)) == made[:1]
        assert ledger.over(NOW, 9) == made

    def test_how_many_are_open_in_each_store(self, ledger: Record) -> None:
        """Those that a signal may still change, and that are looked at some time; others are not counted."""
        due, soon = NOW + timedelta(days=1), NOW
        assert ledger.open_by_store() == {}
        ledger.add(
            [
                upload()._replace(due_at=due),
                upload(state=UploadState.STORED)._replace(due_at=soon, store="eu"),
                upload(state=UploadState.EXPIRED)._replace(due_at=due, store="eu"),
                upload(state=UploadState.CONFIRMED)._replace(due_at=due, store="eu"),
                upload(state=UploadState.EXPIRED)._replace(store="us"),
            ]
        )
        assert ledger.open_by_store() == {"default": 1, "eu": 2}

    def test_stores_and_profiles_of_one_name(self, ledger: Record) -> None:
        """What is said of the one is not said of the other."""
        assert ledger.declare({"default": "a profile"}, NOW) == {}
        assert ledger.declare({"default": "a store"}, NOW, "stores") == {}
        assert ledger.declare({}, NOW) == {"default": Declared("a profile", NOW)}
        assert ledger.declare({}, NOW, "stores") == {"default": Declared("a store", NOW)}
