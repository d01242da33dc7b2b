"""Download URLs: of the store, accelerated or not, or of a CDN, signed or not; and inline display."""

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.unit.memory_world import OWNER, World

from valetkey.adapters.cloudfront import CloudFront
from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.errors import ConfigurationError, SizeOutOfRange, StateConflict
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.multipart import MAX_OBJECT_SIZE, MIB
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import MultipartUploadId, StoredObject, Upload
from valetkey.opening import address_signer, s3_settings
from valetkey.settings import Settings

CDN = "https://cdn.example/files"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def confirmed(world: World, filename: str = "a.png", content_type: str = "image/png") -> Upload:
    upload = world.service.create(OWNER, UploadRequest(filename, content_type, 5)).upload
    world.post(upload, b"bytes")
    return world.work(upload)


def test_a_cdn_has_the_final_key() -> None:
    """Percent-encoded, behind the base; what the profile says now counts, for earlier uploads, too."""
    key = "it's(1)!/{id}/{filename}"
    world = World(profile=Profile("default", key=key, download_base_url=CDN + "/"))
    upload = confirmed(world, "a b&c?.png")
    assert upload.object is not None
    download = world.service.download(OWNER, upload.id)
    assert upload.object.key == f"it's(1)!/{upload.id}/a_b_c.png"
    assert download.url == f"{CDN}/it%27s%281%29%21/{upload.id}/a_b_c.png"
    assert download.expires_at == world.time + timedelta(minutes=5)
    world.profiles["default"] = Profile("default", key=key)
    assert world.service.download(OWNER, upload.id).url.startswith("memory:")
    world.profiles.clear()
    assert world.service.download(OWNER, upload.id).url.startswith("memory:")


def test_only_what_is_confirmed_is_at_the_cdn() -> None:
    """Nobody is told an address of what has not been checked."""
    world = World(profile=Profile("default", scan=True, download_base_url=CDN))
    with pytest.raises(StateConflict):
        world.service.download(OWNER, confirmed(world).id)


@pytest.mark.parametrize(
    "wrong",
    [
        {"download_base_url": "cdn.example"},
        {"download_base_url": "ftp://cdn.example"},
        {"download_base_url": "https://cdn.example/?a=b"},
        {"download_base_url": "https://cdn.example/#a"},
        {"download_base_url": "https://user@cdn.example"},
        {"download_base_url": "https://cdn.example/\r\nX: y"},
        {"download_base_url": "https://é.example"},
        {"download_base_url": "https:///path"},
        {"download_base_url": CDN, "download_signing": "other"},
        {"download_signing": "cloudfront"},
    ],
)
def test_addresses_that_lead_nowhere_are_refused(wrong: dict[str, Any]) -> None:
    """At the start, with the name of what is wrong."""
    with pytest.raises(ConfigurationError, match="download_"):
        Profile("p", **wrong)


@pytest.mark.parametrize(
    ("content_type", "inline", "shown"),
    [
        ("image/png", True, True),
        ("image/png", False, False),
        ("text/plain; charset=utf-8", True, True),
        ("text/html", True, False),
        ("image/svg+xml", True, False),
    ],
)
def test_a_download_is_shown_where_it_is_safe(content_type: str, inline: bool, shown: bool) -> None:
    """Whoever asks for more has it saved."""
    world = World()
    upload = confirmed(world, "a", content_type)
    assert ("inline=true" in world.service.download(OWNER, upload.id, inline=inline).url) is shown


@pytest.mark.parametrize("inline", [False, True])
def test_the_store_is_told_so(inline: bool) -> None:
    """By the header that it is to answer with, under the file's name."""
    store = S3Store(S3Settings("bucket"), boto3.Session("key", "secret"))
    stored = StoredObject("a", "e", None, 1, "image/png")
    query = parse_qs(urlsplit(store.presigned_get(stored, "é.png", 60, inline=inline)).query)
    [said] = query["response-content-disposition"]
    assert said == f"{'inline' if inline else 'attachment'}; filename=\"e.png\"; filename*=UTF-8''%C3%A9.png"
    assert query["response-content-type"] == ["image/png"]


def written(path: Path, key: Any) -> Path:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def verify(key: Key, signature: bytes, message: bytes) -> None:
    if isinstance(key, rsa.RSAPrivateKey):
        key.public_key().verify(signature, message, padding.PKCS1v15(), SHA1())
    else:
        key.public_key().verify(signature, message, ec.ECDSA(SHA1()))


@pytest.mark.parametrize(
    "make", [lambda: rsa.generate_private_key(65_537, 2048), lambda: ec.generate_private_key(ec.SECP256R1())]
)
def test_cloudfront_signs_the_address_and_its_end(tmp_path: Path, make: Callable[[], Key]) -> None:
    """By the canned policy, which CloudFront puts together from the address itself; no other address has it."""
    key = make()
    signer = CloudFront("K2JCJMDEHXQW5F", written(tmp_path / "key.pem", key))
    profile = Profile("default", download_base_url=CDN, download_signing="cloudfront")
    world = World(profile=profile, address_signer=signer)
    upload = confirmed(world, "a b.png")
    assert upload.object is not None
    download = world.service.download(OWNER, upload.id)
    plain, _, text = download.url.partition("?")
    assert plain == profile.delivery_url(upload.object.key)
    query = parse_qs(text)
    ends = int((world.time + timedelta(minutes=5)).timestamp())
    assert (query["Key-Pair-Id"], query["Expires"]) == (["K2JCJMDEHXQW5F"], [str(ends)])
    assert download.expires_at.timestamp() == ends
    signature = base64.b64decode(query["Signature"][0].translate(str.maketrans("-_~", "+=/")))
    policy = {"Statement": [{"Resource": plain, "Condition": {"DateLessThan": {"AWS:EpochTime": ends}}}]}
    verify(key, signature, json.dumps(policy, separators=(",", ":")).encode())
    with pytest.raises(InvalidSignature):
        verify(key, signature, json.dumps(policy, separators=(",", ":")).replace("a_b", "c").encode())


def test_a_private_key_that_is_none(tmp_path: Path) -> None:
    """Refused at the start, and nothing of what the file has is told."""
    (tmp_path / "text.pem").write_text("BEGIN secret")
    other = written(tmp_path / "other.pem", ed25519.Ed25519PrivateKey.generate())
    for path, said in ((tmp_path / "none", "cannot be read"), (tmp_path / "text.pem", "PEM"), (other, "another kind")):
        with pytest.raises(ConfigurationError, match=said) as caught:
            CloudFront("K", path)
        assert "secret" not in caught.value.detail


def test_a_profile_whose_addresses_nobody_signs() -> None:
    """Refused at the start; and where it comes later, it is told no address that lacks its signature."""
    profile = Profile("default", download_base_url=CDN, download_signing="cloudfront")
    with pytest.raises(ConfigurationError, match="VALETKEY_CLOUDFRONT_KEY_PAIR_ID"):
        World(profile=profile)
    world = World()
    upload = confirmed(world)
    world.profiles["default"] = profile
    with pytest.raises(StateConflict, match="signs"):
        world.service.download(OWNER, upload.id)


def test_one_setting_of_cloudfront_needs_the_other(tmp_path: Path) -> None:
    """Said with all else that is missing."""
    key = written(tmp_path / "key.pem", ec.generate_private_key(ec.SECP256R1()))
    both: dict[str, Any] = {"cloudfront_key_pair_id": "K", "cloudfront_private_key_file": key}
    assert isinstance(address_signer(Settings(**both)), CloudFront)
    assert address_signer(Settings()) is None
    for name, value in both.items():
        assert any("CLOUDFRONT" in one for one in Settings(**{name: value}).missing())
    assert not any("CLOUDFRONT" in one for one in Settings(**both).missing())


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({"s3_accelerate": True}, "bucket.s3-accelerate.amazonaws.com"),
        ({"s3_dualstack": True}, "bucket.s3.dualstack.eu-west-1.amazonaws.com"),
        ({"s3_accelerate": True, "s3_dualstack": True}, "bucket.s3-accelerate.dualstack.amazonaws.com"),
    ],
)
def test_addresses_of_aws(settings: dict[str, Any], host: str) -> None:
    """Forms, PUTs, parts and downloads have it; the service itself has no use for acceleration."""
    found = s3_settings(Settings(bucket="bucket", s3_region="eu-west-1", **settings))
    store = S3Store(found, boto3.Session("key", "secret"))
    stored = StoredObject("a", "e", None, 1, "image/png")
    urls = [
        store.post_url,
        store.presigned_put("a", {}, 60).url,
        store.presigned_part("a", MultipartUploadId("m"), 1, 5 * MIB, 60).url,
        store.presigned_get(stored, "a", 60),
    ]
    assert {urlsplit(url).netloc for url in urls} == {host}
    assert "eu-west-1" in urls[1]
    own = str(store.client.meta.endpoint_url)
    assert "accelerate" not in own
    signed = store.client.generate_presigned_url("head_object", Params={"Bucket": "bucket", "Key": "a"})
    expected = "s3.dualstack.eu-west-1" if found.dualstack else "s3.eu-west-1"
    assert urlsplit(signed).netloc == f"bucket.{expected}.amazonaws.com"


def test_a_signature_for_an_accelerated_address_is_botocores() -> None:
    """The region stays in the scope, the host is what is signed."""
    store = S3Store(S3Settings("bucket", "eu-west-1", accelerate=True), boto3.Session("key", "secret"))
    ours = urlsplit(store.presigned_get(StoredObject("a", "e", None, 1, "image/png"), "a", 60))
    put = parse_qs(urlsplit(store.presigned_put("a", {}, 60).url).query)
    theirs = parse_qs(ours.query)
    assert put["X-Amz-Credential"] == theirs["X-Amz-Credential"]
    assert re.fullmatch(r"key/\d{8}/eu-west-1/s3/aws4_request", put["X-Amz-Credential"][0])


@pytest.mark.parametrize(("endpoint", "guarded"), [("", False), ("http://127.0.0.1:9000", True)])
def test_who_names_the_store_does_not_matter(endpoint: str, guarded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 heeds an endpoint of the environment, too: headers that nobody signed, which AWS refuses, count there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    store = S3Store(S3Settings("bucket"), boto3.Session("key", "secret"))
    store.know({"object_lock": False})  # nobody is there to be asked
    assert ("x-amz-acl" in store.presigned_put("a", {}, 60).headers) is guarded
    assert store.capabilities.heeds_unsigned is guarded


def test_a_store_with_smaller_objects() -> None:
    """What it would not take is refused before a byte is sent, whatever the profile allows."""
    settings = Settings(bucket="bucket", s3_max_object_size=5 * 1024**4)
    known = S3Store(s3_settings(settings), boto3.Session("key", "secret")).capabilities
    world = World(profile=Profile("default", max_size=MAX_OBJECT_SIZE))
    assert world.service.create(OWNER, UploadRequest("a", "image/png", MAX_OBJECT_SIZE)).upload.size == MAX_OBJECT_SIZE
    world.store._capabilities = known
    assert world.service.create(OWNER, UploadRequest("a", "image/png", 5 * 1024**4)).upload.size == 5 * 1024**4
    with pytest.raises(SizeOutOfRange, match="5497558138880") as caught:
        world.service.create(OWNER, UploadRequest("a", "image/png", 5 * 1024**4 + 1))
    assert caught.value.pointer == "/size"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"accelerate": True, "endpoint_url": "http://127.0.0.1:9000"}, "Acceleration requires AWS"),
        ({"accelerate": True, "public_endpoint_url": "https://s3.example"}, "Acceleration requires AWS"),
        ({"dualstack": True, "endpoint_url": "http://127.0.0.1:9000"}, "Dual-stack requires AWS"),
        ({"accelerate": True, "addressing_style": "path"}, "path"),
        ({"accelerate": True, "bucket": "a.b"}, "dot"),
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, Any], said: str) -> None:
    """At the start, not with the first upload."""
    with pytest.raises(ConfigurationError, match=said):
        S3Settings(**{"bucket": "bucket", **wrong})
