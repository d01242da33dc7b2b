"""The contract of object stores."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from valetkey.core.errors import ObjectChanged, ObjectMissing, StoreUnavailable
from valetkey.core.model.upload import UploadId
from valetkey.core.ports.store import ObjectHead, ObjectHeaders
from valetkey.testing.contracts.harness import Download, StoreHarness

ETAG_OF_BYTES = "4b3a6218bb3e3a7303e8a171a60fcf92"
"""MD5 of b"bytes"."""

HOUR = timedelta(hours=1)

ODD_KEYS = ["a b", "a+b%2Bc%", "it's (1)!*.txt", "é/名前.png", "a//b", "~._-", "a&b=c?d#e;f", "x" * 1000]


HEADERS = ObjectHeaders("text/plain", UploadId("some-id"))


def written(harness: StoreHarness, key: str = "a.txt", content: bytes = b"bytes") -> ObjectHead:
    harness.write(key, content, "text/plain", {"upload-id": "some-id"})
    head = harness.store.head(key)
    assert head is not None
    return head


class ObjectStoreContract:
    """What every store must do. A fixture ``harness`` provides a `StoreHarness` with an empty bucket."""

    def test_head_of_nothing(self, harness: StoreHarness) -> None:
        """`head` returns None if there is no object."""
        assert harness.store.head("nothing") is None

    def test_head_says_what_is_there(self, harness: StoreHarness) -> None:
        """Size, type, the ETag without quotes, the upload's id, and with versioning the version."""
        head = written(harness)
        expected = ObjectHead("a.txt", ETAG_OF_BYTES, head.version_id, 5, "text/plain", "some-id", {})
        assert replace(head, checksums={}) == expected
        assert (head.version_id is not None) is harness.abilities.versions

    def test_head_without_an_upload_id(self, harness: StoreHarness) -> None:
        """An object that valetkey did not write has none."""
        harness.write("a.txt", b"bytes", "text/plain", {})
        head = harness.store.head("a.txt")
        assert head is not None
        assert head.upload_id is None

    def test_a_copy_is_the_same(self, harness: StoreHarness) -> None:
        """Bytes, type and metadata are copied, and the source is kept."""
        source = written(harness)
        harness.store.copy(source, "b/c.txt", HEADERS)
        assert harness.read("b/c.txt") == harness.read("a.txt") == b"bytes"
        copied = harness.store.head("b/c.txt")
        assert copied is not None
        etag = source.etag if harness.abilities.same_etag else copied.etag
        assert copied == replace(source, key="b/c.txt", version_id=copied.version_id, etag=etag)
        assert (copied.etag == source.etag) is harness.abilities.same_etag

    def test_a_copy_of_what_has_changed(self, harness: StoreHarness) -> None:
        """`ObjectChanged`, and nothing is written. If the store ignores the condition, the copy's ETag differs.

        With versioning, the source still exists, and is copied.
        """
        source = written(harness)
        written(harness, content=b"other")
        if harness.abilities.versions:
            harness.store.copy(source, "b.txt", HEADERS)
            assert harness.read("b.txt") == b"bytes"
        elif harness.abilities.conditional:
            with pytest.raises(ObjectChanged):
                harness.store.copy(source, "b.txt", HEADERS)
            assert harness.store.head("b.txt") is None
        else:
            harness.store.copy(source, "b.txt", HEADERS)
            copied = harness.store.head("b.txt")
            assert copied is not None
            assert copied.etag != source.etag

    def test_a_refused_copy_leaves_what_was_there(self, harness: StoreHarness) -> None:
        """A copy of a stale ETag does not change the object at its destination, if the store honours the condition."""
        source = written(harness)
        written(harness, "b.txt", b"kept")
        source = replace(source, etag="0" * 32)
        if harness.abilities.conditional:
            with pytest.raises(ObjectChanged):
                harness.store.copy(source, "b.txt", HEADERS)
            assert harness.read("b.txt") == b"kept"
        else:
            harness.store.copy(source, "b.txt", HEADERS)
            assert harness.read("b.txt") == b"bytes"

    def test_finishing_what_carries_no_tags_and_no_lock(self, harness: StoreHarness) -> None:
        """An object without tags and lock is not changed, also if it is finished twice."""
        source = written(harness)
        for _ in range(2):
            harness.store.finish(source, HEADERS.placement, None)
        assert harness.store.head("a.txt") == source

    def test_a_copy_of_nothing(self, harness: StoreHarness) -> None:
        """A copy of a missing object raises `ObjectMissing`, and nothing is written."""
        source = replace(written(harness), key="never there", version_id=None)
        with pytest.raises(ObjectMissing):
            harness.store.copy(source, "b.txt", HEADERS)
        assert harness.store.head("b.txt") is None

    def test_a_copy_over_itself_again(self, harness: StoreHarness) -> None:
        """Two processes that promote the same bytes do not disturb each other."""
        source = written(harness)
        harness.store.copy(source, "b.txt", HEADERS)
        harness.store.copy(source, "b.txt", HEADERS)
        assert harness.read("b.txt") == b"bytes"

    def test_delete_is_idempotent(self, harness: StoreHarness) -> None:
        """It removes this object only, and reports whether it is gone completely; a missing object is no error."""
        written(harness)
        written(harness, "a.txt2")
        for _ in range(2):
            assert (harness.store.delete("a.txt") is not None) is harness.abilities.retains
        assert harness.store.delete("never there") is None
        assert harness.store.head("a.txt") is None
        assert harness.store.head("a.txt2") is not None

    @pytest.mark.parametrize("key", ODD_KEYS)
    def test_odd_keys(self, harness: StoreHarness, key: str) -> None:
        """Keys that templates or other tools may create can be written, read, copied from and to, and removed."""
        key = key if harness.abilities.long_names else key[:255]
        source = written(harness, key)
        assert source.key == key
        harness.store.copy(source, "copy/" + key, HEADERS)
        assert harness.read("copy/" + key) == b"bytes"
        listed = [found.key for found in harness.store.old_objects("copy/", datetime.now(UTC) + HOUR)]
        assert listed == ["copy/" + (key.replace("//", "/") if harness.abilities.files else key)]
        harness.store.delete(key)
        assert harness.store.head(key) is None
        assert harness.store.head("copy/" + key) is not None

    @pytest.mark.parametrize(
        "filename", ["a.png", "my photo (1).png", "../../é\r\n.png", 'a"b\\c;d.png', "名前\u202e.png", "%41.png", ""]
    )
    def test_a_presigned_url_downloads_under_the_name(self, harness: StoreHarness, filename: str) -> None:
        """Without a credential, as an attachment with the client's file name and the confirmed type."""
        stored = replace(written(harness, "up/1").as_object("up/1"), content_type="image/png")
        download = harness.download(harness.store.presigned_get(stored, filename or "file", 60))
        assert download == Download(b"bytes", filename or "file", "image/png")

    def test_check_of_a_bucket_that_is_there(self, harness: StoreHarness) -> None:
        """`check` returns without an error."""
        harness.store.check()

    def test_it_tells_its_time(self, harness: StoreHarness) -> None:
        """To a second, or not at all; signing by another clock would be refused."""
        now = harness.store.now()
        assert now is None or abs(now - datetime.now(UTC)) < timedelta(minutes=1)

    def test_what_decides_about_a_put_is_known_after_it_was_asked(self, harness: StoreHarness) -> None:
        """After `learn`, no further request is needed before a PUT is granted."""
        harness.store.learn()
        assert not harness.store.capabilities.may_be_lockable

    def test_check_of_a_missing_bucket(self, harness: StoreHarness) -> None:
        """`StoreUnavailable`; as `head` cannot tell a missing bucket from a missing object, only `check` can."""
        elsewhere = harness.without_bucket()
        with pytest.raises(StoreUnavailable):
            elsewhere.check()
        assert elsewhere.head("a.txt") is None

    def test_old_objects_are_listed(self, harness: StoreHarness) -> None:
        """Objects under the prefix that were written before the given time; they may be removed during the
        iteration."""
        beside = [] if harness.abilities.files else ["staging"]
        for key in ("staging/1", "staging/2", "other/1", *beside):
            written(harness, key)
        now = datetime.now(UTC)
        assert list(harness.store.old_objects("staging/", now - HOUR)) == []
        seen = []
        for found in harness.store.old_objects("staging/", now + HOUR):
            assert abs(found.modified_at - now) < HOUR
            harness.store.delete(found.key)
            seen.append(found.key)
        assert seen == ["staging/1", "staging/2"]
        if not harness.abilities.retains:
            assert list(harness.store.old_objects("staging/", now + HOUR)) == []
            assert [found.key for found in harness.store.old_objects("", now + HOUR)] == ["other/1", *beside]

    def test_open_multipart_uploads_are_listed_and_aborted(self, harness: StoreHarness) -> None:
        """Multipart uploads under the prefix that were started before the given time; aborting one by its id is
        idempotent."""
        first, second = harness.start_multipart("uploads/1"), harness.start_multipart("uploads/1")
        harness.start_multipart("other/1")
        now = datetime.now(UTC)
        assert len(list(harness.store.old_multiparts("uploads/", now - HOUR))) == (
            0 if harness.abilities.dates_multiparts else 2
        )
        found = list(harness.store.old_multiparts("uploads/", now + HOUR))
        assert {(one.key, one.multipart_id) for one in found} == {("uploads/1", first), ("uploads/1", second)}
        assert all((abs(one.started_at - now) < HOUR) is harness.abilities.dates_multiparts for one in found)
        harness.store.abort_multipart("uploads/1", first)
        harness.store.abort_multipart("uploads/1", first)
        assert [one.multipart_id for one in harness.store.old_multiparts("uploads/", now + HOUR)] == [second]
        assert len(list(harness.store.old_multiparts("", now + HOUR))) == 2

    def test_listing_a_bucket_that_is_gone(self, harness: StoreHarness) -> None:
        """`StoreUnavailable`: a missing bucket does not look like an empty one."""
        elsewhere = harness.without_bucket()
        now = datetime.now(UTC)
        for listing in (elsewhere.old_objects("", now), elsewhere.old_multiparts("", now)):
            with pytest.raises(StoreUnavailable):
                list(listing)

    def test_nothing_else_that_a_client_attached_is_copied(self, harness: StoreHarness) -> None:
        """The copy has the requested type and metadata, and no others."""
        harness.write("a.txt", b"bytes", "text/html", {"upload-id": "another", "extra": "1"})
        source = harness.store.head("a.txt")
        assert source is not None
        harness.store.copy(source, "b.txt", HEADERS)
        copied = harness.store.head("b.txt")
        assert copied is not None
        assert (copied.content_type, copied.upload_id, copied.size) == ("text/plain", "some-id", 5)

    def test_whether_a_condition_is_honoured(self, harness: StoreHarness) -> None:
        """It is found out by an experiment, which leaves no objects."""
        source = written(harness)
        assert harness.store.proves_copies(source) is harness.abilities.conditional
        later = datetime.now(UTC) + HOUR
        assert harness.abilities.retains or [found.key for found in harness.store.old_objects("", later)] == ["a.txt"]

    @pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 100_000])
    def test_the_first_bytes(self, harness: StoreHarness, size: int) -> None:
        """At most 4,096 bytes; of a smaller or empty object all that it has."""
        content = bytes(number % 251 for number in range(size))
        assert harness.store.first_bytes(written(harness, content=content)) == content[:4096]

    @pytest.mark.parametrize(("content", "other"), [(b"bytes", b"other"), (b"", b"x" * 5000), (b"x" * 5000, b"")])
    def test_the_first_bytes_of_what_has_changed(self, harness: StoreHarness, content: bytes, other: bytes) -> None:
        """`ObjectChanged`, also for a range of an object that is now empty: bytes are those of the object that was
        checked."""
        source = replace(written(harness, content=content), version_id=None)
        written(harness, content=other)
        with pytest.raises(ObjectChanged):
            harness.store.first_bytes(source)

    def test_the_first_bytes_of_nothing(self, harness: StoreHarness) -> None:
        """`ObjectMissing` for an object that does not exist."""
        source = replace(written(harness), version_id=None)
        harness.store.delete("a.txt")
        with pytest.raises(ObjectMissing):
            harness.store.first_bytes(source)
