"""The POST signer has byte for byte the result of botocore's S3 presigner."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.policies import Condition, ContentLengthRange, Eq, Policy, StartsWith, form_fields, sign

from valetkey.core.signing.credentials import Credentials, signing_hmac, signing_key
from valetkey.core.signing.policy import PostSigner

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 5, 17, 12, 0, 0, 654321, UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SESSION = boto3.Session("a key", "a secret", "a token")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
CLOCKS = st.builds(
    lambda seconds, micros, zone: (EPOCH + timedelta(seconds=seconds, microseconds=micros)).astimezone(zone),
    st.integers(10**7, 10**11),
    st.integers(0, 999_999),
    ZONES,
)
OWN_FIELDS = TEXT.filter(lambda name: name not in {"bucket", "key", "policy"} and not name.startswith("x-amz-"))
CONDITIONS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Eq, OWN_FIELDS | st.just("Content-Type"), TEXT),
    st.builds(StartsWith, TEXT, TEXT),
    st.builds(ContentLengthRange, st.integers(0, 5 * 1024**3), st.integers(0, 5 * 1024**3)),
)


@dataclass(frozen=True)
class Ask:
    """What a grant is asked for; `life` in seconds."""

    bucket: str
    key: str
    conditions: list[Condition]
    credentials: Credentials
    region: str
    now: datetime
    life: int


ASKS = st.builds(
    Ask,
    st.from_regex(r"[a-z0-9]{3,40}", fullmatch=True),
    TEXT | TEXT.map(lambda text: text + "${filename}"),
    st.lists(CONDITIONS, max_size=8),
    st.builds(Credentials, TEXT, TEXT, st.none() | TEXT),
    st.sampled_from(SESSION.get_available_regions("s3")[::3]),
    CLOCKS,
    st.integers(-(10**6), 10**8),
)


@cache
def botocore_client(region: str) -> "S3Client":
    """A client that shares the session's credentials; one costs 150 ms, hence the cache."""
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    return SESSION.client("s3", region_name=region, endpoint_url="https://s3.example", config=config)


def form_of_botocore(ask: Ask) -> Mapping[str, str]:
    """The form that botocore's own client makes for `ask` at its moment."""
    shared = SESSION.get_credentials()
    assert shared is not None
    shared.access_key, shared.secret_key = ask.credentials.access_key, ask.credentials.secret_key
    shared.token = ask.credentials.token
    clock = mock.Mock(return_value=ask.now.astimezone(UTC))
    with (
        mock.patch("botocore.auth.get_current_datetime", clock),
        mock.patch("botocore.signers.get_current_datetime", clock),
    ):
        post = botocore_client(ask.region).generate_presigned_post(
            ask.bucket,
            ask.key,
            Fields={c.field: c.value for c in ask.conditions if isinstance(c, Eq)},
            Conditions=[as_botocore(condition) for condition in ask.conditions],
            ExpiresIn=ask.life,
        )
    fields: dict[str, str] = post["fields"]
    return fields


def as_botocore(condition: Condition) -> list[Any] | dict[str, Any]:
    match condition:
        case Eq(field, value):
            return {field: value}
        case StartsWith(field, prefix):
            return ["starts-with", f"${field}", prefix]
        case ContentLengthRange(minimum, maximum):
            return ["content-length-range", minimum, maximum]


@settings(deadline=None, max_examples=300)
@given(ASKS)
def test_the_form_equals_botocores(ask: Ask) -> None:
    """Over random fields, keys, values, regions, tokens and clocks the whole form is botocore's, byte for byte."""
    about_key: Condition = Eq("key", ask.key)
    if ask.key.endswith("${filename}"):
        about_key = StartsWith("key", ask.key.removesuffix("${filename}"))
    policy = Policy(ask.now + timedelta(seconds=ask.life), (*ask.conditions, Eq("bucket", ask.bucket), about_key))

    signed = sign(policy, ask.credentials, ask.now, signer=PostSigner(ask.region))

    assert {"key": ask.key} | form_fields(policy, signed) == form_of_botocore(ask)


def test_the_signing_key_is_the_one_of_amazons_example() -> None:
    """The signing key is the one that Amazon's documentation derives, without botocore's help."""
    key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830/us-east-1/iam/aws4_request")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


def test_the_bucket_and_prefixes_are_no_form_fields() -> None:
    """A form carries what the policy fixes, but for the bucket, and not what the policy leaves open."""
    policy = Policy(
        NOW, (Eq("bucket", "b"), Eq("key", "k"), StartsWith("Content-Type", "image/"), ContentLengthRange(1, 2))
    )
    assert form_fields(policy, {"policy": "signed"}) == {"key": "k", "policy": "signed"}


def test_threads_with_several_credentials_do_not_mix() -> None:
    """One signer, used by threads with other credentials and at other seconds, signs as a fresh one does."""
    policy = Policy(NOW + timedelta(minutes=5), (Eq("bucket", "b"), Eq("key", "k")))
    shared = PostSigner("eu-west-1")
    work = [(Credentials(f"AK{n % 7}", f"secret {n % 5}"), NOW + timedelta(hours=n % 50)) for n in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        signed = list(pool.map(lambda job: sign(policy, *job, signer=shared), work))
    signing_hmac.cache_clear()
    assert signed == [sign(policy, *job, signer=PostSigner("eu-west-1")) for job in work]


def test_a_changed_form_does_not_change_the_next_one() -> None:
    """Each call returns a dictionary of its own, though much of it is kept between calls."""
    signer, policy, credentials = PostSigner("us-east-1"), Policy(NOW, (Eq("key", "k"),)), Credentials("AK", "SK", "T")
    first = sign(policy, credentials, NOW, signer=signer)
    expected = dict(first)
    first.clear()
    assert sign(policy, credentials, NOW, signer=signer) == expected


def test_secrets_do_not_show() -> None:
    """Neither the secret nor the session token appears where credentials are printed."""
    shown = repr(Credentials("AK", "the-secret", "the-token"))
    assert "AK" in shown
    assert "the-secret" not in shown
    assert "the-token" not in shown


def test_a_naive_expiration_is_refused() -> None:
    """A time without a zone is a mistake, found where it is made and not at S3."""
    with pytest.raises(ValueError, match="aware"):
        PostSigner("us-east-1").stamp(NOW.replace(tzinfo=None), Credentials("AK", "SK"), NOW)
