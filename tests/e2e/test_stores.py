"""The main job on every kind of store, from outside: what is confirmed, what stays, and which errors are reported.

What was measured of each store, and the settings that some need, is in `service/docs/stores.md`.
"""

import base64
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import httpx
import pytest
from anycrc import Model
from tests.e2e.api import Created, Json, assert_problem, wait_for
from tests.e2e.conftest import Service, running_service, write_profiles
from tests.support.clients import Response, put
from tests.support.servers import run_valetkey
from tests.support.store_kinds import KINDS, WITHOUT_ETAG, Servers, bucket_of_kind, servers

__all__ = ["servers"]

MIB = 1024**2
PART = 5 * MIB
CONTENT = os.urandom(PART + 7)

LACKS = {"juicefs": "atomic-copy", "swift": "post,conditional-put,dead-parts", "rclone": "post"}
"""What the documentation has an operator say of a store."""


@pytest.fixture(scope="module")
def service(
    request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    kind = str(request.param)
    directory = tmp_path_factory.mktemp(kind)
    env = write_profiles(directory) | {"VALETKEY_SWEEP_FIRST_LOOK": "1", "VALETKEY_S3_LACKS": LACKS.get(kind, "")}
    with bucket_of_kind(servers, kind) as bucket, running_service(directory, bucket, env) as service:
        yield service


on_each = pytest.mark.parametrize("service", [kind for kind in KINDS if kind not in WITHOUT_ETAG], indirect=True)


def methods(service: Service) -> list[str]:
    """How bytes can be sent to the store."""
    return ["put", "multipart"] if "post" in service.server.env["VALETKEY_S3_LACKS"] else ["post", "put", "multipart"]


def sent(service: Service, method: str) -> Created:
    """An upload whose bytes are at the store."""
    created, content = asked(service, method), CONTENT if method == "multipart" else b"bytes"
    if method == "multipart":
        for number in range(1, created.grant["part_count"] + 1):
            answer = put_part(signed_part(service, created, number, content), content)
            assert answer.status == 200, answer.body
    else:
        answer = created.post(content) if method == "post" else put(created.url, created.grant["headers"], content)
        assert answer.status in {200, 201}, answer.body
    return created


def asked(service: Service, method: str) -> Created:
    """An upload in parts, or of five bytes whose checksum is declared: a bucket with a default retention wants that."""
    if method == "multipart":
        return service.api.create("image/png", size=len(CONTENT), method=method, filename="a film.png", profile="parts")
    declared = {"algorithm": "sha256", "value": sha256(b"bytes")}
    return service.api.create("image/png", size=5, method=method, filename="a film.png", checksum=declared)


def sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def piece_of(content: bytes, number: int) -> bytes:
    return content[(number - 1) * PART :][:PART]


def signed_part(service: Service, created: Created, number: int, content: bytes) -> Json:
    """A part's URL, with its checksum where the grant asks for that."""
    body: Json = {"numbers": [number]}
    if created.grant.get("part_checksum"):
        body["checksums"] = {str(number): sha256(piece_of(content, number))}
    answer = service.api.http.post(f"/v1/uploads/{created.id}/parts", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["parts"][0])


def put_part(part: Json, content: bytes) -> Response:
    return put(part["url"], part["headers"], piece_of(content, part["number"]))


def download(service: Service, upload: Json) -> httpx.Response:
    answer = service.api.http.get(f"/v1/uploads/{upload['id']}/download")
    assert answer.status_code == 303, answer.text
    return httpx.get(answer.headers["location"])


def keys_with(service: Service, upload_id: str) -> list[str]:
    return service.object_keys(of=upload_id)


@on_each
def test_an_upload(service: Service) -> None:
    """In each way: confirmed with size and type, downloaded as it was sent under its name, and gone when deleted."""
    for method in methods(service):
        content = CONTENT if method == "multipart" else b"bytes"
        confirmed = service.api.confirm(sent(service, method).id)
        assert confirmed["object"]["size"] == confirmed["size"] == len(content)
        assert keys_with(service, confirmed["id"]) == [confirmed["object"]["key"]], method
        got = download(service, confirmed)
        assert (got.status_code, got.content, got.headers["content-type"]) == (200, content, "image/png")
        assert "film.png" in got.headers["content-disposition"]
        assert service.api.http.delete(f"/v1/uploads/{confirmed['id']}").status_code == 204
        assert keys_with(service, confirmed["id"]) == [], method


@on_each
def test_a_part_that_is_sent_again(service: Service, request: pytest.FixtureRequest) -> None:
    """Other bytes first, then the right ones twice, as by a client that resumes and gets no answer: it counts once.

    rclone refuses other bytes, at least once it has passed the first ones on.
    """
    kind = request.node.callspec.params["service"]
    created = asked(service, "multipart")
    for content in (CONTENT, CONTENT) if kind == "rclone" else (CONTENT[::-1], CONTENT, CONTENT):
        assert put_part(signed_part(service, created, 1, content), content).status == 200
        time.sleep(1)  # stores date parts by the second
    assert put_part(signed_part(service, created, 2, CONTENT), CONTENT).status == 200
    assert download(service, service.api.confirm(created.id)).content == CONTENT


@on_each
def test_silent_clients(service: Service) -> None:
    """The sweep confirms what nobody reported, however it was sent."""
    uploads = [sent(service, method).id for method in methods(service)]

    def swept() -> bool:
        run_valetkey("uploads", "sweep", env=service.server.env, directory=service.server.directory)
        return {service.api.upload(one)["state"] for one in uploads} == {"confirmed"}

    assert wait_for(swept, every=0.3), [service.api.upload(one) for one in uploads]


@on_each
def test_an_abort(service: Service) -> None:
    """Nothing of what was sent is left, nor can it be completed."""
    for method in methods(service):
        created = sent(service, method)
        assert service.api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
        assert keys_with(service, created.id) == [], method
        assert service.api.upload(created.id)["state"] == "aborted"
        assert_problem(service.api.complete(created.id), 409, "state_conflict")


@on_each
def test_what_a_grant_does_once_more(service: Service) -> None:
    """A form, a PUT or a part that is sent again after the end changes nothing that was confirmed."""
    for method in methods(service):
        created = sent(service, method)
        part = signed_part(service, created, 1, CONTENT) if method == "multipart" else {}
        confirmed = service.api.confirm(created.id)
        if method == "post":
            created.post(b"other")
        elif method == "put":
            put(created.url, created.grant["headers"], b"other")
        else:
            with suppress(OSError, HTTPException):  # some answer, and leave what is still being sent unread
                put(part["url"], part["headers"], os.urandom(PART), timeout=5)
        assert download(service, confirmed).content == (CONTENT if method == "multipart" else b"bytes"), method


@on_each
def test_what_is_not_what_was_granted(service: Service) -> None:
    """Fewer bytes never become confirmed, be it that the store refuses them or that we do."""
    for method in methods(service):
        created = asked(service, method)
        if method == "multipart":
            part = signed_part(service, created, 1, b"x" * 5)
            put(part["url"], part["headers"], b"x" * 5)
        elif method == "post":
            created.post(b"byte")
        else:
            put(created.url, created.grant["headers"], b"byte")
        answer = service.api.complete(created.id)
        assert answer.status_code in {200, 202, 409}, answer.text
        assert service.api.upload(created.id)["state"] in {"pending", "rejected"}


of_parts = pytest.mark.parametrize(
    ("service", "has"),
    [(kind, kind == "localstack") for kind in KINDS if kind in {"rgw", "juicefs", "moto", "localstack"}],
    indirect=["service"],
)
"""Stores, and whether they compute the CRC64NVME of the whole of what came in parts."""


def crc64(content: bytes) -> Json:
    value = Model("CRC64-NVME").calc(content).to_bytes(8, "big")
    return {"algorithm": "crc64nvme", "value": base64.b64encode(value).decode()}


@of_parts
@pytest.mark.parametrize("right", [True, False])
def test_the_checksum_of_the_whole_of_parts(service: Service, has: bool, right: bool) -> None:
    """It is compared before anything is confirmed, where the store has it; elsewhere the upload says so."""
    declared = crc64(CONTENT if right else b"other")
    created = service.api.create("image/png", size=len(CONTENT), method="multipart", profile="parts", checksum=declared)
    for number in (1, 2):
        assert put_part(signed_part(service, created, number, CONTENT), CONTENT).status == 200
    answer = service.api.complete(created.id)
    assert answer.status_code == 200
    upload = answer.json()
    if right or not has:
        assert (upload["state"], upload["checksum_verified"]) == ("confirmed", has)
        assert download(service, upload).content == CONTENT
    else:
        assert (upload["state"], upload["reason"]["code"]) == ("rejected", "checksum_mismatch")
        assert keys_with(service, created.id) == []


@of_parts
def test_put_declares_it(service: Service, has: bool, tmp_path: Path) -> None:
    """Of what goes in parts, and of what goes in one piece; `--json` says whether the store has shown it."""
    (tmp_path / "large.png").write_bytes(CONTENT)
    (tmp_path / "small.png").write_bytes(b"bytes")
    where = {"VALETKEY_ENDPOINT": service.server.base_url, "VALETKEY_TOKEN": str(service.api.token)}
    args = ["put", "large.png", "small.png", "--profile", "parts", "--checksum", "crc64nvme", "--json", "--no-resume"]
    done = run_valetkey(*args, env={**service.server.env, **where}, directory=tmp_path)
    uploads = {row["file"]: row["upload"] for row in map(json.loads, done.splitlines())}
    assert {upload["state"] for upload in uploads.values()} == {"confirmed"}
    assert uploads["large.png"]["checksum"] == crc64(CONTENT)
    assert uploads["small.png"]["checksum"] == crc64(b"bytes")
    assert uploads["large.png"]["checksum_verified"] is has
