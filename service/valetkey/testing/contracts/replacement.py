"""The contract of ledgers for a change: it is written as given, unless another change was written before."""

from valetkey.core.model.upload import Inspection, Reason, StoredObject, UploadState, Verdict
from valetkey.testing.contracts.parallel import in_parallel
from valetkey.testing.contracts.samples import NOW, KeyedLedger, full, upload


class ReplacementContract:
    """What every ledger must do with a change. A fixture ``ledger`` provides an empty one."""

    def test_replace_writes_what_changed(self, ledger: KeyedLedger) -> None:
        """Every field that a transition may set, and its way back to None."""
        one = upload()
        ledger.add([one])
        stored = one.moved(UploadState.STORED, object=StoredObject("k", "e", None, 1, "image/png"), pins=1)
        assert ledger.replace(one, stored)
        assert ledger.get(one.id) == stored
        rejected = stored.moved(UploadState.REJECTED, object=None, reason=Reason("missing", "It is gone."))
        assert ledger.replace(stored, rejected)
        assert ledger.get(one.id) == rejected

    def test_replace_writes_every_field_of_an_end(self, ledger: KeyedLedger) -> None:
        """From the barest upload to the fullest."""
        one = upload()
        ledger.add([one])
        after = full()._replace(id=one.id)
        assert ledger.replace(one, after)
        assert ledger.get(one.id) == after

    def test_checks_come_and_go_by_replacement(self, ledger: KeyedLedger) -> None:
        """The detected type (also an unknown one) and a verdict are stored independently."""
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

    def test_replace_of_a_stale_version(self, ledger: KeyedLedger) -> None:
        """It returns False, and changes nothing."""
        one = upload()
        ledger.add([one])
        aborted = one.moved(UploadState.ABORTED)
        assert ledger.replace(one, aborted)
        assert not ledger.replace(one, one.moved(UploadState.EXPIRED))
        assert not ledger.replace(one, one.changed(expires_at=NOW))
        assert ledger.get(one.id) == aborted

    def test_replace_of_an_unknown_upload(self, ledger: KeyedLedger) -> None:
        """It returns False, and adds nothing."""
        one = upload()
        assert not ledger.replace(one, one.moved(UploadState.ABORTED))
        assert ledger.get(one.id) is None

    def test_replace_by_many_threads(self, ledger: KeyedLedger) -> None:
        """Of 16 threads exactly one succeeds, and its change is stored."""
        one = upload()
        ledger.add([one])
        afters = [one.changed(pins=number) for number in range(16)]
        won = in_parallel([lambda after=after: ledger.replace(one, after) for after in afters])  # type: ignore[misc]
        assert won.count(True) == 1
        assert ledger.get(one.id) == afters[won.index(True)]
