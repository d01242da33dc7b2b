"""`Client` and `AsyncClient` with a real service and a real store."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import httpx
import pytest
from tests.e2e.conftest import Service
from tests.support.program_clients import KINDS, running_client

from valetkey.client import Client, Conflict, MultipartGrant, PostGrant, Refused, Rejected, UploadNotFound

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest, service: Service) -> Iterator[Client]:
    """A client with an API key of its own name, so that it lists its own uploads only."""
    key = service.server.create_key(f"{request.node.name}"[:100]).key
    with running_client(request.param, service.server.base_url, key) as client:
        yield client


def test_the_life_of_an_upload(client: Client) -> None:
    """Sent, claimed, given back, read and deleted; what is done twice is no error."""
    heard: list[int] = []
    upload = client.upload(
        PNG, filename="cat.png", owner="user-17", metadata={"album": "a"}, profile="noted", on_progress=heard.append
    )
    assert (upload.state, upload.owner, upload.size, sum(heard)) == ("confirmed", "user-17", len(PNG), len(PNG))
    assert upload.object is not None
    assert upload.metadata == {"album": "a"}
    for _ in range(2):
        claim = client.claim(upload.id, "post:17", owner="user-17", profile="noted").claim
        assert claim is not None
        assert claim.reference == "post:17"
    with pytest.raises(Conflict) as raised:
        client.claim(upload.id, "post:18", owner="user-17")
    assert raised.value.code == "already_claimed"
    with pytest.raises(Refused) as refused:
        client.claim(upload.id, "post:17", owner="user-17", profile="images")
    assert refused.value.code == "wrong_profile"
    assert httpx.get(client.download_url(upload.id)).content == PNG
    for _ in range(2):
        assert client.release(upload.id, "post:17").claim is None
    for _ in range(2):
        client.delete(upload.id)
    assert client.get(upload.id).state == "deleted"


def test_a_large_file_goes_in_parts(client: Client, tmp_path: Path) -> None:
    """Straight from the disk, and byte for byte."""
    path = tmp_path / "large.bin"
    path.write_bytes(Random(17).randbytes(12 * 1024**2 + 1))
    upload = client.upload(path, profile="parts")
    assert upload.object is not None
    assert (upload.filename, upload.object.etag.rpartition("-")[2]) == ("large.bin", "3")
    assert httpx.get(client.download_url(upload.id)).content == path.read_bytes()


def test_grants_for_others(client: Client) -> None:
    """Each kind is read; the upload's own ticket aborts it, and deletes nothing that is confirmed."""
    granted = client.create(filename="cat.png", content_type="image/png", size=len(PNG))
    assert isinstance(granted.grant, PostGrant)
    large = client.create(filename="a.bin", content_type="text/plain", size=20 * 1024**2, profile="parts")
    assert isinstance(large.grant, MultipartGrant)
    assert len(large.grant.parts) <= large.grant.part_count == 4
    for _ in range(2):
        client.abort(large.upload.id, large.ticket)
    assert client.get(large.upload.id).state == "aborted"
    with pytest.raises(Conflict):
        client.grant(large.upload.id)
    assert client.complete(granted.upload.id).state == "pending"
    renewed = client.grant(granted.upload.id).grant
    assert isinstance(renewed, PostGrant)
    httpx.post(renewed.url, data=renewed.fields, files={renewed.file_field: PNG}).raise_for_status()
    assert client.complete(granted.upload.id, wait=10).state == "confirmed"
    with pytest.raises(Refused) as refused:
        client.abort(granted.upload.id, granted.ticket)
    assert refused.value.status == 403
    assert client.get(granted.upload.id).state == "confirmed"


def test_the_same_key_creates_once(client: Client) -> None:
    """A program that crashed between its call and its note of it makes the call again."""
    first, second = (
        client.create(idempotency_key="order-7", filename="a", content_type="text/plain", size=1) for _ in range(2)
    )
    assert first.upload.id == second.upload.id
    with pytest.raises(Refused) as refused:
        client.create(idempotency_key="order-7", filename="b", content_type="text/plain", size=1)
    assert refused.value.code == "idempotency_key_reused"


def test_a_list_over_several_pages(client: Client) -> None:
    """All of the key's, newest first, each once."""
    made = [client.create(filename=f"{n}", content_type="text/plain", size=1).upload.id for n in range(5)]
    assert [upload.id for upload in client.list(page_size=2)] == made[::-1]
    assert [upload.id for upload in client.list(state="confirmed")] == []


def test_many_at_once(client: Client, service: Service) -> None:
    """By their ids, in the order of these, however many; strangers' and what is no id are left out."""
    mine = [client.create(filename=f"{n}", content_type="text/plain", size=1).upload.id for n in range(3)]
    others = service.api.create().id
    noise = [f"0197f7a0-0000-7000-8000-{n:012x}" for n in range(150)]
    found = client.get_all([mine[2], others, "undefined", *noise, mine[0], mine[2]])
    assert list(found) == [mine[2], mine[0]]
    assert found[mine[0]] == client.get(mine[0])
    assert client.get_all([]) == {}


def test_what_the_service_does_not_take(client: Client) -> None:
    """By the code of the profile's rule, before a byte is sent; and what is wrong with the request itself."""
    with pytest.raises(Rejected) as rejected:
        client.upload(b"x" * 20, filename="a.exe", profile="images")
    assert (rejected.value.code, rejected.value.status) == ("content_type_not_allowed", 422)
    with pytest.raises(Refused) as refused:
        client.ticket("nothing", owner="user-17")
    assert refused.value.code == "unknown_profile"
    with pytest.raises(Refused, match="ttl") as refused:
        client.ticket(owner="user-17", ttl=1)
    assert refused.value.problem is not None
    assert refused.value.problem["errors"][0]["pointer"] == "/ttl"


def test_what_is_anothers(client: Client, service: Service) -> None:
    """Another owner's, another key's, and what no valid key asks for; nothing of it is changed."""
    theirs = client.upload(PNG, filename="cat.png", owner="user-18")
    with pytest.raises(UploadNotFound):
        client.claim(theirs.id, "post:17", owner="user-17")
    assert client.get(theirs.id).claim is None
    stranger = service.server.create_key("stranger").key
    with Client(service.server.base_url, stranger) as other:
        for call in (other.get, other.delete, other.download_url):
            with pytest.raises(UploadNotFound):
                call(theirs.id)
        with pytest.raises(UploadNotFound):
            other.claim(theirs.id, "post:17", owner="user-18")
    with Client(service.server.base_url, "vk_nothing") as unknown, pytest.raises(Refused) as refused:
        unknown.get(theirs.id)
    assert (refused.value.code, refused.value.status) == ("unauthenticated", 401)
    ticket = client.ticket(owner="user-17", max_uploads=1).ticket
    with Client(service.server.base_url, ticket) as page:
        mine = page.upload(PNG, filename="cat.png")
        assert mine.owner == "user-17"
        for refusal in (
            lambda: page.upload(PNG, filename="b.png"),
            lambda: page.delete(mine.id),
            lambda: next(page.list()),
        ):
            with pytest.raises(Refused):
                refusal()
    assert client.get(mine.id).state == "confirmed"
