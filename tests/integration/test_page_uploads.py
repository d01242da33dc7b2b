"""The uploads that a form shows when it is shown again, by the application's login."""

from typing import Any

import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from valetkey import Profile
from valetkey.testing import MemoryValetKey

OWN = {"Sec-Fetch-Site": "same-origin"}
PROFILES = {"photos": Profile("photos"), "films": Profile("films")}


class Album:
    """An application with a session, valetkey in memory, and its pages."""

    def __init__(self, **terms: Any) -> None:
        self.app = Flask("album")
        self.app.secret_key = "only for tests"
        self.valetkey = MemoryValetKey(self.app, profiles=PROFILES)
        self.valetkey.owner_loader(**terms)(lambda: session.get("user"))

    def http(self, user: str | None) -> FlaskClient:
        client = self.app.test_client()
        with client.session_transaction() as current:
            current["user"] = user
        return client

    def uploaded(self, user: str = "ann", profile: str = "photos", **asked: Any) -> str:
        """The id of a file that ``user`` has uploaded on an earlier page."""
        page = self.valetkey.page(self.http(user))
        [upload_id] = page.field("photos", (b"hello", "cat.png", "image/png"), profile=profile, **asked)["photos"]
        return upload_id

    def ask(self, *ids: str, user: str | None = "ann", profile: str = "photos", **options: Any) -> TestResponse:
        given: dict[str, Any] = {"headers": OWN, "json": {"profile": profile, "uploads": list(ids)}}
        return self.http(user).post("/session/uploads", **(given | options))

    def shown(self, *ids: str, **options: Any) -> list[str]:
        answer = self.ask(*ids, **options)
        assert answer.status_code == 200, answer.text
        return [upload["id"] for upload in answer.get_json()["uploads"]]


@pytest.fixture
def album() -> Album:
    return Album()


def test_a_field_shows_what_its_user_has_uploaded(album: Album) -> None:
    """Of an earlier page, with another ticket: name, path, type and size; no key, no metadata, no address, no claim."""
    upload_id = album.uploaded(path="trip/cat.png", metadata={"note": "secret"})
    answer = album.ask(upload_id)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.get_json() == {
        "uploads": [
            {
                "id": upload_id,
                "state": "confirmed",
                "filename": "cat.png",
                "path": "trip/cat.png",
                "content_type": "image/png",
                "size": 5,
            }
        ]
    }


def test_in_the_order_of_the_field_and_each_once(album: Album) -> None:
    """Also what is claimed: a form that changes a post shows what the post has."""
    first, second = album.uploaded(), album.uploaded()
    with album.app.app_context():
        album.valetkey.claim(first, owner="ann", reference="post:17")
    assert album.shown(second, first, second) == [second, first]


def test_nothing_is_told_of_others(album: Album) -> None:
    """Another user's, another profile's, one that is not there, what is no id: the answer is the same."""
    strangers = album.uploaded("bob")
    film = album.uploaded(profile="films")
    nowhere = "01a21a44-8d15-70b4-b5c1-d8691bdbbabc"
    garbage = ["", "../../etc", "1", "é" * 300, "\0", "None"]
    own = album.uploaded()
    assert album.shown(strangers, film, nowhere, *garbage, own) == [own]
    assert album.shown(film, profile="films") == [film]
    assert album.shown(strangers, user="bob") == [strangers]


def test_what_is_no_more_or_not_yet_is_not_shown(album: Album) -> None:
    """Pending, deleted, erased: a field has nothing to send of these."""
    ticket = album.valetkey.page(album.http("ann")).ticket("photos")
    pending = album.valetkey.client(ticket).ask(5)["upload"]["id"]
    deleted, erased = album.uploaded(), album.uploaded("eve")
    with album.app.app_context():
        album.valetkey.delete(deleted)
        album.valetkey.erase("eve")
    album.valetkey.work()
    assert album.shown(pending, deleted) == []
    assert album.shown(erased, user="eve") == []
    assert album.shown(erased) == []


def test_nobody_and_other_origins_are_told_nothing(album: Album) -> None:
    """As with tickets: without a login it is a 401, from another origin a 403, whoever is logged in."""
    upload_id = album.uploaded()
    assert album.ask(upload_id, user=None).status_code == 401
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = album.ask(upload_id, headers=headers)
        assert (answer.status_code, upload_id in answer.text) == (403, False)
    form = album.http("ann").post("/session/uploads", data={"uploads": upload_id}, headers=OWN)
    assert form.status_code == 415


def test_only_profiles_for_pages() -> None:
    """The same as for tickets."""
    album = Album(profiles=["films"])
    assert album.ask(profile="photos").status_code == 403
    assert album.shown(profile="films") == []


@pytest.mark.parametrize(
    "body",
    [{"uploads": ["x"] * 101}, {"uploads": [17]}, {"uploads": "x"}, {}, {"uploads": [], "owner": "bob"}],
)
def test_what_is_no_list_of_a_field(album: Album, body: dict[str, Any]) -> None:
    """At most 100 at a time, and nothing that names somebody else."""
    answer = album.ask(json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")
