"""The contract of object stores."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from valetkey.core.errors import ObjectChanged, ObjectMissing, StoreUnavailable
from valetkey.core.model.upload import UploadId
from valetkey.core.ports.store import ObjectHead, ObjectHeaders
from valetkey.testing.contracts.places import Download, Place

ETAG_OF_BYTES = "4b3a6218bb3e3a7303e8a171a60fcf92"
"""MD5 of b"bytes"."""

HOUR = timedelta(hours=1)

ODD_KEYS = ["a b", "a+b%2Bc%", "it's (1)!*.txt", "é/名前.png", "a//b", "~._-", "a&b=c?d#e;f", "x" * 1000]


HEADERS = ObjectHeaders("text/plain", UploadId("some-id"))


def written(place: Place, key: str = "a.txt", content: bytes = b"bytes") -> ObjectHead:
    place.write(key, content, "text/plain", {"upload-id": "some-id"})
    head = place.store.head(key)
    assert head is not None
    return head


class ObjectStoreContract:
    """What every store must do. A fixture ``place`` gives a `Place` with an empty bucket."""

    def test_head_of_nothing(self, place: Place) -> None:
        """No object is no error."""
        assert place.store.head("nothing") is None

    def test_head_says_what_is_there(self, place: Place) -> None:
        """Size, type, the ETag without quotes, and the upload's id; a version where the bucket keeps them."""
        head = written(place)
        expected = ObjectHead("a.txt", ETAG_OF_BYTES, head.version_id, 5, "text/plain", "some-id", {})
        assert replace(head, checksums={}) == expected
        assert (head.version_id is not None) is place.able.versions

    def test_head_without_an_upload_id(self, place: Place) -> None:
        """An object that is not ours has none."""
        place.write("a.txt", b"bytes", "text/plain", {})
        head = place.store.head("a.txt")
        assert head is not None
        assert head.upload_id is None

    def test_a_copy_is_the_same(self, place: Place) -> None:
        """Bytes, type and metadata go along, and the source stays."""
        source = written(place)
        place.store.copy(source, "b/c.txt", HEADERS)
        assert place.read("b/c.txt") == place.read("a.txt") == b"bytes"
        copied = place.store.head("b/c.txt")
        assert copied is not None
        etag = source.etag if place.able.same_etag else copied.etag
        assert copied == replace(source, key="b/c.txt", version_id=copied.version_id, etag=etag)
        assert (copied.etag == source.etag) is place.able.same_etag

    def test_a_copy_of_what_has_changed(self, place: Place) -> None:
        """`ObjectChanged`, and nothing is written. Where the store ignores the condition, a look at the copy shows it.

        Where versions are kept, the source is still there, and that is what is copied.
        """
        source = written(place)
        written(place, content=b"other")
        if place.able.versions:
            place.store.copy(source, "b.txt", HEADERS)
            assert place.read("b.txt") == b"bytes"
        elif place.able.conditional:
            with pytest.raises(ObjectChanged):
                place.store.copy(source, "b.txt", HEADERS)
            assert place.store.head("b.txt") is None
        else:
            place.store.copy(source, "b.txt", HEADERS)
            copied = place.store.head("b.txt")
            assert copied is not None
            assert copied.etag != source.etag

    def test_a_refused_copy_leaves_what_was_there(self, place: Place) -> None:
        """A stale copy does not touch the object under its destination, where the store honours the condition."""
        source = written(place)
        written(place, "b.txt", b"kept")
        source = replace(source, etag="0" * 32)
        if place.able.conditional:
            with pytest.raises(ObjectChanged):
                place.store.copy(source, "b.txt", HEADERS)
            assert place.read("b.txt") == b"kept"
        else:
            place.store.copy(source, "b.txt", HEADERS)
            assert place.read("b.txt") == b"bytes"

    def test_finishing_what_carries_no_tags_and_no_lock(self, place: Place) -> None:
        """Nothing happens to it, once or twice."""
        source = written(place)
        for _ in range(2):
            place.store.finish(source, HEADERS.placement, None)
        assert place.store.head("a.txt") == source

    def test_a_copy_of_nothing(self, place: Place) -> None:
        """`ObjectMissing`, and nothing is written."""
        source = replace(written(place), key="never there", version_id=None)
        with pytest.raises(ObjectMissing):
            place.store.copy(source, "b.txt", HEADERS)
        assert place.store.head("b.txt") is None

    def test_a_copy_over_itself_again(self, place: Place) -> None:
        """Two who promote the same bytes do each other no harm."""
        source = written(place)
        place.store.copy(source, "b.txt", HEADERS)
        place.store.copy(source, "b.txt", HEADERS)
        assert place.read("b.txt") == b"bytes"

    def test_delete_is_idempotent(self, place: Place) -> None:
        """It removes this object only, and says whether all of it is gone; removing nothing is no error."""
        written(place)
        written(place, "a.txt2")
        for _ in range(2):
            assert (place.store.delete("a.txt") is not None) is place.able.retains
        assert place.store.delete("never there") is None
        assert place.store.head("a.txt") is None
        assert place.store.head("a.txt2") is not None

    @pytest.mark.parametrize("key", ODD_KEYS)
    def test_odd_keys(self, place: Place, key: str) -> None:
        """What a key template or an operator's tool may make: written, seen, copied from and to, removed."""
        key = key if place.able.long_names else key[:255]
        source = written(place, key)
        assert source.key == key
        place.store.copy(source, "copy/" + key, HEADERS)
        assert place.read("copy/" + key) == b"bytes"
        listed = [found.key for found in place.store.old_objects("copy/", datetime.now(UTC) + HOUR)]
        assert listed == ["copy/" + (key.replace("//", "/") if place.able.files else key)]
        place.store.delete(key)
        assert place.store.head(key) is None
        assert place.store.head("copy/" + key) is not None

    @pytest.mark.parametrize(
        "filename", ["a.png", "my photo (1).png", "../../é\r\n.png", 'a"b\\c;d.png', "名前\u202e.png", "%41.png", ""]
    )
    def test_a_presigned_url_downloads_under_the_name(self, place: Place, filename: str) -> None:
        """Without a credential, as an attachment of the client's own name and the confirmed type."""
        stored = replace(written(place, "up/1").as_object("up/1"), content_type="image/png")
        download = place.download(place.store.presigned_get(stored, filename or "file", 60))
        assert download == Download(b"bytes", filename or "file", "image/png")

    def test_check_of_a_bucket_that_is_there(self, place: Place) -> None:
        """It says nothing."""
        place.store.check()

    def test_what_decides_about_a_put_is_known_after_it_was_asked(self, place: Place) -> None:
        """Nobody has to ask again before a PUT is granted."""
        place.store.learn()
        assert not place.store.capabilities.may_be_lockable

    def test_check_of_a_missing_bucket(self, place: Place) -> None:
        """`StoreUnavailable`; a head there looks like that of a missing object, so only check can tell."""
        elsewhere = place.without_bucket()
        with pytest.raises(StoreUnavailable):
            elsewhere.check()
        assert elsewhere.head("a.txt") is None

    def test_old_objects_are_listed(self, place: Place) -> None:
        """Those below the prefix that were written before the moment; removing them on the way is fine."""
        beside = [] if place.able.files else ["staging"]
        for key in ("staging/1", "staging/2", "other/1", *beside):
            written(place, key)
        now = datetime.now(UTC)
        assert list(place.store.old_objects("staging/", now - HOUR)) == []
        seen = []
        for found in place.store.old_objects("staging/", now + HOUR):
            assert abs(found.modified_at - now) < HOUR
            place.store.delete(found.key)
            seen.append(found.key)
        assert seen == ["staging/1", "staging/2"]
        if not place.able.retains:
            assert list(place.store.old_objects("staging/", now + HOUR)) == []
            assert [found.key for found in place.store.old_objects("", now + HOUR)] == ["other/1", *beside]

    def test_open_multipart_uploads_are_listed_and_aborted(self, place: Place) -> None:
        """Those below the prefix that were begun before the moment; each by its own id, and once more is no error."""
        first, second = place.start_multipart("uploads/1"), place.start_multipart("uploads/1")
        place.start_multipart("other/1")
        now = datetime.now(UTC)
        assert len(list(place.store.old_multiparts("uploads/", now - HOUR))) == (
            0 if place.able.dates_multiparts else 2
        )
        found = list(place.store.old_multiparts("uploads/", now + HOUR))
        assert {(one.key, one.multipart_id) for one in found} == {("uploads/1", first), ("uploads/1", second)}
        assert all((abs(one.started_at - now) < HOUR) is place.able.dates_multiparts for one in found)
        place.store.abort_multipart("uploads/1", first)
        place.store.abort_multipart("uploads/1", first)
        assert [one.multipart_id for one in place.store.old_multiparts("uploads/", now + HOUR)] == [second]
        assert len(list(place.store.old_multiparts("", now + HOUR))) == 2

    def test_listing_a_bucket_that_is_gone(self, place: Place) -> None:
        """`StoreUnavailable`: it does not look like an empty one."""
        elsewhere = place.without_bucket()
        now = datetime.now(UTC)
        for listing in (elsewhere.old_objects("", now), elsewhere.old_multiparts("", now)):
            with pytest.raises(StoreUnavailable):
                list(listing)

    def test_nothing_else_that_a_client_attached_is_copied(self, place: Place) -> None:
        """The copy has the type and the metadata that are asked for, and no others."""
        place.write("a.txt", b"bytes", "text/html", {"upload-id": "another", "extra": "1"})
        source = place.store.head("a.txt")
        assert source is not None
        place.store.copy(source, "b.txt", HEADERS)
        copied = place.store.head("b.txt")
        assert copied is not None
        assert (copied.content_type, copied.upload_id, copied.size) == ("text/plain", "some-id", 5)

    def test_whether_a_condition_is_honoured(self, place: Place) -> None:
        """It is found out by doing, and nothing is left of that."""
        source = written(place)
        assert place.store.proves_copies(source) is place.able.conditional
        later = datetime.now(UTC) + HOUR
        assert place.able.retains or [found.key for found in place.store.old_objects("", later)] == ["a.txt"]

    @pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 100_000])
    def test_the_first_bytes(self, place: Place, size: int) -> None:
        """At most 4,096; an object that has fewer, or none at all, gives what it has."""
        content = bytes(number % 251 for number in range(size))
        assert place.store.first_bytes(written(place, content=content)) == content[:4096]

    @pytest.mark.parametrize(("content", "other"), [(b"bytes", b"other"), (b"", b"x" * 5000), (b"x" * 5000, b"")])
    def test_the_first_bytes_of_what_has_changed(self, place: Place, content: bytes, other: bytes) -> None:
        """`ObjectChanged`: what is read is what was looked at; also where a range is asked of an empty one."""
        source = replace(written(place, content=content), version_id=None)
        written(place, content=other)
        with pytest.raises(ObjectChanged):
            place.store.first_bytes(source)

    def test_the_first_bytes_of_nothing(self, place: Place) -> None:
        """`ObjectMissing`."""
        source = replace(written(place), version_id=None)
        place.store.delete("a.txt")
        with pytest.raises(ObjectMissing):
            place.store.first_bytes(source)
