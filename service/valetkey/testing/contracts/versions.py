"""The contract of object stores for buckets that keep versions."""

from datetime import UTC, datetime

from valetkey.testing.contracts.places import Place
from valetkey.testing.contracts.store import HEADERS, HOUR, written


class VersionedStoreContract:
    """Where versions are kept. A fixture ``place`` gives a `Place` with an empty bucket that keeps them."""

    def test_old_versions_are_listed(self, place: Place) -> None:
        """Once for each key, however many versions of it there are; what was removed leaves nothing to be found."""
        written(place, "staging/1")
        written(place, "staging/1", b"other")
        later = datetime.now(UTC) + HOUR
        assert [found.key for found in place.store.old_objects("staging/", later)] == ["staging/1"]
        place.store.delete("staging/1")
        assert list(place.store.old_objects("staging/", later)) == []

    def test_versions_are_told_apart(self, place: Place) -> None:
        """The pinned version can be seen, copied and downloaded after it was overwritten."""
        first = written(place)
        second = written(place, content=b"other")
        assert first.version_id
        assert second.version_id not in {None, first.version_id}
        assert place.store.head("a.txt", first.version_id) == first
        assert place.store.head("a.txt") == second
        place.store.copy(first, "b.txt", HEADERS)
        assert place.read("b.txt") == b"bytes"

    def test_every_version_is_removed(self, place: Place) -> None:
        """Old ones too, and no marker is left; those of a key that begins alike stay."""
        first = written(place)
        second = written(place, content=b"other")
        beside = written(place, "a.txt2")
        place.store.delete("a.txt")
        for version_id in (None, first.version_id, second.version_id):
            assert place.store.head("a.txt", version_id) is None
        assert place.store.head("a.txt2") == beside
        later = datetime.now(UTC) + HOUR
        assert [found.key for found in place.store.old_objects("", later)] == ["a.txt2"]

    def test_the_first_bytes_of_a_version(self, place: Place) -> None:
        """Where the bucket keeps versions, those of the one that was named, whatever was written after it."""
        source = written(place)
        written(place, content=b"other")
        assert place.store.first_bytes(source) == b"bytes"
