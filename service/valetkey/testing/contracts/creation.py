"""The contract of ledgers for new uploads: a whole batch or nothing, and once for each idempotency key."""

from collections.abc import Callable
from datetime import timedelta
from queue import SimpleQueue

import pytest

from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.upload import Upload, UploadId, UploadState, new_upload_id
from valetkey.core.ports.ledger import Once, Query, Written
from valetkey.testing.contracts.parallel import in_parallel
from valetkey.testing.contracts.samples import NOW, KeyedLedger, full, in_parts, new_upload, upload

MUCH_LATER = NOW + timedelta(days=999)


class CreationContract:
    """What every ledger must do with new uploads. A fixture ``ledger`` provides an empty one."""

    @pytest.mark.parametrize("make", [upload, full, in_parts])
    def test_what_is_added_comes_back(self, ledger: KeyedLedger, make: Callable[[], Upload]) -> None:
        """Every field is read back unchanged: None, Unicode, 64-bit sizes, times to the microsecond."""
        one = make()
        ledger.add([one])
        assert ledger.get(one.id) == one

    def test_an_unknown_id_is_none(self, ledger: KeyedLedger) -> None:
        """An unknown id returns None."""
        assert ledger.get(new_upload_id()) is None

    def test_many_at_once(self, ledger: KeyedLedger) -> None:
        """The uploads that exist, by id; unknown ids are left out."""
        known = [upload() for _ in range(1000)]
        ledger.add(known)
        assert ledger.get_all([known[3].id, new_upload_id()]) == {known[3].id: known[3]}
        assert ledger.get_all([one.id for one in known]) == {one.id: one for one in known}
        assert ledger.get_all([new_upload_id()]) == ledger.get_all([]) == {}

    def test_adding_nothing(self, ledger: KeyedLedger) -> None:
        """An empty batch is no error, as if every request of it was refused."""
        ledger.add([])
        assert ledger.add_once([]) == []

    def test_a_batch_is_added(self, ledger: KeyedLedger) -> None:
        """Every upload of the batch."""
        batch = [upload() for _ in range(100)]
        ledger.add(batch)
        assert [ledger.get(one.id) for one in batch] == batch

    def test_a_batch_keeps_every_text(self, ledger: KeyedLedger) -> None:
        """Including text with a special meaning in the database's bulk inserts."""
        texts = [
            "a\tb",
            "a\nb\r\n",
            "a\\b",
            "\\N",
            "\\.",
            "",
            "NULL",
            "\"a\", 'b'",
            "{1,2}",
            "%s",
            "é 😀 \u2028",
            "\x01\x7f",
        ]
        batch = [new_upload(NOW, filename=text, owner=f"{text}!", metadata={"said": text}) for text in texts]
        ledger.add(batch)
        assert [ledger.get(one.id) for one in batch] == batch

    def test_who_adds_need_not_wait(self, ledger: KeyedLedger) -> None:
        """The returned object reports when the uploads are durable, to callers that wait and to callbacks."""
        batches = [[upload(), upload()] for _ in range(20)]
        unwritten: list[Written] = []
        told: SimpleQueue[Exception | None] = SimpleQueue()
        for batch in batches:
            ledger.add(batch, unwritten)
        for number, one in enumerate(unwritten):
            if number % 2 or not one.call_after(told.put):
                one.wait()
                told.put(None)
        assert [told.get(timeout=60) for _ in unwritten] == [None] * len(unwritten)
        assert [ledger.get(one.id) for batch in batches for one in batch] == [one for batch in batches for one in batch]

    def test_what_fails_while_nobody_waits_is_said(self, ledger: KeyedLedger) -> None:
        """An error is reported even if the caller does not wait; a ledger that fails at once may raise at once."""
        known = upload()
        ledger.add([known])
        for add in (_add_and_wait, _add_and_be_told):
            with pytest.raises(LedgerUnavailable):
                add(ledger, [upload(), known])
        assert ledger.get(known.id) == known

    def test_a_batch_is_added_whole_or_not_at_all(self, ledger: KeyedLedger) -> None:
        """If one upload cannot be added, none of its batch is; other batches are not affected."""
        known, new = upload(), upload()
        ledger.add([known])
        with pytest.raises(LedgerUnavailable):
            ledger.add([new, known._replace(filename="other")])
        with pytest.raises(LedgerUnavailable):
            ledger.add([new, new])
        assert ledger.get(new.id) is None
        assert ledger.get(known.id) == known
        ledger.add([new])

    def test_the_first_of_a_key_is_added(self, ledger: KeyedLedger) -> None:
        """The first upload with a key is added, and returned as given."""
        entry = Once(upload(), "key", "f" * 64)
        assert ledger.add_once([entry]) == [entry]
        assert ledger.get(entry.upload.id) == entry.upload

    def test_a_replay_gets_what_was_recorded(self, ledger: KeyedLedger) -> None:
        """The upload in its current state; nothing is added."""
        first = Once(upload(), "key", "f" * 64)
        ledger.add_once([first])
        later = first.upload.moved(UploadState.ABORTED)
        assert ledger.replace(first.upload, later)
        again = Once(upload(), "key", "f" * 64)
        assert ledger.add_once([again]) == [Once(later, "key", "f" * 64)]
        assert ledger.get(again.upload.id) is None

    def test_a_replay_with_another_body_is_told(self, ledger: KeyedLedger) -> None:
        """The fingerprint of the first request is returned, so that the caller can compare."""
        first = Once(upload(), "key", "f" * 64)
        ledger.add_once([first])
        assert ledger.add_once([Once(upload(), "key", "0" * 64)]) == [first]

    def test_keys_of_two_accounts_do_not_meet(self, ledger: KeyedLedger) -> None:
        """The same key of two accounts is independent, and so are two keys of one account."""
        entries = [Once(upload("shop"), "key", "f"), Once(upload("mall"), "key", "f"), Once(upload("shop"), "Key", "f")]
        assert ledger.add_once(entries) == entries

    def test_a_key_twice_in_one_call(self, ledger: KeyedLedger) -> None:
        """If one call has the same key twice, the first upload is added."""
        first, second = Once(upload(), "key", "f"), Once(upload(), "key", "f")
        assert ledger.add_once([first, second]) == [first, first]
        assert ledger.get(second.upload.id) is None

    def test_one_key_by_many_threads(self, ledger: KeyedLedger) -> None:
        """All get the same upload, which is that of one of them, and no other is added."""
        entries = [Once(upload(), "key", "f") for _ in range(8)]
        kept = in_parallel([lambda entry=entry: ledger.add_once([entry]) for entry in entries])  # type: ignore[misc]
        assert all(one == kept[0] for one in kept)
        assert kept[0] in [[entry] for entry in entries]
        assert len(ledger.page(Query("shop", 100))) == 1

    def test_keys_of_old_uploads_are_forgotten(self, ledger: KeyedLedger) -> None:
        """Up to the limit, the oldest first. The uploads stay, and the key can be used for a new one."""
        entries = [Once(upload(), f"key {number}", "f") for number in range(5)]
        ledger.add_once(entries)
        second, fourth = entries[1].upload.id, entries[3].upload.id
        assert ledger.forget_keys(fourth, MUCH_LATER, 2) == second
        assert ledger.forget_keys(fourth, MUCH_LATER, 2, second) is None
        assert [ledger.get(one.upload.id) for one in entries] == [one.upload for one in entries]
        again = [Once(upload(), one.key, "f") for one in entries]
        assert ledger.add_once(again) == [*again[:3], *entries[3:]]

    def test_keys_stay_of_what_can_go_on(self, ledger: KeyedLedger) -> None:
        """Keys of open uploads that are still swept, and of uploads that can be renewed, are kept; they do not keep
        later ones from being forgotten."""
        open_one, renewable, ended, young = (upload() for _ in range(4))
        open_one = open_one._replace(due_at=NOW)
        renewable = renewable._replace(renewable_until=MUCH_LATER + timedelta(seconds=1))
        entries = [Once(one, one.id, "f") for one in (open_one, renewable, ended, young)]
        ledger.add_once(entries)
        assert ledger.replace(ended, ended.moved(UploadState.ABORTED)._replace(due_at=NOW))
        last: UploadId | None = None
        for expected in (open_one.id, renewable.id, ended.id, None):
            last = ledger.forget_keys(young.id, MUCH_LATER, 1, last)
            assert last == expected
        again = [Once(upload(), one.key, "f") for one in entries]
        kept = ledger.add_once(again)
        assert [one.upload for one in kept] == [open_one, renewable, again[2].upload, young]


def _add_and_wait(ledger: KeyedLedger, uploads: list[Upload]) -> None:
    unwritten: list[Written] = []
    ledger.add(uploads, unwritten)
    for one in unwritten:
        one.wait()


def _add_and_be_told(ledger: KeyedLedger, uploads: list[Upload]) -> None:
    unwritten: list[Written] = []
    told: SimpleQueue[Exception | None] = SimpleQueue()
    ledger.add(uploads, unwritten)
    for one in unwritten:
        if not one.call_after(told.put):
            one.wait()
        elif (failure := told.get(timeout=60)) is not None:
            raise failure
