"""The URLs that forms are sent to, and which credentials sign them and for how long. No server is called."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError, EndpointConnectionError

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.errors import ConfigurationError, StoreUnavailable
from valetkey.core.granting.grants import GrantMaker, PostGrant
from valetkey.core.model.profile import Profile
from valetkey.core.model.showing import MAX_DISPOSITION, content_disposition
from valetkey.core.model.upload import StoredObject
from valetkey.testing.contracts.samples import new_upload

HOME = "http://127.0.0.1:7480"
PUBLIC = "https://files.example"


def static_session() -> boto3.Session:
    return boto3.Session("key", "secret")


@pytest.mark.parametrize(
    ("settings", "post_url"),
    [
        (S3Settings("bucket"), "https://bucket.s3.us-east-1.amazonaws.com/"),
        (S3Settings("bucket", "eu-central-1"), "https://bucket.s3.eu-central-1.amazonaws.com/"),
        (S3Settings("bucket", "cn-north-1"), "https://bucket.s3.cn-north-1.amazonaws.com.cn/"),
        (S3Settings("my.bucket", "eu-west-1"), "https://s3.eu-west-1.amazonaws.com/my.bucket/"),
        (
            S3Settings("bucket", "eu-west-1", addressing_style="path"),
            "https://s3.eu-west-1.amazonaws.com/bucket/",
        ),
        (S3Settings("bucket", endpoint_url=HOME), f"{HOME}/bucket/"),
        (S3Settings("bucket", endpoint_url=HOME + "/"), f"{HOME}/bucket/"),
        (
            S3Settings("bucket", endpoint_url="http://s3.local:7480", addressing_style="virtual"),
            "http://bucket.s3.local:7480/",
        ),
        (S3Settings("bucket", endpoint_url=HOME, public_endpoint_url=PUBLIC), f"{PUBLIC}/bucket/"),
        (
            S3Settings("bucket", endpoint_url=HOME, public_endpoint_url=PUBLIC, addressing_style="virtual"),
            "https://bucket.files.example/",
        ),
        (
            S3Settings("bucket", endpoint_url=HOME, public_endpoint_url=PUBLIC + "/s3"),
            f"{PUBLIC}/s3/bucket/",
        ),
        (S3Settings("bucket", public_endpoint_url=PUBLIC), f"{PUBLIC}/bucket/"),
    ],
)
def test_where_forms_are_sent(settings: S3Settings, post_url: str) -> None:
    """The region's own endpoint, path or virtual host, and always what clients see; with a slash at its end."""
    assert S3Store(settings, static_session()).post_url == post_url


def test_downloads_are_for_the_public_endpoint() -> None:
    """The internal one never leaks into what a client gets, and the signature is for the host it will see."""
    settings = S3Settings("bucket", "eu-west-1", HOME, PUBLIC)
    store = S3Store(settings, static_session())
    url = urlsplit(store.presigned_get(StoredObject("a b/é", "e", "v1", 1, "image/png"), "é.png", 60))
    assert (url.netloc, unquote(url.path)) == ("files.example", "/bucket/a b/é")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url.query
    assert "X-Amz-Expires=60" in url.query
    assert "versionId=v1" in url.query


def test_requests_say_who_sends_them() -> None:
    """A bucket's access log names valetkey, and so do its owner's questions to whoever runs it."""
    store = S3Store(S3Settings("bucket", endpoint_url=HOME), static_session())
    sent: list[str] = []

    def look(request: AWSPreparedRequest, **_: object) -> None:
        agent: Any = request.headers["User-Agent"]
        sent.append(agent.decode())
        raise EndpointConnectionError(endpoint_url=HOME)

    store.client.meta.events.register("before-send.s3.HeadBucket", look)
    with pytest.raises(StoreUnavailable):
        store.check()
    assert re.fullmatch(r"valetkey/\S+ Botocore/\S+", sent[0])


@pytest.mark.parametrize("name", ["é" * 5000 + ".png", "x" * 100_000, '"; filename=evil', "a\r\nX: y", "\ud800", ""])
def test_a_name_never_ends_its_header(name: str) -> None:
    """One line of printable ASCII, short enough for a URL, however the client calls its file."""
    header = content_disposition(name)
    assert re.fullmatch(r"attachment; filename=\"[\w.-]+\"; filename\*=UTF-8''[\w.~%-]+", header, re.ASCII)
    assert len(header) < MAX_DISPOSITION + 200


def test_a_long_name_keeps_its_extension() -> None:
    """What is cut is the beginning."""
    assert content_disposition("é" * 5000 + ".png").endswith(".png")


def test_no_credentials_is_a_setting_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start, with the names of the variables to set."""
    session = boto3.Session()
    monkeypatch.setattr(session, "get_credentials", lambda: None)
    with pytest.raises(ConfigurationError, match="AWS_ACCESS_KEY_ID"):
        S3Store(S3Settings("bucket"), session)


def test_credentials_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's own chain finds them, a session token included; they have no end that anybody knows."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-env")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    credentials = S3Store(S3Settings("bucket")).credentials()
    assert (credentials.access_key, credentials.token, credentials.expires_at) == ("from-env", "token", None)


def now() -> datetime:
    return datetime.now(UTC)


class Refresher:
    """Stands for an instance's metadata service: each call gives the next credentials, for ``life``."""

    def __init__(self, life: timedelta) -> None:
        self.life = life
        self.calls = 0

    def __call__(self) -> dict[str, str]:
        self.calls += 1
        return {
            "access_key": f"key-{self.calls}",
            "secret_key": "secret",
            "token": f"token-{self.calls}",
            "expiry_time": (now() + self.life).isoformat(),
        }


def store_with(credentials: RefreshableCredentials) -> S3Store:
    session = botocore.session.get_session()
    vars(session)["_credentials"] = credentials
    return S3Store(S3Settings("bucket"), boto3.Session(botocore_session=session))


def temporary(refresh: Callable[[], dict[str, str]], life: timedelta = timedelta(hours=6)) -> RefreshableCredentials:
    """Good for ``life``; after that, ``refresh`` is asked."""
    return RefreshableCredentials.create_from_metadata(Refresher(life)(), refresh, "test")


def grant_of(store: S3Store, moment: datetime, life: timedelta = timedelta(hours=12)) -> PostGrant:
    profile = Profile("default", expires_in=life)
    return GrantMaker(store, lambda: "https://uploads.example").post(new_upload(moment), profile.rules, moment)


def test_temporary_credentials_say_when_they_end() -> None:
    """With their token, and without asking for new ones while they are good."""
    refresh = Refresher(timedelta(hours=6))
    end = now() + timedelta(hours=6)
    credentials = store_with(temporary(refresh)).credentials()
    assert (credentials.access_key, credentials.token, refresh.calls) == ("key-1", "token-1", 0)
    assert credentials.expires_at is not None
    assert abs(credentials.expires_at - end) < timedelta(minutes=1)


def test_a_grant_never_outlives_its_credentials() -> None:
    """It ends with the token, to the second, however long the profile would have it; a short one is not changed."""
    store = store_with(temporary(Refresher(timedelta(hours=6))))
    end = store.credentials().expires_at
    assert end is not None
    grant = grant_of(store, now())
    assert end - timedelta(seconds=1) < grant.expires_at <= end
    assert grant.fields["x-amz-security-token"] == "token-1"
    moment = now()
    short = grant_of(store, moment, timedelta(minutes=5))
    assert short.expires_at == moment.replace(microsecond=0) + timedelta(minutes=5)


def test_credentials_that_end_soon_are_renewed_first() -> None:
    """Within botocore's margin (10 to 15 minutes) a grant is signed with fresh ones."""
    refresh = Refresher(timedelta(hours=6))
    refresh.calls = 1
    grant = grant_of(store_with(temporary(refresh, timedelta(minutes=5))), now(), timedelta(hours=1))
    assert grant.fields["x-amz-security-token"] == "token-2"
    assert grant.fields["x-amz-credential"].startswith("key-2/")
    assert grant.expires_at > now() + timedelta(minutes=59)


def refused() -> dict[str, str]:
    raise CredentialRetrievalError(provider="test", error_msg="away")


@pytest.mark.parametrize("refresh", [refused, Refresher(timedelta(seconds=-1))])
def test_credentials_that_cannot_be_renewed(refresh: Callable[[], dict[str, str]]) -> None:
    """Nobody to ask, or one with a wrong clock whose new ones are expired too: an outage, and no useless grant."""
    credentials = temporary(refresh)
    store = store_with(credentials)
    vars(credentials)["_expiry_time"] = now() - timedelta(seconds=1)
    with pytest.raises(StoreUnavailable):
        grant_of(store, now())


def test_credentials_that_cannot_be_had_at_the_start() -> None:
    """The store is made all the same, as others may be fine: whoever needs them is told, in a sentence of ours."""
    store = store_with(temporary(refused, timedelta(seconds=-1)))
    assert store.post_url == "https://bucket.s3.us-east-1.amazonaws.com/"
    with pytest.raises(StoreUnavailable):
        store.credentials()
    with pytest.raises(StoreUnavailable):
        store.check()


def test_credentials_that_ended_between_check_and_signature() -> None:
    """Asked for a moment after their end, the grant maker refuses."""
    store = store_with(temporary(Refresher(timedelta(hours=6))))
    with pytest.raises(StoreUnavailable, match="expired"):
        grant_of(store, now() + timedelta(hours=7))
