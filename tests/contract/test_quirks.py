"""The simulated store faults behave as they claim, as other tests rely on them."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from tests.support.clients import post_form
from tests.support.store_proxy import Quirk, QuirkyServer, quirky
from tests.support.store_quirks import (
    CopiesGetAnotherETag,
    Drops,
    Fails,
    GoHeaderCase,
    IgnoresCopyConditions,
    IgnoresPrefix,
    LowerHeaderCase,
    Slow,
    WantsChecksums,
    no_list_multiparts,
    no_list_parts,
    refuses_encryption,
    refuses_if_none_match,
    refuses_storage_class,
)
from tests.support.stores import Bucket, Rgw, fresh_bucket

MIB = 1024**2
Behind = Callable[..., tuple[Bucket, QuirkyServer]]


@pytest.fixture
def behind(rgw: Rgw) -> Iterator[Behind]:
    """A fresh bucket on a Ceph RGW with these quirks, and the proxy."""
    with ExitStack() as stack:

        def bucket(*quirks: Quirk) -> tuple[Bucket, QuirkyServer]:
            server = stack.enter_context(quirky(rgw, *quirks))
            made = stack.enter_context(fresh_bucket(rgw))
            return Bucket(made.name, server.client(), server), server

        yield bucket


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def etag(bucket: Bucket, key: str) -> str:
    return bucket.client.head_object(Bucket=bucket.name, Key=key)["ETag"].strip('"')


def copy(bucket: Bucket, source: str, key: str, **more: Any) -> str:
    s3: Any = bucket.client
    s3.meta.events.register("before-sign.s3.CopyObject", _as_ceph_reads_it, unique_id="ceph")
    done = s3.copy_object(Bucket=bucket.name, Key=key, CopySource={"Bucket": bucket.name, "Key": source}, **more)
    return str(done["CopyObjectResult"]["ETag"]).strip('"')


def _as_ceph_reads_it(request: Any, **_: Any) -> None:
    if etag := request.headers.get("x-amz-copy-source-if-match"):
        request.headers["x-amz-copy-if-match"] = etag


def test_without_quirks_it_is_the_store(behind: Behind) -> None:
    """Bytes, metadata and listings pass as they are, and requests are told apart by name."""
    bucket, server = behind()
    s3, name = bucket.client, bucket.name
    content = os.urandom(3 * MIB + 1)
    s3.put_object(Bucket=name, Key="a b/é", Body=content, Metadata={"upload-id": "1"})
    got = s3.get_object(Bucket=name, Key="a b/é")
    assert (got["Body"].read(), got["Metadata"]) == (content, {"upload-id": "1"})
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=name)["Contents"]] == ["a b/é"]
    form = s3.generate_presigned_post(name, "form")
    assert post_form(form["url"], form["fields"], b"bytes").status == 204
    s3.delete_object(Bucket=name, Key="form")
    assert [one.operation for one in server.requests] == ["PUT", "GET", "LIST", "FORM", "DELETE"]
    assert server.count("PUT", "a b/") == 1


def test_a_refusal_of_the_store_reaches_a_client_that_is_still_sending(behind: Behind) -> None:
    """The connection stays in step: the next request on it is answered, too."""
    bucket, server = behind()
    target = urlsplit(server.endpoint_url)
    connection = HTTPConnection(target.netloc, timeout=60)
    connection.request("PUT", f"/{bucket.name}/a", os.urandom(5 * MIB))
    answer = connection.getresponse()
    assert (answer.status, b"AccessDenied" in answer.read()) == (403, True)
    connection.request("GET", f"/{bucket.name}/a")
    assert connection.getresponse().status in {403, 404}
    connection.close()


def test_copies_get_another_etag(behind: Behind) -> None:
    """Another each time; HEAD, GET, listings and conditions agree on it, and on no other."""
    bucket, _ = behind(CopiesGetAnotherETag())
    s3, name = bucket.client, bucket.name
    s3.put_object(Bucket=name, Key="a", Body=b"bytes")
    first = copy(bucket, "a", "é b")
    assert first == etag(bucket, "é b") != etag(bucket, "a")
    second = copy(bucket, "a", "é b")
    assert second not in {first, etag(bucket, "a")}
    assert s3.get_object(Bucket=name, Key="é b", IfMatch=second)["Body"].read() == b"bytes"
    listed = {one["Key"]: one["ETag"].strip('"') for one in s3.list_objects_v2(Bucket=name)["Contents"]}
    assert listed == {"a": etag(bucket, "a"), "é b": second}
    copy(bucket, "é b", "c", CopySourceIfMatch=second)
    for stale in (first, etag(bucket, "a")):
        assert refused(partial(s3.get_object, Bucket=name, Key="é b", IfMatch=stale)) == "PreconditionFailed"
        assert refused(partial(copy, bucket, "é b", "c", CopySourceIfMatch=stale)) == "PreconditionFailed"
    s3.put_object(Bucket=name, Key="é b", Body=b"bytes")
    assert etag(bucket, "é b") == etag(bucket, "a")


def joined(bucket: Bucket, key: str) -> str:
    s3, name = cast("Any", bucket.client), bucket.name
    upload = s3.create_multipart_upload(Bucket=name, Key=key)["UploadId"]
    part = s3.upload_part(Bucket=name, Key=key, UploadId=upload, PartNumber=1, Body=b"bytes")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    done = s3.complete_multipart_upload(Bucket=name, Key=key, UploadId=upload, MultipartUpload=parts)
    assert done["Key"] == key
    return etag(bucket, key)


def test_so_does_a_joined_object(behind: Behind) -> None:
    """And it is not what the same parts have elsewhere."""
    bucket, _ = behind(CopiesGetAnotherETag())
    first, second = joined(bucket, "a"), joined(bucket, "b")
    assert first != second
    assert etag(bucket, "a") == first
    assert first.endswith("-1")


def test_versions_keep_the_etag_that_they_got(behind: Behind) -> None:
    """Each copy of a versioned bucket has its own."""
    bucket, _ = behind(CopiesGetAnotherETag())
    s3, name = bucket.client, bucket.name
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=name, Key="a", Body=b"bytes")
    copy(bucket, "a", "b")
    first = s3.head_object(Bucket=name, Key="b")
    copy(bucket, "a", "b")
    assert s3.head_object(Bucket=name, Key="b", VersionId=first["VersionId"])["ETag"] == first["ETag"]
    assert f'"{etag(bucket, "b")}"' != first["ETag"]


@pytest.mark.parametrize(
    ("quirk", "name"), [(GoHeaderCase(), "X-Amz-Meta-Upload-Id"), (LowerHeaderCase(), "x-amz-meta-upload-id")]
)
def test_the_case_of_header_names(behind: Behind, quirk: Quirk, name: str) -> None:
    """As it is on the wire."""
    bucket, server = behind(quirk)
    bucket.client.put_object(Bucket=bucket.name, Key="a", Body=b"bytes", Metadata={"upload-id": "1"})
    url = urlsplit(bucket.client.generate_presigned_url("head_object", Params={"Bucket": bucket.name, "Key": "a"}))
    connection = HTTPConnection(urlsplit(server.endpoint_url).netloc, timeout=60)
    connection.request("HEAD", f"{url.path}?{url.query}")
    assert name in [known for known, _ in connection.getresponse().getheaders()]
    connection.close()


def test_missing_headers(behind: Behind) -> None:
    """HEAD lacks them, GET has them."""
    bucket, _ = behind(Drops("Content-Length"), Drops("ETag"))
    bucket.client.put_object(Bucket=bucket.name, Key="a", Body=b"bytes")
    head: dict[str, Any] = dict(bucket.client.head_object(Bucket=bucket.name, Key="a"))
    assert "ContentLength" not in head
    assert "ETag" not in head
    got = bucket.client.get_object(Bucket=bucket.name, Key="a")
    assert (got["ContentLength"], got["Body"].read()) == (5, b"bytes")


def test_what_is_not_implemented(behind: Behind) -> None:
    """Neither parts nor multipart uploads are listed, and the rest goes on."""
    bucket, _ = behind(no_list_parts(), no_list_multiparts())
    s3, name = bucket.client, bucket.name
    upload = s3.create_multipart_upload(Bucket=name, Key="a")["UploadId"]
    assert refused(lambda: s3.list_parts(Bucket=name, Key="a", UploadId=upload)) == "NotImplemented"
    assert refused(lambda: s3.list_multipart_uploads(Bucket=name)) == "NotImplemented"
    assert joined(bucket, "b")


def test_what_is_refused(behind: Behind) -> None:
    """Storage classes, encryption, conditional writes; plain ones are taken."""
    bucket, _ = behind(refuses_storage_class(), refuses_encryption(), refuses_if_none_match())
    s3, name = bucket.client, bucket.name
    s3.put_object(Bucket=name, Key="a", Body=b"bytes", StorageClass="STANDARD")
    assert refused(lambda: copy(bucket, "a", "b", StorageClass="GLACIER")) == "InvalidStorageClass"
    assert refused(lambda: copy(bucket, "a", "b", ServerSideEncryption="AES256")) == "NotImplemented"
    assert refused(lambda: s3.put_object(Bucket=name, Key="c", Body=b"bytes", IfNoneMatch="*")) == "NotImplemented"


def test_checksums_are_wanted(behind: Behind) -> None:
    """Of PUTs and of parts; an MD5 will do."""
    bucket, _ = behind(WantsChecksums())
    s3, name = bucket.client, bucket.name
    assert refused(lambda: s3.put_object(Bucket=name, Key="a", Body=b"bytes")) == "InvalidRequest"
    assert refused(lambda: joined(bucket, "b")) == "InvalidRequest"
    s3.put_object(Bucket=name, Key="a", Body=b"bytes", ContentMD5="SzpiGLs+OnMD6KFxpg/Pkg==")
    copy(bucket, "a", "c")


def test_a_slow_copy_is_there_before_its_answer(behind: Behind) -> None:
    """Whoever looks meanwhile finds it."""
    bucket, _ = behind(Slow(0.5))
    bucket.client.put_object(Bucket=bucket.name, Key="a", Body=b"bytes")
    begun = time.monotonic()
    copy(bucket, "a", "b")
    assert time.monotonic() - begun >= 0.5


def test_a_prefix_is_ignored(behind: Behind) -> None:
    """The whole bucket is listed."""
    bucket, _ = behind(IgnoresPrefix())
    for key in ("staging/1", "other/1"):
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"bytes")
    listed = bucket.client.list_objects_v2(Bucket=bucket.name, Prefix="staging/")
    assert [one["Key"] for one in listed["Contents"]] == ["other/1", "staging/1"]


def test_a_condition_of_a_copy_is_ignored(behind: Behind) -> None:
    """It is made all the same."""
    bucket, _ = behind(IgnoresCopyConditions())
    bucket.client.put_object(Bucket=bucket.name, Key="a", Body=b"bytes")
    assert copy(bucket, "a", "b", CopySourceIfMatch='"0"') == etag(bucket, "a")


def test_failures_come_as_often_as_asked_for(behind: Behind) -> None:
    """Before the store has done anything, or after that."""
    early, late = (
        Fails("COPY", 503, "SlowDown", times=1, key_prefix="b"),
        Fails("COPY", 500, "InternalError", times=1, late=True),
    )
    bucket, server = behind(early, late)
    bucket.client.put_object(Bucket=bucket.name, Key="a", Body=b"bytes")
    assert refused(lambda: copy(bucket, "a", "b")) == "SlowDown"
    assert refused(lambda: etag(bucket, "b")) == "404"
    assert refused(lambda: copy(bucket, "a", "b")) == "InternalError"
    assert etag(bucket, "b") == copy(bucket, "a", "b")
    assert server.count("COPY") == 3
