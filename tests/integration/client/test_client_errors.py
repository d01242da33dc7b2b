"""Failures of the service, wrong ids and wrong arguments: which errors are raised, and what is retried."""

import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.client_play import ID, TICKET, WANTED, Play, problem
from tests.support.playing import Reply
from tests.support.program_clients import running_client

from valetkey.client import (
    Client,
    ClientError,
    Conflict,
    Refused,
    Rejected,
    Unreachable,
    UploadNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("trouble", [problem(503, "ledger_unavailable"), problem(429, "slow"), (502, {}, b"<html>")])
def test_trouble_that_passes(kind: str, play: Play, trouble: Reply) -> None:
    """The call is made again; a creation repeats its idempotency key, so that it creates one upload."""
    play.script = {"POST /v1/uploads": [trouble, trouble, play.grants()]}
    with running_client(kind, play.address, retry_for=30) as client:
        client.create(**WANTED)
    keys = {headers["Idempotency-Key"] for headers in play.headers}
    assert (len(play.calls), len(keys)) == (3, 1)


def test_trouble_that_lasts(client: Client, play: Play) -> None:
    """The error has the service's last response; while the service is unavailable, other calls make one attempt."""
    play.script = {"POST /v1/tickets": [problem(503, "store_unavailable")]}
    for calls in (3, 4):
        with pytest.raises(Unreachable, match="It is store_unavailable") as raised:
            client.ticket(owner="user-17")
        assert (raised.value.code, raised.value.status) == ("unreachable", 503)
        assert raised.value.problem is not None
        assert raised.value.problem["code"] == "store_unavailable"
        assert len(play.calls) == calls


def test_it_waits_as_long_as_it_is_asked_to(kind: str, play: Play) -> None:
    """The client waits for Retry-After, unless that is longer than it may retry for."""
    play.script = {"POST /v1/tickets": [problem(503, "busy", **{"Retry-After": "1"}), TICKET]}
    began = time.monotonic()
    with running_client(kind, play.address, retry_for=120) as client:
        client.ticket(owner="user-17")
        assert time.monotonic() - began >= 1
        play.script = {"POST /v1/tickets": [problem(503, "busy", **{"Retry-After": "86400"})]}
        with pytest.raises(Unreachable):
            client.ticket(owner="user-17")
    assert time.monotonic() - began < 90


@pytest.mark.parametrize(
    ("said", "error", "code"),
    [
        (problem(401, "unauthenticated"), Refused, "unauthenticated"),
        (problem(403, "forbidden"), Refused, "forbidden"),
        (problem(404, "upload_not_found"), UploadNotFound, "upload_not_found"),
        (problem(409, "already_claimed"), Conflict, "already_claimed"),
        (problem(422, "wrong_profile"), Refused, "wrong_profile"),
        (problem(422, "size_out_of_range"), Rejected, "size_out_of_range"),
        ((200, {}, b"<html>a login page</html>"), Refused, "http_200"),
        ((200, {}, {"status": "up"}), Refused, "http_200"),
        ((200, {}, {"id": 7, "state": "confirmed"}), ClientError, "unexpected_response"),
        ((308, {"Location": "https://elsewhere.example/"}, b""), Refused, "http_308"),
    ],
)
def test_what_is_refused(client: Client, play: Play, said: Reply, error: type[ClientError], code: str) -> None:
    """The first attempt decides, and the error has the service's code. A response that is not valetkey's is named as
    such; a page in its place may be there for a moment only, so the call is made a few times."""
    play.script = {f"POST /v1/uploads/{ID}/claim": [said]}
    with pytest.raises(error) as raised:
        client.claim(ID, "post:17", owner="user-17")
    assert type(raised.value) is error
    assert raised.value.code == code
    assert raised.value.detail == str(raised.value)
    assert "--token" not in raised.value.detail  # that is for a terminal
    if code != "unexpected_response":
        assert raised.value.status == said[0]
    assert (raised.value.problem == said[2]) == (said[0] >= 400)
    assert len(play.calls) == (3 if isinstance(said[2], bytes) and said[2] else 1)


@pytest.mark.parametrize(
    "text",
    ["", " ", "..", "../tickets", f"{ID}/claim", f"{ID}?x", f"{ID}\n", ID.upper() + "A", "None", "💥", "a" * 9000],
)
def test_what_is_no_id_is_nobodys_upload(client: Client, play: Play, text: str) -> None:
    """A form may send anything; none of it becomes a path of the service."""
    calls: list[Callable[[], object]] = [
        lambda: client.get(text),
        lambda: client.claim(text, "post:17", owner="user-17"),
        lambda: client.release(text, "post:17"),
        lambda: client.complete(text),
        lambda: client.delete(text),
        lambda: client.abort(text, "vt_u"),
        lambda: client.grant(text),
        lambda: client.download_url(text),
    ]
    for call in calls:
        with pytest.raises(UploadNotFound) as raised:
            call()
        assert (raised.value.code, raised.value.status) == ("upload_not_found", 404)
    assert play.calls == []


@pytest.mark.parametrize("nobody", [None, "", 17])
def test_nobody_owns_nothing(client: Client, play: Play, nobody: Any) -> None:
    """If nobody is logged in, no ticket is requested, and nobody's upload is claimed."""
    with pytest.raises(Refused) as raised:
        client.ticket(owner=nobody)
    assert (raised.value.code, raised.value.status) == ("invalid_request", 422)
    with pytest.raises(Refused):
        client.claim(ID, "post:17", owner=nobody)
    with pytest.raises(Refused):
        client.claim_all([ID], "post:17", owner=nobody)
    assert play.calls == []


@pytest.mark.parametrize("wrong", ["uploads.example", "ftp://a", "http://a?b", "http://a#b", "http://a:99999", ""])
def test_an_address_that_is_none(kind: str, wrong: str) -> None:
    """It is a mistake in the program, so creating the client fails; so does a key with a line break."""
    with pytest.raises(ValueError), running_client(kind, wrong):  # noqa: PT011 - the messages differ
        pass
    with pytest.raises(ValueError, match="key"), running_client(kind, "http://127.0.0.1:1", "vk\r\nX: y"):
        pass


def test_it_does_not_show_its_key(kind: str) -> None:
    """It is neither in its representation nor in an error."""
    with running_client(kind, "http://127.0.0.1:1", "vk_secret", retry_for=0) as client:
        assert "vk_secret" not in f"{client!r} {vars(client) if kind == 'blocking' else ''}"
        with pytest.raises(Unreachable) as raised:
            client.ticket(owner="user-17")
        assert "vk_secret" not in f"{raised.value!r} {raised.value.detail}"
