"""Altered forms: RGW refuses them, nothing is confirmed, and the granted form still works."""

import base64
import json
import time
from collections.abc import Callable

import pytest
from tests.e2e.api import Api, Created, wait_for
from tests.support.clients import Response, post_form

BODY = b"0123456789"
FORM_FIELDS = [
    "key",
    "Content-Type",
    "success_action_status",
    "x-amz-meta-upload-id",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "policy",
    "x-amz-signature",
]
# every other field that S3 knows, some that it does not, and what SigV2 forms had
FOREIGN_FIELDS = {
    "acl": "public-read",
    "x-amz-acl": "public-read",
    "Cache-Control": "no-store",
    "Content-Disposition": "inline",
    "Content-Encoding": "gzip",
    "Expires": "Wed, 21 Oct 2037 07:28:00 GMT",
    "success_action_redirect": "http://127.0.0.1:9/",
    "redirect": "http://127.0.0.1:9/",
    "tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    "x-amz-tagging": "a=b",
    "x-amz-meta-other": "1",
    "x-amz-storage-class": "STANDARD",
    "x-amz-website-redirect-location": "/elsewhere",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-checksum-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "x-amz-object-lock-mode": "GOVERNANCE",
    "Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg==",
    "x-amz-security-token": "token",
    "AWSAccessKeyId": "someone",
    "signature": "abc",
    "content-length-range": "0,99999",
    "anything": "at all",
}


@pytest.fixture
def created(api: Api) -> Created:
    """An upload of ten bytes of text."""
    return api.create("text/plain", filename="ten.txt", size=len(BODY))


def assert_refused(api: Api, created: Created, answer: Response) -> None:
    """RGW said no, nothing is confirmed; the form as granted is then accepted, so only the change was at fault."""
    assert 400 <= answer.status < 500, answer.body
    api.assert_still_pending(created.id)
    assert created.post(BODY).status == 201
    assert api.confirm(created.id)["object"]["size"] == len(BODY)


def test_the_form_has_these_fields(created: Created) -> None:
    """The lists of this module name every field of a granted form: none goes untested."""
    assert sorted(created.fields) == sorted(FORM_FIELDS)


@pytest.mark.parametrize("name", FORM_FIELDS)
def test_a_changed_field_is_refused(api: Api, created: Created, name: str) -> None:
    """Each field, with one more character."""
    assert_refused(api, created, created.post(BODY, created.fields | {name: created.fields[name] + "x"}))


@pytest.mark.parametrize("name", FORM_FIELDS)
def test_an_emptied_field_is_refused(api: Api, created: Created, name: str) -> None:
    """Each field, sent without a value."""
    assert_refused(api, created, created.post(BODY, created.fields | {name: ""}))


@pytest.mark.parametrize("name", FORM_FIELDS)
def test_a_removed_field_is_refused(api: Api, created: Created, name: str) -> None:
    """Each field, left out."""
    fields = created.fields
    del fields[name]
    assert_refused(api, created, created.post(BODY, fields))


@pytest.mark.parametrize("name", FORM_FIELDS)
def test_a_second_value_for_a_field_is_refused(api: Api, created: Created, name: str) -> None:
    """Each field, sent twice; RGW reads the last one."""
    pairs = [*created.fields.items(), (name, created.fields[name] + "x")]
    assert_refused(api, created, post_form(created.url, pairs, BODY))


@pytest.mark.parametrize("name", FOREIGN_FIELDS)
def test_an_added_field_is_refused(api: Api, created: Created, name: str) -> None:
    """Each field that the policy does not name."""
    answer = created.post(BODY, created.fields | {name: FOREIGN_FIELDS[name]})
    assert_refused(api, created, answer)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "EntityTooSmall"),
        (BODY[:-1], "EntityTooSmall"),
        (BODY + b"x", "EntityTooLarge"),
        (BODY * 100_000, "EntityTooLarge"),
    ],
    ids=["empty", "one byte less", "one byte more", "a megabyte"],
)
def test_a_body_of_another_size_is_refused(api: Api, created: Created, body: bytes, code: str) -> None:
    """The declared size is signed, exactly."""
    answer = created.post(body)
    assert (answer.status, answer.error_code) == (400, code)
    assert_refused(api, created, answer)


@pytest.mark.parametrize("content_type", ["text/html", "TEXT/PLAIN", "text/plain; charset=utf-8", "text/*"])
def test_another_type_is_refused(api: Api, created: Created, content_type: str) -> None:
    """The declared type is signed, letter by letter."""
    assert_refused(api, created, created.post(BODY, created.fields | {"Content-Type": content_type}))


@pytest.mark.parametrize("key", ["staging/other", "uploads/other", "staging/${filename}", "../x"])
def test_another_key_is_refused(api: Api, created: Created, key: str) -> None:
    """The key is signed; `${filename}`, which S3 would replace, is no way around."""
    assert_refused(api, created, created.post(BODY, created.fields | {"key": key}))


def _other_key(own: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    return own | {"key": other["key"]}


def _other_policy(own: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    return own | {"policy": other["policy"]}


def _other_signed_policy(own: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    return own | {name: other[name] for name in ("policy", "x-amz-signature", "x-amz-date")}


def _other_upload_id(own: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    return own | {"x-amz-meta-upload-id": other["x-amz-meta-upload-id"]}


@pytest.mark.parametrize("mix", [_other_key, _other_policy, _other_signed_policy, _other_upload_id])
def test_fields_of_two_uploads_do_not_mix(
    api: Api, created: Created, mix: Callable[[dict[str, str], dict[str, str]], dict[str, str]]
) -> None:
    """A policy for another upload opens no door to this one, and the other upload stays pending too."""
    other = api.create("text/plain", filename="ten.txt", size=len(BODY))
    answer = created.post(BODY, mix(created.fields, other.fields))
    api.assert_still_pending(other.id)
    assert_refused(api, created, answer)


def test_a_policy_that_lives_longer_than_signed_is_refused(api: Api, created: Created) -> None:
    """A client that rewrites the expiry breaks the signature."""
    policy = json.loads(base64.b64decode(created.fields["policy"]))
    policy["expiration"] = "2099-01-01T00:00:00Z"
    rewritten = base64.b64encode(json.dumps(policy).encode()).decode()
    assert_refused(api, created, created.post(BODY, created.fields | {"policy": rewritten}))


def test_an_expired_form_is_refused_and_a_renewed_one_works(api: Api) -> None:
    """After its life a form is refused by S3; a renewed grant for the same upload is accepted."""
    created = api.create("text/plain", profile="brief", size=len(BODY))
    time.sleep(2.2)
    assert created.post(BODY).status == 403
    api.assert_still_pending(created.id)

    def renewed_and_sent() -> bool:  # a second is over before it is sent where the machine is busy
        renewal = api.http.post(f"/v1/uploads/{created.id}/grant")
        assert renewal.status_code == 200, renewal.text
        renewed = Created(**renewal.json())
        assert renewed.grant["expires_at"] > created.grant["expires_at"]
        assert renewed.staging_key == created.staging_key
        return renewed.post(BODY).status == 201

    assert wait_for(renewed_and_sent)
    api.confirm(created.id)
