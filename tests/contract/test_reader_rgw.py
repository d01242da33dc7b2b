"""Confirmed objects as files, on Ceph RGW: a seek reads a range, and another object is an error."""

import zipfile
from io import BytesIO
from random import Random

import pytest
from tests.contract.harnesses import s3_harness
from tests.support.stores import Bucket

from valetkey.core.errors import ObjectReplaced
from valetkey.core.model.upload import StoredObject
from valetkey.core.taking.reader import open_object
from valetkey.testing.contracts import StoreHarness
from valetkey.testing.contracts.store import written

CONTENT = Random(3).randbytes(9 * 1024 * 1024)


def stored(harness: StoreHarness, content: bytes = CONTENT) -> StoredObject:
    return written(harness, "a/größe (1).bin", content).as_object("a/größe (1).bin")


@pytest.mark.parametrize("buffer_size", [10_000, 1024 * 1024])
def test_seeks_and_reads(rgw_bucket: Bucket, buffer_size: int) -> None:
    """From all ends, over several ranges and past the end: the bytes that a file of them gives."""
    harness, random, other = s3_harness(rgw_bucket), Random(5), BytesIO(CONTENT)
    with open_object(harness.store, stored(harness), buffer_size) as file:
        for _ in range(40):
            at, size = random.randint(0, len(CONTENT) + 10), random.choice([1, 500, 70_000, 2_000_000])
            assert file.seek(at) == other.seek(at)
            assert file.read(size) == other.read(size)
        assert (file.seek(-7, 2), file.read()) == (len(CONTENT) - 7, CONTENT[-7:])
        file.seek(0)
        assert file.read() == CONTENT


def test_a_replaced_object_is_never_mixed_in(rgw_bucket: Bucket) -> None:
    """Other bytes of the same size, and fewer of them: what was read stays right, and the next range is an error."""
    harness = s3_harness(rgw_bucket)
    for other in (CONTENT[::-1], b"short", b""):
        source = stored(harness)
        with open_object(harness.store, source, 10_000) as file:
            assert file.read(25_000) == CONTENT[:25_000]
            stored(harness, other)
            with pytest.raises(ObjectReplaced, match="not the one"):
                file.read(25_000)
            file.seek(5_000_000)
            with pytest.raises(ObjectReplaced):
                file.read(1)
    harness.store.delete(source.key)
    with pytest.raises(ObjectReplaced, match="not there"):
        open_object(harness.store, source).read(1)


def test_a_version_is_read_after_it_was_overwritten(rgw_bucket: Bucket) -> None:
    """Where the bucket keeps versions, the confirmed one is what is read."""
    harness = s3_harness(rgw_bucket, versioned=True)
    source = stored(harness)
    stored(harness, CONTENT[::-1])
    assert source.version_id
    assert open_object(harness.store, source).read() == CONTENT


def test_an_archive_of_which_little_is_read(rgw_bucket: Bucket) -> None:
    """`zipfile` finds its list at the end, and one file in the middle."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("big", CONTENT)
        archive.writestr("small", b"hello")
    harness = s3_harness(rgw_bucket)
    with zipfile.ZipFile(open_object(harness.store, stored(harness, packed.getvalue()), 4096)) as archive:
        assert archive.read("small") == b"hello"
