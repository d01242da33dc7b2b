"""B. An unsigned header turns a presigned PUT into another operation.

Reported as CVE-2026-54330 and its like of MinIO's descendants (0chain/zs3server #195): AWS refuses `x-amz-` headers
that are not among the signed ones, others heed them. `x-amz-copy-source` turns a PUT into a copy, by the signer's
rights: whoever may write one key reads any. Measured on Ceph RGW 16.2.
"""

import http.client
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from tests.contract.harnesses import s3_store
from tests.field.desk import Json, MakeDesk
from tests.support.clients import post_form
from tests.support.store_proxy import Answer, Request, quirky
from tests.support.store_quirks import Fails
from tests.support.stores import Bucket, Rgw, fresh_bucket

from valetkey.core.ports.health import StoreProof
from valetkey.opening import s3_settings

SECRET = b"of somebody else"
ASKED: Json = {"filename": "a.txt", "content_type": "text/plain", "size": 5}
PARTS = "[profiles.default]\nmultipart_from = 1\n"
TRICKS: list[dict[str, str]] = [
    {},
    {"x-amz-metadata-directive": "REPLACE"},
    {"x-amz-copy-source-range": f"bytes=0-{len(SECRET) - 1}"},
    {"x-amz-metadata-directive": "REPLACE", "x-amz-copy-source-range": f"bytes=0-{len(SECRET) - 1}"},
]


def answered(url: str, headers: Mapping[str, str], body: bytes) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.putrequest("PUT", f"{parts.path}?{parts.query}")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def source(rgw_bucket: Bucket) -> str:
    rgw_bucket.client.put_object(Bucket=rgw_bucket.name, Key="theirs", Body=SECRET, ContentType="text/plain")
    return f"/{rgw_bucket.name}/theirs"


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: "+".join(trick) or "plain")
@pytest.mark.parametrize("doubled", [False, True], ids=["replaced", "doubled"])
def test_a_put_copies_nobody_elses_object(
    trick: dict[str, str], doubled: bool, source: str, rgw_bucket: Bucket, make_desk: MakeDesk
) -> None:
    """Whatever is sent beside what was signed, or in its place: the other object's bytes are not confirmed."""
    desk = make_desk(rgw_bucket)
    created = desk.create(len(SECRET), method="put")
    grant = created["grant"]
    headers = _sent(grant["headers"], {"x-amz-copy-source": source, **trick}, doubled=doubled)
    answered(grant["url"], headers, b"\0" * len(SECRET))
    _require_no_copy(desk.complete(created), desk.stored())


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: "+".join(trick) or "plain")
def test_a_part_copies_nobody_elses_object(
    trick: dict[str, str], source: str, rgw_bucket: Bucket, make_desk: MakeDesk
) -> None:
    """The same of a part: the store is not made to copy one."""
    desk = make_desk(rgw_bucket, PARTS)
    created = desk.create(len(SECRET))
    asked = desk.http.post(f"/v1/uploads/{created['upload']['id']}/parts", json={"numbers": [1]})
    [part] = asked.get_json()["parts"]
    assert {"x-amz-copy-source-range", "x-amz-metadata-directive"} <= part["headers"].keys()
    headers = _sent(part["headers"], {"x-amz-copy-source": source, **trick}, doubled=False)
    assert answered(part["url"], headers, b"\0" * len(SECRET)) in range(400, 500)
    assert desk.http.get(f"/v1/uploads/{created['upload']['id']}/parts").get_json()["parts"] == []


def test_what_may_not_read_copies_nothing(rgw: Rgw, source: str, rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """Uppy 6 sends no headers with a part, so its URLs sign none: a credential that may only write is what keeps them.

    Everything else works with it: a form, a PUT, and parts.
    """
    access_key, secret_key = rgw.create_writer()
    keys = {"s3_grant_access_key_id": access_key, "s3_grant_secret_access_key": secret_key}
    desk = make_desk(rgw_bucket, PARTS, **keys)
    file = {"filename": "a.txt", "type": "text/plain", "metadata": {}}
    begun = desk.http.post("/uppy/s3/multipart", json=file).get_json()
    where = f"/uppy/s3/multipart/{begun['uploadId']}"
    url = desk.http.get(f"{where}/1", query_string={"key": begun["key"]}).get_json()["url"]
    assert answered(url, {"x-amz-copy-source": source, "Content-Length": "0"}, b"") == 403
    assert answered(url, {"Content-Length": "5"}, b"bytes") == 200
    for method in ("post", "put", "multipart"):
        assert desk.complete(desk.sent(b"bytes", method=method))["state"] == "confirmed"


@pytest.mark.parametrize("acl", ["public-read", "public-read-write", "authenticated-read"])
@pytest.mark.parametrize("doubled", [False, True], ids=["replaced", "doubled"])
def test_nobody_makes_what_is_unchecked_public(
    acl: str, doubled: bool, rgw_bucket: Bucket, make_desk: MakeDesk
) -> None:
    """An access control list that nobody granted: staged bytes, of a profile with checks above all, stay private."""
    desk = make_desk(rgw_bucket, "[profiles.default]\nscan = true\n")
    created = desk.create(5, method="put")
    answered(created["grant"]["url"], _sent(created["grant"]["headers"], {"x-amz-acl": acl}, doubled=doubled), b"bytes")
    for key in desk.stored():
        found = rgw_bucket.client.get_object_acl(Bucket=rgw_bucket.name, Key=key)["Grants"]
        assert [grant["Grantee"]["Type"] for grant in found] == ["CanonicalUser"], found
    assert desk.complete(desk.sent(b"bytes", method="put"))["state"] == "stored"


def _sent(signed: Mapping[str, str], added: Mapping[str, str], *, doubled: bool) -> dict[str, str]:
    """``added`` in the place of what was signed under the same names; or beside it, as another spelling of the name."""
    if doubled:
        return {**signed, **{name.title(): value for name, value in added.items()}}
    lower = {name.lower() for name in added}
    return {**{name: value for name, value in signed.items() if name.lower() not in lower}, **added}


def _require_no_copy(upload: Json, keys: list[str]) -> None:
    assert upload["state"] != "confirmed", keys


@pytest.mark.parametrize("count", [90, 120, 400])
def test_more_metadata_than_a_client_reads_headers(count: int, rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """It fits into S3's 2 KB, and Python reads 100 headers: the upload ends all the same, without any of it."""
    desk = make_desk(rgw_bucket)
    created = desk.create(5, method="put")
    extra = {f"x-amz-meta-{number}": "1" for number in range(count)} | {"x-amz-meta-upload-id-2": "other"}
    assert answered(created["grant"]["url"], {**created["grant"]["headers"], **extra}, b"bytes") == 200
    done = desk.complete(created)
    assert done["state"] == "confirmed", done
    assert desk.head(done["object"]["key"])["Metadata"] == {"upload-id": created["upload"]["id"]}


LOCKS: dict[str, dict[str, str]] = {
    "retention": {
        "x-amz-object-lock-mode": "GOVERNANCE",
        "x-amz-object-lock-retain-until-date": "2099-01-01T00:00:00Z",
    },
    "hold": {"x-amz-object-lock-legal-hold": "ON"},
}


@pytest.fixture
def locking(lockable: Bucket) -> Bucket:
    """One that has everything retained for a day besides."""
    retention: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}}
    lockable.client.put_object_lock_configuration(Bucket=lockable.name, ObjectLockConfiguration=retention)
    return lockable


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("doubled", [False, True], ids=["replaced", "doubled"])
def test_where_all_is_locked_nobody_locks_it_longer(
    lock: str, doubled: bool, locking: Bucket, make_desk: MakeDesk
) -> None:
    """By default a bucket may lock all that is written: a PUT is granted there, with a lock that ends soon."""
    desk = make_desk(locking)
    desk.valetkey.begin()
    declared = {"algorithm": "sha256", "value": b64encode(sha256(b"bytes").digest()).decode()}
    created = desk.create(5, method="put", checksum=declared)
    grant = created["grant"]
    attacked = _sent(grant["headers"], LOCKS[lock], doubled=doubled)
    answered(grant["url"], attacked, b"bytes")
    for one in locking.client.list_object_versions(Bucket=locking.name).get("Versions", []):
        found = desk.head(one["Key"])
        assert found["ObjectLockRetainUntilDate"] < datetime.now(UTC) + timedelta(minutes=30), found
        assert found.get("ObjectLockLegalHoldStatus", "OFF") == "OFF"
    again = desk.sent(b"bytes", method="put", checksum=declared)
    assert desk.complete(again)["state"] == "confirmed"


@pytest.fixture
def lockable(rgw: Rgw) -> Iterator[Bucket]:
    """A bucket that was made with Object Lock, without a retention of its own."""
    with fresh_bucket(rgw) as other:
        bucket = Bucket(f"{other.name}-lock", other.client, rgw)
        bucket.client.create_bucket(Bucket=bucket.name, ObjectLockEnabledForBucket=True)
        yield bucket


def removable(bucket: Bucket) -> list[str]:
    """Removes every version that is there; the keys of those that cannot be removed."""
    found = bucket.client.list_object_versions(Bucket=bucket.name)
    left = []
    for one in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
        try:
            bucket.client.delete_object(Bucket=bucket.name, Key=one["Key"], VersionId=one["VersionId"])
        except ClientError:
            left.append(one["Key"])
    return left


def test_the_first_put_of_all_is_refused(lockable: Bucket, make_desk: MakeDesk) -> None:
    """A process that has asked the bucket for nothing yet asks it then, and for no form."""
    desk = make_desk(lockable, "[profiles.default]\n")
    asked = {"filename": "a.txt", "content_type": "text/plain", "size": 5}
    assert desk.http.post("/v1/uploads", json=asked).get_json()["grant"]["method"] == "POST"
    refused = desk.http.post("/v1/uploads", json=asked | {"method": "put"})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "method_not_supported"), refused.text


def test_a_put_that_is_renewed_by_another_process(locking: Bucket) -> None:
    """It has the lock that ends soon, though that process has asked the bucket for nothing yet."""
    declared = {"algorithm": "sha256", "value": b64encode(sha256(b"bytes").digest()).decode()}
    store = s3_store(locking.server, locking.name)
    signed = store.presigned_put("staging/a", {"x-amz-checksum-sha256": declared["value"]}, 60)
    assert signed.headers["x-amz-object-lock-legal-hold"] == "OFF"


@pytest.mark.parametrize("lock", LOCKS)
def test_nobody_locks_what_he_sends(lock: str, lockable: Bucket, make_desk: MakeDesk) -> None:
    """Object Lock for decades, by a header that nobody signed (as in CVE-2026-54330, by another one): a PUT of a whole
    object is not granted there, and neither a form nor a part can have it."""
    desk = make_desk(lockable, PARTS + "[profiles.whole]\n")
    desk.valetkey.begin()
    refused = desk.http.post("/v1/uploads", json=ASKED | {"profile": "whole", "method": "put"})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "method_not_supported"), refused.text
    created = desk.create(5, profile="whole")
    grant = created["grant"]
    assert grant["method"] == "POST"
    assert post_form(grant["url"], {**grant["fields"], **LOCKS[lock]}, b"bytes").status == 403
    assert desk.send(created, b"bytes").status == 201
    assert desk.complete(created)["state"] == "confirmed"
    in_parts = desk.create(5)
    desk.send_parts(in_parts, b"bytes", LOCKS[lock])
    assert desk.complete(in_parts)["state"] == "confirmed"
    assert removable(lockable) == []


class TellsNoLock(Fails):
    """A store that answers the question for Object Lock by an error of its own, for ever."""

    def __init__(self) -> None:
        super().__init__("OTHER", 400, "InvalidRequest")

    def before(self, request: Request) -> Answer | None:
        return super().before(request) if "object-lock" in request.parameters else None


@pytest.mark.parametrize("lacks", [(), ("object-lock",)], ids=["asked", "settled"])
def test_a_store_that_never_says_whether_it_locks(
    lacks: tuple[str, ...], rgw_bucket: Bucket, make_desk: MakeDesk
) -> None:
    """No PUT is granted, unless the settings say that there is nothing to lock: then it is not even asked, also after a
    doctor has recorded what it found."""
    tells = TellsNoLock()
    asked: list[str] = []
    with quirky(rgw_bucket.server, tells) as server:
        desk = make_desk(Bucket(rgw_bucket.name, server.client(), server), s3_lacks=lacks)
        place, now = s3_settings(desk.settings).place, datetime.now(UTC)
        desk.valetkey.ledger.record_proof(StoreProof(place, {"part_checksums": False}, {}, now))
        desk.valetkey.begin()
        answer = desk.http.post("/v1/uploads", json=ASKED | {"method": "put"})
        asked += [one.path for one in server.requests if "object-lock" in one.parameters]
        if lacks:
            assert answer.status_code == 201, answer.text
            assert asked == []
            created = answer.get_json()
            assert desk.send(created, b"bytes").status == 200
            assert desk.complete(created)["state"] == "confirmed"
            renewed = desk.create(5, method="put")["upload"]["id"]
            assert desk.http.post(f"/v1/uploads/{renewed}/grant").status_code == 200
        else:
            assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
            assert asked


def test_a_file_without_a_form_goes_in_parts_there(lockable: Bucket, make_desk: MakeDesk) -> None:
    """Where the store takes no forms either; an empty file has no parts, and is refused."""
    desk = make_desk(lockable, s3_lacks=("post",))
    desk.valetkey.begin()
    assert desk.complete(desk.sent(b"bytes"))["state"] == "confirmed"
    asked = {"filename": "a.txt", "content_type": "text/plain", "size": 0}
    assert desk.http.post("/v1/uploads", json=asked).get_json()["code"] == "method_not_supported"
