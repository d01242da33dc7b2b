"""Other stores (FIELD.md, L and H): none loses a good upload, and what they do not support is reported.

Reported: names of metadata in another case (minio/minio #7280, aws/aws-sdk-java #704; whatever is written in Go),
refused storage classes (minio/minio #5469), and buckets with Object Lock that want a checksum with each object and part
(s3tools/s3cmd #1436, aws/aws-sdk-php #1694). HEAD without a length or an ETag, missing operations, and a prefix that is
ignored are what FIELD.md saw or imitated.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.field.desk import Desk, MakeDesk
from tests.support.clients import put
from tests.support.store_proxy import Answer as Said
from tests.support.store_proxy import Quirk, Request, quirky
from tests.support.store_quirks import (
    Drops,
    Fails,
    GoHeaderCase,
    IgnoresPrefix,
    LowerHeaderCase,
    Refuses,
    Says,
    WantsChecksums,
    no_list_multiparts,
    no_list_parts,
    refuses_encryption,
    refuses_storage_class,
)
from tests.support.stores import Bucket, Rgw, fresh_bucket

from valetkey.adapters.s3.caller import DELETE, CallResponse, Operation
from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.upload import new_upload_id
from valetkey.core.ports.store import ObjectHeaders
from valetkey.core.sweeping.findings import Action

SCANNED = "[profiles.scanned]\nscan = true\n"


class NoTags(Refuses):
    """Cloudflare R2, and counts how often it was told of them."""

    told = 0

    def before(self, request: Request) -> Said | None:
        refused = super().before(request)
        self.told += refused is not None
        return refused


@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (400, "NotImplemented")])
def test_a_store_that_has_no_tags(status: int, code: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """It refuses any copy that says what becomes of tags (aws/aws-sdk-net 3125, tus/tus-node-server 560): no upload was
    ever confirmed there. One that is told once is not told again."""
    quirk = NoTags("x-amz-tagging-directive", status, code)
    with quirky(rgw, quirk) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, SCANNED)
        for _ in range(2):
            created = desk.sent(b"bytes")
            assert desk.complete(created)["state"] == "confirmed", desk.upload(created)
        scanned = desk.sent(b"bytes", profile="scanned")
        etag = desk.complete(scanned)["object"]["etag"]
        assert desk.judge(scanned, etag, clean=True).state == "confirmed"
        assert quirk.told == 1


@pytest.mark.parametrize("method", ["post", "put", "multipart"])
@pytest.mark.parametrize(
    "quirk",
    [
        GoHeaderCase,
        LowerHeaderCase,
        lambda: Drops("Content-Length"),
        lambda: Says({"HEAD"}, lambda _: "0", "Content-Length"),
    ],
)
def test_headers_as_others_send_them(quirk: Callable[[], Quirk], method: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """Names in any case, a HEAD without a length or with that of no body: confirmed, checked or not, and nothing that
    is good is deleted."""
    with quirky(rgw, quirk()) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, SCANNED)
        for profile in ("default", "scanned"):
            created = desk.sent(b"bytes", method=method, profile=profile)
            done = desk.complete(created)
            if profile == "scanned":
                desk.judge(created, done["object"]["etag"], clean=True)
                done = desk.upload(created)
            assert (done["state"], done["object"]["size"]) == ("confirmed", 5), done
            assert desk.read(done["object"]["key"]) == b"bytes"


def with_charset(content_type: str) -> str:
    """nginx's `charset utf-8;`."""
    return f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type


@pytest.mark.parametrize("method", ["post", "put", "multipart"])
@pytest.mark.parametrize(
    ("change", "content_type"),
    [
        (with_charset, "text/plain"),
        (with_charset, "text/csv; header=present"),
        (str.lower, "application/vnd.ms-excel.sheet.macroEnabled.12"),
        (str.lower, "text/plain; charset=UTF-8"),
        (str.upper, "image/svg+xml"),
    ],
)
def test_types_as_proxies_write_them(
    change: Callable[[str], str], content_type: str, method: str, rgw: Rgw, make_desk: MakeDesk
) -> None:
    """In another case, or with a charset: confirmed with the granted type, and nothing good is deleted."""
    with quirky(rgw, Says({"HEAD"}, change, "Content-Type")) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, SCANNED)
        for profile in ("default", "scanned"):
            created = desk.sent(b"bytes", method=method, profile=profile, content_type=content_type)
            done = desk.complete(created)
            if profile == "scanned":
                desk.judge(created, done["object"]["etag"], clean=True)
                done = desk.upload(created)
            assert (done["state"], done["content_type"]) == ("confirmed", content_type), done
            direct = rgw.client().head_object(Bucket=bucket.name, Key=done["object"]["key"])
            assert direct["ContentType"] == content_type


@pytest.mark.parametrize(
    "forgotten", [[], [Says({"HEAD"}, lambda _: "application/octet-stream", "Content-Type")]], ids=["id", "id and type"]
)
def test_metadata_that_a_proxy_drops(forgotten: list[Quirk], rgw: Rgw, make_desk: MakeDesk) -> None:
    """Nothing is rejected or deleted for what nobody can see; without the proxy it is confirmed.

    A store that keeps files and nothing else calls all of them application/octet-stream (localbucket 1.2.1, measured).
    """
    with fresh_bucket(rgw) as bucket:
        with quirky(rgw, Drops("x-amz-meta-upload-id"), *forgotten) as server:
            desk = make_desk(Bucket(bucket.name, server.client(), server))
            created = desk.sent(b"bytes")
            problem = desk.complete(created)
            assert (problem["status"], problem["code"]) == (503, "store_unavailable")
            assert "x-amz-meta-upload-id" in problem["detail"]
            desk.make_due(created)
            assert [finding.action for finding in desk.work()] == [Action.STUCK]
            assert desk.stored("staging/") != []
        again = make_desk(bucket)
        created = again.sent(b"bytes")
        assert again.complete(created)["state"] == "confirmed"


def test_an_object_without_our_id_where_metadata_are_shown(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """It is somebody else's: rejected, as soon as the store has shown that it drops none."""
    desk = make_desk(rgw_bucket)
    assert desk.complete(desk.sent(b"bytes"))["state"] == "confirmed"
    created = desk.create(5)
    key = f"staging/{created['upload']['id']}"
    rgw_bucket.client.put_object(Bucket=rgw_bucket.name, Key=key, Body=b"bytes", ContentType="text/plain")
    done = desk.complete(created)
    assert (done["state"], done["reason"]["code"]) == ("rejected", "upload_id_mismatch")


def test_a_head_without_an_etag(rgw: Rgw, make_desk: MakeDesk) -> None:
    """A sentence that says what to do, for the client and in the sweep, which goes on with others."""
    with quirky(rgw, Drops("ETag")) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket)
        many = [desk.sent(b"bytes") for _ in range(6)]
        problem = desk.complete(many[0])
        assert problem["status"] == 503
        assert "--keep-etag" in problem["detail"]
        for created in many:
            desk.make_due(created)
        assert [finding.action for finding in desk.work()] == [Action.STUCK] * 6
        assert len(desk.stored("staging/")) == 6


def test_a_store_that_cannot_list_parts(rgw: Rgw, make_desk: MakeDesk) -> None:
    """Refused when it is asked for, before a byte is sent; `auto` then sends in one piece."""
    with quirky(rgw, no_list_parts()) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, "[profiles.default]\nmultipart_from = 1\n")
        wanted = {"filename": "a", "content_type": "text/plain", "size": 5, "method": "multipart"}
        for _ in range(2):
            answer = desk.http.post("/v1/uploads", json=wanted)
            assert (answer.status_code, answer.get_json()["code"]) == (422, "method_not_supported"), answer.text
        created = desk.create(5)
        assert created["grant"]["method"] == "POST"
        assert not bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads")


LIST_OF_OBJECTS = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


@pytest.mark.parametrize(
    ("quirks", "misses"),
    [
        ([Fails("LIST_PARTS", 405, "MethodNotAllowed"), Fails("ABORT", 405, "MethodNotAllowed")], 0),
        ([Says({"LIST_PARTS"}, lambda _: LIST_OF_OBJECTS, None)], 0),
        ([Fails("LIST_PARTS", 404, "NoSuchKey")], 2),
    ],
    ids=["s3rver", "another list", "fauxqs"],
)
def test_a_store_that_lists_something_else(quirks: list[Quirk], misses: int, rgw: Rgw, make_desk: MakeDesk) -> None:
    """s3rver 3.7.1 cannot abort either, and fauxqs 2.4.1 looks for an object (both measured); others list the bucket.

    Parts are refused before a byte is sent. All were sent, for a 409 `parts_missing` each time. What is not found may
    be late, so it is a 503 first.
    """
    with fresh_bucket(rgw) as bucket, quirky(rgw, *quirks) as server:
        desk = make_desk(Bucket(bucket.name, server.client(), server), "[profiles.default]\nmultipart_from = 1\n")
        wanted = {"filename": "a", "content_type": "text/plain", "size": 5, "method": "multipart"}
        asked = [desk.http.post("/v1/uploads", json=wanted) for _ in range(misses + 2)]
        assert [answer.status_code for answer in asked] == [503] * misses + [422] * 2, asked[0].text
        assert asked[-1].get_json()["code"] == "method_not_supported"
        assert desk.complete(desk.sent(b"bytes"))["state"] == "confirmed"


@pytest.mark.parametrize("key", [None, "again"], ids=["no key", "key"])
def test_who_leaves_the_choice_gets_a_grant_at_once(key: str | None, rgw: Rgw, make_desk: MakeDesk) -> None:
    """The first upload of a process told its client to ask for 'auto', which it had; with an Idempotency-Key, for
    ever."""
    with quirky(rgw, no_list_parts()) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, "[profiles.default]\nmultipart_from = 1\n")
        wanted = {"filename": "a", "content_type": "text/plain", "size": 5}
        answers = [
            desk.http.post("/v1/uploads", json=wanted, headers={"Idempotency-Key": key} if key else {})
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
        created = dict(answers[0].get_json())
        assert (created["upload"]["id"] == answers[1].get_json()["upload"]["id"]) is (key is not None)
        assert created["grant"]["method"] == answers[1].get_json()["grant"]["method"] == "POST"
        desk.send(created, b"bytes")
        assert desk.complete(created)["state"] == "confirmed"


def with_an_older_one(body: str) -> str:
    """Each part of a list once more, before and behind it, larger and sent long ago."""

    def thrice(found: re.Match[str]) -> str:
        older = re.sub(r"<LastModified>\d{4}", "<LastModified>2001", found[0]).replace("<Size>", "<Size>9")
        return older + found[0] + older

    return re.sub(r"<Part>.*?</Part>", thrice, body, flags=re.DOTALL)


def test_a_store_that_lists_what_was_sent_before(rgw: Rgw, make_desk: MakeDesk) -> None:
    """As SeaweedFS 4 does: each part counts once, as it was sent last. The upload was rejected as too large."""
    with quirky(rgw, Says({"LIST_PARTS"}, with_an_older_one, None)) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket)
        created = desk.sent(b"bytes", method="multipart")
        assert desk.complete(created)["state"] == "confirmed"


def test_a_store_that_cannot_list_multipart_uploads(rgw: Rgw, make_desk: MakeDesk) -> None:
    """The sweep removes what it can find, and goes on."""
    with fresh_bucket(rgw) as bucket, quirky(rgw, no_list_multiparts()) as server:
        desk = make_desk(Bucket(bucket.name, server.client(), server))
        orphan = f"staging/{new_upload_id()}"
        bucket.client.put_object(Bucket=bucket.name, Key=orphan, Body=b"x")
        sweep = desk.valetkey.sweep
        sweep._clock = lambda: datetime.now(UTC) + timedelta(days=2)
        assert [(finding.action, finding.subject) for finding in sweep.clean()] == [(Action.REMOVE, orphan)]


LISTS: dict[str, tuple[Callable[[str], str], int]] = {
    "no zone": (lambda body: re.sub(r"(<(?:LastModified|Initiated)>[^<]*)Z<", r"\1<", body), 0),
    "no date": (lambda body: re.sub(r"<(LastModified|Initiated)>.*?</\1>", "", body), 1),
}
"""What is changed in lists, and how many of each kind stay: of what age nobody knows."""


def left_over(desk: Desk) -> None:
    """An object, and a multipart upload, that nobody knows, under staging."""
    client, bucket, key = desk.bucket.client, desk.bucket.name, f"staging/{new_upload_id()}"
    client.put_object(Bucket=bucket, Key=key, Body=b"x")
    client.create_multipart_upload(Bucket=bucket, Key=key)
    desk.valetkey.sweep._clock = lambda: datetime.now(UTC) + timedelta(days=2)


@pytest.mark.parametrize("how", LISTS)
def test_lists_that_say_half_a_date(how: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """The sweep does not end at them, and removes nothing that has no age."""
    change, stay = LISTS[how]
    quirk = Says({"LIST", "LIST_MULTIPARTS"}, change, None)
    with fresh_bucket(rgw) as bucket, quirky(rgw, quirk) as server:
        desk = make_desk(Bucket(bucket.name, server.client(), server))
        left_over(desk)
        found = [finding.action for finding in desk.valetkey.sweep.clean()]
        assert found == ([] if stay else [Action.REMOVE, Action.ABORT])
        assert len(bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", [])) == stay


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (501, "NotImplemented")])
def test_a_list_that_cannot_be_had_hinders_no_other(status: int, code: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """Multipart uploads are aborted where objects may not be listed, and it is said that these may not."""
    with fresh_bucket(rgw) as bucket, quirky(rgw, Fails("LIST", status, code)) as server:
        desk = make_desk(Bucket(bucket.name, server.client(), server))
        left_over(desk)
        found: list[Action] = []
        with pytest.raises(StoreUnavailable, match=code):
            found.extend(finding.action for finding in desk.valetkey.sweep.clean())
        assert found == [Action.ABORT]


def test_a_store_that_ignores_the_prefix(rgw: Rgw, make_desk: MakeDesk) -> None:
    """The rest of the bucket is not touched."""
    with fresh_bucket(rgw) as bucket, quirky(rgw, IgnoresPrefix()) as server:
        desk = make_desk(Bucket(bucket.name, server.client(), server))
        bucket.client.put_object(Bucket=bucket.name, Key="of the application", Body=b"x")
        multipart = bucket.client.create_multipart_upload(Bucket=bucket.name, Key="of the application")["UploadId"]
        sweep = desk.valetkey.sweep
        sweep._clock = lambda: datetime.now(UTC) + timedelta(days=2)
        assert list(sweep.clean()) == []
        assert desk.read("of the application") == b"x"
        bucket.client.abort_multipart_upload(Bucket=bucket.name, Key="of the application", UploadId=multipart)


@pytest.mark.parametrize("checks", ["", "scan = true\n"])
def test_a_storage_class_that_the_store_refuses(checks: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """Rejected with a reason, and not 503 for ever."""
    with quirky(rgw, refuses_storage_class()) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, f'[profiles.default]\nstorage_class = "GLACIER_IR"\n{checks}')
        created = desk.sent(b"bytes")
        done = desk.complete(created)
        if checks:
            desk.judge(created, done["object"]["etag"], clean=True)
            done = desk.upload(created)
        assert (done["state"], done["reason"]["code"]) == ("rejected", "placement_refused")
        assert "GLACIER_IR" in done["reason"]["detail"]


def test_rgws_own_answer_to_a_storage_class_that_it_has_not(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """400 InvalidArgument (measured on 16.2) is as clear as InvalidStorageClass where a class was asked for."""
    desk = make_desk(rgw_bucket, '[profiles.default]\nstorage_class = "NOT_A_CLASS"\n')
    done = desk.complete(desk.sent(b"bytes"))
    assert done["reason"]["code"] == "placement_refused"


def test_an_encryption_that_the_store_refuses(rgw: Rgw, make_desk: MakeDesk) -> None:
    """The store refuses the form itself, so no bytes are lost by it; parts are refused when they are asked for."""
    with quirky(rgw, refuses_encryption()) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, '[profiles.default]\nsse = "AES256"\n')
        wanted = {"filename": "a", "content_type": "text/plain", "size": 5, "method": "multipart"}
        answer = desk.http.post("/v1/uploads", json=wanted)
        assert answer.status_code == 503
        assert "AES256" in answer.get_json()["detail"]


def versioned(bucket: Bucket) -> None:
    status: Any = {"Status": "Enabled"}
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration=status)


@pytest.mark.parametrize("profile", ["default", "scanned"])
@pytest.mark.parametrize("end", ["confirmed", "aborted", "rejected", "deleted"])
def test_a_versioned_bucket_keeps_nothing_of_staging(
    end: str, profile: str, rgw_bucket: Bucket, make_desk: MakeDesk
) -> None:
    """Every version and marker under staging and quarantine is gone at each end; the form was used three times."""
    versioned(rgw_bucket)
    desk = make_desk(rgw_bucket, SCANNED)
    created = desk.create(5, profile=profile)
    for content in (b"first", b"other", b"third"):
        assert desk.send(created, content).status == 201
    upload_id = created["upload"]["id"]
    if end == "rejected":
        rgw_bucket.client.put_object(Bucket=rgw_bucket.name, Key=f"staging/{upload_id}", Body=b"x")
    if end != "aborted":
        done = desk.complete(created)
        if done["state"] == "stored":
            desk.judge(created, done["object"]["etag"], clean=True)
    if end in {"aborted", "deleted"}:
        assert desk.http.delete(f"/v1/uploads/{upload_id}").status_code == 204
    assert desk.upload(created)["state"] == end
    kept = desk.versions()
    assert [key for key in kept if key.startswith(("staging/", "quarantine/"))] == []
    assert len(kept) == (end == "confirmed")


def test_the_sweep_finds_old_versions(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """What somebody deleted without a version under ``staging/`` is a marker above bytes: both are removed."""
    versioned(rgw_bucket)
    desk = make_desk(rgw_bucket)
    for prefix in ("staging", "quarantine"):
        key = f"{prefix}/{new_upload_id()}" + ("/1" if prefix == "quarantine" else "")
        rgw_bucket.client.put_object(Bucket=rgw_bucket.name, Key=key, Body=b"x")
        rgw_bucket.client.delete_object(Bucket=rgw_bucket.name, Key=key)
    sweep = desk.valetkey.sweep
    sweep._clock = lambda: datetime.now(UTC) + timedelta(days=2)
    assert [finding.action for finding in sweep.clean()] == [Action.REMOVE] * 2
    assert desk.versions() == []


def test_a_bucket_whose_versions_may_not_be_removed(rgw: Rgw, make_desk: MakeDesk) -> None:
    """Object Lock with a default retention: confirmed all the same, as clean-up never decides the answer."""
    client, name = rgw.client(), f"lock-{new_upload_id()[-12:]}"
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    retention: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=retention)
    desk = make_desk(Bucket(name, client, rgw), SCANNED)
    desk.valetkey.begin()
    plain = {"algorithm": "sha256", "value": "JlHFTi3C1v8Q0JgFhGYb4f2yeUyWxhOrl58JXpVy3WY="}
    for asked in ({"method": "put", "checksum": plain}, {"method": "post", "checksum": plain}):
        created = desk.sent(b"bytes", **asked)
        assert desk.complete(created)["state"] == "confirmed"
    created = desk.sent(b"bytes", profile="scanned", method="post", checksum=plain)
    desk.judge(created, desk.complete(created)["object"]["etag"], clean=True)
    assert desk.upload(created)["state"] == "confirmed"
    assert desk.http.delete(f"/v1/uploads/{created['upload']['id']}").status_code == 204


def test_what_is_under_retention_is_hidden_once(rgw: Rgw, make_desk: MakeDesk) -> None:
    """However often clean-up comes by, one marker is put above it: on AWS each further call makes another."""
    client, name = rgw.client(), f"lock-{new_upload_id()[-12:]}"
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    retention: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=retention)
    desk = make_desk(Bucket(name, client, rgw))
    key = f"staging/{new_upload_id()}"
    version = client.put_object(Bucket=name, Key=key, Body=b"x")["VersionId"]
    deleted = deletions(desk)
    sweep = desk.valetkey.sweep
    sweep._clock = lambda: datetime.now(UTC) + timedelta(days=2)
    for _ in range(3):
        assert [finding.action for finding in sweep.clean()] == [Action.REMOVE]
    assert desk.stored() == []
    assert deleted == [version, None, version, version]


def test_each_version_is_removed_by_one_call(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """The newest ones first as they come, markers last: what is under a marker never shows again."""
    versioned(rgw_bucket)
    desk = make_desk(rgw_bucket)
    key = f"staging/{new_upload_id()}"
    written = [rgw_bucket.client.put_object(Bucket=rgw_bucket.name, Key=key, Body=b"x") for _ in range(2)]
    marker = rgw_bucket.client.delete_object(Bucket=rgw_bucket.name, Key=key)
    deleted = deletions(desk)
    desk.valetkey.store.delete(key)
    assert deleted == [*(one["VersionId"] for one in reversed(written)), marker["VersionId"]]
    assert desk.versions() == []


def deletions(desk: Desk) -> list[str | None]:
    """The version that each deletion names from now on, as they come; None for one that names none."""
    named: list[str | None] = []
    caller = desk.valetkey.store._clients.caller()
    ask = caller.ask

    def note(operation: Operation, key: str, **given: Any) -> CallResponse:
        if operation is DELETE:
            named.append(given.get("query", {}).get("versionId"))
        return ask(operation, key, **given)

    caller.ask = note  # type: ignore[method-assign]
    return named


def test_a_bucket_that_wants_a_checksum_with_everything(rgw: Rgw, make_desk: MakeDesk) -> None:
    """Each part is signed with its own; files without a checksum travel in parts; what cannot be is refused at once."""
    client, name = rgw.client(), f"lock-{new_upload_id()[-12:]}"
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    retention: Any = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=retention)
    with quirky(rgw, WantsChecksums()) as server:
        desk = make_desk(Bucket(name, server.client(), server))
        desk.valetkey.begin()
        created = desk.create(5)
        grant, upload_id = created["grant"], created["upload"]["id"]
        assert (grant["method"], grant["part_checksum"], grant["parts"]) == ("MULTIPART", "sha256", [])
        bare = desk.http.post(f"/v1/uploads/{upload_id}/parts", json={"numbers": [1]})
        assert bare.status_code == 422
        sums = {"1": "JlHFTi3C1v8Q0JgFhGYb4f2yeUyWxhOrl58JXpVy3WY="}
        signed = desk.http.post(f"/v1/uploads/{upload_id}/parts", json={"numbers": [1], "checksums": sums}).get_json()
        [part] = signed["parts"]
        assert put(part["url"], part["headers"], b"bytes").status == 200
        assert desk.complete(created)["state"] == "confirmed"
        wanted = {"filename": "a", "content_type": "text/plain", "size": 5, "method": "put"}
        assert desk.http.post("/v1/uploads", json=wanted).get_json()["code"] == "method_not_supported"


def test_a_store_that_takes_parts_after_the_join(rgw_bucket: Bucket, make_desk: MakeDesk) -> None:
    """Swift, once said: parts go through staging, so that what they still write is not what was confirmed."""
    desk = make_desk(rgw_bucket, s3_lacks=("dead-parts", "conditional-put"))
    created = desk.sent(b"bytes", method="multipart")
    done = desk.complete(created)
    assert done["state"] == "confirmed"
    assert desk.read(done["object"]["key"]) == b"bytes"
    assert desk.stored() == [done["object"]["key"]]
    assert "If-None-Match" not in desk.create(5, method="put")["grant"]["headers"]


def test_large_objects_are_copied_in_parts(
    rgw_bucket: Bucket, make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the worker only, while `complete` answers 202; the size from which on is made small here."""
    for module in ("copying", "steps", "releasing"):
        monkeypatch.setattr(f"valetkey.core.confirming.{module}.WHOLE_COPY", 10_000_000)
    monkeypatch.setattr("valetkey.adapters.s3.store.WHOLE_COPY", 10_000_000)
    monkeypatch.setattr("valetkey.adapters.s3.copies.PART", 6_000_000)
    desk = make_desk(rgw_bucket, SCANNED)
    content = b"0123456789" * 1_300_000
    for asked in (
        {"method": "post"},
        {"method": "post", "profile": "scanned"},
        {"method": "multipart", "profile": "scanned"},
    ):
        created = desk.sent(content, **asked)
        assert desk.complete(created)["state"] == "stored"
        desk.work()
        if asked.get("profile"):
            assert desk.judge(created, desk.upload(created)["object"]["etag"], clean=True).state == "stored"
            desk.work()
        done = desk.upload(created)
        assert done["state"] == "confirmed", done
        assert desk.read(done["object"]["key"]) == content
        assert done["object"]["etag"].endswith("-3")
        found = desk.head(done["object"]["key"])
        assert (found["Metadata"], found["ContentType"]) == ({"upload-id": done["id"]}, "text/plain")
    assert not [key for key in desk.stored() if key.startswith(("staging/", "quarantine/"))]


def test_a_source_that_changes_while_it_is_copied_in_parts(
    rgw_bucket: Bucket, make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RGW 16 ignores the condition of UploadPartCopy: the source is looked at before and after, and nothing is left."""
    from valetkey.core.errors import ObjectChanged

    monkeypatch.setattr("valetkey.adapters.s3.store.WHOLE_COPY", 1)
    desk = make_desk(rgw_bucket)
    s3, store = rgw_bucket.client, desk.valetkey.store
    s3.put_object(Bucket=rgw_bucket.name, Key="a", Body=b"first")
    source = store.head("a")
    assert source is not None
    s3.put_object(Bucket=rgw_bucket.name, Key="a", Body=b"other")
    with pytest.raises(ObjectChanged):
        store.copy(source, "b", ObjectHeaders("text/plain", new_upload_id()))
    assert store.head("b") is None
    assert not s3.list_multipart_uploads(Bucket=rgw_bucket.name).get("Uploads")
