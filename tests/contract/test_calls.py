"""Our own calls of the store do what botocore's would: other regions, proxies, certificates, retries, odd answers."""

import http.server
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError
from tests.contract.harnesses import s3_store
from tests.support.store_proxy import Answer, Quirk, QuirkyServer, Request, quirky, refusal
from tests.support.store_quirks import Fails, Says
from tests.support.stores import Bucket, Rgw, fresh_bucket
from tests.support.tls import tls_for

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.adapters.s3.caller import ATTEMPTS
from valetkey.adapters.s3.xml import parsed
from valetkey.core.errors import ObjectChanged, StoreUnavailable
from valetkey.core.model.multipart import MIB, Part
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import MultipartUploadId, StoredObject, UploadId
from valetkey.core.ports.store import MAX_BATCH, ObjectHead, ObjectHeaders

if TYPE_CHECKING:
    from botocore.credentials import Credentials

HEADERS = ObjectHeaders("text/plain", UploadId("some-id"))
Behind = Callable[..., tuple[S3Store, Bucket, QuirkyServer]]


@pytest.fixture
def behind(rgw: Rgw, monkeypatch: pytest.MonkeyPatch) -> Iterator[Behind]:
    """A store on a fresh bucket of Ceph RGW behind these quirks, asked again without a pause."""
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    with ExitStack() as stack:

        def store(*quirks: Quirk) -> tuple[S3Store, Bucket, QuirkyServer]:
            server = stack.enter_context(quirky(rgw, *quirks))
            bucket = stack.enter_context(fresh_bucket(rgw))
            return s3_store(server, bucket.name), bucket, server

        yield store


@pytest.fixture
def lockable(rgw: Rgw) -> Iterator[Bucket]:
    """A bucket that was made with Object Lock, and has everything retained for a day."""
    with fresh_bucket(rgw, ObjectLockEnabledForBucket=True) as bucket:
        retention: Any = {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        }
        bucket.client.put_object_lock_configuration(Bucket=bucket.name, ObjectLockConfiguration=retention)
        yield bucket


def as_written(key: str) -> ObjectHead:
    return ObjectHead(key, "e", None, 5, "text/plain", UploadId("some-id"), {})


def written(store: S3Store, bucket: Bucket, key: str = "a") -> ObjectHead:
    bucket.client.put_object(
        Bucket=bucket.name, Key=key, Body=b"bytes", ContentType="text/plain", Metadata={"upload-id": "some-id"}
    )
    found = store.head(key)
    assert found is not None
    return found


def test_a_bucket_that_cannot_be_asked_now(behind: Behind) -> None:
    """No PUT is signed as long as nobody knows whether it needs a guard; then it is, and nobody is asked again."""
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
    """Nobody is told whether the bucket has Object Lock; all else is answered."""

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
]  # S3's, Alibaba's, Qiniu's word
NO_ANSWERS = [(400, "RequestTimeout"), (429, "TooManyRequests"), (502, ""), (404, "NoSuchBucket"), (404, "")]
NO_ANSWERS += [(403, code) for code in ("RequestTimeTooSkewed", "InvalidAccessKeyId", "SignatureDoesNotMatch", "")]
NO_ANSWERS += [(400, code) for code in ("ExpiredToken", "AuthorizationHeaderMalformed", "InvalidRequest")]


@pytest.mark.parametrize(("status", "code"), NO_ANSWERS)
def test_what_is_no_answer_is_asked_again(
    rgw: Rgw, lockable: Bucket, status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock, a key or a bucket that was not right yet: once it is, a PUT is guarded as if nothing had been wrong."""
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
    """That there is no Object Lock, or that we may not know of it."""
    store, _, server = behind(FailsForLocks(status, code))
    assert store.capabilities.may_be_lockable
    for _ in range(3):
        store.learn()
        assert store.presigned_put("a", {}, 60).url
    assert server.count("OTHER") == 1
    assert store.capabilities.object_lock is (None if (status, code) in DENIALS else False)
    assert not store.capabilities.may_be_lockable


def test_what_others_found_out_unsays_nothing(rgw: Rgw, lockable: Bucket) -> None:
    """A proof that was read before we asked, and is taken in after it."""
    store = s3_store(rgw, lockable.name)
    store.learn()
    store.know({"object_lock": False, "part_checksums": False, "conditional_put": True})
    assert (store.capabilities.object_lock, store.capabilities.part_checksums) == (True, True)
    assert store.presigned_put("a", {}, 60).headers["x-amz-object-lock-legal-hold"] == "OFF"


def test_whether_versions_are_kept_is_asked_again(behind: Behind) -> None:
    """After an answer that is none, as that of a store to which our clock was wrong."""
    fails = Fails("OTHER", 403, "RequestTimeTooSkewed")
    store, bucket, _ = behind(fails)
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    assert not store._traits.keeps_versions()
    fails.left = 0
    assert store._traits.keeps_versions()


class InRegion(Quirk):
    """The bucket is in another region than the one that requests are signed for, and AWS says where; HEAD has no body.

    Requests that are signed for it are signed again for the store behind.
    """

    def __init__(self, region: str, status: int, code: str, *, header: bool) -> None:
        self.region, self.status, self.code, self.header = region, status, code, header

    def before(self, request: Request) -> Answer | None:
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/s3/", request.header("Authorization") or "")
        if scope is not None and scope[1] == self.region:
            request.resign = True
            return None
        answer = refusal(self.status, self.code)
        answer.body = answer.body.replace(b"</Error>", b"<Region>%b</Region></Error>" % self.region.encode())
        if self.header or request.method == "HEAD":
            answer.set_header("x-amz-bucket-region", self.region)
        return answer


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize(("status", "code"), [(400, "AuthorizationHeaderMalformed"), (301, "PermanentRedirect")])
@pytest.mark.parametrize("first", ["head", "parts"])
def test_a_bucket_of_another_region_is_found_there(
    behind: Behind, status: int, code: str, first: str, *, header: bool
) -> None:
    """One call more, and none for those that follow."""
    store, bucket, server = behind(InRegion("elsewhere-1", status, code, header=header))
    calls: dict[str, Callable[[], object]] = {
        "head": lambda: store.head("a"),
        "parts": lambda: store.parts("a", store_upload),
    }
    store_upload: Any = "none"
    assert calls[first]() is None
    assert len(server.requests) == 2
    source = written(store, bucket)
    store.copy(source, "b", HEADERS)
    assert store.first_bytes(source) == b"bytes"
    assert len(server.requests) == 5


def test_a_region_that_is_refused_twice_is_no_loop(behind: Behind) -> None:
    """The store's answer is what callers get."""
    store, _, server = behind(Fails("HEAD", 400, "AuthorizationHeaderMalformed"))
    with pytest.raises(StoreUnavailable, match="HeadObject"):
        store.head("a")
    assert len(server.requests) == 1


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (502, "")])
def test_what_passes_is_asked_again(behind: Behind, status: int, code: str) -> None:
    """Up to `ATTEMPTS` times in all; not a copy, which the next signal makes."""
    store, bucket, server = behind(
        Fails("HEAD", status, code, times=ATTEMPTS - 1, key_prefix="a"),
        Fails("HEAD", status, code, key_prefix="never"),
        Fails("COPY", status, code, times=1),
    )
    source = written(store, bucket)
    assert server.count("HEAD") == ATTEMPTS
    with pytest.raises(StoreUnavailable):
        store.head("never")
    assert server.count("HEAD", "never") == ATTEMPTS
    with pytest.raises(StoreUnavailable):
        store.copy(source, "b", HEADERS)
    assert server.count("COPY") == 1
    assert store.copy(source, "b", HEADERS) is not None


def test_what_does_not_pass_is_not_asked_again(behind: Behind) -> None:
    """A refusal stays one."""
    store, _, server = behind(Fails("HEAD", 403, "AccessDenied"))
    with pytest.raises(StoreUnavailable):
        store.head("a")
    assert server.count("HEAD") == 1


@pytest.mark.parametrize("code", ["InternalError", "SlowDown", "PreconditionFailed"])
def test_a_success_with_an_error_in_it(behind: Behind, code: str) -> None:
    """S3 may find out that it cannot copy after it has begun to answer 200: it is that error, and no copy."""
    store, bucket, _ = behind(Fails("COPY", 200, code))
    source = written(store, bucket)
    expected: type[Exception] = ObjectChanged if code == "PreconditionFailed" else StoreUnavailable
    with pytest.raises(expected):
        store.copy(source, "b", HEADERS)


def test_an_answer_to_a_copy(behind: Behind) -> None:
    """It says what a look shows; one without an ETag says nothing."""
    store, bucket, _ = behind()
    source = written(store, bucket)
    answer, copied = store.copy(source, "b", HEADERS), store.head("b")
    assert answer is not None
    assert copied is not None
    assert (answer.etag, answer.version_id, answer.checksums) == (source.etag, None, {})
    assert copied.etag == source.etag


def test_an_answer_to_a_copy_without_an_etag(behind: Behind) -> None:
    """It says too little."""
    store, bucket, _ = behind(Says({"COPY"}, lambda body: re.sub("<ETag>.*</ETag>", "", body), None))
    assert store.copy(written(store, bucket), "b", HEADERS) is None


def keys_of(bucket: Bucket) -> list[str]:
    return [one["Key"] for one in bucket.client.list_objects_v2(Bucket=bucket.name).get("Contents", [])]


def batches(store: S3Store) -> bool:
    return store.capabilities.batch_delete


def test_many_are_removed_at_once(behind: Behind) -> None:
    """It is found out with the first one; a thousand and one take two calls, and odd keys are no others."""
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
    assert keys_of(bucket) == ["kept"]
    assert server.count("DELETE_MANY") - before == 2
    assert server.count("DELETE") == 1  # what XML cannot have in it


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
    """And the store is not asked for it again."""
    store, bucket, server = behind(quirk())
    for key in ("a", "b", "c"):
        written(store, bucket, key)
    assert store.delete("a") is None
    assert not batches(store)
    store.delete_batch(["b", "c"])
    assert keys_of(bucket) == []
    assert (server.count("DELETE_MANY"), server.count("DELETE")) == (1, 3)


def test_one_that_stays_is_removed_by_itself(behind: Behind) -> None:
    """Where many can be removed at once, and one of them was not."""
    store, bucket, server = behind(Says({"DELETE_MANY"}, lambda body: body.replace("<Key>b</Key>", "<Key/>"), None))
    for key in ("a", "b", "c"):
        written(store, bucket, key)
    store.delete("a")
    store.delete_batch(["b", "c"])
    assert keys_of(bucket) == []
    assert (server.count("DELETE"), batches(store)) == (1, True)


def test_versions_go_one_by_one(behind: Behind) -> None:
    """DeleteObjects would leave them behind markers."""
    store, bucket, server = behind()
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    written(store, bucket)
    written(store, bucket)
    store.delete_batch(["a"])
    left: Any = bucket.client.list_object_versions(Bucket=bucket.name)
    assert (left.get("Versions"), left.get("DeleteMarkers")) == (None, None)
    assert (server.count("DELETE_MANY"), batches(store)) == (0, False)


def test_a_versioned_bucket_that_does_not_say_so(behind: Behind) -> None:
    """The answer tells of markers: it is not believed to have removed anything."""
    store, bucket, _ = behind(Fails("OTHER", 403, "AccessDenied"))
    bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    bucket.client.put_object(Bucket=bucket.name, Key="a", Body=b"bytes")
    assert "GetBucketVersioning" in (store.delete("a") or "")
    assert not batches(store)


@pytest.mark.parametrize("many", [False, True])
def test_a_bucket_that_begins_to_keep_versions(moto_bucket: Bucket, *, many: bool) -> None:
    """While a process runs that was told that it keeps none: nothing stays behind a marker."""
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


@pytest.mark.parametrize("exempt", [False, True])
def test_a_proxy_of_the_environment(rgw: Rgw, monkeypatch: pytest.MonkeyPatch, *, exempt: bool) -> None:
    """HTTP_PROXY is asked with the whole URL, unless NO_PROXY names the store."""
    with quirky(rgw) as proxy, fresh_bucket(rgw) as bucket:
        monkeypatch.setenv("HTTP_PROXY", proxy.endpoint_url)
        monkeypatch.setenv("http_proxy", proxy.endpoint_url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1" if exempt else "")
        monkeypatch.setenv("no_proxy", "127.0.0.1" if exempt else "")
        store = s3_store(rgw, bucket.name)
        before = len(proxy.requests)
        assert store.head("a") is None
        assert len(proxy.requests) - before == (0 if exempt else 1)


@contextmanager
def tls_server(folder: Path) -> Iterator[str]:
    """A store on TLS with a certificate of its own, which has nothing."""

    class Nothing(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(404)
            self.send_header("x-amz-request-id", "1")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    server.socket = tls_for("127.0.0.1", folder)[0].wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def endless_server(status: int) -> Iterator[tuple[str, list[int]]]:
    """A store whose answers do not end, and how many bytes of each it could send."""
    sent: list[int] = []

    class Endless(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(status)
            self.send_header("Content-Length", str(2**40))
            self.end_headers()
            sent.append(0)
            with suppress(OSError):
                while sent[-1] < 64 * MIB:
                    self.wfile.write(b" " * MIB)
                    sent[-1] += MIB

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", sent
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_without_an_end(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read to its end: one that is too long cannot be read, and of an error only the beginning counts."""
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    source = ObjectHead("a", "0" * 32, None, 5, "text/plain", UploadId("some-id"), {})
    with endless_server(status) as (url, sent):
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        with pytest.raises(StoreUnavailable):
            store.parts("a", MultipartUploadId("none"))
        with pytest.raises(StoreUnavailable):
            store.copy(source, "b", HEADERS)
        assert len(sent) >= 2
        assert max(sent) < 32 * MIB


@contextmanager
def answering_server(answer: bytes) -> Iterator[str]:
    """A store that sends these bytes, whatever it is asked."""

    class Answering(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(answer)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "answer",
    [
        b"403 No\r\nDate: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n",
        b"503 No\r\nRetry-After: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n",
        b"503 No\r\nRetry-After: " + b"9" * 5_000 + b"\r\n",
        b'200 OK\r\nETag: ""\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n',
        b"200 OK\r\nETag: e\r\nContent-Type: text/plain\r\nContent-Length: " + b"9" * 5_000 + b"\r\n",
    ],
    ids=["a date", "a date to wait for", "a long wait", "an empty ETag", "a length"],
)
def test_headers_that_nobody_would_send(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the store's failure, which is tried again, and none of ours; an ETag that says nothing pins nothing."""
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    with answering_server(b"HTTP/1.1 " + answer + b"\r\n") as url:
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        with pytest.raises(StoreUnavailable) as refused:
            store.head("a")
        assert refused.value.retry_after <= 60


KEPT = {"ETag": b'"e"', "Content-Type": b"text/plain", "x-amz-version-id": b"v"}


@pytest.mark.parametrize("value", [b"a\0b", b"a\x1bb", b"a\x7fb", b"a" * 2_000], ids=["NUL", "ESC", "DEL", "long"])
@pytest.mark.parametrize("name", KEPT)
def test_values_that_no_ledger_keeps(name: str, value: bytes) -> None:
    """They are refused with a sentence that names the header: PostgreSQL would refuse the upload that has them."""
    lines = b"".join(b"%b: %b\r\n" % (one.encode(), said) for one, said in (KEPT | {name: value}).items())
    with answering_server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + lines + b"\r\n") as url:
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        with pytest.raises(StoreUnavailable, match=f"a value of {name} that is none") as refused:
            store.head("a")
    assert refused.value.refused
    assert refused.value.detail.isprintable()


def test_an_answer_to_a_copy_with_a_version_that_no_ledger_keeps() -> None:
    """It says too little: the copy is looked at."""
    body = b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>"
    source = ObjectHead("a", "e", None, 5, "text/plain", UploadId("some-id"), {})
    head = b"HTTP/1.1 200 OK\r\nx-amz-version-id: v\0\r\nContent-Length: %d\r\n\r\n" % len(body)
    with answering_server(head + body) as url:
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        assert store.copy(source, "b", HEADERS) is None


@pytest.mark.parametrize("body", [b"<Error><Code>Slow\0\x1bDown</Code></Error>", b'{"code": "Slow\\u0000\\u001bDown"}'])
def test_control_characters_in_an_error(body: bytes) -> None:
    """They reach neither a log nor a ledger."""
    head = b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % len(body)
    with answering_server(head + body) as url:
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        with pytest.raises(StoreUnavailable, match="ListParts: Slow Down") as refused:
            store.parts("a", MultipartUploadId("none"))
    assert refused.value.detail.isprintable()


def test_an_answer_to_a_copy_with_a_checksum_of_later_times() -> None:
    """One that we do not know proves nothing, and hinders nothing."""
    body = b"<CopyObjectResult><ETag>e</ETag><ChecksumSHA512>x</ChecksumSHA512><Checksum/></CopyObjectResult>"
    source = ObjectHead("a", "e", None, 5, "text/plain", UploadId("some-id"), {})
    with answering_server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)) as url:
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        answer = store.copy(source, "b", HEADERS)
    assert answer is not None
    assert (answer.etag, answer.checksums) == ("e", {})


@contextmanager
def dripping_server(head: bytes, drip: bytes, every: float, ends: tuple[int, bytes] | None = None) -> Iterator[str]:
    """A store that sends ``head``, and then ``drip`` again and again, ``every`` so many seconds: without an end, or so
    many times and then what ``ends`` it."""
    over = threading.Event()

    class Dripping(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            with suppress(OSError):
                self.wfile.write(head)
                for _ in count() if ends is None else range(ends[0]):
                    if over.wait(every):
                        return
                    self.wfile.write(drip)
                self.wfile.write(ends[1] if ends else b"")
                over.wait()

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dripping)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()


DRIPS = {
    "a status": (b"HTTP/1.1 200 ", b"O"),
    "a header": (b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "continues": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"<"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n<\r\n"),
    "an error": (b"HTTP/1.1 500 No\r\nContent-Length: 5000\r\n\r\n", b"<"),
}


def failure_of(call: Callable[[], object]) -> Exception | None:
    """What comes of a ``call`` that a store drips an answer to. It has to come while the store goes on."""
    failures: list[Exception] = []

    def ask() -> None:
        try:
            call()
        except (StoreUnavailable, BotoCoreError) as error:
            failures.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(90)
    assert not asking.is_alive()
    return failures[0] if failures else None


@pytest.mark.parametrize("drip", DRIPS)
def test_an_answer_that_comes_byte_by_byte(drip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds a thread for some time-outs, and not for as long as bytes come."""
    monkeypatch.setattr("valetkey.adapters.s3.client.TIMEOUT", 0.3)
    with dripping_server(*DRIPS[drip], every=0.05) as url:
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        failed = failure_of(lambda: store.parts("a", MultipartUploadId("none")))
    assert "ReadTimeoutError" in str(failed)


PART, TIMEOUTS = Part(1, 5, "e"), ("TIMEOUT", "COPY_TIMEOUT")
BY_BOTO3: dict[str, Callable[[S3Store], object]] = {
    "a bucket": lambda store: store.check(),
    "a list": lambda store: list(store.old_objects("staging/", datetime.now(UTC))),
    "uploads in parts": lambda store: list(store.old_multiparts("staging/", datetime.now(UTC))),
    "a start": lambda store: store.start_multipart("a", HEADERS),
    "an end": lambda store: store.abort_multipart("a", MultipartUploadId("none")),
    "a join": lambda store: store.join_parts("a", MultipartUploadId("none"), [PART]),
    "tags": lambda store: store.finish(as_written("a"), Placement(tags=(("a", "b"),)), None),
    "the set-up": lambda store: store.client.get_bucket_cors(Bucket="bucket"),
}


@pytest.mark.parametrize("drip", ["a header", "chunks"])
@pytest.mark.parametrize("called", BY_BOTO3)
def test_an_answer_to_boto3_that_comes_byte_by_byte(called: str, drip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one to our own calls; that to a join has a time of its own."""
    for name in TIMEOUTS:
        monkeypatch.setattr(f"valetkey.adapters.s3.client.{name}", 0.3)
    monkeypatch.setattr("valetkey.adapters.s3.client.JOIN_TIME", 1.5)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    with dripping_server(*DRIPS[drip], every=0.05) as url:
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        store.know({"list_parts": True})
        assert failure_of(lambda: BY_BOTO3[called](store)) or called == "a bucket"  # a HEAD has no body


def test_a_join_that_takes_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 sends blanks meanwhile (API reference, CompleteMultipartUpload): no number of them is an end of its own."""
    monkeypatch.setattr("valetkey.adapters.s3.client.COPY_TIMEOUT", 2)
    joined = b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (60 + len(joined))
    with dripping_server(head, b" ", every=0.05, ends=(60, joined)) as url:
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        store.join_parts("a", MultipartUploadId("some"), [PART])


def test_a_slow_answer_leaves_the_next_one_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that an answer was still given is no time-out of what is sent next on its connection."""
    monkeypatch.setattr("valetkey.adapters.s3.client.TIMEOUT", 2)
    body = b"<ListMultipartUploadsResult/>"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (60 + len(body))
    with dripping_server(head, b" ", every=0.05, ends=(60, body)) as url:
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        left: list[float | None] = []
        store.client.meta.events.register(
            "after-call.s3", lambda **_: left.extend(one.sock.gettimeout() for one in idle_connections(store))
        )
        assert list(store.old_multiparts("staging/", datetime.now(UTC))) == []
    assert left == [2]


def idle_connections(store: S3Store) -> list[Any]:
    """Those of boto3's client that wait for the next request."""
    client: Any = store.client
    pools = client._endpoint.http_session._manager.pools
    held = [pools[key].pool.queue for key in pools.keys()]  # noqa: SIM118 - they cannot be iterated
    return [one for queue in held for one in queue if one is not None and one.sock is not None]


def test_a_proxy_whose_tunnel_comes_byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds no thread either, that of our own calls or of boto3's."""
    for name in ("CONNECT_TIMEOUT", "TIMEOUT"):
        monkeypatch.setattr(f"valetkey.adapters.s3.client.{name}", 0.3)
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    with dripping_server(*DRIPS["headers"], every=0.05) as url:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, url)
        store = S3Store(S3Settings("bucket", endpoint_url="https://s3.test"), boto3.Session("key", "secret"))
        for call in (lambda: store.head("a"), store.check):
            assert failure_of(call)


def test_an_answer_that_comes_slowly_and_steadily(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a slow line a large one takes longer than time-outs last: it is read to its end."""
    monkeypatch.setattr("valetkey.adapters.s3.client.TIMEOUT", 2)
    size = 300_000
    head = b"HTTP/1.1 200 OK\r\nETag: e\r\nContent-Length: %d\r\n\r\n" % size
    with dripping_server(head, b"x" * 20_000, every=0.2) as url:
        store = S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
        assert store.read_range(StoredObject("a", "e", None, size, "text/plain"), 0, size) == b"x" * size


def test_a_connection_is_used_again() -> None:
    """Whatever the answer was: with a length, in chunks, an error, or a HEAD's."""
    connections = []

    class Chunks(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            connections.append(self.client_address)

        def do_GET(self) -> None:
            body = b"<ListPartsResult/>" if "chunks" in self.path else b"<Error><Code>NoSuchKey</Code></Error>"
            self.send_response(200 if "chunks" in self.path else 404)
            if "chunks" in self.path:
                self.send_header("Transfer-Encoding", "chunked")
                body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(200)
            for header in ("ETag: e", "Content-Type: text/plain", "Content-Length: 5"):
                self.send_header(*header.split(": "))
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chunks)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        settings = S3Settings("bucket", endpoint_url=f"http://127.0.0.1:{server.server_address[1]}")
        store = S3Store(settings, boto3.Session("key", "secret"))
        for _ in range(2):
            assert store.head("a") is not None
            assert store.parts("chunks", MultipartUploadId("none")) == []
            assert store.parts("a", MultipartUploadId("none")) is None
        assert len(connections) == 1
    finally:
        server.shutdown()
        server.server_close()


def test_an_answer_that_grows_when_it_is_parsed() -> None:
    """No store sends a document type, by which a small answer may become a large one."""
    grows = b'<!DOCTYPE a [<!ENTITY b "%b">]><a><ETag>%b</ETag></a>' % (b"b" * 50_000, b"&b;" * 90)
    for body in (grows, grows.decode().encode("utf-16")):
        with pytest.raises(ValueError, match="no XML"):
            parsed(body)
    assert parsed('<a><ETag>"ä"</ETag></a>'.encode("utf-16")).find("ETag") == '"ä"'


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_an_authority_of_the_environment(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody vouches for is refused; with the bundle it is taken."""
    for other in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    with tls_server(tmp_path) as url:
        settings = S3Settings("bucket", endpoint_url=url)
        with pytest.raises(StoreUnavailable, match="SSLError"):
            S3Store(settings, boto3.Session("key", "secret")).head("a")
        monkeypatch.setenv(variable, str(tmp_path / "server.pem"))
        assert S3Store(settings, boto3.Session("key", "secret")).head("a") is None


def test_credentials_are_asked_for_with_each_call(rgw: Rgw) -> None:
    """Temporary ones change while a process runs."""
    with fresh_bucket(rgw) as bucket:
        store = s3_store(rgw, bucket.name, secret_key="of yesterday")
        with pytest.raises(StoreUnavailable):
            store.head("a")
        held: Credentials = store._clients.credentials()
        held.secret_key = rgw.secret_key
        assert store.head("a") is None


def test_a_store_that_is_away(behind: Behind) -> None:
    """It is named by botocore's error, as before."""
    store, _, _ = behind()
    settings = replace(store._settings, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(StoreUnavailable, match="EndpointConnectionError"):
        S3Store(settings, boto3.Session("key", "secret")).head("a")
