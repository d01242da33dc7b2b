"""The surroundings of a mounted valetkey: prefixes, global hooks, servers that fork.

Reported of extensions for Flask and of services behind proxies: links that lose the prefix (python-restx/flask-restx
58), APIs that Flask-WTF's ``CSRFProtect`` answers with 400 (pallets-eco/flask-wtf 111), and a page's ``fetch`` that
follows a redirect to another origin and arrives there as ``Origin: null`` (DataBiosphere/data-browser 402). Error
handlers of the application that turn an API's errors into pages were looked for by ourselves.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest
from flask import Flask, Response, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from tests.support.clients import post_form
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

from valetkey.app import BLUEPRINTS, Installed
from valetkey.core.errors import ConfigurationError
from valetkey.settings import Settings, load_settings
from valetkey.testing import MemoryValetKey

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}
Mount = Callable[..., Installed]


def application() -> Flask:
    app = Flask("photos")
    app.secret_key = "only for tests"
    return app


def confirmed(client: Any, prefix: str = "", script_name: str = "") -> dict[str, Any]:
    """One whole upload, by nothing but the addresses that the API gives. Flask's client adds ``script_name`` itself."""
    answer = client.post(f"{prefix}/v1/uploads", json=CAT)
    assert answer.status_code == 201, answer.text
    grant = answer.get_json()["grant"]
    assert post_form(grant["url"], grant["fields"], b"hello").status == 201
    here = answer.headers["Location"].removeprefix(script_name)
    assert client.post(f"{here}/complete").get_json()["state"] == "confirmed"
    got: dict[str, Any] = client.get(here).get_json()
    return got


@pytest.mark.needs("docs")
@pytest.mark.parametrize("public_path", ["", "/files", "/files/"])
def test_a_prefix_is_in_every_address(public_path: str, settings: Settings, mount: Mount) -> None:
    """`Location`, the return address, the document's server and a problem's type, whether the base has it or not."""
    app = application()
    base = "http://uploads.example"
    mount(app, url_prefix="/files", settings=settings.model_copy(update={"public_url": base + public_path}))
    client = app.test_client()
    confirmed(client, "/files")
    sent_back = client.post("/files/v1/uploads", json=CAT | {"redirect": True}).get_json()["grant"]["fields"]
    assert sent_back["success_action_redirect"].startswith(f"{base}/files/v1/uploads/")
    assert client.get("/files/openapi.json").get_json()["servers"] == [{"url": f"{base}/files"}]
    kind = client.get("/files/v1/uploads/none").get_json()["type"]
    assert client.get(kind.partition("#")[0], follow_redirects=True).status_code == 200
    assert kind == "/files/docs/errors#upload_not_found"


def test_a_proxy_that_takes_a_path_away(settings: Settings, mount: Mount) -> None:
    """Its path is in the public URL, and in no request."""
    app = application()
    mount(app, settings=settings.model_copy(update={"public_url": "https://host.example/api"}))
    client = app.test_client()
    answer = client.post("/v1/uploads", json=CAT)
    assert answer.headers["Location"] == f"/api/v1/uploads/{answer.get_json()['upload']['id']}"
    assert client.get("/openapi.json").get_json()["servers"] == [{"url": "https://host.example/api"}]
    assert client.get("/v1/uploads/none").get_json()["type"] == "/api/docs/errors#upload_not_found"


@pytest.mark.parametrize("said_by", ["dispatcher", "proxy"])
def test_a_path_that_the_server_knows(said_by: str, settings: Settings, mount: Mount) -> None:
    """SCRIPT_NAME of a dispatcher, and of a proxy's X-Forwarded-Prefix."""
    app = application()
    mount(app, url_prefix="/files", settings=settings.model_copy(update={"public_url": None}))
    if said_by == "dispatcher":
        client, path, headers = Client(DispatcherMiddleware(Flask("root"), {"/app": app})), "/app/files", {}
    else:
        client, path, headers = Client(ProxyFix(app, x_prefix=1)), "/files", {"X-Forwarded-Prefix": "/app"}
    answer = client.post(f"{path}/v1/uploads", json=CAT, headers=headers)
    assert answer.headers["Location"].startswith("/app/files/v1/uploads/")
    assert client.get(f"{path}/openapi.json", headers=headers).get_json()["servers"] == [{"url": "/app/files"}]


def test_the_documentation_finds_its_parts_from_where_it_is_seen(mount: Mount) -> None:
    """Scripts, styles and the API's document are named relative to the page: no prefix can be wrong."""
    app = application()
    mount(app, url_prefix="/files")
    client = app.test_client()
    page = client.get("/files/docs/api/").text
    assert 'url: "../../openapi.json"' in page
    assert 'src="./swagger-ui-bundle.js"' in page
    assert client.get(urljoin("/files/docs/api/", "./swagger-ui-bundle.js")).status_code == 200
    assert client.get(urljoin("/files/docs/api/", "../../openapi.json")).status_code == 200


@pytest.mark.parametrize("first", ["valetkey", "csrf"])
def test_csrf_protection_is_for_cookies(first: str, mount: Mount) -> None:
    """Flask-WTF's protection lets our calls pass, whichever is set up first, and still protects the application's."""
    app = application()
    if first == "csrf":
        CSRFProtect(app)
    mount(app)
    if first == "valetkey":
        CSRFProtect(app)

    @app.post("/own")
    def own() -> str:
        return "done"

    client = app.test_client()
    upload = confirmed(client)
    assert client.delete(f"/v1/uploads/{upload['id']}").status_code == 204
    assert client.post("/uppy/s3/multipart", json={"filename": "a", "type": "image/png"}).status_code == 200
    assert client.post("/v1/events/ceph", json={}).get_json()["code"] == "sender_unknown"
    assert client.post("/own").status_code == 400


@pytest.mark.parametrize("status", [400, 404, 405, 413, 414, 415, 422, 500])
def test_an_applications_error_pages_are_not_ours(status: int, mount: Mount) -> None:
    """A program that uploads gets problem documents, also where the application has a page for that status."""
    app = application()
    mount(app)

    def page(error: Exception) -> ResponseReturnValue:
        return "<h1>Oh no</h1>", status

    app.register_error_handler(status, page)
    app.register_error_handler(Exception, page)
    client = app.test_client()
    answers = [
        client.post("/v1/uploads", data="no json", content_type="application/json"),
        client.get("/v1/uploads/none"),
        client.post("/v1/uploads", data={"a": "form"}),
        client.post("/v1/uploads", data="x", content_type="application/xml"),
        client.post("/v1/uploads", data=b"x" * 300_000, content_type="application/json"),
        client.post("/v1/uploads", json={}),
        client.get("/v1/uploads?" + "a" * 20_000),
    ]
    assert [answer.status_code for answer in answers] == [400, 404, 415, 415, 413, 422, 414]
    assert {answer.mimetype for answer in answers} == {"application/problem+json"}


def test_hooks_that_touch_every_answer(mount: Mount) -> None:
    """Sessions that are written after each request, a security extension's headers and a limiter change nothing."""
    app = application()
    app.config["MAX_CONTENT_LENGTH"] = 16
    app.config["APPLICATION_ROOT"] = "/elsewhere"
    app.url_map.strict_slashes = False
    mount(app)
    Talisman(app, force_https=False)
    Limiter(lambda: "everybody", app=app, default_limits=["1000 per hour"], storage_uri="memory://")

    @app.after_request
    def count(response: Response) -> Response:
        session["requests"] = session.get("requests", 0) + 1
        return response

    assert confirmed(app.test_client(), script_name="/elsewhere")["state"] == "confirmed"
    assert "Set-Cookie" in app.test_client().get("/healthz").headers


def test_errors_that_the_application_traps_are_answered_all_the_same() -> None:
    """``TRAP_HTTP_EXCEPTIONS`` has Flask take each HTTP error without a handler for a fault of the program: ours, and
    our redirects, were 500 (as reported in pallets/flask 2585)."""
    app = Flask("photos")
    app.config["TRAP_HTTP_EXCEPTIONS"] = True
    MemoryValetKey(app)
    client = app.test_client()
    for answer, status, code in (
        (client.get("/v1/nowhere"), 404, "not_found"),
        (client.put("/v1/uploads"), 405, "method_not_allowed"),
        (client.post("/v1/nowhere", data={"a": "b"}), 415, "unsupported_media_type"),
    ):
        assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    moved = client.get("/docs")
    assert (moved.status_code, moved.location) == (308, "/docs/")


def test_a_limit_of_the_application_is_a_problem_document(mount: Mount) -> None:
    """What flask-limiter refuses is answered so that a program understands it, and knows when to come again."""
    app = application()
    mount(app)
    Limiter(lambda: "everybody", app=app, default_limits=["1 per hour"], storage_uri="memory://", headers_enabled=True)
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    refused = client.get("/healthz")
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert int(refused.headers["Retry-After"]) > 0


def test_an_applications_login_hook_tells_our_requests_by_their_blueprint(mount: Mount) -> None:
    """A hook that wants a login of every request can leave ours to us."""
    app = application()
    mount(app)

    @app.before_request
    def want_login() -> ResponseReturnValue | None:
        return None if request.blueprint in BLUEPRINTS else redirect("/login")

    client = app.test_client()
    confirmed(client)
    assert client.get("/photos").status_code == 302


def test_an_application_that_matches_hosts_is_refused(mount: Mount) -> None:
    """Its rules have hosts, and ours would match none: that is said at the start and not by 404s."""
    with pytest.raises(ConfigurationError, match="host matching"):
        mount(Flask("photos", host_matching=True, static_host="photos.example"))


@pytest.mark.parametrize(
    ("accept", "as_json"),
    [
        ("application/json", True),
        ("application/json, text/plain, */*", True),
        ("text/html, application/json;q=0.5", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("*/*", False),
        (None, False),
    ],
)
def test_a_page_that_fetches_a_download_is_told_its_url(accept: str | None, as_json: bool, mount: Mount) -> None:
    """A redirect for who follows links, JSON for who asks for it, and caches are told what it depends on."""
    app = application()
    mount(app)
    client = app.test_client()
    upload = confirmed(client)
    headers = {} if accept is None else {"Accept": accept}
    answer = client.get(f"/v1/uploads/{upload['id']}/download", headers=headers)
    assert "Accept" in answer.vary
    assert answer.headers["Cache-Control"] == "no-store"
    if as_json:
        assert answer.status_code == 200
        assert answer.get_json()["url"].startswith("http")
        assert answer.get_json()["expires_at"] > upload["confirmed_at"]
    else:
        assert answer.status_code == 303


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("https://store.example/photos", "in its path"),
        ("https://store.example/photos/", "in its path"),
        ("https://store.example/base/ph%6ftos", "in its path"),
        ("https://photos.store.example", "in its host"),
        ("https://PHOTOS.store.example:9000", "in its host"),
        ("https://store.example/?x=1", "no query"),
        ("https://store.example/#x", "no fragment"),
        ("https://user:password@store.example", "no user"),
    ],
)
@pytest.mark.parametrize("which", ["s3_endpoint_url", "s3_public_endpoint_url"])
def test_an_endpoint_with_more_than_the_store_is_refused(which: str, endpoint: str, reason: str) -> None:
    """The bucket is put into addresses by us: one that is there already would be there twice, in every grant."""
    with pytest.raises(ConfigurationError, match=reason) as caught:
        load_settings(bucket="photos", **{which: endpoint})
    assert f"VALETKEY_{which.upper()}" in str(caught.value)
    assert "password" not in str(caught.value).replace("AWS_SECRET_ACCESS_KEY", "")


@pytest.mark.parametrize(
    "endpoint", ["https://store.example/storage/v1/s3", "http://127.0.0.1:9000", "https://s3.x.org"]
)
def test_an_endpoint_of_its_own_is_taken(endpoint: str) -> None:
    """A path that is the store's, an address, a host that is called like a bucket."""
    assert load_settings(bucket="s3x", s3_endpoint_url=endpoint).s3_endpoint_url == endpoint
    assert load_settings(bucket="minio", s3_endpoint_url="https://minio.x.org").bucket == "minio"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("https://bücher.example", "xn--"),
        ("https://files.example/größe", "ASCII"),
        ("https://files\n.example", "line breaks"),
        ("https://files .example", "spaces"),
        ("https://files.example?tenant=a", "no query"),
        ("https://files.example/#top", "no fragment"),
        ("https://files.example:99999", "out of range"),
        ("https://files.example:0", "port 0"),
        ("https://user:password@files.example", "no user"),
        ("https://:443", "http or https URL"),
    ],
)
def test_a_public_address_that_no_path_can_follow_is_refused(address: str, reason: str) -> None:
    """At the start. Every address of ours would be wrong, and S3 told to redirect there. Blanks and a line end around
    it are left out, as of any setting (`test_settings_as_given.py`)."""
    with pytest.raises(ConfigurationError, match=reason) as caught:
        load_settings(bucket="photos", public_url=address)
    assert "VALETKEY_PUBLIC_URL" in str(caught.value)
    assert "password" not in str(caught.value).replace("no password", "")


@pytest.mark.parametrize("name", ["s3_endpoint_url", "s3_public_endpoint_url", "events_sqs_queue_url"])
@pytest.mark.parametrize("address", ["https://bücher.example", "https://store\n.example", "https://store .example"])
def test_an_address_that_others_read_differently_is_refused(name: str, address: str) -> None:
    """A host is signed as it is sent: in ASCII."""
    with pytest.raises(ConfigurationError, match=f"VALETKEY_{name.upper()}"):
        load_settings(bucket="photos", **{name: address})


@pytest.mark.parametrize(("host", "base"), [("::1", "http://[::1]:8000"), ("127.0.0.1", "http://127.0.0.1:8000")])
def test_an_ipv6_address_has_brackets(host: str, base: str) -> None:
    """``http://::1:8000`` is no address."""
    assert load_settings(host=host).base_url == base
