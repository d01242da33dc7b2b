"""The contract of object stores for presigned PUTs and multipart uploads."""

from base64 import b64encode
from contextlib import suppress
from hashlib import sha256

import pytest

from valetkey.core.errors import ObjectChanged, ObjectMissing, StoreUnavailable
from valetkey.core.model.multipart import MIN_PART_SIZE, Part
from valetkey.core.model.upload import MultipartUploadId, new_upload_id
from valetkey.core.ports.store import ObjectHeaders
from valetkey.testing.contracts.places import Place

KEY = "films/é 1.mp4"
BIG, SMALL = b"a" * MIN_PART_SIZE, b"the end"
ID = new_upload_id()
REFUSED = {400, 403}
"""JuiceFS answers 400 where a signed header is left out."""

PUT = {"Content-Type": "image/png", "Content-Length": "5", "If-None-Match": "*", "x-amz-meta-upload-id": ID}


def start_multipart(place: Place) -> MultipartUploadId:
    return place.store.start_multipart(KEY, ObjectHeaders("video/mp4", ID))


def sent(place: Place, multipart_id: MultipartUploadId, number: int, content: bytes) -> int:
    put = place.store.presigned_part(KEY, multipart_id, number, len(content), 60)
    return place.send(put, content, {})


class MultipartContract:
    """What every store must do with PUTs and parts. A fixture ``place`` gives a `Place` with an empty bucket."""

    def test_a_put_writes_the_object(self, place: Place) -> None:
        """With the type and our id; a second one is refused while the object is there, if the store can do that."""
        put = place.store.presigned_put("staging/1", PUT, 60)
        assert place.send(put, b"bytes", {}) == 200
        assert place.read("staging/1") == b"bytes"
        head = place.store.head("staging/1")
        assert head is not None
        assert (head.content_type, head.upload_id) == ("image/png", ID)
        once = place.able.writes_once
        assert (place.send(put, b"other", {}), place.read("staging/1")) == (
            (412, b"bytes") if once else (200, b"other")
        )

    @pytest.mark.parametrize(
        ("content", "changed"),
        [
            (b"more bytes", {}),
            (b"few", {}),
            (b"bytes", {"Content-Type": "text/html"}),
            (b"bytes", {"If-None-Match": ""}),
            (b"bytes", {"x-amz-meta-upload-id": "another"}),
        ],
    )
    def test_a_put_takes_nothing_else(self, place: Place, content: bytes, changed: dict[str, str]) -> None:
        """Another size, another type, without the condition, another upload's id: refused, and nothing is written."""
        status = place.send(place.store.presigned_put("staging/1", PUT, 60), content, changed)
        assert (status in REFUSED and place.read("staging/1") is None) or not place.able.enforces

    def test_a_put_of_an_empty_file(self, place: Place) -> None:
        """It is a file like any other."""
        assert place.send(place.store.presigned_put("staging/1", {**PUT, "Content-Length": "0"}, 60), b"", {}) == 200
        assert place.read("staging/1") == b""

    def test_parts_are_listed_and_joined(self, place: Place) -> None:
        """In the order of their numbers, whatever the order they came in; the object carries the type and our id."""
        multipart_id = start_multipart(place)
        assert place.store.parts(KEY, multipart_id) == []
        assert sent(place, multipart_id, 2, SMALL) == 200
        assert sent(place, multipart_id, 1, BIG) == 200
        parts = place.store.parts(KEY, multipart_id)
        assert parts is not None
        assert [(part.number, part.size) for part in parts] == [(1, len(BIG)), (2, len(SMALL))]
        assert all('"' not in part.etag for part in parts)
        place.store.join_parts(KEY, multipart_id, parts)
        assert place.read(KEY) == BIG + SMALL
        head = place.store.head(KEY)
        assert head is not None
        assert (head.size, head.content_type, head.upload_id) == (len(BIG) + len(SMALL), "video/mp4", ID)

    def test_what_was_joined_takes_no_part_any_more(self, place: Place) -> None:
        """A URL that is still alive writes nothing: the object stays as it was joined."""
        multipart_id = start_multipart(place)
        sent(place, multipart_id, 1, SMALL)
        place.store.join_parts(KEY, multipart_id, place.store.parts(KEY, multipart_id) or [])
        assert sent(place, multipart_id, 1, b"THE END") in ({404} if place.able.enforces else {404, 500})
        assert place.store.parts(KEY, multipart_id) is None
        assert place.read(KEY) == SMALL

    def test_joining_again(self, place: Place) -> None:
        """The object is there, or `ObjectMissing` says that the parts are gone: in both cases it stays as it is."""
        multipart_id = start_multipart(place)
        sent(place, multipart_id, 1, SMALL)
        parts = place.store.parts(KEY, multipart_id) or []
        place.store.join_parts(KEY, multipart_id, parts)
        with suppress(ObjectMissing):
            place.store.join_parts(KEY, multipart_id, parts)
        assert place.read(KEY) == SMALL

    def test_a_part_that_was_sent_again_is_one_part(self, place: Place) -> None:
        """As by a client that got no answer to it."""
        multipart_id = start_multipart(place)
        for _ in range(2):
            sent(place, multipart_id, 1, SMALL)
        listed = place.store.parts(KEY, multipart_id) or []
        assert [(part.number, part.size) for part in listed] == [(1, len(SMALL))]
        place.store.join_parts(KEY, multipart_id, listed)
        assert place.read(KEY) == SMALL

    def test_a_part_that_was_sent_again_is_not_joined_unseen(self, place: Place) -> None:
        """The parts are joined as they were listed, or not at all."""
        multipart_id = start_multipart(place)
        sent(place, multipart_id, 1, SMALL)
        listed = place.store.parts(KEY, multipart_id) or []
        sent(place, multipart_id, 1, b"THE END")
        if not place.able.replaces_parts:
            place.store.join_parts(KEY, multipart_id, listed)
            assert place.read(KEY) == SMALL
            return
        with pytest.raises(ObjectChanged):
            place.store.join_parts(KEY, multipart_id, listed)
        with pytest.raises(ObjectChanged):
            place.store.join_parts(KEY, multipart_id, [*listed, Part(2, 1, "0" * 32)])
        assert place.read(KEY) is None

    def test_a_small_part_before_the_last_is_not_joined(self, place: Place) -> None:
        """S3 takes less than 5 MiB only for the last one; JuiceFS joins what it has."""
        multipart_id = start_multipart(place)
        sent(place, multipart_id, 1, SMALL)
        sent(place, multipart_id, 2, SMALL)
        parts = place.store.parts(KEY, multipart_id) or []
        if not place.able.large_parts:
            place.store.join_parts(KEY, multipart_id, parts)
            assert place.read(KEY) == SMALL + SMALL
            return
        with pytest.raises(ObjectChanged):
            place.store.join_parts(KEY, multipart_id, parts)

    def test_what_was_never_begun_has_no_parts(self, place: Place) -> None:
        """Nor has one of another key, nor one that was aborted."""
        multipart_id = start_multipart(place)
        assert place.store.parts(KEY, MultipartUploadId("2~nothing")) is None
        assert not place.store.parts("other", multipart_id) or not place.able.enforces
        place.store.abort_multipart(KEY, multipart_id)
        assert place.store.parts(KEY, multipart_id) is None
        with pytest.raises((ObjectMissing, StoreUnavailable)):  # RGW 16: a 500, "already in progress"
            place.store.join_parts(KEY, multipart_id, [Part(1, 1, "0" * 32)])

    def test_a_part_has_the_size_that_was_signed(self, place: Place) -> None:
        """More and less are refused; where the size is open any is taken."""
        multipart_id = start_multipart(place)
        put = place.store.presigned_part(KEY, multipart_id, 1, len(SMALL), 60)
        statuses = [place.send(put, SMALL + b"!", {}), place.send(put, SMALL[:-1], {})]
        assert statuses == [403, 403] or not place.able.enforces
        assert place.send(place.store.presigned_part(KEY, multipart_id, 1, None, 60), b"any", {}) == 200

    def test_a_part_has_the_checksum_that_was_signed(self, place: Place) -> None:
        """Its header is signed, so it cannot be left out or changed; with it the part is taken."""
        multipart_id = start_multipart(place)
        checksum = b64encode(sha256(SMALL).digest()).decode()
        put = place.store.presigned_part(KEY, multipart_id, 1, len(SMALL), 60, checksum=checksum)
        assert put.headers["x-amz-checksum-sha256"] == checksum
        other = b64encode(sha256(BIG).digest()).decode()
        statuses = [place.send(put, SMALL, {"x-amz-checksum-sha256": value}) for value in ("", other)]
        assert set(statuses) <= REFUSED or not place.able.enforces
        assert place.send(put, SMALL, {}) == 200


class ManyPartsContract:
    """The same with a thousand and two parts, which takes its time on a server."""

    def test_parts_beyond_a_page_are_listed(self, place: Place) -> None:
        """A store lists 1,000 at a time."""
        multipart_id = start_multipart(place)
        for number in range(1, 1003):
            assert place.send(place.store.presigned_part(KEY, multipart_id, number, 1, 60), b"x", {}) == 200
        parts = place.store.parts(KEY, multipart_id)
        assert parts is not None
        assert [part.number for part in parts] == list(range(1, 1003))
