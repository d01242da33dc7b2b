"""The contract of ledgers for stores: the uploads of each store, and the declarations of processes."""

from datetime import timedelta

from valetkey.core.model.upload import StoreUploads, UploadState, new_upload_id
from valetkey.core.ports.ledger import Declared
from valetkey.testing.contracts.samples import NOW, KeyedLedger, upload


class StoresContract:
    """What every ledger must store about stores. A fixture ``ledger`` provides an empty one."""

    def test_what_is_due_of_one_store(self, ledger: KeyedLedger) -> None:
        """By the store's name and bucket, page by page."""
        made = [upload()._replace(due_at=NOW, store=name) for name in ("default", "eu", "eu", "gone")]
        moved = upload()._replace(due_at=NOW, store="eu", bucket="another")
        ledger.add([*made, moved])
        _, first, second, _ = made
        store = StoreUploads("eu", first.bucket)
        assert ledger.due(NOW, 9, store=store) == [first, second]
        assert ledger.due(NOW, 9) == [*made, moved]
        assert ledger.due(NOW, 1, first, store=store) == [second]
        assert ledger.due(NOW, 9, state=UploadState.STORED, store=store) == []
        assert [one for one in [*made, moved] if one in store] == [first, second]

    def test_what_is_over_of_one_store(self, ledger: KeyedLedger) -> None:
        """The same for uploads that the ledger may forget."""
        made = [upload(state=UploadState.REJECTED)._replace(ended_at=NOW, store=name) for name in ("default", "eu")]
        moved = made[1]._replace(id=new_upload_id(), bucket="another")
        ledger.add([*made, moved])
        assert ledger.over(NOW, 9, store=StoreUploads("eu", made[1].bucket)) == made[1:]
        assert ledger.over(NOW, 9, store=StoreUploads("eu", "another")) == [moved]
        assert ledger.over(NOW, 9) == [*made, moved]

    def test_how_many_are_open_in_each_store(self, ledger: KeyedLedger) -> None:
        """Uploads that a signal may still change and that are swept; others are not counted."""
        due, soon = NOW + timedelta(days=1), NOW
        assert ledger.open_by_store() == {}
        made = [
            upload()._replace(due_at=due),
            upload(state=UploadState.STORED)._replace(due_at=soon, store="eu"),
            upload(state=UploadState.EXPIRED)._replace(due_at=due, store="eu"),
            upload(state=UploadState.PENDING)._replace(due_at=due, store="eu", bucket="another"),
            upload(state=UploadState.CONFIRMED)._replace(due_at=due, store="eu"),
            upload(state=UploadState.EXPIRED)._replace(store="us"),
        ]
        ledger.add(made)
        bucket = made[0].bucket
        counts = {StoreUploads("default", bucket): 1, StoreUploads("eu", bucket): 2, StoreUploads("eu", "another"): 1}
        assert ledger.open_by_store() == counts
        known = {StoreUploads("eu", bucket), StoreUploads("us", bucket), StoreUploads("none", bucket)}
        assert ledger.open_by_store(known) == {one: count for one, count in counts.items() if one not in known}
        assert ledger.open_by_store(counts.keys()) == {}

    def test_stores_and_profiles_of_one_name(self, ledger: KeyedLedger) -> None:
        """Declarations of a store and of a profile with the same name are independent."""
        assert ledger.declare({"default": "a profile"}, NOW) == {}
        assert ledger.declare({"default": "a store"}, NOW, "stores") == {}
        assert ledger.declare({}, NOW) == {"default": Declared("a profile", NOW)}
        assert ledger.declare({}, NOW, "stores") == {"default": Declared("a store", NOW)}
