"""Uploads in parts and by PUT on a real S3: what is confirmed, and what a hostile client cannot do."""

import os
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
from tests.e2e.api import Api, Created, Json, assert_problem, send_parts, signed_parts, stored_parts
from tests.e2e.conftest import Service
from tests.support.clients import put

MIB = 1024**2
PART = 5 * MIB
SIZE = 2 * PART + 7
CONTENT = os.urandom(SIZE)


@pytest.fixture
def created(service: Service) -> Created:
    return service.api.create("video/mp4", profile="parts", filename="a film.mp4", size=SIZE)


def test_a_large_file_is_sent_in_parts(service: Service, created: Created) -> None:
    """The plan, the first parts signed, all of them sent, confirmed under the final key; again answers the same."""
    grant = created.grant
    assert grant.keys() == {"method", "part_size", "part_count", "parts", "expires_at"}
    assert (grant["method"], grant["part_size"], grant["part_count"]) == ("MULTIPART", PART, 3)
    assert [(part["number"], part["size"]) for part in grant["parts"]] == [(1, PART), (2, PART), (3, 7)]
    named = send_parts(service.api, created, CONTENT)
    assert [(part["number"], part["size"]) for part in stored_parts(service.api, created.id)] == [
        (1, PART),
        (2, PART),
        (3, 7),
    ]
    done = service.api.complete(created.id, named)
    assert done.status_code == 200, done.text
    assert done.json()["state"] == "confirmed"
    assert service.api.complete(created.id, named).json() == done.json()
    assert service.api.complete(created.id).json() == done.json()
    [key] = service.final_keys(created.id)
    assert done.json()["object"]["key"] == key
    assert service.bucket.client.get_object(Bucket=service.bucket.name, Key=key)["Body"].read() == CONTENT
    assert service.open_multiparts(created.id) == []


def test_a_completion_that_comes_too_early(service: Service, created: Created) -> None:
    """It says which parts are missing, and the upload goes on; only those are sent then."""
    send_parts(service.api, created, CONTENT, [1, 3])
    problem = assert_problem(service.api.complete(created.id), 409, "parts_missing")
    assert "1 of 3" in problem["detail"]
    missing = {1, 2, 3} - {part["number"] for part in stored_parts(service.api, created.id)}
    send_parts(service.api, created, CONTENT, missing)
    assert service.api.confirm(created.id)["size"] == SIZE


@pytest.mark.parametrize(
    "named",
    [[], [{"number": 1, "etag": "x"}], [{"number": number, "etag": "0" * 32} for number in (1, 2, 3)]],
)
def test_other_parts_than_those_that_were_sent(service: Service, created: Created, named: list[Json]) -> None:
    """Too few, or other ETags: refused, and nothing is joined."""
    send_parts(service.api, created, CONTENT)
    assert_problem(service.api.complete(created.id, named), 409, "parts_mismatch")
    assert service.final_keys(created.id) == []
    service.api.confirm(created.id)


def test_a_part_is_exactly_what_was_signed(service: Service, created: Created) -> None:
    """S3 refuses more bytes, fewer, another number, another upload's id and another key."""
    other = service.api.create("video/mp4", profile="parts", size=SIZE)
    [part] = signed_parts(service.api, created.id, [3])
    [others] = signed_parts(service.api, other.id, [3])
    theirs = dict(parse_qsl(urlsplit(others["url"]).query))["uploadId"]

    def changed(**query: str) -> str:
        url = urlsplit(part["url"])
        return urlunsplit(url._replace(query=urlencode(dict(parse_qsl(url.query)) | query)))

    elsewhere = urlunsplit(urlsplit(part["url"])._replace(path=urlsplit(others["url"]).path))
    refused = [
        put(part["url"], part["headers"], b"x" * 8),
        put(part["url"], part["headers"], b"x" * 6),
        put(changed(partNumber="2"), part["headers"], b"x" * 7),
        put(changed(uploadId=theirs), part["headers"], b"x" * 7),
        put(elsewhere, part["headers"], b"x" * 7),
    ]
    assert [answer.status for answer in refused] == [403] * 5
    assert stored_parts(service.api, created.id) == stored_parts(service.api, other.id) == []
    assert put(part["url"], part["headers"], b"x" * 7).status == 200


def test_part_urls_die_with_the_completion(service: Service, created: Created) -> None:
    """Who kept a URL can change nothing of what was confirmed."""
    send_parts(service.api, created, CONTENT)
    kept = signed_parts(service.api, created.id, [3])[0]
    done = service.api.confirm(created.id)
    assert put(kept["url"], kept["headers"], b"changed").status == 404
    key = done["object"]["key"]
    assert (
        service.bucket.client.head_object(Bucket=service.bucket.name, Key=key)["ETag"].strip('"')
        == (done["object"]["etag"])
    )


def test_an_abort_removes_the_parts(service: Service, created: Created) -> None:
    """Nothing stays at S3, and nothing can be sent or signed any more."""
    send_parts(service.api, created, CONTENT, [1])
    [part] = signed_parts(service.api, created.id, [2])
    assert service.api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    service.assert_nothing_is_left(created.id)
    assert put(part["url"], part["headers"], CONTENT[PART : 2 * PART]).status == 404
    answer = service.api.http.post(f"/v1/uploads/{created.id}/parts", json={"numbers": [1]})
    assert_problem(answer, 409, "state_conflict")
    assert_problem(service.api.complete(created.id), 409, "state_conflict")


def test_a_renewal_keeps_the_parts(service: Service, created: Created) -> None:
    """After a reload: the same plan, fresh URLs, and what is there need not be sent again."""
    ticket = service.api.with_token(created.ticket)
    send_parts(ticket, created, CONTENT, [2])
    renewed = ticket.http.post(f"/v1/uploads/{created.id}/grant").json()["grant"]
    assert (renewed["part_size"], renewed["part_count"]) == (PART, 3)
    assert [part["number"] for part in stored_parts(ticket, created.id)] == [2]
    for part in (renewed["parts"][0], renewed["parts"][2]):
        piece = CONTENT[(part["number"] - 1) * PART :][:PART]
        assert put(part["url"], part["headers"], piece).status == 200
    assert ticket.confirm(created.id)["size"] == SIZE


def test_a_batch_of_files_in_parts(service: Service) -> None:
    """Its grants come without parts; the first call for parts begins the upload at S3."""
    wanted = {"profile": "parts", "filename": "f", "content_type": "video/mp4", "size": SIZE}
    results = service.api.http.post("/v1/uploads/batch", json={"uploads": [wanted, wanted]}).json()["results"]
    for result in results:
        assert result["grant"]["parts"] == []
        assert service.open_multiparts(result["upload"]["id"]) == []
    one = Created(**results[0])
    send_parts(service.api, one, CONTENT)
    service.api.confirm(one.id)


@pytest.mark.parametrize("body", [{}, {"numbers": []}, {"numbers": [0]}, {"numbers": [10_001]}, {"numbers": ["1"]}])
def test_numbers_that_are_none(service: Service, created: Created, body: Json) -> None:
    """A body that names no parts is refused with the place that is wrong."""
    answer = service.api.http.post(f"/v1/uploads/{created.id}/parts", json=body)
    assert "errors" in assert_problem(answer, 422, "invalid_request")


def test_a_number_past_the_plan(service: Service, created: Created) -> None:
    """A file of three parts has no fourth."""
    answer = service.api.http.post(f"/v1/uploads/{created.id}/parts", json={"numbers": [4]})
    assert "1 to 3" in assert_problem(answer, 422, "invalid_request")["detail"]


@pytest.mark.parametrize("method", ["post", "put"])
def test_a_file_in_one_piece_has_no_parts(api: Api, method: str) -> None:
    """`state_conflict`, for both calls."""
    created = api.create(method=method)
    assert_problem(api.http.get(f"/v1/uploads/{created.id}/parts"), 409, "state_conflict")
    assert_problem(api.http.post(f"/v1/uploads/{created.id}/parts", json={"numbers": [1]}), 409, "state_conflict")


def test_parts_are_their_owners(service: Service, created: Created) -> None:
    """Another key, and the ticket of another upload, see nothing of it."""
    other = service.api.create(profile="parts", size=SIZE)
    for stranger in (service.other_key("stranger"), service.api.with_token(other.ticket)):
        assert_problem(stranger.http.get(f"/v1/uploads/{created.id}/parts"), 404, "upload_not_found")
        answer = stranger.http.post(f"/v1/uploads/{created.id}/parts", json={"numbers": [1]})
        assert_problem(answer, 404, "upload_not_found")
        assert_problem(stranger.complete(created.id), 404, "upload_not_found")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"method": "multipart", "size": 0}, "method_not_supported"),
        ({"method": "multipart", "checksum": {"algorithm": "crc32", "value": "AAAAAA=="}}, "checksum_not_supported"),
        ({"method": "patch"}, "invalid_request"),
    ],
)
def test_what_cannot_be_sent_in_parts(api: Api, wanted: Json, code: str) -> None:
    """Said when it is asked for."""
    body = {"filename": "f", "content_type": "text/plain", "size": 5, "profile": "parts"} | wanted
    assert_problem(api.http.post("/v1/uploads", json=body), 422, code)


def test_a_put_grant(service: Service) -> None:
    """Exactly one PUT with exactly these headers; confirmed like a POST; a URL that was kept changes nothing."""
    created = service.api.create("image/png", method="put", size=5)
    grant = created.grant
    assert grant.keys() == {"method", "url", "headers", "expires_at"}
    wrong = [
        put(grant["url"], grant["headers"], b"bytes!"),
        put(grant["url"], grant["headers"] | {"Content-Type": "text/html"}, b"bytes"),
        put(grant["url"], {}, b"bytes"),
    ]
    assert [answer.status for answer in wrong] == [403] * 3
    service.api.assert_still_pending(created.id)
    assert put(grant["url"], grant["headers"], b"bytes").status == 200
    assert put(grant["url"], grant["headers"], b"other").status == 412
    done = service.api.confirm(created.id)
    assert service.object_keys(f"staging/{created.id}") == []
    assert put(grant["url"], grant["headers"], b"other").status == 200
    [key] = service.final_keys(created.id)
    assert service.bucket.client.get_object(Bucket=service.bucket.name, Key=key)["Body"].read() == b"bytes"
    assert service.api.upload(created.id) == done


def test_a_store_without_post(without_post: Service) -> None:
    """Cloudflare R2 and Backblaze B2: `auto` is a PUT, and a POST is refused with what to ask for instead."""
    created = without_post.api.create(size=5)
    assert created.grant["method"] == "PUT"
    assert put(created.grant["url"], created.grant["headers"], b"bytes").status == 200
    without_post.api.confirm(created.id)
    body = {"filename": "f", "content_type": "text/plain", "size": 5, "method": "post"}
    problem = assert_problem(without_post.api.http.post("/v1/uploads", json=body), 422, "method_not_supported")
    assert "'put'" in problem["detail"]
