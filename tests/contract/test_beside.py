"""The headers, tags and metadata that a profile sets, as stores keep them: in copies, copies in parts, and joins."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract.harnesses import s3_store
from tests.support.store_kinds import KINDS, Servers, bucket_of_kind
from tests.support.stores import Bucket, fresh_bucket

from valetkey.adapters.s3 import S3Store
from valetkey.adapters.s3.copies import copy_in_parts
from valetkey.adapters.s3.headers import written
from valetkey.core.errors import ObjectMissing, PlacementRefused
from valetkey.core.model.multipart import Part
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import UploadId
from valetkey.core.ports.store import ObjectHead, ObjectHeaders

ABLE = [kind for kind in KINDS if kind in {"rgw", "caddy", "kms", "moto", "ceph18", "localstack", "nginx"}]
"""Makers of stores, and proxies: each keeps all of it."""

NOW = datetime.now(UTC).replace(microsecond=0)
SAID: dict[str, Any] = {
    "cache_control": "private, max-age=60",
    "content_disposition": "inline",
    "tags": {"team": "photos", "größe": "a b+c=d"},
    "object_metadata": {"origin": "valetkey"},
}
LOCKED: dict[str, Any] = {"lock_mode": "GOVERNANCE", "lock_for": timedelta(days=2), "legal_hold": True}


def headers(content_type: str = "image/png", **profile: Any) -> ObjectHeaders:
    placement = Profile("p", **profile).rules.placement
    return ObjectHeaders(content_type, UploadId("some-id"), placement, "Größe 1.png")


@pytest.fixture(params=ABLE)
def bucket(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Bucket]:
    with bucket_of_kind(servers, request.param) as bucket:
        yield bucket


@pytest.fixture(params=ABLE)
def lockable(request: pytest.FixtureRequest, servers: Servers) -> Bucket:
    """A bucket with Object Lock, and no retention by default."""
    server = servers[request.param]
    with fresh_bucket(server) as other:
        name = f"{other.name}-lock"
    s3: Any = server.client()
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return Bucket(name, s3, server)


def attached(bucket: Bucket, store: S3Store) -> ObjectHead:
    """What arrived, with all that a client may have managed to attach."""
    bucket.client.put_object(
        Bucket=bucket.name,
        Key="a",
        Body=b"bytes",
        ContentType="image/png",
        CacheControl="no-store",
        ContentDisposition='inline; filename="evil.html"',
        ContentLanguage="xx",
        Tagging="a=b",
        Metadata={"upload-id": "some-id", "evil": "1"},
    )
    head = store.head("a")
    assert head is not None
    return head


def require_said(bucket: Bucket, store: S3Store, key: str) -> None:
    promoted = store.head(key)
    assert promoted is not None
    for _ in range(2):
        store.finish(promoted, Profile("p", **SAID).rules.placement, None)
    found = bucket.client.head_object(Bucket=bucket.name, Key=key)
    assert found["CacheControl"] == "private, max-age=60"
    assert found["ContentDisposition"] == "inline; filename=\"Groe_1.png\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.png"
    metadata = {name.lower(): value for name, value in found["Metadata"].items()}
    assert metadata == {"upload-id": "some-id", "origin": "valetkey"}
    tags = bucket.client.get_object_tagging(Bucket=bucket.name, Key=key)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == SAID["tags"]


def test_a_copy_says_what_the_profile_says(bucket: Bucket) -> None:
    """And nothing that a client attached; the copy of a profile that says nothing has nothing."""
    store = s3_store(bucket.server, bucket.name)
    source = attached(bucket, store)
    store.copy(source, "b", headers(**SAID))
    require_said(bucket, store, "b")
    store.copy(source, "c", headers())
    found = bucket.client.head_object(Bucket=bucket.name, Key="c")
    assert found.keys().isdisjoint({"CacheControl", "ContentDisposition", "ContentLanguage"})
    assert not bucket.client.get_object_tagging(Bucket=bucket.name, Key="c").get("TagSet")


def test_so_does_a_copy_in_parts(bucket: Bucket) -> None:
    """As the worker makes it of what is large."""
    store = s3_store(bucket.server, bucket.name)
    copy_in_parts(store._clients, bucket.name, attached(bucket, store), "b", written(headers(**SAID)))
    require_said(bucket, store, "b")


def test_so_does_what_is_joined_of_parts(bucket: Bucket) -> None:
    """It was said when they were begun."""
    store = s3_store(bucket.server, bucket.name)
    upload = store.start_multipart("b", headers(**SAID))
    given: dict[str, Any] = {"Bucket": bucket.name, "Key": "b", "UploadId": str(upload), "PartNumber": 1}
    etag = bucket.client.upload_part(**given, Body=b"bytes")["ETag"].strip('"')
    store.join_parts("b", upload, [Part(1, 5, etag)])
    require_said(bucket, store, "b")


def test_what_is_confirmed_is_retained(lockable: Bucket) -> None:
    """In its mode, until its date, and under a legal hold; saying it again moves the date only. Staging is not."""
    store, s3 = s3_store(lockable.server, lockable.name), lockable.client
    source = attached(lockable, store)
    store.copy(source, "b", headers(**LOCKED))
    promoted = store.head("b")
    assert promoted is not None
    placement = Profile("p", **LOCKED).rules.placement
    store.check()
    assert store.capabilities.object_lock is True
    for until in (NOW + timedelta(days=2), NOW + timedelta(days=3)):
        store.finish(promoted, placement, until)
        found = s3.head_object(Bucket=lockable.name, Key="b")
        assert (found["ObjectLockMode"], found["ObjectLockLegalHoldStatus"]) == ("GOVERNANCE", "ON")
        assert abs(found["ObjectLockRetainUntilDate"] - until) < timedelta(seconds=1)
    assert store.delete("a") is None
    assert store.delete("b") is not None
    where: dict[str, Any] = {"Bucket": lockable.name, "Key": "b", "VersionId": promoted.version_id}
    assert s3.get_object(**where)["Body"].read() == b"bytes"
    s3.put_object_legal_hold(**where, LegalHold={"Status": "OFF"})
    s3.delete_object(**where, BypassGovernanceRetention=True)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in {*ABLE, "juicefs"}])
@pytest.mark.parametrize("lock", [LOCKED, {"legal_hold": True}])
def test_a_bucket_without_object_lock(servers: Servers, kind: str, lock: dict[str, Any]) -> None:
    """The upload is rejected with a reason that says so."""
    with bucket_of_kind(servers, kind) as bucket:
        store = s3_store(bucket.server, bucket.name)
        store.check()
        assert store.capabilities.object_lock is False
        source = attached(bucket, store)
        with pytest.raises(PlacementRefused, match="lock="):
            store.finish(source, Profile("p", **lock).rules.placement, NOW + timedelta(days=2))


def test_what_is_gone_cannot_be_finished(bucket: Bucket) -> None:
    """`ObjectMissing`."""
    store = s3_store(bucket.server, bucket.name)
    source = replace(attached(bucket, store), key="never there", version_id=None)
    for said in (SAID, LOCKED):
        with pytest.raises((ObjectMissing, PlacementRefused)):
            store.finish(source, Profile("p", **said).rules.placement, NOW + timedelta(days=2))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind == "juicefs"])
def test_a_store_without_tags(servers: Servers, kind: str) -> None:
    """The same: tags that are not kept are no reason to wait for ever, and none to say nothing."""
    with bucket_of_kind(servers, kind) as bucket:
        store = s3_store(bucket.server, bucket.name)
        with pytest.raises(PlacementRefused, match="tags="):
            store.finish(attached(bucket, store), Profile("p", tags={"a": "b"}).rules.placement, None)
