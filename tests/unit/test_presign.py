"""The URL signer has the result of botocore's S3 presigner for the same request."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.adapters.s3.signing import Signer
from valetkey.core.signing.credentials import Credentials, hmac_of, prepare_hmac
from valetkey.core.signing.presign import UrlSigner

SESSION = boto3.Session("a key", "a secret", "a token")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
CHECKSUM = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40).filter(str.strip)
CREDENTIALS = st.builds(Credentials, TEXT, TEXT, st.none() | TEXT)
MOMENTS = st.integers(10**9, 4 * 10**9).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
PLACES = st.sampled_from(
    [
        S3Settings("bucket"),
        S3Settings("bucket", "eu-central-1"),
        S3Settings("bucket", "cn-north-1"),
        S3Settings("my.bucket", "eu-west-1"),
        S3Settings("bucket", endpoint_url="http://127.0.0.1:7480"),
        S3Settings("bucket", endpoint_url="http://[::1]:7480"),
        S3Settings("bucket", endpoint_url="https://S3.Example:443/below/"),
        S3Settings("bucket", endpoint_url="http://s3.example:80", addressing_style="virtual"),
        S3Settings("bucket", public_endpoint_url="https://files.example", endpoint_url="http://127.0.0.1:7480"),
    ]
)


@cache
def store_of(place: S3Settings) -> S3Store:
    """One store for each place: its clients cost 150 ms."""
    return S3Store(place, SESSION)


@dataclass(frozen=True)
class Ask:
    """One object, and by what, where, when and for how many seconds its URL is signed."""

    place: S3Settings
    key: str
    credentials: Credentials
    now: datetime
    life: int

    def ours(self, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
        """What our signer makes of it."""
        return UrlSigner(store_of(self.place).post_url, self.place.region).sign(
            "PUT",
            self.key,
            query=query,
            headers=headers,
            credentials=self.credentials,
            now=self.now,
            expires_in=self.life,
        )

    def botocores(self, operation: str, params: Mapping[str, Any]) -> str:
        """What botocore's own client, the very one that the address comes from, makes of it."""
        shared = SESSION.get_credentials()
        assert shared is not None
        shared.access_key, shared.secret_key = self.credentials.access_key, self.credentials.secret_key
        shared.token = self.credentials.token
        client: Any = store_of(self.place)._clients.public()
        about = {"Bucket": self.place.bucket, "Key": self.key, **params}
        with mock.patch("botocore.auth.get_current_datetime", return_value=self.now):
            url: str = client.generate_presigned_url(operation, Params=about, ExpiresIn=self.life)
        return url


ASKS = st.builds(Ask, PLACES, KEYS, CREDENTIALS, MOMENTS, st.integers(1, 604_800))


def parts_of(url: str) -> tuple[str, str, str, list[tuple[str, str]]]:
    """A URL, whatever the order of its query."""
    split = urlsplit(url)
    return split.scheme, split.netloc, split.path, sorted(parse_qsl(split.query, keep_blank_values=True))


@settings(deadline=None, max_examples=200)
@given(ASKS, HEADER, st.integers(1, 10_000), st.none() | st.integers(0, 2**40))
def test_a_part_equals_botocores(ask: Ask, multipart_id: str, number: int, size: int | None) -> None:
    """Over random keys, ids, sizes, tokens, clocks and addresses: the same URL with the same signature."""
    params: dict[str, Any] = {"UploadId": multipart_id, "PartNumber": number}
    length = {} if size is None else {"Content-Length": str(size)}
    expected = ask.botocores("upload_part", params | ({} if size is None else {"ContentLength": size}))
    signed = ask.ours({"uploadId": multipart_id, "partNumber": str(number)}, length)
    assert parts_of(signed) == parts_of(expected)


@settings(deadline=None, max_examples=200)
@given(ASKS, HEADER, HEADER, st.integers(0, 2**40))
def test_a_whole_object_equals_botocores(ask: Ask, content_type: str, metadata: str, size: int) -> None:
    """The same with every header that a PUT grant signs."""
    params = {
        "ContentType": content_type,
        "ContentLength": size,
        "IfNoneMatch": "*",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "k",
        "ChecksumSHA256": CHECKSUM,
        "Metadata": {"upload-id": metadata},
    }
    headers = {
        "Content-Type": content_type,
        "Content-Length": str(size),
        "If-None-Match": "*",
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "k",
        "x-amz-checksum-sha256": CHECKSUM,
        "x-amz-meta-upload-id": metadata,
    }
    assert parts_of(ask.ours({}, headers)) == parts_of(ask.botocores("put_object", params))


@pytest.mark.parametrize(
    ("key", "message", "mac"),
    [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ],
)
def test_a_mac_is_the_one_of_the_rfc(key: bytes, message: bytes, mac: str) -> None:
    """RFC 4231's vectors 1, 2 and 6; and signing twice with one key gives the same."""
    prepared = prepare_hmac(key)
    assert [hmac_of(prepared, message).hex(), hmac_of(prepared, message).hex()] == [mac, mac]


def test_credentials_of_another_class_are_asked_each_time() -> None:
    """Boto3's own that never change are asked once; what an application has put there may change as it likes."""

    class Rotating(BotocoreCredentials):
        asked = 0

        def get_frozen_credentials(self) -> ReadOnlyCredentials:
            self.asked += 1
            return ReadOnlyCredentials("a key", f"secret {self.asked}", None, None)

    rotating = Rotating("a key", "a secret")
    signer = Signer(lambda: rotating, S3Settings("bucket"), "https://s3.example/")
    assert [signer.credentials().secret_key for _ in range(3)] == ["secret 1", "secret 2", "secret 3"]
