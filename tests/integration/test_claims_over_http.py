"""Claims of several uploads in one call of the API: all or none, and which of them caused the error."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from valetkey import Profile
from valetkey.testing import MemoryValetKey

PROFILES = {"photos": Profile("photos"), "films": Profile("films")}


class Backend:
    """A server that claims what its users have uploaded."""

    def __init__(self) -> None:
        self.app = Flask("album")
        self.valetkey = MemoryValetKey(self.app, profiles=PROFILES)
        self.bearer: dict[str, str] = {}  # here nobody asks for one
        self.http = self.app.test_client()

    def uploaded(self, owner: str = "ann", profile: str = "photos") -> str:
        return str(self.valetkey.client().upload(b"hello", owner=owner, profile=profile)["id"])

    def call(self, path: str, **body: Any) -> TestResponse:
        return self.http.post(f"/v1/claims{path}", json=body, headers=self.bearer)

    def claim(self, *ids: str, reference: str = "post:17", **terms: Any) -> TestResponse:
        return self.call("", uploads=list(ids), reference=reference, **terms)

    def release(self, *ids: str, reference: str = "post:17") -> TestResponse:
        return self.call("/release", uploads=list(ids), reference=reference)

    def listed(self, **query: Any) -> list[str]:
        """What is claimed, over all pages."""
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.http.get("/v1/claims", query_string=query | cursor, headers=self.bearer).get_json()
            found += [upload["id"] for upload in page["uploads"]]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def references(self, *ids: str) -> list[str | None]:
        found = [self.http.get(f"/v1/uploads/{one}", headers=self.bearer).get_json()["claim"] for one in ids]
        return [claim and claim["reference"] for claim in found]


@pytest.fixture
def backend() -> Backend:
    return Backend()


def said(answer: TestResponse) -> list[tuple[str, str]]:
    """Of a problem which uploads it names, by their place, and the code of each."""
    assert answer.mimetype == "application/problem+json", answer.text
    return [(one["pointer"], one["code"]) for one in answer.get_json()["errors"]]


def test_all_are_claimed_and_given_back(backend: Backend) -> None:
    """Each once and in the order of the call; the same again changes nothing, neither way."""
    first, second = backend.uploaded(), backend.uploaded()
    claimed = backend.claim(second, first, second, owner="ann", profile="photos")
    assert claimed.status_code == 200
    assert [one["id"] for one in claimed.get_json()["uploads"]] == [second, first]
    again = backend.claim(second, first, owner="ann")
    assert again.get_json() == claimed.get_json()
    assert backend.references(first, second) == ["post:17", "post:17"]
    for _ in range(2):
        released = backend.release(first, second)
        assert [one["claim"] for one in released.get_json()["uploads"]] == [None, None]
    assert backend.claim().get_json() == backend.release().get_json() == {"uploads": []}


def test_none_is_claimed_where_one_cannot_be(backend: Backend) -> None:
    """The problem is that of the first; it names every one, and its place in the call."""
    good, other = backend.uploaded(), backend.uploaded()
    strangers, film = backend.uploaded("bob"), backend.uploaded(profile="films")
    pending = backend.valetkey.client().ask(5, owner="ann", profile="photos")["upload"]["id"]
    nowhere = "01a21a44-8d15-70b4-b5c1-d8691bdbbabc"
    assert backend.claim(other, reference="post:16").status_code == 200
    answer = backend.claim(good, other, good, strangers, film, pending, nowhere, owner="ann", profile="photos")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "already_claimed")
    assert said(answer) == [
        ("/uploads/1", "already_claimed"),
        ("/uploads/3", "upload_not_found"),
        ("/uploads/4", "wrong_profile"),
        ("/uploads/5", "state_conflict"),
        ("/uploads/6", "upload_not_found"),
    ]
    assert backend.references(good, other, film) == [None, "post:16", None]
    answer = backend.release(good, other)
    assert (answer.status_code, said(answer)) == (409, [("/uploads/1", "already_claimed")])
    assert backend.references(other) == ["post:16"]


def test_garbage_is_nobodys_upload(backend: Backend) -> None:
    """It is named as what is not there, and nothing is claimed."""
    good = backend.uploaded()
    answer = backend.claim(good, "garbage", "")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "upload_not_found")
    assert said(answer) == [("/uploads/1", "upload_not_found"), ("/uploads/2", "upload_not_found")]
    assert backend.references(good) == [None]


def test_one_is_claimed_as_before(backend: Backend) -> None:
    """The path names it, so its problem has nothing to point at."""
    strangers = backend.uploaded("bob")
    wanted = {"reference": "post:17", "owner": "ann"}
    answer = backend.http.post(f"/v1/uploads/{strangers}/claim", json=wanted, headers=backend.bearer)
    assert (answer.status_code, "errors" in answer.get_json()) == (404, False)


def test_no_more_than_a_thousand(backend: Backend) -> None:
    """What is over it is refused as a whole; of many that are wrong some are named."""
    nowhere = [f"01a21a44-8d15-70b4-b5c1-{number:012d}" for number in range(1001)]
    for answer in (backend.claim(*nowhere), backend.release(*nowhere)):
        assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")
    answer = backend.claim(*nowhere[:1000])
    assert (answer.status_code, len(said(answer))) == (404, 20)
    assert (backend.claim(*["x"] * 1000).status_code, len(said(backend.claim(*["x"] * 1000)))) == (404, 20)


def test_a_ticket_claims_nothing(backend: Backend) -> None:
    """Nor does it see what is claimed."""
    upload_id = backend.uploaded()
    with backend.app.app_context():
        ticket = backend.valetkey.ticket("photos", owner="ann").ticket
    backend.bearer = {"Authorization": f"Bearer {ticket}"}
    assert backend.claim(upload_id).status_code == 403
    assert backend.release(upload_id).status_code == 403
    assert backend.http.get("/v1/claims", headers=backend.bearer).status_code == 403


def test_the_list_of_what_is_claimed(backend: Backend) -> None:
    """By how the reference begins and since when; every page leads to the next, also one that has nothing to show."""
    albums = [backend.uploaded() for _ in range(3)]
    posts = [backend.uploaded() for _ in range(3)]
    backend.uploaded()
    assert backend.claim(*albums, reference="album:1").status_code == 200
    backend.valetkey.advance(timedelta(hours=2))
    assert backend.claim(*posts, reference="post:1").status_code == 200
    assert backend.listed() == [*posts[::-1], *albums[::-1]]
    assert backend.listed(prefix="album:", limit=1) == backend.listed(prefix="album:") == albums[::-1]
    assert backend.listed(older_than=3600) == albums[::-1]
    assert backend.listed(prefix="post:", older_than=3600, limit=2) == []
    for query in ({"limit": 201}, {"cursor": "x"}, {"older_than": -1}, {"references": "post:1"}):
        assert backend.http.get("/v1/claims", query_string=query, headers=backend.bearer).status_code == 422
