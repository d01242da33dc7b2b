"""Confirmed objects as files, on Ceph RGW: a seek is a range, and another object is an error."""

import zipfile
from io import BytesIO
from random import Random

import pytest
from tests.contract.places import s3_place
from tests.support.stores import Bucket

from valetkey.core.errors import ObjectReplaced
from valetkey.core.model.upload import StoredObject
from valetkey.core.taking.reader import open_object
from valetkey.testing.contracts import Place
from valetkey.testing.contracts.store import written

CONTENT = Random(3).randbytes(9 * 1024 * 1024)


def stored(place: Place, content: bytes = CONTENT) -> StoredObject:
    return written(place, "a/größe (1).bin", content).as_object("a/größe (1).bin")


@pytest.mark.parametrize("buffer_size", [10_000, 1024 * 1024])
def test_seeks_and_reads(rgw_bucket: Bucket, buffer_size: int) -> None:
    """From all ends, over several ranges and past the end: the bytes that a file of them gives."""
    place, random, other = s3_place(rgw_bucket), Random(5), BytesIO(CONTENT)
    with open_object(place.store, stored(place), buffer_size) as file:
        for _ in range(40):
            at, size = random.randint(0, len(CONTENT) + 10), random.choice([1, 500, 70_000, 2_000_000])
            assert file.seek(at) == other.seek(at)
            assert file.read(size) == other.read(size)
        assert (file.seek(-7, 2), file.read()) == (len(CONTENT) - 7, CONTENT[-7:])
        file.seek(0)
        assert file.read() == CONTENT


def test_a_replaced_object_is_never_mixed_in(rgw_bucket: Bucket) -> None:
    """Other bytes of the same size, and fewer of them: what was read stays right, and the next range is an error."""
    place = s3_place(rgw_bucket)
    for other in (CONTENT[::-1], b"short", b""):
        source = stored(place)
        with open_object(place.store, source, 10_000) as file:
            assert file.read(25_000) == CONTENT[:25_000]
            stored(place, other)
            with pytest.raises(ObjectReplaced, match="not the one"):
                file.read(25_000)
            file.seek(5_000_000)
            with pytest.raises(ObjectReplaced):
                file.read(1)
    place.store.delete(source.key)
    with pytest.raises(ObjectReplaced, match="not there"):
        open_object(place.store, source).read(1)


def test_a_version_is_read_after_it_was_overwritten(rgw_bucket: Bucket) -> None:
    """Where the bucket keeps versions, the confirmed one is what is read."""
    place = s3_place(rgw_bucket, versioned=True)
    source = stored(place)
    stored(place, CONTENT[::-1])
    assert source.version_id
    assert open_object(place.store, source).read() == CONTENT


def test_an_archive_of_which_little_is_read(rgw_bucket: Bucket) -> None:
    """`zipfile` finds its list at the end, and one file in the middle."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("big", CONTENT)
        archive.writestr("small", b"hello")
    place = s3_place(rgw_bucket)
    with zipfile.ZipFile(open_object(place.store, stored(place, packed.getvalue()), 4096)) as archive:
        assert archive.read("small") == b"hello"
