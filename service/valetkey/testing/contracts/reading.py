"""The contract of stores for reading a confirmed object: its own bytes, or an error."""

import pytest

from valetkey.core.errors import ObjectChanged, ObjectMissing
from valetkey.core.model.upload import StoredObject
from valetkey.testing.contracts.places import Place
from valetkey.testing.contracts.store import written

CONTENT = bytes(number % 251 for number in range(100_000))


def stored(place: Place, content: bytes = CONTENT) -> StoredObject:
    return written(place, content=content).as_object("a.txt")


class ReadingContract:
    """What every store must give to a reader. A fixture ``place`` gives a `Place` with an empty bucket."""

    @pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 100_000), (99_999, 100_000), (4_000, 70_001)])
    def test_a_range(self, place: Place, start: int, end: int) -> None:
        """Exactly the bytes that were asked for, at both ends of the object, too."""
        assert place.store.read_range(stored(place), start, end) == CONTENT[start:end]

    @pytest.mark.parametrize(
        "other", [CONTENT[::-1], CONTENT + b"x", b"x", b""], ids=["same size", "more", "less", "none"]
    )
    def test_a_range_of_what_was_replaced(self, place: Place, other: bytes) -> None:
        """`ObjectChanged`, whatever size the other one has; where versions are kept, the bytes that were named."""
        source = stored(place)
        written(place, content=other)
        if source.version_id:
            assert place.store.read_range(source, 50_000, 60_000) == CONTENT[50_000:60_000]
            return
        with pytest.raises(ObjectChanged):
            place.store.read_range(source, 50_000, 60_000)

    def test_a_range_of_nothing(self, place: Place) -> None:
        """`ObjectMissing`, of a version that was removed, too; what the bucket retains is there still."""
        source = stored(place)
        place.store.delete("a.txt")
        if place.able.retains:
            assert place.store.read_range(source, 0, 1) == CONTENT[:1]
            return
        with pytest.raises(ObjectMissing):
            place.store.read_range(source, 0, 1)
