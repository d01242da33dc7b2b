"""A store's temporary failure is not mistaken for a property, and a refusal is recognized (FIELD.md, L).

None of it is anybody's report: it was found by our second audit. An answer of one bad moment was remembered for good,
or rejected an upload whose bytes were there. The answers are those that S3's API reference documents for such moments;
Ceph RGW gives them here by a proxy.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.field.desk import MakeDesk
from tests.support.store_proxy import Quirk, QuirkyServer, quirky
from tests.support.store_quirks import Fails, WeakETags
from tests.support.stores import Bucket, Rgw, fresh_bucket

from valetkey.adapters.s3.copies import copy_in_parts
from valetkey.core.errors import ObjectChanged, StoreUnavailable
from valetkey.core.model.upload import new_upload_id
from valetkey.core.ports.store import ObjectHeaders
from valetkey.core.sweeping.findings import Action

PROFILES = """
[profiles.kept]
storage_class = "STANDARD"
[profiles.scanned]
scan = true
"""
TRIES = 3
"""How often boto3 asks."""


@pytest.fixture
def behind(rgw: Rgw) -> Iterator[Callable[..., Bucket]]:
    """A bucket behind a proxy with the given quirks; with versions where asked for."""
    with ExitStack() as stack:

        def make(*quirks: Quirk, versions: bool = False) -> Bucket:
            bucket = stack.enter_context(fresh_bucket(stack.enter_context(quirky(rgw, *quirks))))
            if versions:
                enabled: Any = {"Status": "Enabled"}
                bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration=enabled)
            return bucket

        yield make


@pytest.mark.parametrize("code", ["KMS.ThrottlingException", "KMS.LimitExceededException"])
@pytest.mark.parametrize("profile", ["kept", "scanned"])
def test_a_key_service_that_is_busy(
    code: str, profile: str, behind: Callable[..., Bucket], make_desk: MakeDesk
) -> None:
    """It is no refusal of the placement: the upload stays `stored`, and is confirmed a moment later."""
    desk = make_desk(behind(Fails("COPY", 400, code, times=1)), PROFILES)
    created = desk.sent(b"bytes", profile=profile)
    assert desk.complete(created)["status"] == 503
    done = desk.complete(created)
    if profile == "scanned":
        done = desk.judge(created, done["object"]["etag"], clean=True) and desk.upload(created)
    assert done["state"] == "confirmed", done


def test_a_bucket_that_cannot_say_at_first_whether_it_keeps_versions(
    behind: Callable[..., Bucket], make_desk: MakeDesk
) -> None:
    """It is asked again, so that what was deleted is gone with all of its versions."""
    away = Fails("OTHER", 503, "SlowDown", times=0)
    desk = make_desk(behind(away, versions=True))
    away.left = TRIES
    desk.valetkey.store.delete("staging/nothing")  # which leaves a marker
    desk.valetkey.store.delete("staging/nothing")
    created = desk.create(5)
    for _ in range(2):
        desk.send(created, b"bytes")
    assert desk.http.delete(f"/v1/uploads/{created['upload']['id']}").status_code == 204
    assert desk.versions() == []


def test_a_bucket_that_cannot_say_at_first_whether_it_retains(rgw: Rgw, make_desk: MakeDesk) -> None:
    """It is asked again, so that grants demand the checksums without which S3 takes nothing there."""
    away = Fails("OTHER", 503, "SlowDown", times=0)
    with quirky(rgw, away) as server:
        bucket = locked(server)
        desk = make_desk(bucket)
        away.left = TRIES
        with pytest.raises(StoreUnavailable):
            desk.valetkey.store.learn()
        assert not desk.valetkey.store.capabilities.part_checksums
        desk.valetkey.store.check()
        assert desk.valetkey.store.capabilities.part_checksums


def locked(server: QuirkyServer | Rgw) -> Bucket:
    client, name = server.client(), f"lock-{new_upload_id()[-12:]}"
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    retention: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=retention)
    return Bucket(name, client, server)


def test_what_is_retained_is_hidden_once(rgw: Rgw, make_desk: MakeDesk) -> None:
    """However often clean-up comes by: one marker, and the version is asked for once each time."""
    with quirky(rgw) as server:
        desk = make_desk(locked(server))
        key = f"staging/{new_upload_id()}"
        desk.bucket.client.put_object(Bucket=desk.bucket.name, Key=key, Body=b"bytes", ChecksumAlgorithm="SHA256")
        for _ in range(3):
            desk.valetkey.store.delete(key)
        assert desk.stored() == []
        assert desk.versions() == [key, key]
        assert server.count("DELETE") == 3 + 1


@pytest.mark.parametrize("answer", [(501, "NotImplemented"), (403, "AccessDenied"), (400, "InvalidArgument")])
def test_versions_that_cannot_be_listed(
    answer: tuple[int, str], behind: Callable[..., Bucket], make_desk: MakeDesk
) -> None:
    """A right that is missing, or a store that has no such listing: what is there is cleaned up all the same."""
    desk = make_desk(behind(Fails("LIST_VERSIONS", *answer, times=1), versions=True))
    desk.bucket.client.put_object(Bucket=desk.bucket.name, Key="staging/nobodys", Body=b"bytes")
    desk.valetkey.sweep._clock = lambda: datetime.now(UTC) + timedelta(days=3)
    assert [finding.action for finding in desk.valetkey.sweep.clean()] == [Action.REMOVE]
    assert desk.stored() == []


def test_a_condition_that_fails_once_is_no_leave_to_copy_without(
    behind: Callable[..., Bucket], make_desk: MakeDesk
) -> None:
    """Other bytes may have been there for this moment, and may be again in the next."""
    bucket = behind(Fails("COPY", 412, "PreconditionFailed", times=1))
    store = make_desk(bucket).valetkey.store
    bucket.client.put_object(Bucket=bucket.name, Key="staging/a", Body=b"bytes")
    source = store.head("staging/a")
    assert source is not None
    with pytest.raises(ObjectChanged):
        store.copy(source, "uploads/a", ObjectHeaders("text/plain", new_upload_id()))
    assert store.head("uploads/a") is None


def test_a_copy_in_parts_that_cannot_be_given_up(behind: Callable[..., Bucket], make_desk: MakeDesk) -> None:
    """What is said is why the copy failed, and not that there is nothing to give up any more."""
    bucket = behind(Fails("COMPLETE", 504, "GatewayTimeout", late=True), Fails("ABORT", 404, "NoSuchUpload"))
    store = make_desk(bucket).valetkey.store
    bucket.client.put_object(Bucket=bucket.name, Key="quarantine/a", Body=b"bytes")
    source = store.head("quarantine/a")
    assert source is not None
    with pytest.raises(Exception, match="GatewayTimeout"):
        copy_in_parts(store._clients, bucket.name, source, "uploads/a", {"ContentType": "text/plain"})
    assert store.head("uploads/a") is not None


@pytest.mark.parametrize("profile", ["default", "scanned"])
def test_etags_that_a_proxy_made_weak(profile: str, behind: Callable[..., Bucket], make_desk: MakeDesk) -> None:
    """The store's own are meant: what they name is copied once, read, and confirmed."""
    desk = make_desk(behind(WeakETags()), PROFILES)
    created = desk.sent(b"bytes", profile=profile)
    done = desk.complete(created)
    if profile == "scanned":
        desk.judge(created, done["object"]["etag"], clean=True)
        done = desk.upload(created)
    assert (done["state"], done["object"]["etag"].startswith("W/")) == ("confirmed", False), done


@pytest.mark.parametrize("answer", [(412, "PreconditionFailed"), (404, "NoSuchKey")])
def test_a_store_that_denies_what_it_shows(
    answer: tuple[int, str], behind: Callable[..., Bucket], make_desk: MakeDesk
) -> None:
    """Two copies are tried for each signal, the upload says why it waits, and goes on as soon as it can."""
    denies = Fails("COPY", *answer)
    bucket = behind(denies)
    desk = make_desk(bucket)
    created = desk.sent(b"bytes")
    assert isinstance(bucket.server, QuirkyServer)
    for signals in (1, 2):
        problem = desk.complete(created)
        assert (problem["status"], problem["code"]) == (503, "copy_unproven")
        assert bucket.server.count("COPY") == 2 * signals
    assert desk.upload(created)["reason"]["code"] == "copy_unproven"
    denies.left = 0
    done = desk.complete(created)
    assert (done["state"], done["reason"]) == ("confirmed", None)
