"""The signer of requests, and the calls made with it, compared with botocore."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast
from unittest import mock
from urllib.parse import quote

import boto3
import pytest
import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import MultipartUploadId, UploadId
from valetkey.core.ports.store import ObjectHead, ObjectHeaders
from valetkey.core.signing.credentials import Credentials
from valetkey.core.signing.requests import RequestSigner, SignedRequest

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ANY = st.characters(exclude_categories=["Cs"])
TEXT = st.text(ANY, max_size=30)
KEYS = st.text(ANY, min_size=1, max_size=60)
SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30)
NAMES = st.from_regex(r"(x-amz-[a-z0-9-]{1,12}|[Cc]ontent-[a-z]{2,9}|[Rr]ange)", fullmatch=True)
VALUES = st.text(st.sampled_from("ab \t,;=\"'/%~0"), min_size=1, max_size=40).filter(str.strip)
CREDENTIALS = st.builds(Credentials, SECRETS, SECRETS, st.none() | SECRETS)
MOMENTS = st.integers(10**9, 4 * 10**9).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
BASES = st.sampled_from(
    [
        "https://bucket.s3.eu-west-1.amazonaws.com/",
        "http://127.0.0.1:7480/bucket/",
        "http://[::1]:7480/bucket/",
        "https://S3.Example:443/below/bucket/",
        "http://bucket.s3.example:80/",
    ]
)
METHODS = st.sampled_from(["HEAD", "GET", "PUT", "POST", "DELETE"])


@dataclass(frozen=True)
class Ask:
    """A request of any kind, and by whom and when it is signed."""

    base: str
    method: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    credentials: Credentials
    now: datetime


ASKS = st.builds(
    Ask, BASES, METHODS, KEYS, st.dictionaries(TEXT.filter(bool), TEXT.filter(bool), max_size=4),
    st.dictionaries(NAMES, VALUES, max_size=5).filter(lambda found: len({one.lower() for one in found}) == len(found)),
    st.binary(max_size=20), CREDENTIALS, MOMENTS,
)  # fmt: skip


@given(ASKS, st.sampled_from(["us-east-1", "eu-central-1", "cn-north-1"]))
@settings(max_examples=300, deadline=None)
def test_a_signature_is_botocores(ask: Ask, region: str) -> None:
    """Of every method, key, query, header and body, at any address: the same headers, byte for byte."""
    signer = RequestSigner(ask.base, region)
    ours = signer.sign(
        ask.method, ask.key, query=ask.query, headers=ask.headers, body=ask.body, credentials=ask.credentials,
        now=ask.now,
    )  # fmt: skip
    url = signer.address.origin + ours.target
    request: Any = AWSRequest(ask.method, url, headers=dict(ask.headers), data=ask.body)
    theirs = BotocoreCredentials(ask.credentials.access_key, ask.credentials.secret_key, ask.credentials.token)
    with mock.patch("botocore.auth.get_current_datetime", return_value=ask.now.replace(tzinfo=None)):
        S3SigV4Auth(theirs, "s3", region).add_auth(request)
    lower = {name.lower(): value for name, value in ours.headers.items() if name != "Host"}
    assert lower == {name.lower(): value for name, value in request.headers.items()}


PLACES = [
    S3Settings("bucket"),
    S3Settings("bucket", "eu-central-1"),
    S3Settings("bucket", "cn-north-1"),
    S3Settings("my.bucket", "eu-west-1"),
    S3Settings("bucket", "eu-west-1", addressing_style="path"),
    S3Settings("bucket", endpoint_url="http://127.0.0.1:7480"),
    S3Settings("bucket", endpoint_url="http://[::1]:7480"),
    S3Settings("bucket", endpoint_url="https://S3.Example:443/below/"),
    S3Settings("bucket", endpoint_url="http://s3.example:80", addressing_style="virtual"),
]
VARIANTS = [{}, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, {"AWS_USE_FIPS_ENDPOINT": "true"}]


@dataclass
class Wire:
    """What our calls and botocore's would have sent: method, URL, headers by their names in small letters, body."""

    ours: list[tuple[str, str, dict[str, str], bytes]]
    theirs: list[tuple[str, str, dict[str, str], bytes]]


@cache
def store_of(place: int, variant: int) -> tuple[S3Store, Wire]:
    """One store for each place: its clients cost 150 ms."""
    wire = Wire([], [])
    with mock.patch.dict("os.environ", VARIANTS[variant]):
        store = S3Store(PLACES[place], boto3.Session("a key", "a secret", "a token"))
        assert store.client  # it is made when it is first needed, by what the environment says then
    found = store._clients.caller()._place

    def send(method: str, request: SignedRequest, body: bytes, _: urllib3.Timeout) -> Any:
        headers = {name.lower(): value for name, value in request.headers.items()}
        wire.ours.append((method, found.signer.address.origin + request.target, headers, body))
        raise urllib3.exceptions.HTTPError

    def before_send(request: Any, **_: Any) -> AWSResponse:
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        wire.theirs.append((request.method, request.url, headers, request.body or b""))
        return AWSResponse(request.url, 404, HTTPHeaders(), mock.Mock(stream=lambda **_: iter([b""])))

    cast("Any", found.pool).send = send
    cast("Any", store.client.meta.events).register("before-send.s3", before_send)
    return store, wire


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def compare(where: tuple[int, int, datetime], ours: Any, operation: str, theirs: Mapping[str, Any]) -> None:
    """Makes the call in both ways, and compares what was sent, but for what botocore says of itself."""
    place, variant, now = where
    store, wire = store_of(place, variant)
    with mock.patch("valetkey.adapters.s3.caller.now", return_value=now), pytest.raises(urllib3.exceptions.HTTPError):
        ours(store)
    about = {"Bucket": PLACES[place].bucket, **theirs}
    with (
        mock.patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None)),
        mock.patch.dict("botocore.auth.AUTH_TYPE_MAPS", {"s3v4": S3SigV4Auth}),  # where awscrt is, that signs
        pytest.raises(store.client.exceptions.ClientError),
    ):
        getattr(store.client, operation)(**about)
    (method, url, headers, body), (their_method, their_url, their_headers, their_body) = wire.ours[-1], wire.theirs[-1]
    assert (method, body) == (their_method, their_body)
    assert url == their_url
    assert headers.pop("host")
    for name in ("authorization", "user-agent"):
        assert headers.pop(name), name
    own = {"authorization", "user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "content-length"}
    condition = headers.pop("x-amz-copy-if-match", None)
    assert condition == headers.get("x-amz-copy-source-if-match")
    assert headers == {name: value for name, value in their_headers.items() if name not in own}


SOURCES = st.builds(
    ObjectHead, KEYS, st.from_regex(r"[0-9a-f]{32}", fullmatch=True), st.none() | st.just("v+1/ä"), st.just(5),
    st.just("text/plain"), st.just(UploadId("an-id")), st.just({}),
)  # fmt: skip
WHERE = st.tuples(st.sampled_from(range(len(PLACES))), st.just(0), MOMENTS)


SOME = settings(max_examples=60, deadline=None)


@given(key=KEYS, version=st.none() | TEXT.filter(bool), where=WHERE)
@SOME
def test_a_head(where: tuple[int, int, datetime], key: str, version: str | None) -> None:
    """Its URL, headers and all else are those of boto3's ``head_object``."""
    theirs = {"Key": key, "ChecksumMode": "ENABLED", **({"VersionId": version} if version else {})}
    compare(where, lambda store: store.head(key, version), "head_object", theirs)


@given(source=SOURCES, where=WHERE)
@SOME
def test_the_first_bytes(where: tuple[int, int, datetime], source: ObjectHead) -> None:
    """Those of ``get_object`` with a range."""
    version = {"VersionId": source.version_id} if source.version_id else {}
    theirs = {"Key": source.key, "Range": "bytes=0-4095", **version}
    compare(where, lambda store: store.first_bytes(source), "get_object", theirs)


PLACEMENTS = st.sampled_from([Placement(), Placement("STANDARD_IA"), Placement(None, "aws:kms", "arn:aws:kms:key/1")])


@given(source=SOURCES, key=KEYS, placement=PLACEMENTS, where=WHERE)
@SOME
def test_a_copy(where: tuple[int, int, datetime], source: ObjectHead, key: str, placement: Placement) -> None:
    """Those of ``copy_object``, and the condition in Ceph's words besides."""
    headers = ObjectHeaders("text/plain; charset=utf-8", UploadId("an-id"), placement)
    about = {"Bucket": PLACES[where[0]].bucket, "Key": source.key}
    if source.version_id:
        about["VersionId"] = quote(source.version_id, safe="")
    given_ = {
        "StorageClass": placement.storage_class,
        "ServerSideEncryption": placement.sse,
        "SSEKMSKeyId": placement.sse_kms_key_id,
    }
    theirs = {
        "Key": key,
        "CopySource": about,
        "CopySourceIfMatch": f'"{source.etag}"',
        "ContentType": headers.content_type,
        "Metadata": {"upload-id": "an-id"},
        "MetadataDirective": "REPLACE",
        "TaggingDirective": "REPLACE",
        **{name: value for name, value in given_.items() if value},
    }
    compare(where, lambda store: store.copy(source, key, headers), "copy_object", theirs)


@given(key=KEYS, upload=TEXT.filter(bool), where=WHERE)
@SOME
def test_a_list_of_parts(where: tuple[int, int, datetime], key: str, upload: str) -> None:
    """Those of ``list_parts``."""
    theirs = {"Key": key, "UploadId": upload}
    compare(where, lambda store: store.parts(key, MultipartUploadId(upload)), "list_parts", theirs)


@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize("place", [0, 1, 3, 4])
def test_addresses_of_other_kinds(place: int, variant: int) -> None:
    """Dual-stack and FIPS addresses are botocore's."""
    where = (place, variant, datetime(2026, 11, 26, tzinfo=UTC))
    compare(where, lambda store: store.head("a"), "head_object", {"Key": "a", "ChecksumMode": "ENABLED"})
    (_, url, _, _) = store_of(place, variant)[1].ours[-1]
    assert ("dualstack" if variant == 1 else "s3-fips") in url
