"""What `Client` and `AsyncClient` send for each method, and what they return."""

from collections.abc import Callable
from uuid import UUID

import pytest
from tests.support.client_play import FAR, ID, PENDING, TICKET, UPLOAD, WANTED, Play
from tests.support.playing import Reply

from valetkey.client import (
    Client,
    NewUpload,
    PutGrant,
)


@pytest.mark.parametrize(
    ("do", "sent", "said"),
    [
        (
            lambda client: client.ticket("photos", owner="user-17", max_uploads=5),
            ("POST /v1/tickets", {"profile": "photos", "owner": "user-17", "max_uploads": 5, "ttl": 3600}),
            TICKET,
        ),
        (
            lambda client: client.claim(UUID(ID), "post:17", owner="user-17"),
            (f"POST /v1/uploads/{ID}/claim", {"reference": "post:17", "owner": "user-17"}),
            (200, {}, UPLOAD),
        ),
        (
            lambda client: client.release(ID, "post:17"),
            (f"POST /v1/uploads/{ID}/release", {"reference": "post:17"}),
            (200, {}, UPLOAD),
        ),
        (
            lambda client: client.complete(ID, [{"number": 1, "etag": "e"}]),
            (f"POST /v1/uploads/{ID}/complete", {"parts": [{"number": 1, "etag": "e"}]}),
            (200, {}, UPLOAD),
        ),
        (lambda client: client.get(ID), (f"GET /v1/uploads/{ID}", b""), (200, {}, UPLOAD)),
        (lambda client: client.delete(ID), (f"DELETE /v1/uploads/{ID}", b""), (204, {}, b"")),
        (
            lambda client: client.download_url(ID),
            (f"GET /v1/uploads/{ID}/download", b""),
            (200, {}, {"url": "https://s3.example/k", "expires_at": FAR}),
        ),
        (
            lambda client: client.download_url(ID, inline=True),
            (f"GET /v1/uploads/{ID}/download?inline=true", b""),
            (200, {}, {"url": "https://s3.example/k", "expires_at": FAR}),
        ),
    ],
)
def test_what_is_sent(
    client: Client, play: Play, do: Callable[[Client], object], sent: tuple[str, object], said: Reply
) -> None:
    """Method, path, body and key are right; arguments that are left out are not sent."""
    play.script = {sent[0]: [said]}
    do(client)
    assert (play.calls, play.bodies) == ([sent[0]], [sent[1]])
    assert play.headers[0]["Authorization"] == "Bearer vk_key"
    assert play.headers[0]["Accept"] == "application/json"


def test_what_comes_back(client: Client, play: Play) -> None:
    """Attributes have their types; a ticket is also a string."""
    play.script = {"POST /v1/tickets": [TICKET], f"GET /v1/uploads/{ID}": [(200, {}, UPLOAD)]}
    ticket, upload = client.ticket(owner="user-17"), client.get(ID)
    assert (str(ticket), ticket.ticket, ticket.expires_at.year) == ("vt_p.x", "vt_p.x", 2999)
    assert upload.object is not None
    assert (upload.id, upload.state, upload.object.key, upload.created_at.year) == (ID, "confirmed", "k", 2026)


def test_the_pages_of_a_list_are_asked_for_when_they_are_needed(client: Client, play: Play) -> None:
    """Each page is requested with the cursor of the page before, once it is needed."""
    first, second = "GET /v1/uploads?state=pending&limit=1", f"GET /v1/uploads?state=pending&limit=1&cursor={ID}"
    play.script[first] = [(200, {}, {"uploads": [PENDING], "next_cursor": ID})]
    play.script[second] = [(200, {}, {"uploads": [UPLOAD], "next_cursor": None})]
    uploads = client.list(state="pending", page_size=1)
    assert next(uploads).state == "pending"
    assert play.calls == [first]
    assert [one.state for one in uploads] == ["confirmed"]
    assert play.calls == [first, second]


def test_many_uploads_are_asked_for_a_hundred_at_a_time(client: Client, play: Play) -> None:
    """Each id is sent once, malformed ids never; without any id there is no request, which would list all."""
    ids = [f"0197f7a0-0000-7000-8000-{n:012x}" for n in range(101)]
    queries = ["&".join(f"id={one}" for one in group) for group in (ids[:100], ids[100:])]
    play.script[f"GET /v1/uploads?{queries[0]}"] = [(200, {}, {"uploads": [], "next_cursor": None, "not_found": ids})]
    play.script[f"GET /v1/uploads?{queries[1]}"] = [(200, {}, {"uploads": [UPLOAD], "next_cursor": None})]
    assert [one.state for one in client.get_all([*ids, "../keys", "", *ids]).values()] == ["confirmed"]
    assert len(play.calls) == 2
    assert client.get_all(["../keys", ""]) == {}
    assert len(play.calls) == 2
    assert len(f"GET /v1/uploads?{queries[0]} HTTP/1.1") < 4094


def test_an_upload_for_somebody_else_to_send(client: Client, play: Play) -> None:
    """The grant has one of three types; the upload's ticket can abort it, but not delete it as the key could."""
    play.script = {"POST /v1/uploads": [play.grants()], f"DELETE /v1/uploads/{ID}": [(204, {}, b"")]}
    wanted: NewUpload = {**WANTED, "owner": "user-17", "metadata": {"a": "b"}}
    granted = client.create(idempotency_key="order-7", **wanted)
    assert isinstance(granted.grant, PutGrant)
    assert granted.grant.url == f"{play.address}/s3"
    assert play.bodies == [wanted]
    assert play.headers[0]["Idempotency-Key"] == "order-7"
    client.abort(granted.upload.id, granted.ticket)
    assert play.headers[-1]["Authorization"] == "Bearer vt_u"


def test_asking_until_it_is_confirmed(client: Client, play: Play) -> None:
    """It asks as long as ``wait`` allows, and as often as Retry-After says."""
    call = f"POST /v1/uploads/{ID}/complete"
    later: Reply = (202, {"Retry-After": "1"}, PENDING)
    play.script = {call: [later]}
    assert client.complete(ID).state == "pending"
    assert len(play.calls) == 1
    play.script = {call: [later, later, (200, {}, UPLOAD)]}
    assert client.complete(ID, wait=120).state == "confirmed"
    assert len(play.calls) == 4
