"""The contract of stores for reading a confirmed object: its own bytes, or an error."""

import pytest

from valetkey.core.errors import ObjectChanged, ObjectMissing
from valetkey.core.model.upload import StoredObject
from valetkey.testing.contracts.harness import StoreHarness
from valetkey.testing.contracts.store import written

CONTENT = bytes(number % 251 for number in range(100_000))


def stored(harness: StoreHarness, content: bytes = CONTENT) -> StoredObject:
    return written(harness, content=content).as_object("a.txt")


class ReadingContract:
    """What every store must do for readers. A fixture ``harness`` provides a `StoreHarness` with an empty bucket."""

    @pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 100_000), (99_999, 100_000), (4_000, 70_001)])
    def test_a_range(self, harness: StoreHarness, start: int, end: int) -> None:
        """Exactly the requested bytes, also at both ends of the object."""
        assert harness.store.read_range(stored(harness), start, end) == CONTENT[start:end]

    @pytest.mark.parametrize(
        "other", [CONTENT[::-1], CONTENT + b"x", b"x", b""], ids=["same size", "more", "less", "none"]
    )
    def test_a_range_of_what_was_replaced(self, harness: StoreHarness, other: bytes) -> None:
        """`ObjectChanged`, whatever the size of the other object; with versioning, the bytes of the requested
        version."""
        source = stored(harness)
        written(harness, content=other)
        if source.version_id:
            assert harness.store.read_range(source, 50_000, 60_000) == CONTENT[50_000:60_000]
            return
        with pytest.raises(ObjectChanged):
            harness.store.read_range(source, 50_000, 60_000)

    def test_a_range_of_nothing(self, harness: StoreHarness) -> None:
        """`ObjectMissing`, also for a removed version; objects that the bucket retains can still be read."""
        source = stored(harness)
        harness.store.delete("a.txt")
        if harness.abilities.retains:
            assert harness.store.read_range(source, 0, 1) == CONTENT[:1]
            return
        with pytest.raises(ObjectMissing):
            harness.store.read_range(source, 0, 1)
