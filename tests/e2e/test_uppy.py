"""Uppy's Companion protocol on a running service and a real S3, used by Uppy and by a hostile client."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.e2e.api import Api, Json, assert_problem, wait_for
from tests.e2e.conftest import Service, running_service
from tests.e2e.rgw_events import pushing
from tests.support.clients import post_form, put
from tests.support.servers import ValetkeyServer, running_valetkey, running_worker
from tests.support.stores import Bucket

MIB = 1024**2
PART = 5 * MIB
CONTENT = os.urandom(PART + 7)
FILM = {"filename": "a film.mp4", "type": "video/mp4", "metadata": {"album": "x"}}
PHOTO = {"filename": "cat.png", "type": "image/png"}


@dataclass(frozen=True)
class Uppy:
    """Uppy's calls below one base address, with what it sends in every one of them."""

    base: str
    headers: tuple[tuple[str, str], ...] = ()

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = httpx.request(method, f"{self.base}/s3{path}", headers=dict(self.headers), timeout=60, **more)
        body = answer.json()
        if answer.is_success:
            assert "error" not in body
        else:
            assert body["message"] == body["detail"]
            assert body["error"] == body["code"]
        assert answer.headers["cache-control"] == "no-store"
        return answer

    def params(self, **query: str) -> httpx.Response:
        return self.call("GET", "/params", params=PHOTO | query)

    def begin(self, body: Json | None = None) -> Json:
        answer = self.call("POST", "/multipart", json=FILM if body is None else body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def of(self, method: str, begun: Json, rest: str = "", **more: Any) -> httpx.Response:
        """A call about a multipart upload."""
        query = {"key": begun["key"]} | more.pop("params", {})
        return self.call(method, f"/multipart/{quote(begun['uploadId'], safe='')}{rest}", params=query, **more)

    def send(self, begun: Json, number: int, piece: bytes) -> Json:
        """Send a part as Uppy does; how it names it afterwards."""
        signed = self.of("GET", begun, f"/{number}").json()
        assert 0 < signed["expires"] <= 3600
        answer = put(signed["url"], {}, piece)
        assert answer.status == 200, answer.body
        return {"PartNumber": number, "ETag": answer.headers["ETag"]}

    def complete(self, begun: Json, parts: Any) -> httpx.Response:
        return self.of("POST", begun, "/complete", json={"parts": parts})


def with_ticket(service: Service, **wanted: Any) -> Uppy:
    """As a page speaks that has a ticket of the profile `parts`, or what `wanted` says."""
    return Uppy(f"{service.server.base_url}/uppy/{ticket(service, **wanted)}")


def ticket(service: Service, **wanted: Any) -> str:
    asked = {"profile": "parts", "owner": "ann"} | wanted
    return str(service.api.http.post("/v1/tickets", json=asked).raise_for_status().json()["ticket"])


@pytest.fixture
def uppy(service: Service) -> Uppy:
    return with_ticket(service)


@pytest.fixture(params=["ticket in the path", "uppy-auth-token", "API key"])
def anyhow(request: pytest.FixtureRequest, service: Service) -> Uppy:
    """Each way of saying who it is."""
    base = f"{service.server.base_url}/uppy"
    return {
        "ticket in the path": with_ticket(service),
        "uppy-auth-token": Uppy(base, (("uppy-auth-token", ticket(service)),)),
        "API key": Uppy(base, (("Authorization", f"Bearer {service.api.token}"),)),
    }[request.param]


def test_a_file_in_parts(service: Service, anyhow: Uppy) -> None:
    """Begun, signed one by one and in a batch, listed, completed: confirmed; once more answers the same."""
    keyed = not anyhow.base.endswith("/uppy") or anyhow.headers[0][0] == "uppy-auth-token"
    begun = anyhow.begin()
    assert begun.keys() == {"key", "uploadId", "bucket"}
    assert begun["bucket"] == service.bucket.name
    assert anyhow.of("GET", begun).json() == []
    first = anyhow.send(begun, 1, CONTENT[:PART])
    batch = anyhow.of("GET", begun, "/batch", params={"partNumbers": "2,3"}).json()["presignedUrls"]
    assert batch.keys() == {"2", "3"}
    second: Json = {"PartNumber": 2, "ETag": put(batch["2"], {}, CONTENT[PART:]).headers["ETag"]}
    assert anyhow.of("GET", begun).json() == [first | {"Size": PART}, second | {"Size": 7}]
    named = [first, {"PartNumber": 2, "ETag": second["ETag"].strip('"')}]  # version 6 takes the quotes off
    done = anyhow.complete(begun, named)
    assert done.status_code == 200, done.text
    where = {"key": begun["key"], "bucket": service.bucket.name}
    location = f"{service.bucket.server.endpoint_url}/{service.bucket.name}/{begun['key']}"
    assert done.json() == where | {"location": location}
    assert anyhow.complete(begun, named).json() == done.json()
    listed = anyhow.of("GET", begun).json()  # asked for by one that never heard the answer
    assert [part["PartNumber"] for part in listed] == [1, 2]
    assert anyhow.complete(begun, listed).json() == done.json()
    upload = service.api.upload(begun["uploadId"])
    assert (upload["state"], upload["confirmed_by"], upload["size"]) == ("confirmed", "client", len(CONTENT))
    assert upload["owner"] == ("ann" if keyed else "tests")
    assert (upload["filename"], upload["metadata"]) == ("a film.mp4", {"album": "x"})
    found = service.bucket.client.get_object(Bucket=service.bucket.name, Key=begun["key"])
    assert found["Body"].read() == CONTENT


def test_a_form(service: Service) -> None:
    """Version 6's request gets a form with a key and without a redirect; the sent file is confirmed by RGW's event."""
    uppy = with_ticket(service, profile="images")
    answer = uppy.params().json()
    assert answer.keys() == {"method", "url", "fields", "expires"}
    assert (answer["method"], answer["url"][-1]) == ("POST", "/")
    assert answer["fields"]["success_action_status"] == "201"
    assert "success_action_redirect" not in answer["fields"]
    assert 0 < answer["expires"] <= 3600
    upload_id = answer["fields"]["key"].removeprefix("staging/")
    with pushing(service.bucket, f"{service.event_url}?secret={service.event_secret}"):
        assert post_form(answer["url"], answer["fields"], b"x" * 10).status == 201
        assert wait_for(lambda: service.api.upload(upload_id)["state"] == "confirmed")
    assert service.api.upload(upload_id)["confirmed_by"] == "event"


def test_the_form_takes_what_the_profile_takes(service: Service) -> None:
    """S3 refuses more bytes than the profile's range, and fewer; and another key, whoever asks for it."""
    answer = with_ticket(service, profile="images").params().json()
    refused = [
        post_form(answer["url"], answer["fields"], b"x" * 1001),
        post_form(answer["url"], answer["fields"], b"x" * 9),
        post_form(answer["url"], answer["fields"] | {"key": "staging/other"}, b"x" * 10),
    ]
    assert [sent.error_code for sent in refused] == ["EntityTooLarge", "EntityTooSmall", "AccessDenied"]
    assert service.object_keys(answer["fields"]["key"]) == []


def test_version_5_gets_a_put(service: Service) -> None:
    """Known by its Accept header: it waits for an ETag, which RGW's answer to a form lacks. A file that turns out to
    break the profile's rule is rejected and removed."""
    v5 = replace(with_ticket(service, profile="images"), headers=(("Accept", "application/json"),))
    good, bad = v5.params().json(), v5.params().json()
    assert good.keys() == {"method", "url", "fields", "headers", "expires"}
    assert good["method"] == "PUT"
    with pushing(service.bucket, f"{service.event_url}?secret={service.event_secret}"):
        sent = put(good["url"], good["headers"], b"x" * 10)
        assert (sent.status, sent.headers["ETag"]) == (200, f'"{hashlib.md5(b"x" * 10).hexdigest()}"')
        assert put(bad["url"], bad["headers"], b"x" * 1001).status == 200
        good_id, bad_id = (answer["fields"]["key"].removeprefix("staging/") for answer in (good, bad))
        assert wait_for(lambda: service.api.upload(good_id)["state"] == "confirmed")
        assert wait_for(lambda: service.api.upload(bad_id)["state"] == "rejected")
    assert service.object_keys(bad["fields"]["key"]) == []


def test_the_sweep_confirms_what_no_event_told(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """Without any notification a worker finds the file that Uppy sent in one piece."""
    env = {"VALETKEY_SWEEP_FIRST_LOOK": "1"}
    with running_service(tmp_path, rgw_bucket, env) as service, running_worker(service.server):
        answer = with_ticket(service, profile="default").params().json()
        assert post_form(answer["url"], answer["fields"], b"bytes").status == 201
        upload_id = answer["fields"]["key"].removeprefix("staging/")
        assert wait_for(lambda: service.api.upload(upload_id)["state"] == "confirmed")
        assert service.api.upload(upload_id)["confirmed_by"] == "sweep"


def test_a_store_without_post(without_post: Service) -> None:
    """Everybody gets a PUT there."""
    answer = with_ticket(without_post, profile="default").params().json()
    assert answer["method"] == "PUT"
    assert put(answer["url"], answer["headers"], b"bytes").status == 200
    without_post.api.confirm(answer["fields"]["key"].removeprefix("staging/"))


def test_dev_asks_for_no_ticket(valetkey_server: Callable[..., ValetkeyServer]) -> None:
    """`valetkey dev` takes Uppy's calls at `/uppy`, and its embedded S3's events confirm what is sent in one piece."""
    server = valetkey_server(command="dev")
    uppy, api = Uppy(f"{server.base_url}/uppy"), Api(server.base_url, None)
    begun, form = uppy.begin(), uppy.params().json()
    parts = [uppy.send(begun, number, piece) for number, piece in ((1, CONTENT[:PART]), (2, CONTENT[PART:]))]
    assert uppy.complete(begun, parts).status_code == 200
    assert api.upload(begun["uploadId"])["state"] == "confirmed"
    assert post_form(form["url"], form["fields"], b"bytes").status == 201
    upload_id = form["fields"]["key"].removeprefix("staging/")
    assert wait_for(lambda: api.upload(upload_id)["state"] == "confirmed")


CALLS = [
    ("GET", "", None),
    ("GET", "/1", None),
    ("GET", "/batch?partNumbers=1", None),
    ("POST", "/complete", {"parts": [{"PartNumber": 1, "ETag": "x"}]}),
    ("DELETE", "", None),
]


def test_anothers_upload(service: Service, uppy: Uppy) -> None:
    """Another's upload id, another's key, both, S3's own upload id, and a file in one piece: 404, nothing changes."""
    mine, theirs = uppy.begin(), with_ticket(service).begin()
    [s3s] = service.open_multiparts(theirs["uploadId"])
    form = uppy.params(type="video/mp4").json()["fields"]["key"]
    strange = [
        theirs,
        mine | {"key": theirs["key"]},
        theirs | {"key": mine["key"]},
        theirs | {"uploadId": s3s},
        mine | {"key": "staging/x"},
        {"uploadId": form.removeprefix("staging/"), "key": form},
    ]
    for begun in strange:
        for method, rest, body in CALLS:
            path = f"/multipart/{quote(begun['uploadId'], safe='')}{rest}"
            answer = uppy.call(method, f"{path}{'&' if '?' in path else '?'}key={quote(begun['key'])}", json=body)
            assert_problem(answer, 404, "upload_not_found")
    for method, rest, body in CALLS:
        assert_problem(uppy.call(method, f"/multipart/{mine['uploadId']}{rest}", json=body), 404, "upload_not_found")
    for begun in (mine, theirs):
        assert service.api.upload(begun["uploadId"])["state"] == "pending"
        assert len(service.open_multiparts(begun["uploadId"])) == 1


def test_an_upload_id_comes_encoded(uppy: Uppy) -> None:
    """Every character of it as %XX is the same id."""
    begun = uppy.begin()
    encoded = "".join(f"%{ord(char):02X}" for char in begun["uploadId"])
    assert uppy.call("GET", f"/multipart/{encoded}", params={"key": begun["key"]}).json() == []


def test_other_parts_than_those_that_were_sent(service: Service, uppy: Uppy) -> None:
    """Too few, repeated, unsent ones, other ETags, none: refused, nothing is joined; the right ones are taken then."""
    begun = uppy.begin()
    one, two = uppy.send(begun, 1, CONTENT[:PART]), uppy.send(begun, 2, CONTENT[PART:])
    wrong = [
        [one],
        [two],
        [one, one],
        [one, two, two],
        [one, two, {"PartNumber": 3, "ETag": one["ETag"]}],
        [one, two | {"ETag": one["ETag"]}],
    ]
    for parts in wrong:
        assert_problem(uppy.complete(begun, parts), 409, "parts_mismatch")
    for unreadable in ([], None, "x", [{"PartNumber": 1}], [{"ETag": "x", "PartNumber": "one"}], [1]):
        assert_problem(uppy.complete(begun, unreadable), 422, "invalid_request")
    assert service.final_keys(begun["uploadId"]) == []
    assert uppy.complete(begun, [two, one]).status_code == 200


def test_how_many_parts_a_completion_can_name(uppy: Uppy) -> None:
    """The 3,900 that the documentation promises are read, with version 5's quotes; 4,500 are refused with a reason."""
    begun = uppy.begin()
    parts = [{"ETag": f'"{"0" * 32}"', "PartNumber": number} for number in range(1, 4501)]
    for count, status, code in ((3900, 409, "parts_mismatch"), (4500, 413, "request_entity_too_large")):
        body = json.dumps({"parts": parts[:count]}, separators=(",", ":")).encode()
        assert_problem(uppy.of("POST", begun, "/complete", content=body), status, code)


@pytest.mark.parametrize("size", [1001, 9, 0])
def test_a_total_outside_of_the_profile(service: Service, size: int) -> None:
    """Refused at its completion: rejected, and nothing stays at S3. It stays so when it is asked again."""
    uppy = with_ticket(service, profile="images")
    begun = uppy.begin(PHOTO)
    parts = [uppy.send(begun, 1, b"x" * size)]
    if size < 1001:  # more parts could make up for it: only those that S3 has can be too few
        unsent = [*parts, {"PartNumber": 2, "ETag": "x"}]
        assert_problem(uppy.complete(begun, unsent), 409, "parts_mismatch")
    for _ in range(2):
        refused = assert_problem(uppy.complete(begun, parts), 422, "invalid_request")
        assert f"10 to 1000 bytes were granted, {size} arrived" in refused["detail"]
    assert service.api.upload(begun["uploadId"])["reason"]["code"] == "size_mismatch"
    service.assert_nothing_is_left(begun["uploadId"])


def test_an_abort(service: Service, uppy: Uppy) -> None:
    """Nothing stays at S3; once more is no error; what comes afterwards is refused."""
    begun = uppy.begin()
    part = uppy.send(begun, 1, CONTENT[:PART])
    for _ in range(2):
        answer = uppy.of("DELETE", begun)
        assert (answer.status_code, answer.json()) == (200, {})
    assert service.api.upload(begun["uploadId"])["state"] == "aborted"
    service.assert_nothing_is_left(begun["uploadId"])
    assert_problem(uppy.complete(begun, [part]), 409, "state_conflict")
    assert_problem(uppy.of("GET", begun, "/1"), 409, "state_conflict")


def test_an_abort_deletes_nothing(service: Service, anyhow: Uppy) -> None:
    """Uppy's cancel comes too late for what is confirmed, also from the holder of an API key, who may delete it."""
    begun = anyhow.begin()
    assert anyhow.complete(begun, [anyhow.send(begun, 1, b"film")]).status_code == 200
    assert_problem(anyhow.of("DELETE", begun), 409, "state_conflict")
    assert service.api.upload(begun["uploadId"])["state"] == "confirmed"
    assert service.final_keys(begun["uploadId"]) == [begun["key"]]


@pytest.mark.parametrize("number", ["0", "10001", "-1", "x", "1.5", "²", "9" * 5000])
def test_part_numbers_that_are_none(uppy: Uppy, number: str) -> None:
    """422, one by one and in a batch."""
    begun = uppy.begin()
    assert_problem(uppy.of("GET", begun, f"/{quote(number)}"), 422, "invalid_request")
    batch = uppy.of("GET", begun, "/batch", params={"partNumbers": f"1,{number}"})
    assert_problem(batch, 422, "invalid_request")


def test_a_batch_has_a_bound(uppy: Uppy) -> None:
    """A thousand parts are signed in one call, and no more."""
    begun = uppy.begin()
    numbers = [str(number) for number in range(1, 1002)]
    most = uppy.of("GET", begun, "/batch", params={"partNumbers": ",".join(numbers[:-1])}).json()
    assert len(most["presignedUrls"]) == 1000
    assert_problem(uppy.of("GET", begun, "/batch", params={"partNumbers": ",".join(numbers)}), 422, "invalid_request")


def test_tickets_that_are_none(service: Service) -> None:
    """A bent one, an expired one, none: 401 in Uppy's way, and by no way of sending it."""
    good = ticket(service)
    _, claims, signature = good.split(".")
    known = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    past = base64.urlsafe_b64encode(json.dumps([*known[:4], 1, *known[5:]]).encode()).rstrip(b"=").decode()
    key = hmac.digest(service.server.env["VALETKEY_SECRET_KEYS"].encode(), b"valetkey.ticket", "sha256")
    signed = base64.urlsafe_b64encode(hmac.digest(key, f"p.{past}".encode(), "sha256")).rstrip(b"=").decode()
    base = f"{service.server.base_url}/uppy"
    for bad in (f"vt_p.{past}.{signed}", f"vt_p.{past}.{signature}", good + "x", "vt_", "x"):
        for uppy in (Uppy(f"{base}/{bad}"), Uppy(base, (("uppy-auth-token", bad),))):
            assert_problem(uppy.params(), 401, "unauthenticated")
            assert_problem(uppy.call("POST", "/multipart", json=FILM), 401, "unauthenticated")
    assert_problem(Uppy(base).params(), 401, "unauthenticated")


def test_max_uploads(service: Service) -> None:
    """A ticket for two makes one file of each kind, and no third."""
    uppy = with_ticket(service, max_uploads=2)
    assert uppy.params(type="video/mp4").status_code == 200
    uppy.begin()
    assert_problem(uppy.params(type="video/mp4"), 403, "ticket_used_up")
    assert_problem(uppy.call("POST", "/multipart", json=FILM), 403, "ticket_used_up")


def test_a_ticket_of_one_upload(service: Service) -> None:
    """It creates nothing by Uppy's way either."""
    uppy = Uppy(f"{service.server.base_url}/uppy/{service.api.create().ticket}")
    assert_problem(uppy.params(), 403, "forbidden")
    assert_problem(uppy.call("POST", "/multipart", json=FILM), 403, "forbidden")


def test_metadata(service: Service) -> None:
    """The application's own is kept as JavaScript shows it; what Uppy adds to every file is not."""
    uppy = with_ticket(service, profile="noted")
    added = {"metadata[name]": "x", "metadata[type]": "y", "metadata[relativePath]": "null"}
    form = uppy.params(**added, **{"metadata[album]": "Grün & 100 %", "other": "z"}).json()
    upload = service.api.upload(form["fields"]["key"].removeprefix("staging/"))
    assert upload["metadata"] == {"album": "Grün & 100 %"}
    given = {"name": "x", "type": "y", "relativePath": None, "album": 7, "place": {"ö": [True, None]}}
    begun = uppy.begin(FILM | {"metadata": given})
    assert service.api.upload(begun["uploadId"])["metadata"] == {"album": "7", "place": '{"ö": [true, null]}'}
    assert_problem(uppy.params(**{"metadata[colour]": "red"}), 422, "metadata_not_allowed")
    refused = uppy.call("POST", "/multipart", json=FILM | {"metadata": {"colour": "red"}})
    assert_problem(refused, 422, "metadata_not_allowed")
    assert_problem(uppy.params(**{"metadata[album]": "\x00"}), 422, "invalid_request")


@pytest.mark.parametrize("name", ["../../é\r\n.png", "${filename}", "猫 🐈.png", "a" * 8000, "%2e%2e/x?y#z"])
def test_odd_names(service: Service, uppy: Uppy, name: str) -> None:
    """The name is kept as it came; the key is plain ASCII below the profile's prefix."""
    form = uppy.params(filename=name, type="image/png").json()
    assert post_form(form["url"], form["fields"], b"x", filename=name[:100]).status == 201
    upload = service.api.confirm(form["fields"]["key"].removeprefix("staging/"))
    begun = uppy.begin({"filename": name, "type": "image/png"})
    assert uppy.complete(begun, [uppy.send(begun, 1, b"x")]).status_code == 200
    for filename, key in (
        (upload["filename"], upload["object"]["key"]),
        (service.api.upload(begun["uploadId"])["filename"], begun["key"]),
    ):
        assert filename == name
        assert key.startswith("parts/")
        assert key.isascii()
        assert not set(key) & set("${}%?#\r\n ")
        assert ".." not in key


def test_what_uppy_leaves_out(service: Service, uppy: Uppy) -> None:
    """No name and no type, as text or not at all, still make an upload."""
    form = uppy.call("GET", "/params").json()
    upload = service.api.upload(form["fields"]["key"].removeprefix("staging/"))
    assert (upload["filename"], upload["content_type"]) == ("file", "application/octet-stream")
    upload = service.api.upload(uppy.begin({})["uploadId"])
    assert (upload["filename"], upload["content_type"]) == ("file", "application/octet-stream")


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"content": b"{"}, 400, "malformed_json"),
        ({"json": []}, 422, "invalid_request"),
        ({"json": {"filename": 7}}, 422, "invalid_request"),
        ({"json": {"filename": "x\x00"}}, 422, "invalid_request"),
        ({"json": {"filename": "x" * 8193}}, 422, "invalid_request"),
        ({"json": {"type": "no type"}}, 422, "content_type_not_allowed"),
        ({"json": {"metadata": {"x": "y" * 300_000}}}, 413, "request_entity_too_large"),
        ({"data": {"x": "y"}}, 415, "unsupported_media_type"),
    ],
)
def test_bodies_that_are_none(uppy: Uppy, more: Json, status: int, code: str) -> None:
    """Refused with what is wrong, in words and in the field that Uppy looks for."""
    assert_problem(uppy.call("POST", "/multipart", **more), status, code)


def test_pages_of_an_allowed_origin(rgw_bucket: Bucket, tmp_path: Path) -> None:
    """Their preflights are answered without any credential, with all that Uppy sends; errors are readable; no other
    origin's are."""
    env = {"VALETKEY_CORS_ORIGINS": "https://app.example"}
    with running_valetkey(tmp_path, rgw_bucket, env=env) as server:
        base = f"{server.base_url}/uppy"
        asked = {"Origin": "https://app.example", "Access-Control-Request-Headers": "authorization,content-type"}
        paths = [
            "/s3/params",
            "/s3/multipart",
            "/x/s3/multipart/id/1",
            "/x/s3/multipart/id",
            "/x/s3/multipart/id/complete",
        ]
        for path, method in zip(paths, ["GET", "POST", "GET", "DELETE", "POST"], strict=True):
            answer = httpx.options(base + path, headers=asked | {"Access-Control-Request-Method": method})
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == "https://app.example"
            assert method in answer.headers["access-control-allow-methods"]
            assert "authorization" in answer.headers["access-control-allow-headers"]
        refused = httpx.get(f"{base}/x/s3/params", headers={"Origin": "https://app.example"})
        assert (refused.status_code, refused.json()["error"]) == (401, "unauthenticated")
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
        stranger = httpx.get(f"{base}/x/s3/params", headers={"Origin": "https://other.example"})
        assert "access-control-allow-origin" not in stranger.headers
