"""What a profile accepts and refuses, and which profiles are invalid."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.memory_world import NOW

from valetkey.core.errors import (
    ConfigurationError,
    ContentTypeNotAllowed,
    MetadataNotAllowed,
    SizeOutOfRange,
)
from valetkey.core.model.multipart import MAX_OBJECT_SIZE, MAX_SINGLE_SIZE, MIN_PART_SIZE
from valetkey.core.model.profile import MAX_LIFE, Profile
from valetkey.core.model.profiles import Profiles
from valetkey.testing.contracts.samples import new_upload

IMAGES = Profile("images", min_size=10, max_size=20, content_types=("image/*", "application/pdf"))


@pytest.mark.parametrize("size", [10, 15, 20])
def test_sizes_within_the_range(size: int) -> None:
    """Both bounds are inclusive."""
    IMAGES.check("image/png", size, {})


@pytest.mark.parametrize("size", [-1, 0, 9, 21, 2**63])
def test_sizes_outside_of_the_range(size: int) -> None:
    """The error points at the size and has the profile's range."""
    with pytest.raises(SizeOutOfRange, match="10 to 20 bytes") as caught:
        IMAGES.check("image/png", size, {})
    assert caught.value.pointer == "/size"


@pytest.mark.parametrize(
    "content_type", ["image/png", "IMAGE/PNG", "image/svg+xml", "application/pdf", "image/png; q=1", "image/x;y=z"]
)
def test_types_that_are_allowed(content_type: str) -> None:
    """Case and parameters do not matter; ``image/*`` means every image."""
    assert IMAGES.check(content_type, 10, {}) == content_type
    assert IMAGES.check(content_type, 10, {}) == content_type  # what is remembered, too


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "image/x;y",
        "image/png;,text/html",
        "application/pdfx",
        "application/x-pdf",
        "imagex/png",
        "image",
        "image/",
        "/png",
        "",
        "*/*",
        "image/*",
        " image/png",
        "image/png\r\nx: y",
        "image/png\n",
        "image/png;\x00",
        "imäge/png",
        "image/png, text/html",
        "image/" + "x" * 300,
        "image/png;" + "x" * 300,
    ],
)
def test_types_that_are_not(content_type: str) -> None:
    """Others, wildcards from a client, malformed ones, and ones that could end a header."""
    with pytest.raises(ContentTypeNotAllowed) as caught:
        IMAGES.check(content_type, 10, {})
    assert caught.value.pointer == "/content_type"


def test_metadata_of_any_key_by_default() -> None:
    """Unicode included: it is stored in the ledger and in no header."""
    IMAGES.check("image/png", 10, {"title": "Größe \u202e", "": ""})


@pytest.mark.parametrize(
    ("profile", "metadata"),
    [
        (IMAGES, {str(number): "" for number in range(51)}),
        (IMAGES, {"a": "x" * 8192}),
        (IMAGES, {"a": "é" * 4096}),
        (IMAGES, {"x" * 8193: ""}),
        (Profile("p", metadata=frozenset()), {"a": "b"}),
        (Profile("p", metadata=frozenset({"a"})), {"a": "", "b": ""}),
        (Profile("p", metadata=frozenset({"a"})), {"A": ""}),
    ],
)
def test_metadata_that_is_refused(profile: Profile, metadata: dict[str, str]) -> None:
    """Too many keys, too many bytes, keys that the profile does not list."""
    size = profile.min_size
    with pytest.raises(MetadataNotAllowed) as caught:
        profile.check("image/png", size, metadata)
    assert caught.value.pointer == "/metadata"


def test_the_default_takes_what_s3_takes() -> None:
    """0 bytes to 5 GiB of any type, for a quarter of an hour."""
    default = Profile("default")
    default.check("application/octet-stream", 0, {})
    default.check("x/y", MAX_SINGLE_SIZE, {})
    assert default.expires_in == timedelta(minutes=15)
    for size in (-1, MAX_SINGLE_SIZE + 1):
        with pytest.raises(SizeOutOfRange):
            default.check("x/y", size, {})


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"name": ""}, "1 to 100 characters"),
        ({"name": "x" * 101}, "1 to 100 characters"),
        ({"min_size": -1}, "min_size"),
        ({"min_size": 2, "max_size": 1}, "min_size"),
        ({"max_size": MAX_OBJECT_SIZE + 1}, "at most"),
        ({"part_size": MIN_PART_SIZE - 1}, "part_size must"),
        ({"multipart_from": 0}, "multipart_from must"),
        ({"content_types": ()}, "must not be empty"),
        ({"content_types": ("png",)}, "content_types"),
        ({"content_types": ("image/png ",)}, "content_types"),
        ({"content_types": ("*/png",)}, "content_types"),
        ({"content_types": ("image/png; q=1",)}, "content_types"),
        ({"content_types": ("image/*,text/html",)}, "content_types"),
        ({"content_types": ("image/png\n",)}, "content_types"),
        ({"expires_in": timedelta(0)}, "expires_in"),
        ({"expires_in": timedelta(milliseconds=999)}, "expires_in"),
        ({"expires_in": MAX_LIFE + timedelta(seconds=1), "renewable_for": timedelta(days=30)}, "expires_in"),
        ({"renewable_for": timedelta(minutes=14)}, "renewable_for"),
        ({"sse": "aes256"}, "sse"),
        ({"sse": "SSE-C"}, "SSE-C"),
        ({"sse_kms_key_id": "k"}, "sse_kms_key_id"),
        ({"sse": "AES256", "sse_kms_key_id": "k"}, "sse_kms_key_id"),
        ({"return_url": "javascript:alert(1)"}, "return_url"),
        ({"return_url": "/thanks"}, "return_url"),
        ({"key": "{filename}"}, "{id}"),
    ],
)
def test_profiles_that_make_no_sense(values: dict[str, Any], complaint: str) -> None:
    """They are refused when they are created, with the name of the wrong value."""
    with pytest.raises(ConfigurationError, match=complaint):
        Profile(**({"name": "p"} | values))


def test_each_pin_has_a_key_of_its_own() -> None:
    """The first has the plain one; all are different, and contain the upload's id."""
    one = new_upload(NOW)
    keys = [Profiles({"default": Profile("default")}).final_key(one, pin) for pin in range(1, 6)]
    assert keys[0] == f"uploads/{one.id}/a.png"
    assert len(set(keys)) == 5
    assert all(one.id in key for key in keys)


def test_the_date_in_a_key_is_the_creation() -> None:
    """So the key of an upload is the same on any day."""
    profile = Profile("default", key="uploads/{year}/{month}/{day}/{profile}/{owner}/{id}{ext}")
    one = new_upload(NOW)
    key = profile.object_key(one.id, one.filename, one.owner, one.created_at)
    assert key == f"uploads/2026/03/01/default/ann/{one.id}.png"


@pytest.mark.parametrize(
    "url", ["https:///x", "https://a.example/\r\nX: y", "https://a b.example/", "http://[", "//a.example"]
)
def test_a_return_url_that_leads_nowhere_is_refused(url: str) -> None:
    """The error comes at the start, not when the first browser is redirected."""
    with pytest.raises(ConfigurationError, match="return_url"):
        Profile("default", return_url=url)
