"""The main job against every kind of store, from outside: what ends confirmed, what is never lost, what is said clearly."""

import os
from collections.abc import Iterator
from urllib.request import urlopen

import httpx
import pytest
from tests.clients import put
from tests.e2e.api import Api, Created, Json, send_parts, wait_for
from tests.e2e.conftest import Service, running_service, write_profiles
from tests.servers import run_valetkey
from tests.store_kinds import KINDS, Servers, bucket_of_kind, servers

__all__ = ["servers"]

MIB = 1024**2
PART = 5 * MIB
CONTENT = os.urandom(2 * PART + 7)
SHORT = {"VALETKEY_SWEEP_FIRST_LOOK": "1", "VALETKEY_SWEEP_GRACE": "1"}
SETTINGS = {"swift": {"VALETKEY_S3_POST": "false"}, "rclone": {"VALETKEY_S3_POST": "false"}}
"""What the documentation says that a store needs."""


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def service(kind: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp(kind)
    env = write_profiles(directory) | SHORT | SETTINGS.get(kind, {})
    with bucket_of_kind(servers, kind) as bucket, running_service(directory, bucket, env) as service:
        yield service


def sent(api: Api, method: str, content: bytes, content_type: str = "image/png") -> Created:
    """An upload whose bytes are at the store, by this method."""
    profile = "parts" if method == "multipart" else "default"
    wanted = {"size": len(content), "method": method, "filename": "a film.png", "profile": profile}
    created = api.create(content_type, **wanted)
    if method == "multipart":
        send_parts(api, created, content)
        return created
    if method == "post":
        answer = created.post(content)
    else:
        answer = put(created.url, created.grant["headers"], content)
    assert answer.status in {200, 201}, (answer.status, answer.body)
    return created


def download(service: Service, upload: Json) -> httpx.Response:
    answer = service.api.http.get(f"/v1/uploads/{upload['id']}/download")
    assert answer.status_code == 303, answer.text
    return httpx.get(answer.headers["location"])


@pytest.mark.parametrize("method", ["post", "put", "multipart"])
def test_an_upload(service: Service, method: str) -> None:
    """Confirmed with its size and type, downloaded as it was sent under its name, and gone when it is deleted."""
    content = CONTENT if method == "multipart" else b"bytes"
    confirmed = service.api.confirm(sent(service.api, method, content).id)
    assert (confirmed["size"], confirmed["object"]["size"]) == (len(content), len(content))
    got = download(service, confirmed)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, content, "image/png")
    assert "film.png" in got.headers["content-disposition"]
    assert service.api.http.delete(f"/v1/uploads/{confirmed['id']}").status_code == 204
    assert wait_for(lambda: download_status(service, confirmed) == 404, 5)


def download_status(service: Service, upload: Json) -> int:
    found = service.bucket.client.list_objects_v2(Bucket=service.bucket.name, Prefix=upload["object"]["key"])
    return 200 if found.get("Contents") else 404


@pytest.mark.parametrize("method", ["post", "put", "multipart"])
def test_a_silent_client(service: Service, method: str) -> None:
    """The sweep confirms what nobody reported."""
    created = sent(service.api, method, CONTENT if method == "multipart" else b"bytes")

    def swept() -> bool:
        run_valetkey("uploads", "sweep", env=service.server.env, directory=service.server.directory)
        return bool(service.api.upload(created.id)["state"] == "confirmed")

    assert wait_for(swept, 15), service.api.upload(created.id)


@pytest.mark.parametrize("method", ["post", "multipart"])
def test_an_abort(service: Service, method: str) -> None:
    """Nothing is left of what was sent."""
    created = sent(service.api, method, CONTENT if method == "multipart" else b"bytes")
    assert service.api.http.delete(f"/v1/uploads/{created.id}").status_code == 204
    assert [key for key in service.object_keys() if created.id in key] == []


def test_a_form_used_twice(service: Service) -> None:
    """What was confirmed stays."""
    created = sent(service.api, "post", b"bytes")
    confirmed = service.api.confirm(created.id)
    created.post(b"other")
    assert download(service, confirmed).content == b"bytes"


def test_a_part_sent_after_the_join(service: Service) -> None:
    """It changes nothing that was confirmed."""
    created = sent(service.api, "multipart", CONTENT)
    confirmed = service.api.confirm(created.id)
    part = created.grant["parts"][0]
    put(part["url"], part["headers"], os.urandom(PART))
    assert download(service, confirmed).content == CONTENT


def test_readiness(service: Service) -> None:
    with urlopen(f"{service.server.base_url}/readyz") as answer:
        assert answer.status == 200
