"""Claims of several uploads at once, their release, and the claims that an application has forgotten."""

from datetime import timedelta

import pytest
from tests.support.client_play import ID, UPLOAD, Play, problem
from tests.support.playing import Reply
from tests.support.program_clients import running_client

from valetkey.client import (
    Client,
    ClientError,
    Conflict,
    Refused,
    UploadNotFound,
)

SECOND, THIRD = "0197f7a0-0000-7000-8000-000000000002", "0197f7a0-0000-7000-8000-000000000003"
CLAIMS, RELEASES = "POST /v1/claims", "POST /v1/claims/release"


def test_all_uploads_of_a_form(client: Client, play: Play) -> None:
    """One call claims all, each once and in their order; an empty form makes no call."""
    play.script[CLAIMS] = [(200, {}, {"uploads": [UPLOAD | {"id": SECOND}, UPLOAD]})]
    play.script[RELEASES] = [(200, {}, {"uploads": [UPLOAD]})]
    claimed = client.claim_all([SECOND, ID, SECOND], "post:17", owner="user-17", profile="photos")
    assert [upload.id for upload in claimed] == [SECOND, ID]
    assert [upload.id for upload in client.release_all([ID, ID], "post:17")] == [ID]
    assert play.calls == [CLAIMS, RELEASES]
    wanted = {"reference": "post:17", "owner": "user-17", "profile": "photos", "uploads": [SECOND, ID]}
    assert play.bodies == [wanted, {"reference": "post:17", "uploads": [ID]}]
    assert list(client.claim_all([], "post:17", owner="user-17")) == []
    assert list(client.release_all([], "post:17")) == []


def test_all_uploads_of_a_form_or_none(client: Client, play: Play) -> None:
    """If one cannot be claimed, none is, so nothing has to be released; the error says which one."""
    status, headers, body = problem(409, "already_claimed")
    assert isinstance(body, dict)
    errors = [{"pointer": "/uploads/1", "detail": "Upload x is claimed.", "code": "already_claimed"}]
    play.script[CLAIMS] = [(status, headers, body | {"errors": errors})]
    with pytest.raises(Conflict, match="/uploads/1: Upload x is claimed") as raised:
        client.claim_all([ID, SECOND], "post:17", owner="user-17")
    assert raised.value.problem is not None
    assert raised.value.problem["errors"] == errors
    assert play.calls == [CLAIMS]


LOST: Reply = (200, {}, b'{"uploads": [{"id": "0197')
"""A response that is cut off: the service has made the claims."""


@pytest.mark.parametrize(
    "answer",
    [LOST, problem(503, "ledger_unavailable"), (502, {}, b"Bad Gateway"), (200, {}, {"uploads": [{"state": 7}]})],
)
@pytest.mark.parametrize("released", [(200, {}, {"uploads": []}), problem(503, "ledger_unavailable")])
def test_a_claim_whose_answer_is_lost(kind: str, play: Play, answer: Reply, released: Reply) -> None:
    """It may have been made, so all are released; the error is that of the claim, also if the release fails."""
    play.script |= {CLAIMS: [answer], RELEASES: [released]}
    with running_client(kind, play.address, retry_for=0) as client, pytest.raises(ClientError) as raised:
        client.claim_all([ID, SECOND], "post:17", owner="user-17")
    assert "release" not in str(raised.value)
    assert set(play.calls) == {CLAIMS, RELEASES}
    assert play.bodies[-1] == {"reference": "post:17", "uploads": [ID, SECOND]}


def test_claims_that_the_application_does_not_know(client: Client, play: Play) -> None:
    """They are released page by page; a claim that has changed meanwhile stays, and is no error."""
    claimed = [
        UPLOAD | {"id": one, "claim": {"reference": f"post:{number}", "claimed_at": "2026-01-01T00:00:00Z"}}
        for number, one in enumerate((ID, SECOND, THIRD))
    ]
    first, second = "GET /v1/claims?prefix=post%3A&older_than=3600&limit=200", "&cursor=next"
    play.script[first] = [(200, {}, {"uploads": claimed[:1], "next_cursor": "next"})]
    play.script[first + second] = [(200, {}, {"uploads": claimed[1:], "next_cursor": None})]
    play.script[f"POST /v1/uploads/{SECOND}/release"] = [problem(409, "already_claimed")]
    play.script[f"POST /v1/uploads/{THIRD}/release"] = [(200, {}, UPLOAD)]
    looked = client.reconcile(["post:0"], prefix="post:", release=False)
    assert [one.id for one in looked] == [SECOND, THIRD]
    assert play.calls == [first, first + second]
    assert client.reconcile(["post:0"], prefix="post:") == looked
    assert play.bodies[-2:] == [{"reference": "post:1"}, {"reference": "post:2"}]
    play.script["GET /v1/claims?prefix=&older_than=1&limit=200"] = [(200, {}, {"uploads": [], "next_cursor": None})]
    assert list(client.reconcile([], older_than=timedelta(microseconds=1))) == []


def test_a_form_that_has_no_end(client: Client, play: Play) -> None:
    """Too many ids, or a malformed one among them: nothing is claimed."""
    many = (f"0197f7a0-0000-7000-8000-{number:012d}" for number in range(10**9))
    with pytest.raises(Refused) as raised:
        client.claim_all(many, "post:17", owner="user-17")
    assert raised.value.status == 422
    with pytest.raises(UploadNotFound):
        client.claim_all([ID, "garbage"], "post:17", owner="user-17")
    assert play.calls == []
