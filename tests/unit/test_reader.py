"""A confirmed object as a file, on the memory store: the confirmed bytes, or an error."""

import io
import zipfile
from random import Random

import pytest

from valetkey.adapters.memory import MemoryStore
from valetkey.core.errors import ObjectReplaced, StoreUnavailable
from valetkey.core.model.upload import StoredObject
from valetkey.core.taking.reader import MAX_RANGE, open_object

CONTENT = Random(7).randbytes(300_000)


class Shelf:
    """One object in a store that counts what is read of it."""

    def __init__(self, content: bytes = CONTENT, *, versioned: bool = False) -> None:
        self.store = MemoryStore(versioned=versioned, before=self._count)
        self.reads = 0
        self.failing = 0
        head = self.store.put("a", content)
        self.stored = head.as_object("a")

    def _count(self, operation: str, _: str) -> None:
        self.reads += operation == "read_range"
        if self.failing:
            self.failing -= 1
            raise StoreUnavailable("away")

    def open(self, buffer_size: int = 1024) -> io.BufferedReader:
        return open_object(self.store, self.stored, buffer_size)


def test_it_reads_as_a_file_of_the_same_bytes_does() -> None:
    """Seeks from all ends, reads of all sizes, lines and past the end: the same as of the bytes themselves."""
    random, other = Random(1), io.BytesIO(CONTENT)
    with Shelf().open() as file:
        assert (file.readable(), file.seekable(), file.writable()) == (True, True, False)
        for _ in range(500):
            whence = random.choice([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END])
            offset = random.randint(0, 310_000) - {0: 0, 1: other.tell(), 2: len(CONTENT)}[whence]
            assert file.seek(offset, whence) == other.seek(offset, whence)
            size = random.choice([0, 1, 100, 1024, 5_000, 200_000])
            assert file.read(size) == other.read(size)
            assert file.tell() == other.tell()
        for start in (0, 299_999, 300_000, 400_000):
            file.seek(start), other.seek(start)
            assert file.read() == other.read()
        file.seek(0), other.seek(0)
        assert file.readlines() == other.readlines()
        with pytest.raises(ValueError, match="position"):
            file.seek(-1)
    with pytest.raises(ValueError, match="closed"):
        file.read()


def test_small_reads_share_a_request() -> None:
    """A parser that reads ten bytes at a time costs a request for each buffer, nothing is asked before the first."""
    shelf = Shelf()
    file = shelf.open(100_000)
    assert shelf.reads == 0
    assert b"".join(iter(lambda: file.read(10), b"")) == CONTENT
    assert shelf.reads == 3


def test_all_at_once_is_read_in_large_ranges() -> None:
    """No more than 8 MiB at a time, and no more requests than it takes."""
    content = bytes(MAX_RANGE + 5)
    shelf = Shelf(content)
    assert shelf.open().read() == content
    assert shelf.reads == 2


def test_an_empty_object() -> None:
    """Has no range that could be asked for."""
    shelf = Shelf(b"")
    assert shelf.open().read() == shelf.open().read(5) == b""
    assert shelf.reads == 0


@pytest.mark.parametrize("other", [CONTENT[::-1], b"", CONTENT + b"x", None])
def test_another_object_is_never_read(other: bytes | None) -> None:
    """Replaced or removed in the middle: what was read is what was confirmed, and then nothing comes any more."""
    shelf = Shelf()
    with shelf.open() as file:
        assert file.read(1024) == CONTENT[:1024]
        if other is None:
            shelf.store.delete("a")
        else:
            shelf.store.put("a", other)
        with pytest.raises(ObjectReplaced):
            file.read(1024)
        with pytest.raises(ObjectReplaced):
            file.read()


def test_the_confirmed_version_is_read() -> None:
    """Where the bucket keeps versions, whatever was written after it."""
    shelf = Shelf(versioned=True)
    shelf.store.put("a", CONTENT[::-1])
    assert shelf.open().read() == CONTENT


def test_a_store_that_was_away_is_asked_again() -> None:
    """The same read may be made again, and goes on where it was."""
    shelf = Shelf()
    file = shelf.open()
    assert file.read(5_000) == CONTENT[:5_000]
    shelf.failing = 1
    with pytest.raises(StoreUnavailable):
        file.seek(200_000), file.read(10)
    assert file.read(10) == CONTENT[200_000:200_010]


def test_an_archive_is_read_in_place() -> None:
    """The standard library's `zipfile` works on it: its list stands at the end."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("big", CONTENT)
        archive.writestr("small", b"hello")
    shelf = Shelf(packed.getvalue())
    with zipfile.ZipFile(shelf.open(4096)) as archive:
        assert archive.read("small") == b"hello"
    assert shelf.reads < 6


def test_too_little_is_no_end_of_the_file() -> None:
    """A store that breaks its promise and gives fewer bytes is an error: the file would look cut short."""

    class Short(MemoryStore):
        def read_range(self, stored: StoredObject, start: int, end: int) -> bytes:
            return super().read_range(stored, start, end)[:-1]

    store = Short()
    stored = store.put("a", CONTENT).as_object("a")
    with pytest.raises(StoreUnavailable):
        open_object(store, stored).read()
