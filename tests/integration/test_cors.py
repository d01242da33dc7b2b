"""Pages of other origins: which may read the API's responses; other routes are not affected."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.support.stores import Bucket
from werkzeug.test import TestResponse

from valetkey.app import Installed
from valetkey.core.errors import ConfigurationError, LedgerUnavailable
from valetkey.settings import Settings, load_settings
from valetkey.testing import MemoryValetKey

PAGE, OTHER, STRANGER = "https://app.example", "http://[::1]:8080", "https://evil.example"
ALLOW = "Access-Control-Allow-Origin"
WANTED = {"filename": "a.png", "content_type": "image/png", "size": 5}


@pytest.fixture
def client(mount: Callable[..., Installed], settings: Settings) -> FlaskClient:
    """An application with a route of its own and valetkey below /files, for pages of two origins."""
    app = Flask("shop")
    app.add_url_rule("/v1/own", "own", lambda: "own", methods=["GET", "POST"])
    app.add_url_rule("/files/v1/own", "own below", lambda: "own")
    mount(app, settings=settings.model_copy(update={"cors_origins": (PAGE, OTHER)}), url_prefix="/files")
    return app.test_client()


def preflight(client: FlaskClient, path: str, origin: str = PAGE, headers: str = "authorization") -> TestResponse:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers}
    return client.options(path, headers={"Origin": origin} | asked)


@pytest.mark.parametrize("origin", [PAGE, OTHER])
def test_a_page_may_read_the_answer(client: FlaskClient, origin: str) -> None:
    """Its own origin is named, the headers it needs are exposed, and no cookies are invited."""
    answer = client.post("/files/v1/uploads", json=WANTED, headers={"Origin": origin})
    assert answer.status_code == 201
    assert answer.headers.getlist(ALLOW) == [origin]
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag, Idempotency-Replayed, Location, Retry-After"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers.getlist("Vary") == ["Origin"]


@pytest.mark.parametrize(
    "origin",
    [STRANGER, "null", "http://app.example", "https://app.example:444", "https://app.example.evil", "http://1:8080"],
)
def test_another_page_may_not(client: FlaskClient, origin: str) -> None:
    """Neither the answer nor a preflight names an origin; caches are told that it depends on it."""
    for answer in (
        client.post("/files/v1/uploads", json=WANTED, headers={"Origin": origin}),
        preflight(client, "/files/v1/uploads", origin),
    ):
        assert ALLOW not in answer.headers
        assert "Access-Control-Allow-Methods" not in answer.headers
        assert answer.headers.getlist("Vary") == ["Origin"]


@pytest.mark.parametrize(
    "path",
    ["/files/v1/uploads", "/files/v1/uploads/x/complete", "/files/v1/tickets", "/files/v1/nothing", "/files/v1/x/y/z"],
)
def test_a_preflight_needs_no_credential(client: FlaskClient, path: str) -> None:
    """Every route, and what is none, says at once what a page may send: any header that has a name, for a day."""
    headers = "authorization,content-type,idempotency-key,if-none-match,uber-trace-id,uppy-auth-token,x_other"
    answer = preflight(client, path, headers=f"{headers},no name,ö,")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers.getlist(ALLOW) == [PAGE]
    assert set(answer.headers["Access-Control-Allow-Methods"].split(", ")) == {"GET", "POST", "DELETE", "OPTIONS"}
    assert ", ".join(sorted(headers.split(","))) == answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Max-Age"] == "86400"
    assert answer.headers.getlist("Vary") == ["Origin"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "uploads", {"json": {}}, 422),
        ("POST", "uploads", {"data": b"{", "content_type": "application/json"}, 400),
        ("POST", "uploads", {"data": b"a=b", "content_type": "application/x-www-form-urlencoded"}, 415),
        ("POST", "uploads", {"data": b"x" * 300_000, "content_type": "application/json"}, 413),
        ("GET", "uploads/nothing", {}, 404),
        ("GET", "nothing", {}, 404),
        ("PUT", "uploads", {}, 405),
        ("GET", "uploads", {"headers": {"Authorization": "Bearer vt_p.x.y"}}, 401),
    ],
)
def test_errors_can_be_read_too(client: FlaskClient, method: str, path: str, body: dict[str, Any], status: int) -> None:
    """A page sees the problem document, not a network error."""
    headers = {"Origin": PAGE} | body.get("headers", {})
    answer = client.open(f"/files/v1/{path}", method=method, **(body | {"headers": headers}))
    assert answer.status_code == status
    assert answer.headers.getlist(ALLOW) == [PAGE]


def test_an_outage_can_be_read_too(mount: Callable[..., Installed], settings: Settings) -> None:
    """503 with Retry-After, exposed."""
    app = Flask("shop")
    mounted = mount(app, settings=settings.model_copy(update={"cors_origins": ("*",)}))

    def away(_: object) -> None:
        raise LedgerUnavailable("It is away.", 7)

    mounted.ledger.add = away  # type: ignore[method-assign, assignment]
    answer = app.test_client().post("/v1/uploads", json=WANTED, headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["Retry-After"], answer.headers[ALLOW]) == (503, "7", "*")


def test_any_origin(mount: Callable[..., Installed], settings: Settings) -> None:
    """``*`` is said as such, so that an answer is the same for all."""
    app = Flask("shop")
    mount(app, settings=settings.model_copy(update={"cors_origins": ("*",)}))
    for answer in (
        app.test_client().post("/v1/uploads", json=WANTED, headers={"Origin": STRANGER}),
        preflight(app.test_client(), "/v1/uploads", STRANGER),
    ):
        assert answer.headers.getlist(ALLOW) == ["*"]
        assert "Vary" not in answer.headers


def test_without_an_origin_nothing_is_said(client: FlaskClient) -> None:
    """A script's answer is as before; only what a cache may keep says that it depends on the origin."""
    assert not {ALLOW, "Vary"} & set(client.post("/files/v1/uploads", json=WANTED).headers.keys())
    read = client.get("/files/v1/uploads")
    assert ALLOW not in read.headers
    assert read.headers.getlist("Vary") == ["Origin"]


@pytest.mark.parametrize("path", ["/v1/own", "/files/v1/own", "/files", "/v1/nothing"])
def test_the_applications_own_routes_are_not_touched(client: FlaskClient, path: str) -> None:
    """Not even one that lies below our paths."""
    for answer in (client.get(path, headers={"Origin": PAGE}), preflight(client, path)):
        assert not {name for name, _ in answer.headers if name.startswith("Access-Control")}
        assert "Vary" not in answer.headers


def test_without_the_setting_there_is_no_cors() -> None:
    """No header for anybody, and nothing of it is run for a request of the application's."""
    app = Flask("shop")
    MemoryValetKey(app)
    assert all(function.__module__ != "valetkey.api.cors" for function in app.after_request_funcs.get(None, []))
    assert ALLOW not in app.test_client().post("/v1/uploads", json=WANTED, headers={"Origin": PAGE}).headers


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://app.example", ("https://app.example",)),
        ("https://App.Example, http://localhost:5173 ,", ("https://app.example", "http://localhost:5173")),
        ("*", ("*",)),
        ("capacitor://localhost,http://[::1]:3000", ("capacitor://localhost", "http://[::1]:3000")),
        ("", ()),
    ],
)
def test_origins_that_are_taken(monkeypatch: pytest.MonkeyPatch, text: str, kept: tuple[str, ...]) -> None:
    """As a browser writes them: in lower case."""
    monkeypatch.setenv("VALETKEY_CORS_ORIGINS", text)
    assert load_settings().cors_origins == kept


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://app.example/", "'https://app.example/' must have no slash at its end"),
        ("https://app.example/shop", "must have no path"),
        ("https://app.example//", "must have no path"),
        ("app.example", "'app.example' has no scheme"),
        ("null", "'null' has no scheme"),
        ("https://ok.example,*", "must be the only value"),
        ("https://*.app.example", "is not an origin"),
        ("https://größe.example", "is not an origin"),
        ("https://ann@app.example", "is not an origin"),
        ("https://", "is not an origin"),
        ("https://app.example:443", "leave it out"),
        ("http://[::1]:80", "leave it out"),
    ],
)
def test_origins_that_could_never_match_are_refused(monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    """At the start, with the variable and what to change."""
    monkeypatch.setenv("VALETKEY_CORS_ORIGINS", text)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert "VALETKEY_CORS_ORIGINS" in refused.value.detail
    assert said in refused.value.detail


def test_the_embedded_bucket_shows_pages_what_they_need(moto_bucket: Bucket) -> None:
    """Its rule, which `make s3` gives to its bucket as well, exposes ETag (for parts) and Location (for Uppy)."""
    from valetkey.adapters.embedded import CORS_RULE

    moto_bucket.client.put_bucket_cors(Bucket=moto_bucket.name, CORSConfiguration={"CORSRules": [CORS_RULE]})
    [rule] = moto_bucket.client.get_bucket_cors(Bucket=moto_bucket.name)["CORSRules"]
    assert {"ETag", "Location"} <= set(rule["ExposeHeaders"])
    assert {"POST", "PUT"} <= set(rule["AllowedMethods"])
    assert (rule["AllowedHeaders"], rule["AllowedOrigins"]) == (["*"], ["*"])
