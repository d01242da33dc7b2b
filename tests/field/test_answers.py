"""The code in a store's response decides its meaning, in the service and in both clients.

Reported of others: uploads that end with `ExpiredToken` (a 400) when a session's token dies on the way (aws/aws-cli
4562, peak/s5cmd 678), and a 409 `OperationAborted` or `ConditionalRequestConflict` that is not tried again although S3
asks for it (apache/arrow-rs 4777, apache/opendal 6741).
The codes are those of S3's API reference, "Error responses", of Ceph RGW, MinIO, Swift, Garage, R2 and B2; their
answers are imitated. The browser client is asked the same in `frontend/client/tests/answers.test.ts`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import boto3
import pytest
from tests.support.playing import Reply, playing

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.client.errors import (
    DeliveryUnknown,
    MultipartUploadGone,
    Refused,
    SignatureRejected,
    StoreBusy,
    StoreRefused,
    Transient,
)
from valetkey.client.files.find import FileOptions, inspect_file
from valetkey.client.remote.store import Store
from valetkey.client.transport.connections import Connections
from valetkey.core.errors import ObjectChanged, ObjectMissing, PlacementRefused, StoreUnavailable
from valetkey.core.model.multipart import Part
from valetkey.core.model.upload import MultipartUploadId
from valetkey.reference.store_answers import ErrorBody, Meaning, load_answers, meaning_of, parse_error, seconds_until

CODES = list(load_answers()["codes"].items())
WRITES = ("post", "put", "part")

PROVEN: dict[str, tuple[int, Meaning]] = {
    "ExpiredToken": (400, Meaning.FRESH),
    "TokenRefreshRequired": (400, Meaning.FRESH),
    "InvalidToken": (400, Meaning.FRESH),
    "AccessDenied": (403, Meaning.FRESH),
    "SignatureDoesNotMatch": (403, Meaning.FRESH),
    "RequestTimeTooSkewed": (403, Meaning.FRESH),
    "ConditionalRequestConflict": (409, Meaning.AGAIN),
    "OperationAborted": (409, Meaning.AGAIN),
    "IncompleteBody": (400, Meaning.AGAIN),
    "RequestTimeout": (400, Meaning.AGAIN),
    "InternalError": (500, Meaning.AGAIN),
    "SlowDown": (503, Meaning.WAIT),
    "ServiceUnavailable": (503, Meaning.WAIT),
    "BadDigest": (400, Meaning.GARBLED),
    "EntityTooLarge": (400, Meaning.FILE),
    "EntityTooSmall": (400, Meaning.FILE),
    "NoSuchBucket": (404, Meaning.REFUSED),
    "InvalidArgument": (400, Meaning.REFUSED),
    "QuotaExceeded": (403, Meaning.REFUSED),
    "AllAccessDisabled": (403, Meaning.REFUSED),
    "PermanentRedirect": (301, Meaning.REFUSED),
    "TemporaryRedirect": (307, Meaning.AGAIN),
    "InvalidStorageClass": (400, Meaning.PLACEMENT),
    "KMS.DisabledException": (400, Meaning.PLACEMENT),
    "KMS.OfTomorrowException": (400, Meaning.PLACEMENT),
    "NotImplemented": (501, Meaning.UNSUPPORTED),
}
"""What the list has to say of some of them to every write, written down once more."""


def xml(code: str, message: str = "It is so.") -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


@dataclass
class Bucket:
    """A store on loopback that answers everything in one way."""

    answer: Reply = (200, {}, b"")
    address: str = ""
    calls: list[str] = field(default_factory=list)

    def reply(self, call: str, _body: bytes, _headers: Mapping[str, str]) -> Reply:
        self.calls.append(call)
        return self.answer


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    with playing(bucket.reply) as bucket.address:
        yield bucket


@pytest.fixture(scope="module")
def writes(bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[], str]]:
    """How `valetkey put` sends: a form, an object, a part."""
    path = tmp_path_factory.mktemp("put") / "file.bin"
    path.write_bytes(b"abc")
    source = inspect_file(str(path), FileOptions())
    store = Store(Connections(), lambda: None)
    form: dict[str, object] = {"url": f"{bucket.address}/s3", "fields": {"key": "k"}, "file_field": "file"}
    url: dict[str, object] = {"url": f"{bucket.address}/s3", "headers": {}}
    return {
        "post": lambda: store.post_form(form, source, lambda _: None),
        "put": lambda: store.put_object(url, source, lambda _: None),
        "part": lambda: store.put_part(url, source, 0, 3, lambda _: None),
    }


KINDS: dict[Meaning, type[Exception]] = {
    Meaning.AGAIN: Transient,
    Meaning.WAIT: StoreBusy,
    Meaning.GARBLED: Transient,
    Meaning.ODD: Transient,
    Meaning.LOOK: DeliveryUnknown,
    Meaning.FRESH: SignatureRejected,
    Meaning.GONE: MultipartUploadGone,
}


def failure(write: Callable[[], str]) -> Exception:
    with pytest.raises((Transient, SignatureRejected, MultipartUploadGone, Refused)) as caught:
        write()
    return caught.value


@pytest.mark.parametrize(("code", "row"), CODES)
def test_put_decides_by_the_list(
    bucket: Bucket, writes: dict[str, Callable[[], str]], code: str, row: dict[str, Any]
) -> None:
    """To a form, an object and a part, with its documented status and inside of a 200."""
    for operation in WRITES:
        meaning = meaning_of(operation, row["status"], ErrorBody(code, ""))
        for status in {row["status"], 200} - {203, 206, 304}:
            bucket.answer = (status, {}, xml(code))
            assert type(failure(writes[operation])) is KINDS.get(meaning, StoreRefused), (operation, status)


@pytest.mark.parametrize(("code", "row"), PROVEN.items())
@pytest.mark.parametrize("operation", WRITES)
def test_the_list_says_what_has_been_proven(operation: str, code: str, row: tuple[int, Meaning]) -> None:
    """Whatever else is changed in it."""
    assert meaning_of(operation, row[0], ErrorBody(code, "")) is row[1]
    assert meaning_of(operation, 200, ErrorBody(code, "")) is row[1]


@pytest.mark.parametrize(
    ("operation", "status", "code", "meaning"),
    [
        ("put", 412, "PreconditionFailed", Meaning.LOOK),
        ("part", 412, "PreconditionFailed", Meaning.REFUSED),
        ("post", 412, "PreconditionFailed", Meaning.REFUSED),
        ("part", 404, "NoSuchUpload", Meaning.GONE),
        ("post", 404, "NoSuchKey", Meaning.REFUSED),
        ("head", 404, "", Meaning.MISSING),
        ("head", 403, "", Meaning.REFUSED),
        ("bucket", 404, "", Meaning.MISSING),
        ("list", 404, "NoSuchBucket", Meaning.REFUSED),
        ("copy", 412, "PreconditionFailed", Meaning.CHANGED),
        ("copy", 404, "NoSuchKey", Meaning.MISSING),
        ("complete", 404, "NoSuchUpload", Meaning.MISSING),
        ("complete", 400, "InvalidPart", Meaning.CHANGED),
        ("complete", 400, "EntityTooSmall", Meaning.CHANGED),
        ("complete", 200, "InternalError", Meaning.AGAIN),
        ("get", 416, "InvalidRange", Meaning.CHANGED),
        ("post", 500, "OfTomorrow", Meaning.AGAIN),
        ("post", 418, "OfTomorrow", Meaning.REFUSED),
        ("part", 403, "", Meaning.FRESH),
        ("part", 401, "", Meaning.FRESH),
        ("part", 413, "", Meaning.REFUSED),
        ("part", 407, "", Meaning.REFUSED),
        ("part", 429, "", Meaning.WAIT),
        ("part", 502, "", Meaning.LOOK),
        ("part", 504, "", Meaning.LOOK),
        ("part", 503, "", Meaning.WAIT),
        ("part", 520, "", Meaning.LOOK),
        ("part", 524, "", Meaning.LOOK),
        *[("part", status, "", Meaning.AGAIN) for status in (408, 409, 425, 500, 521, 522, 523, 525, 526, 530)],
        *[("put", status, "", Meaning.REFUSED) for status in (301, 302, 303, 307, 308, 400, 404, 411, 505)],
    ],
)
def test_operations_and_statuses(operation: str, status: int, code: str, meaning: Meaning) -> None:
    """Where the same code or status means something else to another operation; and answers without a code."""
    assert meaning_of(operation, status, ErrorBody(code, "")) is meaning


@pytest.mark.parametrize(
    "body",
    [
        b"<Error><Code>SlowDown</Code></Error>",
        b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>\n<Error>\n  <Code>SlowDown</Code>\n</Error>",
        b" \r\n\t<Error xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Code> SlowDown\n</Code></Error>",
        b"<s3:Error xmlns:s3='urn:x'><s3:Code xml:lang='en'>SlowDown</s3:Code></s3:Error>",
        b"<!-- a proxy was here --><Error><Code><![CDATA[SlowDown]]></Code></Error>",
        b"<Code>SlowDown</Code>",
        b'{"code": "SlowDown", "message": "Less, please.", "status": 503}',
        b'{"Error": {"Code": "SlowDown"}}',
        b'\xef\xbb\xbf {"error": {"code": "SlowDown", "message": "x"}}',
    ],
)
def test_error_documents(bucket: Bucket, writes: dict[str, Callable[[], str]], body: bytes) -> None:
    """XML with a BOM, blanks, prefixes, attributes and CDATA, and JSON: the code is found, also behind a 200."""
    assert parse_error(body).code == "SlowDown"
    for status in (200, 400):
        bucket.answer = (status, {}, body)
        error = failure(writes["part"])
        assert isinstance(error, Transient)
        assert error.after == 1.0


@pytest.mark.parametrize(
    "body", [b"<html><title>Log in</title></html>", b"<Error/>", b"\n<!DOCTYPE html><p>Hi", b'{"error": "no"}']
)
def test_a_success_that_is_none(bucket: Bucket, writes: dict[str, Callable[[], str]], body: bytes) -> None:
    """A login page, or an error that nobody knows, is no object: again a few times, and then the end."""
    bucket.answer = (200, {}, body)
    error = failure(writes["put"])
    assert isinstance(error, Transient)
    assert isinstance(error.permanent, Refused)


@pytest.mark.parametrize(
    "body", [b"", b"<PostResponse><Key>a</Key></PostResponse>", b"<?xml version='1.0'?><PostResponse/>"]
)
@pytest.mark.parametrize("status", [200, 201, 204])
def test_successes(bucket: Bucket, writes: dict[str, Callable[[], str]], status: int, body: bytes) -> None:
    """As S3 has them."""
    bucket.answer = (status, {"ETag": '"abc"'}, body)
    assert [write() for write in writes.values()] == ["abc"] * 3


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("7", 7), (" 7 ", 7), ("", None), ("soon", None), ("-1", None), ("1.5", None), ("²", None)],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    """Seconds, or nothing at all."""
    assert seconds_until(text, datetime.now(UTC)) == seconds


def test_retry_after_as_a_date(bucket: Bucket, writes: dict[str, Callable[[], str]]) -> None:
    """RFC 9110 has both; a date that has passed asks for no wait."""
    later = datetime.now(UTC) + timedelta(seconds=90)
    bucket.answer = (503, {"Retry-After": format_datetime(later, usegmt=True)}, b"")
    error = failure(writes["put"])
    assert isinstance(error, Transient)
    assert 80 < (error.after or 0) <= 90
    assert seconds_until("Wed, 21 Oct 2015 07:28:00 GMT", later) == 0


@pytest.fixture(scope="module")
def store(bucket: Bucket) -> Iterator[S3Store]:
    """The service's adapter in front of it; botocore tries again at once."""
    session = boto3.Session("key", "secret", region_name="us-east-1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time.sleep", lambda _: None)
        yield S3Store(S3Settings("bucket", endpoint_url=bucket.address), session)


ENDS: dict[Meaning, type[Exception]] = {
    Meaning.MISSING: ObjectMissing,
    Meaning.CHANGED: ObjectChanged,
    Meaning.PLACEMENT: PlacementRefused,
}


@pytest.mark.parametrize(("code", "row"), CODES)
def test_the_service_decides_by_the_list(bucket: Bucket, store: S3Store, code: str, row: dict[str, Any]) -> None:
    """To the joining of parts, with its documented status; joining may say it behind a 200."""
    parts = [Part(1, 1, "0" * 32)]
    for status in {row["status"], 200} - {203, 206, 304}:
        bucket.answer = (status, {}, xml(code))
        expected = ENDS.get(meaning_of("complete", row["status"], ErrorBody(code, "")), StoreUnavailable)
        with pytest.raises((StoreUnavailable, ObjectMissing, ObjectChanged)) as caught:
            store.join_parts("key", MultipartUploadId("m"), parts)
        assert isinstance(caught.value, expected), status
