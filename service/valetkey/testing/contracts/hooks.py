"""The contract of ledgers with hooks: each function of the application has its own calls."""

from datetime import timedelta
from functools import partial
from typing import Protocol

import pytest

from valetkey.core.model.announcement import Announcement, Announcer, HookTypes, Status
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.ports.announcing import HookBook, KnownHook
from valetkey.core.ports.ledger import Ledger
from valetkey.testing.contracts.outbox import ids, pending
from valetkey.testing.contracts.parallel import in_parallel
from valetkey.testing.contracts.samples import NOW, new_upload

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

OWN: HookTypes = {"shop.own": {"upload.aborted"}}


class HookLedger(Ledger, HookBook, Protocol):
    """A ledger with the calls of hooks."""


def hook_announcer() -> Announcer:
    """An announcer without webhooks, and with one hook of this process, for aborted uploads."""
    return Announcer(None, lambda: NOW, lambda: OWN)


def abort(ledger: HookLedger) -> Upload:
    """An upload that has just been aborted."""
    upload = pending()
    ledger.add([upload])
    aborted = upload.moved(UploadState.ABORTED)
    assert ledger.replace(upload, aborted)
    return aborted


class HookContract:
    """What every ledger must do for hooks. A fixture ``ledger`` provides an empty one that was created with
    `hook_announcer()`."""

    def test_an_end_is_announced_to_each_hook_of_its_type(self, ledger: HookLedger) -> None:
        """To the hooks that were recorded, and to those of the process that writes the end; with every field."""
        ledger.record_hooks({"größe": {"upload.aborted", "upload.expired"}, "other": {"upload.expired"}}, NOW)
        upload = abort(ledger)
        for name in ("größe", "shop.own"):
            expected = Announcement(f"{upload.id}-aborted", "upload.aborted", upload.id, "", NOW, NOW, hook=name)
            assert ledger.calls(name).announcements(None, 9) == [expected]
        assert ledger.calls("other").announcements(None, 9) == []

    def test_a_change_that_loses_is_announced_to_nobody(self, ledger: HookLedger) -> None:
        """The call is written in the same transaction as the end."""
        upload = pending()
        ledger.add([upload])
        assert ledger.replace(upload, upload.changed(pins=1))
        assert not ledger.replace(upload, upload.moved(UploadState.ABORTED))
        assert ledger.calls("shop.own").announcements(None, 9) == []

    def test_ends_that_are_written_together_are_announced_together(self, ledger: HookLedger) -> None:
        """The calls of all ends, or of none."""
        uploads = [pending() for _ in range(3)]
        ledger.add(uploads)
        ends = [(upload, upload.moved(UploadState.ABORTED)) for upload in uploads]
        stale = uploads[2].changed()
        assert not ledger.replace_all([*ends[:2], (stale, stale.moved(UploadState.ABORTED))])
        assert ledger.calls("shop.own").announcements(None, 9) == []
        assert ledger.replace_all(ends)
        assert sorted(ids(ledger.calls("shop.own").announcements(None, 9))) == sorted(
            f"{upload.id}-aborted" for upload in uploads
        )

    def test_each_hook_has_a_state_of_its_own(self, ledger: HookLedger) -> None:
        """The state of one hook's call (claimed, failed, dead, delivered, removed) does not affect another hook's."""
        ledger.record_hooks({"other": {"upload.aborted"}}, NOW)
        abort(ledger)
        own, other = ledger.calls("shop.own"), ledger.calls("other")
        [claimed] = own.claim(NOW, NOW + HOUR, 9)
        dead = claimed.changed(status=Status.DEAD, attempts=10, detail="größe")
        assert own.settle(claimed, dead)
        assert not own.settle(claimed, claimed.changed(status=Status.DELIVERED))
        [waiting] = other.claim(NOW, NOW + HOUR, 9)
        assert (waiting.hook, waiting.attempts, waiting.version) == ("other", 0, 2)
        assert other.settle(waiting, waiting.changed(status=Status.DELIVERED, due_at=NOW + HOUR))
        assert other.prune(NOW + HOUR, 9) == 1
        assert own.announcements(None, 9) == [dead]
        assert other.replay(None, NOW) == []
        assert own.replay(None, NOW) == [dead.id]
        assert ids(own.claim(NOW, NOW + HOUR, 9)) == [dead.id]

    def test_many_workers_call_once(self, ledger: HookLedger) -> None:
        """Of eight concurrent workers, exactly one gets each call."""
        uploads = [abort(ledger) for _ in range(30)]
        calls = ledger.calls("shop.own")
        claimed = in_parallel([lambda: [ids(calls.claim(NOW, NOW + HOUR, 3)) for _ in range(30)]] * 8)
        found = sorted(name for mine in claimed for some in mine for name in some)
        assert found == sorted(f"{upload.id}-aborted" for upload in uploads)

    def test_what_is_known_of_hooks(self, ledger: HookLedger) -> None:
        """Each hook has all types that it was ever recorded with, the time of the first record, and the number of its
        calls; this includes hooks that were not recorded, but found by the process that wrote an end."""
        assert ledger.hooks() == []
        ledger.record_hooks({}, NOW)
        ledger.record_hooks({"b": {"upload.expired"}}, NOW)
        ledger.record_hooks({"b": {"upload.aborted", "upload.deleted"}, "a": {"upload.aborted"}}, NOW + SECOND)
        ledger.record_hooks({"b": {"upload.deleted"}}, NOW + 2 * SECOND)
        for _ in range(3):
            abort(ledger)
        calls = ledger.calls("b")
        for status, one in zip((Status.DEAD, Status.DELIVERED), calls.claim(NOW, NOW, 2), strict=True):
            assert calls.settle(one, one.changed(status=status))
        assert ledger.hooks() == [
            KnownHook("a", {"upload.aborted"}, NOW + SECOND, waiting=3, dead=0),
            KnownHook("b", {"upload.aborted", "upload.deleted", "upload.expired"}, NOW, waiting=1, dead=1),
            KnownHook("shop.own", {"upload.aborted"}, NOW, waiting=3, dead=0),
        ]

    @pytest.mark.parametrize("status", [Status.WAITING, Status.DEAD])
    def test_what_a_hook_is_still_to_be_called_with_is_not_forgotten(self, ledger: HookLedger, status: Status) -> None:
        """An upload is kept while one of its calls is waiting or dead, and so may be replayed. With a delivered call,
        it is forgotten together with the call."""
        ledger.record_hooks({"other": {"upload.aborted"}}, NOW)
        upload, free = abort(ledger), new_upload(NOW, state=UploadState.ABORTED, ended_at=NOW)
        ledger.add([free])
        ended = upload.changed(ended_at=NOW, due_at=None)
        assert ledger.replace(upload, ended)
        [done] = ledger.calls("other").claim(NOW, NOW, 9)
        assert ledger.calls("other").settle(done, done.changed(status=Status.DELIVERED, due_at=NOW + HOUR))
        own = ledger.calls("shop.own")
        [claimed] = own.claim(NOW, NOW, 9)
        left = claimed.changed(status=status)
        assert own.settle(claimed, left)
        assert ledger.over(NOW, 9) == [free]
        assert ledger.forget([ended, free]) == 1
        assert (ledger.get(upload.id), ledger.get(free.id)) == (ended, None)
        assert own.settle(left, left.changed(status=Status.DELIVERED, due_at=NOW + HOUR))
        assert ledger.over(NOW, 9) == [ended]
        assert ledger.forget([ended]) == 1
        assert own.announcements(None, 9) == ledger.calls("other").announcements(None, 9) == []

    def test_what_a_forgotten_hook_was_to_be_called_with_is_over(self, ledger: HookLedger) -> None:
        """The calls of a forgotten hook no longer keep an upload."""
        upload = abort(ledger)
        ended = upload.changed(ended_at=NOW, due_at=None)
        assert ledger.replace(upload, ended)
        assert ledger.over(NOW, 9) == []
        assert ledger.forget_hook("shop.own")
        assert ledger.over(NOW, 9) == [ended]

    def test_a_process_adds_the_types_it_has(self, ledger: HookLedger) -> None:
        """Even if it has not recorded them before an end is written: the call belongs to the hook."""
        ledger.record_hooks({"shop.own": {"upload.expired"}}, NOW - HOUR)
        abort(ledger)
        both = {"upload.aborted", "upload.expired"}
        assert ledger.hooks() == [KnownHook("shop.own", both, NOW - HOUR, waiting=1, dead=0)]

    def test_processes_that_start_at_once_lose_no_type(self, ledger: HookLedger) -> None:
        """Each process adds its own types."""
        types = ["upload.aborted", "upload.confirmed", "upload.deleted", "upload.expired", "upload.rejected"]
        in_parallel([partial(ledger.record_hooks, {"mine": {one}}, NOW) for one in types])
        [known] = ledger.hooks()
        assert known.types == set(types)

    def test_calls_are_claimed_by_those_who_know_their_type(self, ledger: HookLedger) -> None:
        """Workers that do not know the type leave such calls; a claimed call is claimed for all."""
        upload = abort(ledger)
        everything = ledger.calls("shop.own")
        assert ledger.calls("shop.own", {"upload.expired"}).claim(NOW, NOW + HOUR, 9) == []
        assert ledger.calls("shop.own", set()).claim(NOW, NOW + HOUR, 9) == []
        chosen = ledger.calls("shop.own", {"upload.aborted", "upload.expired"})
        assert ids(chosen.claim(NOW, NOW + HOUR, 9)) == [f"{upload.id}-aborted"]
        assert everything.claim(NOW, NOW + HOUR, 9) == []
        assert everything.announcements(None, 9) == chosen.announcements(None, 9)

    def test_a_hook_is_forgotten_with_its_calls(self, ledger: HookLedger) -> None:
        """Nothing is announced to it any more; other hooks are not affected."""
        ledger.record_hooks({"gone": {"upload.aborted"}}, NOW)
        abort(ledger)
        [claimed] = ledger.calls("gone").claim(NOW, NOW, 9)
        assert ledger.forget_hook("gone")
        assert not ledger.forget_hook("gone")
        assert not ledger.calls("gone").settle(claimed, claimed.changed(status=Status.DELIVERED))
        abort(ledger)
        assert ledger.calls("gone").announcements(None, 9) == []
        assert len(ledger.calls("shop.own").announcements(None, 9)) == 2
