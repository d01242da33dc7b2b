"""The contract of object stores for presigned PUTs and multipart uploads."""

from base64 import b64encode
from contextlib import suppress
from hashlib import sha256

import pytest

from valetkey.core.errors import ObjectChanged, ObjectMissing, StoreUnavailable
from valetkey.core.model.multipart import MIN_PART_SIZE, Part
from valetkey.core.model.upload import MultipartUploadId, new_upload_id
from valetkey.core.ports.store import ObjectHeaders
from valetkey.testing.contracts.harness import StoreHarness

KEY = "films/é 1.mp4"
BIG, SMALL = b"a" * MIN_PART_SIZE, b"the end"
ID = new_upload_id()
REFUSED = {400, 403}
"""JuiceFS responds with 400 if a signed header is missing."""

PUT = {"Content-Type": "image/png", "Content-Length": "5", "If-None-Match": "*", "x-amz-meta-upload-id": ID}


def start_multipart(harness: StoreHarness) -> MultipartUploadId:
    return harness.store.start_multipart(KEY, ObjectHeaders("video/mp4", ID))


def sent(harness: StoreHarness, multipart_id: MultipartUploadId, number: int, content: bytes) -> int:
    put = harness.store.presigned_part(KEY, multipart_id, number, len(content), 60)
    return harness.send(put, content, {})


class MultipartContract:
    """What every store must do with PUTs and parts. A fixture ``harness`` provides a `StoreHarness` with an empty
    bucket."""

    def test_a_put_writes_the_object(self, harness: StoreHarness) -> None:
        """With the type and the upload's id. A second PUT is refused while the object exists, if the store supports
        that."""
        put = harness.store.presigned_put("staging/1", PUT, 60)
        assert harness.send(put, b"bytes", {}) == 200
        assert harness.read("staging/1") == b"bytes"
        head = harness.store.head("staging/1")
        assert head is not None
        assert (head.content_type, head.upload_id) == ("image/png", ID)
        once = harness.abilities.writes_once
        assert (harness.send(put, b"other", {}), harness.read("staging/1")) == (
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
    def test_a_put_takes_nothing_else(self, harness: StoreHarness, content: bytes, changed: dict[str, str]) -> None:
        """Another size, another type, a missing condition, another upload's id: refused, and nothing is written."""
        status = harness.send(harness.store.presigned_put("staging/1", PUT, 60), content, changed)
        assert (status in REFUSED and harness.read("staging/1") is None) or not harness.abilities.enforces

    def test_a_put_of_an_empty_file(self, harness: StoreHarness) -> None:
        """An empty file is accepted like any other."""
        assert (
            harness.send(harness.store.presigned_put("staging/1", {**PUT, "Content-Length": "0"}, 60), b"", {}) == 200
        )
        assert harness.read("staging/1") == b""

    def test_parts_are_listed_and_joined(self, harness: StoreHarness) -> None:
        """In the order of their numbers, whatever the order in which they were sent; the object has the type and the
        upload's id."""
        multipart_id = start_multipart(harness)
        assert harness.store.parts(KEY, multipart_id) == []
        assert sent(harness, multipart_id, 2, SMALL) == 200
        assert sent(harness, multipart_id, 1, BIG) == 200
        parts = harness.store.parts(KEY, multipart_id)
        assert parts is not None
        assert [(part.number, part.size) for part in parts] == [(1, len(BIG)), (2, len(SMALL))]
        assert all('"' not in part.etag for part in parts)
        harness.store.join_parts(KEY, multipart_id, parts)
        assert harness.read(KEY) == BIG + SMALL
        head = harness.store.head(KEY)
        assert head is not None
        assert (head.size, head.content_type, head.upload_id) == (len(BIG) + len(SMALL), "video/mp4", ID)

    def test_what_was_joined_takes_no_part_any_more(self, harness: StoreHarness) -> None:
        """A URL that has not expired writes nothing: the object stays as it is."""
        multipart_id = start_multipart(harness)
        sent(harness, multipart_id, 1, SMALL)
        harness.store.join_parts(KEY, multipart_id, harness.store.parts(KEY, multipart_id) or [])
        assert sent(harness, multipart_id, 1, b"THE END") in ({404} if harness.abilities.enforces else {404, 500})
        assert harness.store.parts(KEY, multipart_id) is None
        assert harness.read(KEY) == SMALL

    def test_joining_again(self, harness: StoreHarness) -> None:
        """The object is returned, or `ObjectMissing` is raised as the parts are gone; the object stays as it is in both
        cases."""
        multipart_id = start_multipart(harness)
        sent(harness, multipart_id, 1, SMALL)
        parts = harness.store.parts(KEY, multipart_id) or []
        harness.store.join_parts(KEY, multipart_id, parts)
        with suppress(ObjectMissing):
            harness.store.join_parts(KEY, multipart_id, parts)
        assert harness.read(KEY) == SMALL

    def test_a_part_that_was_sent_again_is_one_part(self, harness: StoreHarness) -> None:
        """As a client does that got no response to the first attempt."""
        multipart_id = start_multipart(harness)
        for _ in range(2):
            sent(harness, multipart_id, 1, SMALL)
        listed = harness.store.parts(KEY, multipart_id) or []
        assert [(part.number, part.size) for part in listed] == [(1, len(SMALL))]
        harness.store.join_parts(KEY, multipart_id, listed)
        assert harness.read(KEY) == SMALL

    def test_a_part_that_was_sent_again_is_not_joined_unseen(self, harness: StoreHarness) -> None:
        """Parts are joined as they were listed, or not at all."""
        multipart_id = start_multipart(harness)
        sent(harness, multipart_id, 1, SMALL)
        listed = harness.store.parts(KEY, multipart_id) or []
        sent(harness, multipart_id, 1, b"THE END")
        if not harness.abilities.replaces_parts:
            harness.store.join_parts(KEY, multipart_id, listed)
            assert harness.read(KEY) == SMALL
            return
        with pytest.raises(ObjectChanged):
            harness.store.join_parts(KEY, multipart_id, listed)
        with pytest.raises(ObjectChanged):
            harness.store.join_parts(KEY, multipart_id, [*listed, Part(2, 1, "0" * 32)])
        assert harness.read(KEY) is None

    def test_a_small_part_before_the_last_is_not_joined(self, harness: StoreHarness) -> None:
        """S3 accepts less than 5 MiB for the last part only; JuiceFS joins the parts regardless."""
        multipart_id = start_multipart(harness)
        sent(harness, multipart_id, 1, SMALL)
        sent(harness, multipart_id, 2, SMALL)
        parts = harness.store.parts(KEY, multipart_id) or []
        if not harness.abilities.large_parts:
            harness.store.join_parts(KEY, multipart_id, parts)
            assert harness.read(KEY) == SMALL + SMALL
            return
        with pytest.raises(ObjectChanged):
            harness.store.join_parts(KEY, multipart_id, parts)

    def test_what_was_never_begun_has_no_parts(self, harness: StoreHarness) -> None:
        """An unknown multipart upload has no parts, nor has one of another key, nor one that was aborted."""
        multipart_id = start_multipart(harness)
        assert harness.store.parts(KEY, MultipartUploadId("2~nothing")) is None
        assert not harness.store.parts("other", multipart_id) or not harness.abilities.enforces
        harness.store.abort_multipart(KEY, multipart_id)
        assert harness.store.parts(KEY, multipart_id) is None
        with pytest.raises((ObjectMissing, StoreUnavailable)):  # RGW 16: a 500, "already in progress"
            harness.store.join_parts(KEY, multipart_id, [Part(1, 1, "0" * 32)])

    def test_a_part_has_the_size_that_was_signed(self, harness: StoreHarness) -> None:
        """More or fewer bytes are refused; if no size was signed, any size is accepted."""
        multipart_id = start_multipart(harness)
        put = harness.store.presigned_part(KEY, multipart_id, 1, len(SMALL), 60)
        statuses = [harness.send(put, SMALL + b"!", {}), harness.send(put, SMALL[:-1], {})]
        assert statuses == [403, 403] or not harness.abilities.enforces
        assert harness.send(harness.store.presigned_part(KEY, multipart_id, 1, None, 60), b"any", {}) == 200

    def test_a_part_has_the_checksum_that_was_signed(self, harness: StoreHarness) -> None:
        """Its header is signed, so it cannot be omitted or changed; with it, the part is accepted."""
        multipart_id = start_multipart(harness)
        checksum = b64encode(sha256(SMALL).digest()).decode()
        put = harness.store.presigned_part(KEY, multipart_id, 1, len(SMALL), 60, checksum=checksum)
        assert put.headers["x-amz-checksum-sha256"] == checksum
        other = b64encode(sha256(BIG).digest()).decode()
        statuses = [harness.send(put, SMALL, {"x-amz-checksum-sha256": value}) for value in ("", other)]
        assert set(statuses) <= REFUSED or not harness.abilities.enforces
        assert harness.send(put, SMALL, {}) == 200


class ManyPartsContract:
    """The same with 1,002 parts, which takes a while on a server."""

    def test_parts_beyond_a_page_are_listed(self, harness: StoreHarness) -> None:
        """A store lists 1,000 parts at a time."""
        multipart_id = start_multipart(harness)
        for number in range(1, 1003):
            assert harness.send(harness.store.presigned_part(KEY, multipart_id, number, 1, 60), b"x", {}) == 200
        parts = harness.store.parts(KEY, multipart_id)
        assert parts is not None
        assert [part.number for part in parts] == list(range(1, 1003))
