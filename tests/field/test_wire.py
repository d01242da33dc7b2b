"""L and E. Between us and the store, on the wire: no response is taken for another one, nor half of one for all.

Reported: interim answers that clients take for the final one (snoyberg/http-client #521, nginx/nginx #1241), after
which a connection is out of step; Cloudflare R2, which names a version of what it writes and knows it nowhere else
(rustfs/rustfs #7999). Proxies that compress what nobody asked to be compressed, answer a range in part (RFC 9110 allows
it), put a page in the place of an object, add a header a second time, or stores that say 500 to DeleteObjects are
imitated.
"""

import gzip
import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus, urlencode

import boto3
import pytest
from tests.field.desk import MakeDesk
from tests.support.store_proxy import Answer, Quirk, Request, quirky, refusal
from tests.support.store_quirks import Fails, When
from tests.support.stores import Rgw, fresh_bucket

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.multipart import Part
from valetkey.core.model.upload import MultipartUploadId, UploadId
from valetkey.core.ports.health import StoreProof
from valetkey.core.ports.store import ObjectHead, ObjectHeaders

PROFILES = """
[profiles.detected]
detect = "reject"
[profiles.parts]
multipart_from = 1
"""
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89" + bytes(300)
HEADERS = ObjectHeaders("text/plain", UploadId("some-id"))
SOURCE = ObjectHead("a", "e", None, 5, "text/plain", UploadId("some-id"), {})
PARTS = [Part(1, 5, "e")]
SOME_UPLOAD = MultipartUploadId("some-upload")

COPIED = b"<CopyObjectResult><ETag>%b</ETag></CopyObjectResult>"
JOINED = b"<CompleteMultipartUploadResult><ETag>%b</ETag></CompleteMultipartUploadResult>"


@contextmanager
def raw_store(answer: Callable[[bytes, str], bytes | tuple[bytes, bytes]]) -> Iterator[S3Store]:
    """A store whose bytes are what ``answer`` makes of a method and a key; the second of two comes a moment later."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while len(line := self.rfile.readline().split()) > 2:
                length = 0
                while header := self.rfile.readline().strip().lower():
                    length = int(header.split(b":")[1]) if header.startswith(b"content-length:") else length
                self.rfile.read(length)
                said = answer(line[0], line[1].decode().partition("?")[0].rpartition("/")[2])
                for piece in said if isinstance(said, tuple) else (said,):
                    self.wfile.write(piece)
                    time.sleep(0.02 if isinstance(said, tuple) else 0)
                if b"HTTP/1.0" in (said if isinstance(said, bytes) else said[-1]):
                    return

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield S3Store(S3Settings("bucket", endpoint_url=url), boto3.Session("key", "secret"))
    finally:
        server.shutdown()
        server.server_close()


def shown(key: str) -> bytes:
    """The answer to a HEAD."""
    told = "HTTP/1.1 200 OK", f'ETag: "{key}"', "Content-Type: text/plain", "Content-Length: 5", "", ""
    return "\r\n".join(told).encode()


def with_body(status: int, body: bytes, *headers: bytes, version: bytes = b"1.1") -> bytes:
    told = b"HTTP/%b %d Said" % (version, status), b"Content-Length: %d" % len(body), *headers, b"", body
    return b"\r\n".join(told)


@pytest.mark.parametrize("interim", [b"103 Early Hints\r\nLink: </x>", b"102 Processing", b"100 Continue"])
@pytest.mark.parametrize("at_once", [True, False])
def test_interim_answers_are_none(interim: bytes, *, at_once: bool) -> None:
    """However many come, and when: each request has its own answer, our own calls and those by boto3."""
    bodies = {b"PUT": COPIED, b"POST": JOINED}

    def answer(method: bytes, key: str) -> bytes | tuple[bytes, bytes]:
        final = with_body(200, bodies[method] % key.encode()) if method in bodies else shown(key)
        return 2 * (b"HTTP/1.1 " + interim + b"\r\n\r\n") + final if at_once else (_interim(interim), final)

    with raw_store(answer) as store:
        for key in "abcab":
            found = store.head(key)
            assert found is not None
            assert found.etag == key
        copied = store.copy(SOURCE, "d", HEADERS)
        assert copied is not None
        assert copied.etag == "d"
        store.join_parts("e", SOME_UPLOAD, PARTS)
        assert store.client.head_object(Bucket="bucket", Key="f")["ETag"] == '"f"'


def _interim(interim: bytes) -> bytes:
    return b"HTTP/1.1 " + interim + b"\r\n\r\n"


def test_a_join_that_fails_after_an_interim_answer() -> None:
    """S3's work is not done because it has begun."""
    failed = with_body(500, b"<Error><Code>InternalError</Code></Error>")
    with (
        raw_store(lambda *_: (_interim(b"102 Processing"), failed)) as store,
        pytest.raises(StoreUnavailable, match="InternalError"),
    ):
        store.join_parts("e", SOME_UPLOAD, PARTS)


def test_nothing_but_interim_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """They do not go on for ever."""
    monkeypatch.setattr("valetkey.adapters.s3.caller.MAX_BACKOFF", 0.0)
    with raw_store(lambda *_: 200 * _interim(b"102 Processing")) as store, pytest.raises(StoreUnavailable):
        store.head("a")


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (206, [b"Content-Range: bytes 0-4/5"], b"by"),
        (206, [b"Content-Range: bytes 0-1/5"], b"by"),
        (206, [b"Content-Range: bytes 1-5/6"], b"bytes"),
        (206, [b"Content-Range: bytes 0-4/6"], b"bytes"),
        (206, [], b"by"),
        (206, [b"Content-Range: bytes 0-4/5", b"Content-Encoding: gzip"], b"bytes"),
        (200, [], b"<html>Hello"),
        (200, [], b""),
    ],
)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_other_bytes_than_were_asked_for(status: int, headers: list[bytes], body: bytes, version: bytes) -> None:
    """Nothing is concluded from them, neither by detection nor by who reads the object."""

    def answer(method: bytes, _: str) -> bytes:
        found = [b"ETag: e", *headers]
        return shown("e") if method == b"HEAD" else with_body(status, body, *found, version=version)

    with raw_store(answer) as store:
        for ask in (store.first_bytes, lambda source: store.read_range(source.as_object("a"), 0, 5)):
            with pytest.raises(StoreUnavailable):
                ask(SOURCE)


def test_a_store_of_old_that_says_no_length() -> None:
    """HTTP/1.0: the end of the connection is the end of the answer, and it is the whole one by its range."""
    range_of_all = b"HTTP/1.0 206 Said\r\nETag: e\r\nContent-Range: bytes 0-4/5\r\n\r\n"
    for body, is_whole in ((b"bytes", True), (b"by", False)):
        with raw_store(lambda *_, body=body: range_of_all + body) as store:
            if is_whole:
                assert store.first_bytes(SOURCE) == b"bytes"
                continue
            with pytest.raises(StoreUnavailable, match="too early"):
                store.first_bytes(SOURCE)


def test_headers_that_a_proxy_has_said_once_more() -> None:
    """They say the same; two that differ are none. A length that is said twice llhttp refuses, as nginx does."""
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
    once = b'ETag: "e"\r\nContent-Type: text/plain\r\nx-amz-meta-upload-id: some-id\r\n'
    with raw_store(lambda *_: begun + once + once + b"\r\n") as store:
        assert store.head("a") == SOURCE
    other = once.replace(b"some-id", b"other")
    with raw_store(lambda *_: begun + once + other + b"\r\n") as store:
        found = store.head("a")
        assert found is not None
        assert found.upload_id == "some-id, other"


class SaysAllTwice(Quirk):
    """Two proxies that each copy the headers of what they pass on: in two lines, or joined in one."""

    def __init__(self, *, joined: bool) -> None:
        self.joined = joined

    def after(self, request: Request, answer: Answer) -> None:
        said = [(name, value) for name, value in answer.headers if name.lower() not in {"content-length", "date"}]
        for name, value in said:
            if self.joined:
                answer.set_header(name, f"{value}, {value}")
            else:
                answer.headers.append((name, value))


@pytest.mark.parametrize("joined", [False, True], ids=["two lines", "one line"])
@pytest.mark.parametrize("profile", ["default", "detected", "parts", "tagged"])
def test_any_header_that_a_proxy_has_said_once_more(
    profile: str, *, joined: bool, rgw: Rgw, make_desk: MakeDesk
) -> None:
    """Versions and counts of tags, too: what is sent is confirmed, and of what is deleted no version stays."""
    with quirky(rgw, SaysAllTwice(joined=joined)) as server, fresh_bucket(server) as bucket:
        bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
        desk = make_desk(bucket, PROFILES + '[profiles.tagged]\ntags = { a = "b" }\n')
        created = desk.sent(b"plain text", profile=profile)
        desk.complete(created)
        desk.make_due(created)
        desk.work()
        found = desk.upload(created)
        assert found["state"] == "confirmed", found["reason"]
        assert "," not in found["object"]["version_id"]
        assert desk.http.delete(f"/v1/uploads/{found['id']}").status_code == 204
        desk.valetkey.core.removals["default"].flush()
        assert desk.versions() == []


@pytest.mark.parametrize("joined", [False, True])
def test_a_checksum_that_a_proxy_has_said_once_more(*, joined: bool) -> None:
    """It is the store's, of the whole object: where a profile insists on one, good bytes were rejected."""
    said = {"x-amz-checksum-crc32": "q6gODA==", "x-amz-checksum-type": "FULL_OBJECT"}
    lines = [f"{name}: {value}, {value}" for name, value in said.items()]
    if not joined:
        lines = 2 * [f"{name}: {value}" for name, value in said.items()]
    with raw_store(lambda _, key: shown(key)[:-2] + "\r\n".join([*lines, "", ""]).encode()) as store:
        found = store.head("a")
        assert found is not None
        assert found.checksums == {"crc32": "q6gODA=="}


class VersionIdsInBase64(Quirk):
    """A version's id is opaque text: here it ends in what has a meaning of its own in a URL."""

    END = "+/="

    def before(self, request: Request) -> Answer | None:
        if "versionId" in request.parameters:
            named = urlencode({"versionId": request.parameters["versionId"].removesuffix(self.END)})
            request.query = re.sub("versionId=[^&]*", named, request.query)
            request.resign = True
        source, _, version = (request.header("x-amz-copy-source") or "").partition("?versionId=")
        if version:
            request.set_header(
                "x-amz-copy-source", f"{source}?versionId={unquote_plus(version).removesuffix(self.END)}"
            )
        return None

    def after(self, request: Request, answer: Answer) -> None:
        if version := answer.header("x-amz-version-id"):
            answer.set_header("x-amz-version-id", version + self.END)
        if request.operation == "LIST_VERSIONS":
            answer.body = answer.body.replace(b"</VersionId>", self.END.encode() + b"</VersionId>")


@pytest.mark.parametrize("profile", ["default", "detected"])
def test_version_ids_of_any_letters(profile: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """The source of a copy is named in a header that is a URL (CopyObject): a plus sign there is a blank."""
    with quirky(rgw, VersionIdsInBase64()) as server, fresh_bucket(server) as bucket:
        bucket.client.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(b"plain text", profile=profile)
        desk.complete(created)
        desk.make_due(created)
        desk.work()
        assert desk.upload(created)["state"] == "confirmed", desk.upload(created)["reason"]


class Compresses(Quirk):
    def __init__(self, operation: str) -> None:
        self.operation = operation

    def after(self, request: Request, answer: Answer) -> None:
        if request.operation == self.operation and answer.body:
            answer.body = gzip.compress(answer.body)
            answer.set_header("Content-Encoding", "gzip")


class AnswersInPart(Quirk):
    def after(self, request: Request, answer: Answer) -> None:
        if request.operation == "GET" and answer.status == 206:
            answer.body = answer.body[:3]
            answer.set_header("Content-Range", f"bytes 0-2/{len(PNG)}")


class HasAPage(Quirk):
    def before(self, request: Request) -> Answer | None:
        body = b"<!doctype html><title>Checking your browser</title>"
        return Answer(200, [("Content-Length", str(len(body)))], body=body) if request.operation == "GET" else None


@pytest.mark.parametrize("operation", ["COPY", "LIST_PARTS"])
def test_xml_that_was_compressed_on_its_way(operation: str, rgw: Rgw, make_desk: MakeDesk) -> None:
    """It is read: the upload is confirmed by the first signal."""
    with quirky(rgw, Compresses(operation)) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(b"bytes", profile="parts" if operation == "LIST_PARTS" else "default")
        assert desk.complete(created).get("state") == "confirmed"


@pytest.mark.parametrize("quirk", [lambda: Compresses("GET"), AnswersInPart, HasAPage])
def test_a_look_at_other_bytes_decides_nothing(quirk: Callable[[], Quirk], rgw: Rgw, make_desk: MakeDesk) -> None:
    """A good file stays, and is confirmed when it can be looked at."""
    broken = threading.Event()
    broken.set()
    with quirky(rgw, When(broken.is_set, quirk())) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket, PROFILES)
        created = desk.sent(PNG, profile="detected", filename="a.png", content_type="image/png")
        desk.complete(created)
        desk.make_due(created)
        desk.work()
        assert desk.upload(created)["state"] == "stored", desk.upload(created)["reason"]
        broken.clear()
        desk.make_due(created, patience=timedelta(hours=1))
        desk.work()
        assert desk.upload(created)["state"] == "confirmed"


@pytest.mark.parametrize("status", [500, 502, 302])
def test_a_store_whose_batches_fail(status: int, rgw: Rgw, make_desk: MakeDesk) -> None:
    """Objects are removed one by one, and batches are not tried again."""
    with quirky(rgw, Fails("DELETE_MANY", status, "SomeError")) as server, fresh_bucket(server) as bucket:
        desk = make_desk(bucket)
        for _ in range(2):
            created = desk.sent(b"bytes")
            assert desk.complete(created)["state"] == "confirmed"
            tried = server.count("DELETE_MANY")
            assert desk.http.delete(f"/v1/uploads/{created['upload']['id']}").status_code == 204
            assert desk.stored() == []
        assert server.count("DELETE_MANY") == tried


class NamesVersionsOfWrites(Quirk):
    """Cloudflare R2."""

    def before(self, request: Request) -> Answer | None:
        named = "versionId" in request.parameters or "versionId" in (request.header("x-amz-copy-source") or "")
        return refusal(501, "NotImplemented") if named else None

    def after(self, request: Request, answer: Answer) -> None:
        if request.operation in {"PUT", "FORM", "COPY"} and answer.ok:
            answer.set_header("x-amz-version-id", "7e6dcf0b2a5a4b8e")


def test_a_store_that_names_versions_and_keeps_none(rgw: Rgw, make_desk: MakeDesk) -> None:
    """What is confirmed is found again, also where the answer to a copy is known to say all."""
    with quirky(rgw, NamesVersionsOfWrites()) as server, fresh_bucket(server) as bucket:
        first = make_desk(bucket)
        proven = {"conditional_copy": True, "copies_keep_etag": True}
        place = f"{server.endpoint_url}/{bucket.name}"
        first.valetkey.ledger.record_proof(StoreProof(place, proven, {}, datetime.now(UTC)))
        desk = make_desk(bucket)
        created = desk.sent(b"bytes")
        done = desk.complete(created)
        assert (done["state"], done["object"]["version_id"]) == ("confirmed", None)
        assert desk.http.delete(f"/v1/uploads/{created['upload']['id']}").status_code == 204
        assert desk.stored() == []


def test_metadata_in_several_lines() -> None:
    """What belongs to a header that is left out belongs to no other one; and there is an end to them."""
    told = b"HTTP/1.1 200 OK\r\nETag: e\r\nX-Amz-Meta-A: 1\r\n more\r\n\tof it\r\nx-amz-meta-upload-id: some-id\r\n"
    with raw_store(lambda *_: told + b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n") as store:
        found = store.head("a")
        assert found is not None
        assert (found.etag, found.content_type, found.size) == ("e", "text/plain", 5)
    endless = b"HTTP/1.1 200 OK\r\n" + b"x-amz-meta-a: 1\r\n" * 20_000
    with raw_store(lambda *_: endless + b"\r\n") as store, pytest.raises(StoreUnavailable):
        store.head("a")
