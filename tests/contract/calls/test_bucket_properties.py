"""What a process finds out about its bucket: Object Lock and versions; which responses are remembered."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.calls.sources import Behind
from tests.contract.harnesses import s3_store
from tests.support.store_proxy import Answer, Request, quirky
from tests.support.store_quirks import Fails
from tests.support.stores import Bucket, Rgw, fresh_bucket

from valetkey.core.errors import StoreUnavailable


@pytest.fixture
def lockable(rgw: Rgw) -> Iterator[Bucket]:
    """A bucket with Object Lock, which retains every object for a day."""
    with fresh_bucket(rgw, ObjectLockEnabledForBucket=True) as bucket:
        retention: Any = {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        }
        bucket.client.put_object_lock_configuration(Bucket=bucket.name, ObjectLockConfiguration=retention)
        yield bucket


def test_a_bucket_that_cannot_be_asked_now(behind: Behind) -> None:
    """No PUT is signed while nobody knows whether it needs a guard; once that is known, it is not asked for again."""
    fails = Fails("OTHER", 503, "SlowDown", times=3)
    store, _, server = behind(fails)
    for refused in (store.learn, lambda: store.presigned_put("a", {}, 60)):
        with pytest.raises(StoreUnavailable):
            refused()
        fails.left = 3
    fails.left = 0
    assert store.presigned_put("a", {}, 60).url
    asked = len(server.requests)
    store.presigned_put("a", {}, 60)
    assert len(server.requests) == asked


class FailsForLocks(Fails):
    """Requests for the Object Lock configuration fail; all others succeed."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__("OTHER", status, code)

    def before(self, request: Request) -> Answer | None:
        return super().before(request) if "object-lock" in request.parameters else None


LASTING = [(404, "ObjectLockConfigurationNotFoundError"), (404, "NoSuchObjectLockConfiguration")]
LASTING += [(501, "NotImplemented"), (405, "MethodNotAllowed")]
DENIALS = [
    (403, "AccessDenied"),
    (403, "AccessForbidden"),
    (403, "UnauthorizedAccess"),
]  # of S3, Alibaba, Qiniu


NO_ANSWERS = [(400, "RequestTimeout"), (429, "TooManyRequests"), (502, ""), (404, "NoSuchBucket"), (404, "")]
NO_ANSWERS += [(403, code) for code in ("RequestTimeTooSkewed", "InvalidAccessKeyId", "SignatureDoesNotMatch", "")]
NO_ANSWERS += [(400, code) for code in ("ExpiredToken", "AuthorizationHeaderMalformed", "InvalidRequest")]


@pytest.mark.parametrize(("status", "code"), NO_ANSWERS)
def test_what_is_no_answer_is_asked_again(
    rgw: Rgw, lockable: Bucket, status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a wrong clock, key or bucket has been corrected, a PUT is guarded as if nothing had been wrong."""
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    fails = FailsForLocks(status, code)
    with quirky(rgw, fails) as server:
        store = s3_store(server, lockable.name)
        store.check()
        with pytest.raises(StoreUnavailable, match="GetObjectLockConfiguration"):
            store.learn()
        with pytest.raises(StoreUnavailable):
            store.presigned_put("a", {}, 60)
        fails.left = 0
        assert store.presigned_put("a", {}, 60).headers["x-amz-object-lock-legal-hold"] == "OFF"
        assert (store.capabilities.object_lock, store.capabilities.part_checksums) == (True, True)


@pytest.mark.parametrize(("status", "code"), [*LASTING, *DENIALS])
def test_what_is_an_answer_is_asked_for_once(behind: Behind, status: int, code: str) -> None:
    """Both "there is no Object Lock" and "you may not know" are remembered."""
    store, _, server = behind(FailsForLocks(status, code))
    assert store.capabilities.may_be_lockable
    for _ in range(3):
        store.learn()
        assert store.presigned_put("a", {}, 60).url
    assert server.count("OTHER") == 1
    assert store.capabilities.object_lock is (None if (status, code) in DENIALS else False)
    assert not store.capabilities.may_be_lockable


def test_what_others_found_out_unsays_nothing(rgw: Rgw, lockable: Bucket) -> None:
    """A proof that was read before our own request, and arrives after it, does not replace what that found."""
    store = s3_store(rgw, lockable.name)
    store.learn()
    store.know({"object_lock": False, "part_checksums": False, "conditional_put": True})
    assert (store.capabilities.object_lock, store.capabilities.part_checksums) == (True, True)
    assert store.presigned_put("a", {}, 60).headers["x-amz-object-lock-legal-hold"] == "OFF"


def test_whether_versions_are_kept_is_asked_again(behind: Behind) -> None:
    """A response that says nothing about versions is not remembered, for example one to a wrong clock."""
    fails = Fails("OTHER", 403, "RequestTimeTooSkewed")
    store, bucket, _ = behind(fails)
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    assert not store._traits.keeps_versions()
    fails.left = 0
    assert store._traits.keeps_versions()
