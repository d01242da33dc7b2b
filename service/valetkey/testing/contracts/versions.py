"""The contract of object stores for buckets with versioning."""

from datetime import UTC, datetime

from valetkey.testing.contracts.harness import StoreHarness
from valetkey.testing.contracts.store import HEADERS, HOUR, written


class VersionedStoreContract:
    """What every store must do with versions. A fixture ``harness`` provides a `StoreHarness` with an empty bucket that
    has versioning."""

    def test_old_versions_are_listed(self, harness: StoreHarness) -> None:
        """Once for each key, however many versions it has; removed objects are not listed."""
        written(harness, "staging/1")
        written(harness, "staging/1", b"other")
        later = datetime.now(UTC) + HOUR
        assert [found.key for found in harness.store.old_objects("staging/", later)] == ["staging/1"]
        harness.store.delete("staging/1")
        assert list(harness.store.old_objects("staging/", later)) == []

    def test_versions_are_told_apart(self, harness: StoreHarness) -> None:
        """A pinned version can be read, copied and downloaded after it was overwritten."""
        first = written(harness)
        second = written(harness, content=b"other")
        assert first.version_id
        assert second.version_id not in {None, first.version_id}
        assert harness.store.head("a.txt", first.version_id) == first
        assert harness.store.head("a.txt") == second
        harness.store.copy(first, "b.txt", HEADERS)
        assert harness.read("b.txt") == b"bytes"

    def test_every_version_is_removed(self, harness: StoreHarness) -> None:
        """Also old versions, without leaving delete markers; versions of keys with the same prefix are kept."""
        first = written(harness)
        second = written(harness, content=b"other")
        beside = written(harness, "a.txt2")
        harness.store.delete("a.txt")
        for version_id in (None, first.version_id, second.version_id):
            assert harness.store.head("a.txt", version_id) is None
        assert harness.store.head("a.txt2") == beside
        later = datetime.now(UTC) + HOUR
        assert [found.key for found in harness.store.old_objects("", later)] == ["a.txt2"]

    def test_the_first_bytes_of_a_version(self, harness: StoreHarness) -> None:
        """The first bytes of the requested version, whatever was written after it."""
        source = written(harness)
        written(harness, content=b"other")
        assert harness.store.first_bytes(source) == b"bytes"
