"""Many objects are removed with one call if the store can do that, and one by one if not."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.calls.sources import Behind, written
from tests.contract.harnesses import s3_store
from tests.support.store_proxy import Quirk
from tests.support.store_quirks import Fails, Says
from tests.support.stores import Bucket

from valetkey.adapters.s3 import S3Store
from valetkey.core.ports.store import MAX_BATCH


def batches(store: S3Store) -> bool:
    return store.capabilities.batch_delete


def test_many_are_removed_at_once(behind: Behind) -> None:
    """The first deletion finds out that it works; 1,001 keys take two calls, and odd keys are removed like others."""
    store, bucket, server = behind()
    assert not batches(store)
    written(store, bucket)
    assert store.delete("a") is None
    assert batches(store)
    odd = ["a b", "a&b<c>", "q\"'", "é/名", "line\nline", "cr\r", "\x01"]
    for key in [*odd, "kept"]:
        written(store, bucket, key)
    before = server.count("DELETE_MANY")
    store.delete_batch([*odd, *(f"none/{number}" for number in range(MAX_BATCH))])
    assert bucket.keys() == ["kept"]
    assert server.count("DELETE_MANY") - before == 2
    assert server.count("DELETE") == 1  # XML cannot contain this key


@pytest.mark.parametrize(
    "quirk",
    [
        lambda: Fails("DELETE_MANY", 501, "NotImplemented"),
        lambda: Fails("DELETE_MANY", 403, "AccessDenied"),
        lambda: Says({"DELETE_MANY"}, lambda body: body[: len(body) // 2], None),
        lambda: Says({"DELETE_MANY"}, lambda _: "<DeleteResult/>", None),
    ],
    ids=["not implemented", "refused", "half an answer", "an answer that names nothing"],
)
def test_where_not_they_go_one_by_one(behind: Behind, quirk: Callable[[], Quirk]) -> None:
    """The store is not asked for DeleteObjects again."""
    store, bucket, server = behind(quirk())
    for key in ("a", "b", "c"):
        written(store, bucket, key)
    assert store.delete("a") is None
    assert not batches(store)
    store.delete_batch(["b", "c"])
    assert bucket.keys() == []
    assert (server.count("DELETE_MANY"), server.count("DELETE")) == (1, 3)


def test_one_that_stays_is_removed_by_itself(behind: Behind) -> None:
    """If DeleteObjects leaves one out, that one is removed with a call of its own."""
    store, bucket, server = behind(Says({"DELETE_MANY"}, lambda body: body.replace("<Key>b</Key>", "<Key/>"), None))
    for key in ("a", "b", "c"):
        written(store, bucket, key)
    store.delete("a")
    store.delete_batch(["b", "c"])
    assert bucket.keys() == []
    assert (server.count("DELETE"), batches(store)) == (1, True)


def test_versions_go_one_by_one(behind: Behind) -> None:
    """DeleteObjects would only hide them behind delete markers."""
    store, bucket, server = behind()
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    written(store, bucket)
    written(store, bucket)
    store.delete_batch(["a"])
    left: Any = bucket.client.list_object_versions(Bucket=bucket.name)
    assert (left.get("Versions"), left.get("DeleteMarkers")) == (None, None)
    assert (server.count("DELETE_MANY"), batches(store)) == (0, False)


def test_a_versioned_bucket_that_does_not_say_so(behind: Behind) -> None:
    """The response mentions delete markers, so it does not prove that anything was removed."""
    store, bucket, _ = behind(Fails("OTHER", 403, "AccessDenied"))
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    bucket.client.put_object(Bucket=bucket.name, Key="a", Body=b"bytes")
    assert "GetBucketVersioning" in (store.delete("a") or "")
    assert not batches(store)


@pytest.mark.parametrize("many", [False, True])
def test_a_bucket_that_begins_to_keep_versions(moto_bucket: Bucket, *, many: bool) -> None:
    """A running process has found out that it keeps none: still no version stays behind a delete marker."""
    bucket, store = moto_bucket, s3_store(moto_bucket.server, moto_bucket.name)
    written(store, bucket, "before")
    assert store.delete("before") is None
    assert batches(store)
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    bucket.client.put_object(Bucket=bucket.name, Key="a", Body=b"bytes")
    if many:
        store.delete_batch(["a"])
    else:
        assert store.delete("a") is None
    left: Any = bucket.client.list_object_versions(Bucket=bucket.name)
    assert (left.get("Versions"), left.get("DeleteMarkers")) == (None, None)
    assert not batches(store)
