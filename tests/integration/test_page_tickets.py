"""Tickets for an application's own pages, by its login."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from flask_cors import CORS
from flask_wtf import CSRFProtect
from tests.support.clients import post_form
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import TestResponse

from valetkey import Profile
from valetkey.app import Installed
from valetkey.core.errors import ConfigurationError
from valetkey.settings import Settings
from valetkey.testing import MemoryValetKey

OWN = {"Sec-Fetch-Site": "same-origin"}
PROFILES = {"photos": Profile("photos"), "films": Profile("films")}
Mount = Callable[..., Installed]


def application(**options: Any) -> tuple[Flask, MemoryValetKey]:
    """One with a session, and valetkey in memory."""
    app = Flask("photos")
    app.secret_key = "only for tests"
    return app, MemoryValetKey(app, profiles=PROFILES, **options)


def logged_in(app: Flask, user: str | None = "user-17") -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as current:
        current["user"] = user
    return client


def user() -> str | None:
    found: str | None = session.get("user")
    return found


def ask(client: FlaskClient, profile: str = "photos", **options: Any) -> TestResponse:
    return client.post("/session/ticket", json={"profile": profile}, **({"headers": OWN} | options))


def refusal(answer: TestResponse) -> tuple[int, str]:
    assert answer.mimetype == "application/problem+json"
    assert "vt_" not in answer.text
    return answer.status_code, answer.get_json()["code"]


def test_who_is_logged_in_uploads(mount: Mount, settings: Settings) -> None:
    """The ticket creates uploads for this owner and of this profile, to a confirmed one, with Flask-WTF around it."""
    app = Flask("photos")
    app.secret_key = "only for tests"
    CSRFProtect(app)
    closed = settings.model_copy(update={"auth": "keys"})
    made = mount(app, settings=closed, profiles=PROFILES)
    made.page_tickets.admit(user, None, 900, 5)
    answer = ask(logged_in(app))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert set(answer.get_json()) == {"ticket", "expires_at"}
    bearer = {"Authorization": f"Bearer {answer.get_json()['ticket']}"}
    stranger = app.test_client()
    wanted = {"filename": "cat.png", "content_type": "image/png", "size": 5}
    granted = stranger.post("/v1/uploads", json=wanted, headers=bearer).get_json()
    assert (granted["upload"]["owner"], granted["upload"]["profile"]) == ("user-17", "photos")
    assert post_form(granted["grant"]["url"], granted["grant"]["fields"], b"hello").status == 201
    done = stranger.post(f"/v1/uploads/{granted['upload']['id']}/complete", headers=bearer)
    assert done.get_json()["state"] == "confirmed"
    assert stranger.post("/v1/uploads", json=wanted | {"profile": "films"}, headers=bearer).status_code == 403


def test_nobody_gets_none() -> None:
    """Without a login, and without an owner_loader, it is a 401; a refusal is no hint at a password for browsers."""
    app, valetkey = application()
    assert refusal(ask(logged_in(app))) == (401, "unauthenticated")
    valetkey.owner_loader(user)
    assert refusal(ask(app.test_client())) == (401, "unauthenticated")
    assert "Log in" in ask(app.test_client()).get_json()["detail"]
    assert ask(logged_in(app)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost:81"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": ""},
        {},
    ],
)
def test_another_origin_gets_none(headers: dict[str, str]) -> None:
    """Whoever is logged in: not by a form, a fetch, a sandboxed frame, a neighbour's site, nor without a word of it."""
    app, valetkey = application()
    valetkey.owner_loader(user)
    assert refusal(ask(logged_in(app), headers=headers)) == (403, "forbidden")
    form = logged_in(app).post("/session/ticket", data={"profile": "photos"}, headers=headers)
    assert form.status_code in {403, 415}
    assert "vt_" not in form.text


def test_an_application_that_opens_itself_to_every_origin_does_not_open_this() -> None:
    """Flask-CORS with credentials for everybody lets a preflight pass: the request itself is refused all the same."""
    app, valetkey = application()
    valetkey.owner_loader(user)
    CORS(app, supports_credentials=True)
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert refusal(ask(logged_in(app), headers=evil)) == (403, "forbidden")


def test_no_origin_is_invited(mount: Mount, settings: Settings) -> None:
    """Origins that may call the API may not call this, and a preflight says nothing."""
    app = Flask("photos")
    mount(app, settings=settings.model_copy(update={"cors_origins": ("https://app.example",)}))
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        app.test_client().options("/session/ticket", headers=asked),
        ask(app.test_client(), headers={"Origin": "https://app.example"}),
    ):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    ("origin", "headers"),
    [
        ("http://localhost", {}),
        ("https://photos.example", {"Host": "photos.example", "X-Forwarded-Proto": "https"}),
        ("http://valetkey.test", {}),
    ],
)
def test_an_old_browser_says_its_origin(origin: str, headers: dict[str, str]) -> None:
    """Without Sec-Fetch-Site the origin counts: that of this request, behind ProxyFix too, or the public address."""
    app, valetkey = application()
    valetkey.owner_loader(lambda: "user-17")
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    assert ask(app.test_client(), headers={"Origin": origin} | headers).status_code == 200


def test_only_profiles_for_pages() -> None:
    """Those that the decorator names; without names any there is, and an unknown one is said to be so."""
    app, valetkey = application()

    @valetkey.owner_loader(profiles=["photos"])
    def owner() -> str | None:
        return user()

    assert ask(logged_in(app)).status_code == 200
    assert refusal(ask(logged_in(app), "films")) == (403, "forbidden")
    assert refusal(logged_in(app).post("/session/ticket", json={}, headers=OWN)) == (403, "forbidden")
    valetkey.owner_loader(owner)
    assert ask(logged_in(app), "films").status_code == 200
    assert logged_in(app).post("/session/ticket", json={}, headers=OWN).status_code == 200
    assert refusal(ask(logged_in(app), "songs")) == (422, "unknown_profile")


def test_a_ticket_has_its_bounds() -> None:
    """A quarter of an hour and 1,000 uploads, unless the decorator says otherwise."""
    now = datetime(2026, 11, 26, 10, tzinfo=UTC)
    app, valetkey = application(clock=lambda: now)
    valetkey.owner_loader(user)
    assert ask(logged_in(app)).get_json()["expires_at"] == "2026-11-26T10:15:00Z"
    valetkey.owner_loader(ttl=60, max_uploads=1)(user)
    answer = ask(logged_in(app)).get_json()
    assert answer["expires_at"] == "2026-11-26T10:01:00Z"
    bearer = {"Authorization": f"Bearer {answer['ticket']}"}
    wanted = {"filename": "cat.png", "content_type": "image/png", "size": 5}
    created = [app.test_client().post("/v1/uploads", json=wanted, headers=bearer) for _ in range(2)]
    assert [one.status_code for one in created] == [201, 403]
    assert created[1].get_json()["code"] == "ticket_used_up"
    now += timedelta(seconds=61)
    assert app.test_client().post("/v1/uploads", json=wanted, headers=bearer).status_code == 401


@pytest.mark.parametrize("terms", [{"ttl": 59}, {"ttl": 604_801}, {"max_uploads": 0}, {"max_uploads": 1_000_001}])
def test_terms_that_no_ticket_can_have(terms: dict[str, Any]) -> None:
    """They are refused where they are written."""
    _, valetkey = application()
    with pytest.raises(ConfigurationError, match="owner_loader"):
        valetkey.owner_loader(**terms)(user)


@pytest.mark.parametrize("returned", [17, "", "x" * 201, "a\x00b", "a\ufffdb", "a\ud83d"])
def test_an_owner_that_is_none(returned: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A number, or a text that no ledger takes or that others may have become, too, is a fault of the application, and
    never somebody else."""
    app, valetkey = application()
    valetkey.owner_loader(lambda: returned)
    assert refusal(ask(app.test_client())) == (500, "configuration_error")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"json": {"profile": "photos", "owner": "user-1"}}, 422),
        ({"json": {"profile": 5}}, 422),
        ({"data": b"x" * 300_000, "content_type": "application/json"}, 413),
        ({"data": {"profile": "photos"}}, 415),
        ({"data": b"{}", "content_type": "text/plain"}, 415),
    ],
)
def test_what_cannot_be_read(body: dict[str, Any], status: int) -> None:
    """A page cannot choose the owner; and a form's types, which need no preflight, are not read."""
    app, valetkey = application()
    valetkey.owner_loader(user)
    assert refusal(logged_in(app).post("/session/ticket", headers=OWN, **body))[0] == status


def test_a_get_gives_nothing() -> None:
    """No link and no image gets a ticket."""
    app, valetkey = application()
    valetkey.owner_loader(user)
    assert logged_in(app).get("/session/ticket", headers=OWN).status_code == 405


def test_it_is_no_part_of_the_api(mount: Mount) -> None:
    """The document for programs does not name it."""
    mount(app := Flask("photos"))
    assert "session" not in app.test_client().get("/openapi.json").text
