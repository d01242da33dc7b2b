"""Altered forms that RGW 16 accepts (measured): their objects are checked, and nothing wrong is confirmed."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from tests.e2e.api import Created
from tests.e2e.conftest import Service
from tests.support.clients import post_form

BODY = b"0123456789"
RENAMED = ["key", "Content-Type", "success_action_status", "policy", "x-amz-signature"]


@pytest.fixture
def created(service: Service) -> Created:
    """An upload of ten bytes of text."""
    return service.api.create("text/plain", filename="ten.txt", size=len(BODY))


def send(
    created: Created, *, query: str = "", headers: Mapping[str, str] | None = None, file_type: str = "text/plain"
) -> httpx.Response:
    """The form as granted, with things beside it that no policy speaks of."""
    parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in created.fields.items()]
    parts.append(("file", ("ten.txt", BODY, file_type)))
    parts.append(("acl", (None, "public-read")))  # S3 ignores what follows the file
    return httpx.post(f"{created.url}{query}", files=parts, headers=headers)


def assert_confirmed_as_granted(service: Service, created: Created) -> None:
    """What is under the final key has the size, type, id and access that were granted, and nothing more."""
    found = service.api.confirm(created.id)["object"]
    at = {"Bucket": service.bucket.name, "Key": found["key"]}
    head = service.bucket.client.head_object(**at)
    assert (head["ContentLength"], head["ContentType"]) == (len(BODY), "text/plain")
    assert head["Metadata"] == {"upload-id": created.id}
    assert head.get("StorageClass", "STANDARD") == "STANDARD"
    assert not {"CacheControl", "ContentDisposition", "ContentEncoding", "Expires"} & head.keys()
    grants = service.bucket.client.get_object_acl(**at)["Grants"]
    assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"]


@pytest.mark.parametrize("name", RENAMED)
def test_a_field_name_in_capitals(service: Service, created: Created, name: str) -> None:
    """RGW does not look at the case of a field's name: the object is the one that was granted."""
    pairs = [(key.upper() if key == name else key, value) for key, value in created.fields.items()]
    assert post_form(created.url, pairs, BODY).status == 201
    assert_confirmed_as_granted(service, created)


def test_an_upload_id_field_in_capitals(service: Service, created: Created) -> None:
    """RGW matches the condition but stores no metadata: the object is rejected, and its bytes are removed.

    Once the service has seen that the store shows metadata at all, which each good upload shows.
    """
    good = service.api.create("text/plain", filename="ten.txt", size=len(BODY))
    assert post_form(good.url, list(good.fields.items()), BODY).status == 201
    assert_confirmed_as_granted(service, good)
    name = "x-amz-meta-upload-id"
    pairs = [(key.upper() if key == name else key, value) for key, value in created.fields.items()]
    assert post_form(created.url, pairs, BODY).status == 201
    answer = service.api.complete(created.id)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "rejected"
    assert answer.json()["reason"]["code"] == "upload_id_mismatch"
    assert answer.json()["object"] is None
    assert service.final_keys(created.id) == []
    assert service.object_keys(created.staging_key) == []


@pytest.mark.parametrize("name", ["Content-Type", "key", "x-amz-meta-upload-id"])
def test_a_wrong_value_before_the_right_one(service: Service, created: Created, name: str) -> None:
    """Of a field that is sent twice RGW takes the last, for the policy and for the object alike."""
    pairs = [(name, created.fields[name] + "x"), *created.fields.items()]
    assert post_form(created.url, pairs, BODY).status == 201
    assert_confirmed_as_granted(service, created)


@pytest.mark.parametrize("name", ["x-ignore-me", "bucket"])
def test_a_field_that_means_nothing(service: Service, created: Created, name: str) -> None:
    """`x-ignore-*` is S3's own rule; RGW takes `bucket` too, and reads the bucket from the URL."""
    assert created.post(BODY, created.fields | {name: "other"}).status == 201
    assert_confirmed_as_granted(service, created)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-acl": "public-read"},
        {"x-amz-meta-upload-id": "other"},
        {"x-amz-meta-other": "1"},
        {"x-amz-storage-class": "STANDARD"},
        {"cache-control": "no-store"},
        {"content-disposition": "inline"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_a_header_beside_the_form(service: Service, created: Created, headers: dict[str, str]) -> None:
    """Headers of the POST itself are not signed: they change nothing in what is confirmed."""
    assert send(created, headers=headers).status_code == 201
    assert_confirmed_as_granted(service, created)


@pytest.mark.parametrize("query", ["?acl", "?uploads", "?tagging"])
def test_a_query_beside_the_form(service: Service, created: Created, query: str) -> None:
    """A sub-resource in the URL does not turn the form into another operation."""
    assert send(created, query=query).status_code == 201
    assert_confirmed_as_granted(service, created)


def test_a_type_on_the_file_part(service: Service, created: Created) -> None:
    """The type of the object is the signed field's, not that of the form's part."""
    assert send(created, file_type="text/html").status_code == 201
    assert_confirmed_as_granted(service, created)
