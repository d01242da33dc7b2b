"""Invalid requests get a problem document with the right status and code, and change nothing."""

import json
from typing import Any

import pytest
from tests.e2e.api import Api, Json, assert_problem

GOOD: Json = {"filename": "f.txt", "content_type": "text/plain", "size": 1}
MISSING = "0192f0c1-2b3c-7d4e-8f50-123456789abc"


def post(api: Api, body: Json) -> Any:
    return api.http.post("/v1/uploads", json=body)


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"profile": "nope"}, "unknown_profile", "/profile"),
        ({"profile": "x" * 100}, "unknown_profile", "/profile"),
        ({"profile": "images", "size": 10}, "content_type_not_allowed", "/content_type"),
        ({"profile": "images", "size": 10, "content_type": "imagex/png"}, "content_type_not_allowed", None),
        ({"profile": "images", "size": 10, "content_type": "image/*"}, "content_type_not_allowed", None),
        ({"size": 0}, "size_out_of_range", "/size"),
        ({"size": 1024**3 + 1}, "size_out_of_range", "/size"),
        ({"profile": "images", "content_type": "image/png", "size": 9}, "size_out_of_range", "/size"),
        ({"profile": "images", "content_type": "image/png", "size": 1001}, "size_out_of_range", "/size"),
        ({"metadata": {f"key{n}": "v" for n in range(10_000)}}, "metadata_not_allowed", "/metadata"),
        ({"profile": "noted", "metadata": {"other": "v"}}, "metadata_not_allowed", "/metadata"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_a_profile_does_not_allow(api: Api, change: Json, code: str, pointer: str | None) -> None:
    """422 with the rule's own code, pointing at the field."""
    problem = assert_problem(post(api, GOOD | change), 422, code)
    pointers = [error["pointer"] for error in problem["errors"]]
    assert all(error["detail"] for error in problem["errors"])
    if pointer:
        assert any(found.startswith(pointer) for found in pointers)


@pytest.mark.parametrize(
    "change",
    [
        {"size": -1},
        {"size": "1"},
        {"size": 1.5},
        {"size": True},
        {"size": None},
        {"size": 10**30},
        {"filename": None},
        {"filename": 3},
        {"filename": "x" * 100_000},
        {"filename": "a\0b.txt"},
        {"path": ""},
        {"path": "/etc/passwd"},
        {"path": "trip/../../a.txt"},
        {"path": "..\\a.txt"},
        {"path": "C:\\a.txt"},
        {"path": "trip//a.txt"},
        {"path": "x" * 4097},
        {"path": ["trip", "a.txt"]},
        {"profile": "x" * 10_000},
        {"content_type": "text/plain\r\nx-amz-acl: public-read"},
        {"content_type": ""},
        {"content_type": "tëxt/plain"},
        {"content_type": "text/" + "x" * 1000},
        {"content_type": "text"},
        {"metadata": []},
        {"metadata": {"album": 3}},
        {"metadata": {"album": None}},
        {"profile": "noted", "metadata": {"album": "x" * 100_000}},
        {"checksum": {"algorithm": "md4", "value": "AAAA"}},
        {"checksum": {"algorithm": "sha256", "value": "not base64"}},
        {"checksum": {"algorithm": "sha256", "value": "AAAA"}},
        {"checksum": "sha256"},
        {"method": "ftp"},
        {"redirect": "yes please"},
        {"owner": 3},
        {"profile": None},
    ],
    ids=lambda change: str(change)[:60],
)
def test_a_field_that_is_wrong_is_named(api: Api, change: Json) -> None:
    """422, with a JSON pointer to the field at fault."""
    answer = post(api, GOOD | change)
    assert answer.status_code == 422, answer.text
    problem = assert_problem(answer, 422, answer.json()["code"])
    name = next(key for key in change if key != "profile" or len(change) == 1)
    assert any(error["pointer"].startswith(f"/{name}") for error in problem["errors"]), problem


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_field_is_named(api: Api, name: str) -> None:
    """Each required field, left out."""
    body = {key: value for key, value in GOOD.items() if key != name}
    answer = post(api, body)
    problem = assert_problem(answer, 422, answer.json()["code"])
    assert [error["pointer"] for error in problem["errors"]] == [f"/{name}"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"no json",
        b'{"filename": "\xff\xfe", "content_type": "text/plain", "size": 1}',
        json.dumps(GOOD).encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b'{"filename": "\xed\xa0\x80", "content_type": "text/plain", "size": 1}',
        b"\0",
    ],
    ids=lambda body: repr(body[:30]),
)
@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/uploads/batch"])
def test_a_body_that_is_no_json(api: Api, path: str, body: bytes) -> None:
    """Not JSON, not UTF-8, or nested beyond measure: 400 `malformed_json`."""
    answer = api.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "malformed_json")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"3",
        b'"text"',
        b'{"uploads": 3}',
        b'{"uploads": [3]}',
        b'{"size": NaN, "filename": "f", "content_type": "text/plain"}',
    ],
)
@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/uploads/batch"])
def test_json_of_another_shape(api: Api, path: str, body: bytes) -> None:
    """JSON that is not the request is 422, or in a batch an error at its place."""
    answer = api.http.post(path, content=body, headers={"Content-Type": "application/json"})
    if answer.status_code == 200:
        assert (path, body) == ("/v1/uploads/batch", b'{"uploads": [3]}')
        [result] = answer.json()["results"]
        assert result["error"]["code"]
    else:
        assert_problem(answer, 422, answer.json()["code"])


def test_a_batch_is_bounded(api: Api) -> None:
    """One hundred at once, no more; and none is as wrong as too many."""
    assert api.http.post("/v1/uploads/batch", json={"uploads": [GOOD] * 100}).status_code == 200
    for count in (0, 101):
        answer = api.http.post("/v1/uploads/batch", json={"uploads": [GOOD] * count})
        assert_problem(answer, 422, answer.json()["code"])


@pytest.mark.parametrize(
    "upload_id",
    [
        MISSING,
        MISSING.upper(),
        "nonsense",
        "1",
        "00000000-0000-0000-0000-000000000000",
        "6f1c2b9e-8d1a-4c55-9d7e-1f2a3b4c5d6e",
        "x" * 3000,
        "%00",
        "%ff%fe",
        "%F0%9F%98%80",
        "' or 1=1 --",
        "{id}",
    ],
    ids=lambda value: value[:40],
)
@pytest.mark.parametrize(
    ("method", "suffix"),
    [("GET", ""), ("POST", "/grant"), ("POST", "/complete"), ("DELETE", ""), ("GET", "/download")],
)
def test_an_id_that_is_not_ours(api: Api, method: str, suffix: str, upload_id: str) -> None:
    """An id of nobody, or no id at all, is 404 on every call."""
    assert_problem(api.http.request(method, f"/v1/uploads/{upload_id}{suffix}"), 404, "upload_not_found")


def test_complete_before_the_bytes(api: Api) -> None:
    """202 with Retry-After while nothing is at S3, as often as one asks; the form stays good."""
    created = api.create()
    api.assert_still_pending(created.id)
    api.assert_still_pending(created.id)
    assert created.post(b"x").status == 201
    api.confirm(created.id)


@pytest.mark.parametrize("suffix", ["/complete", "/grant"])
def test_nothing_goes_on_after_an_abort(api: Api, suffix: str) -> None:
    """An aborted upload is neither completed nor renewed, and aborting it again is no error."""
    created = api.create()
    assert api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    assert api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    assert_problem(api.http.post(f"/v1/uploads/{created.id}{suffix}"), 409, "state_conflict")
    assert api.upload(created.id)["state"] == "aborted"


def test_nothing_to_renew_or_download_at_the_wrong_time(api: Api) -> None:
    """No download before the confirmation, no grant after it."""
    created = api.create()
    assert_problem(api.http.get(f"/v1/uploads/{created.id}/download"), 409, "state_conflict")
    assert created.post(b"x").status == 201
    api.confirm(created.id)
    assert_problem(api.http.post(f"/v1/uploads/{created.id}/grant"), 409, "state_conflict")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"parts": []}', b"null", b"[]", b"{", b'{"parts": 3}', b"\xff"])
def test_complete_with_any_body_is_no_accident(api: Api, body: bytes) -> None:
    """A body that `complete` cannot use is the client's error, never ours; the upload stays as it was."""
    created = api.create()
    path = f"/v1/uploads/{created.id}/complete"
    answer = api.http.post(path, content=body, headers={"Content-Type": "application/json"})
    if body in {b"", b"{}"}:
        assert answer.status_code == 202, answer.text
    elif answer.status_code != 202:
        assert_problem(answer, answer.status_code, answer.json()["code"])
        assert answer.status_code in {400, 422}
    api.assert_still_pending(created.id)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/uploads"),
        ("PATCH", f"/v1/uploads/{MISSING}"),
        ("GET", f"/v1/uploads/{MISSING}/complete"),
        ("GET", "/v1/events/ceph"),
        ("DELETE", "/healthz"),
        ("BREW", "/v1/uploads"),
    ],
)
def test_a_method_that_is_not_there(api: Api, method: str, path: str) -> None:
    """405 with the methods that are."""
    answer = api.http.request(method, path)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


@pytest.mark.parametrize("path", ["/nowhere", "/v1/", "/v2/uploads", "/v1/uploads/a/b/c", "/v1/../etc/passwd"])
def test_a_path_that_is_not_there(api: Api, path: str) -> None:
    """404 as a problem document too, not Flask's page."""
    assert_problem(api.http.get(path), 404, "not_found")
