"""Memory and all stores that can do the main job keep the contract of object stores; errors of `S3Store`."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from tests.contract.harnesses import s3_harness, s3_store
from tests.contract.kinds import PAGING, harness_of_kind, store_kinds
from tests.support.servers import free_port
from tests.support.stores import Bucket, S3Server

from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.multipart import Part
from valetkey.core.model.upload import MultipartUploadId
from valetkey.core.ports.store import ObjectHead
from valetkey.testing.contracts import (
    FormContract,
    ManyPartsContract,
    MultipartContract,
    ObjectStoreContract,
    ReadingContract,
    StoreHarness,
    VersionedStoreContract,
)
from valetkey.testing.contracts.store import HEADERS

MULTIPART = MultipartUploadId("m")


class TestStores(ObjectStoreContract, ReadingContract, FormContract, MultipartContract):
    """All of this run."""

    @pytest.fixture(params=store_kinds(versioned=False))
    def harness(self, request: pytest.FixtureRequest) -> Iterator[StoreHarness]:
        with harness_of_kind(request, str(request.param)) as harness:
            yield harness


class TestVersions(VersionedStoreContract, ReadingContract):
    """All whose buckets can keep versions."""

    @pytest.fixture(params=store_kinds(versioned=True))
    def harness(self, request: pytest.FixtureRequest) -> Iterator[StoreHarness]:
        with harness_of_kind(request, str(request.param), versioned=True) as harness:
            yield harness


class TestManyParts(ManyPartsContract):
    """One of each maker."""

    @pytest.fixture(params=[kind for kind in store_kinds(versioned=False) if kind in PAGING])
    def harness(self, request: pytest.FixtureRequest) -> Iterator[StoreHarness]:
        with harness_of_kind(request, str(request.param)) as harness:
            yield harness


def test_a_closed_port_is_unavailable() -> None:
    """Nobody there: every operation says so, after boto3's few tries."""
    server = S3Server(f"http://127.0.0.1:{free_port()}", "key", "secret", "us-east-1")
    store = s3_store(server, "bucket")
    source = ObjectHead("a", "e", None, 1, "t", None, {})
    operations: list[Callable[[], object]] = [
        lambda: store.head("a"),
        lambda: store.copy(source, "b", HEADERS),
        lambda: store.delete("a"),
        lambda: store.read_range(source.as_object("a"), 0, 1),
        store.check,
        lambda: list(store.old_objects("", datetime.now(UTC))),
        lambda: list(store.old_multiparts("", datetime.now(UTC))),
        lambda: store.abort_multipart("a", MULTIPART),
        lambda: store.parts("a", MULTIPART),
        lambda: store.start_multipart("a", HEADERS),
        lambda: store.join_parts("a", MULTIPART, [Part(1, 1, "e")]),
    ]
    for operation in operations:
        with pytest.raises(StoreUnavailable, match="does not answer"):
            operation()


def test_no_key_is_no_object() -> None:
    """Without one a DELETE would be that of the bucket: it is refused before anything is sent."""
    store = s3_store(S3Server(f"http://127.0.0.1:{free_port()}", "key", "secret", "us-east-1"), "bucket")
    with pytest.raises(ValueError, match="no key"):
        store.delete("")


def test_a_refused_credential_is_no_missing_object(rgw_bucket: Bucket) -> None:
    """A wrong secret is an outage to mend, not a sign that bytes are gone."""
    s3_harness(rgw_bucket).write("a", b"bytes", "text/plain", {})
    store = s3_store(rgw_bucket.server, rgw_bucket.name, secret_key="wrong")
    operations: list[Callable[[], object]] = [lambda: store.head("a"), lambda: store.delete("a"), store.check]
    for operation in operations:
        with pytest.raises(StoreUnavailable, match="refused"):
            operation()


def test_a_bucket_that_hides_that_it_keeps_versions(moto_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer to a DELETE tells, and nothing counts as gone that is only behind a marker."""
    s3, name = moto_bucket.client, moto_bucket.name
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=name, Key="a", Body=b"bytes")
    store = s3_store(moto_bucket.server, name)
    monkeypatch.setattr(store._traits, "keeps_versions", lambda: False)
    assert "s3:GetBucketVersioning" in (store.delete("a") or "")
    assert s3.list_object_versions(Bucket=name)["Versions"]
