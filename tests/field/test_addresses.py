"""Every URL of ours is derived from one base, whatever proxies are in front; checked in every response with a URL.

A proxy that ends TLS and takes a path away makes of `http://127.0.0.1:5000/files` what browsers see at
`https://photos.example/app/files`. Reported of others: links and redirects that fall back to http, lose the prefix
(python-restx/flask-restx 58), or name a host that only the proxy knows.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask, render_template_string
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, TestResponse

from valetkey import Profile
from valetkey.app import Installed
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grants import PostGrant
from valetkey.core.model.upload import Method
from valetkey.settings import Settings

BASE = "https://photos.example/app/files"
INSIDE = "http://127.0.0.1:5000"
CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}
FORWARDED = {
    "X-Forwarded-For": "192.0.2.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "photos.example",
    "X-Forwarded-Prefix": "/app",
}


@dataclass
class Front:
    """What stands in front of the application, and what that is told."""

    public_url: str | None
    wrap: Callable[[Any], Any] = lambda app: app
    headers: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)
    below: str = ""
    """The path that the server itself sees, before ``url_prefix``."""

    inside: str = INSIDE


def proxied(app: Any) -> ProxyFix:
    return ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_prefix=1)


def dispatched(app: Any) -> DispatcherMiddleware:
    return DispatcherMiddleware(Flask("root"), {"/app": app})


FRONTS = {
    "the setting alone": Front("https://photos.example/app"),
    "the setting with the prefix": Front("https://photos.example/app/files/"),
    "the setting, and all that a proxy says": Front("https://photos.example/app", proxied, FORWARDED),
    "the setting without the path that a proxy takes away": Front("https://photos.example", proxied, FORWARDED),
    "ProxyFix alone": Front(None, proxied, FORWARDED),
    "SERVER_NAME beside ProxyFix": Front(None, proxied, FORWARDED, {"SERVER_NAME": "elsewhere.example"}),
    "TLS at the server, below a path of it": Front(None, dispatched, below="/app", inside="https://photos.example"),
    "the setting, below a path of the server": Front("https://photos.example", dispatched, below="/app"),
}


@pytest.fixture(params=FRONTS)
def client(
    request: pytest.FixtureRequest, settings: Settings, mount: Callable[..., Installed]
) -> Callable[..., TestResponse]:
    """Asks the application behind one of them; paths are those below the prefix."""
    front = FRONTS[request.param]
    app = Flask("photos")
    app.secret_key = "only for tests"
    app.config.update(front.config)
    profiles = {"default": Profile("default", return_url="https://shop.example/thanks")}
    ours = settings.model_copy(update={"public_url": front.public_url})
    mount(app, settings=ours, profiles=profiles, url_prefix="files").page_tickets.admit(lambda: "ann", None, 900, None)
    app.add_url_rule("/page", view_func=lambda: render_template_string("{{ valetkey.scripts() }}"))
    inside = Client(front.wrap(app))

    def ask(method: str, path: str, **options: Any) -> TestResponse:
        headers = dict(front.headers) | options.pop("headers", {})
        return inside.open(f"{front.below}{path}", method=method, base_url=front.inside, headers=headers, **options)

    return ask


def addresses(answer: TestResponse) -> Iterator[str]:
    """All that is, or may be, an address in an answer."""
    if "Location" in answer.headers:
        yield answer.headers["Location"]
    if answer.is_json:
        yield from _in_json(answer.get_json())
    elif answer.mimetype == "text/html":
        for found in re.findall(r"""(?:href|src|action|data-valetkey-tickets)=["']([^"'#][^"']*)["']""", answer.text):
            yield unescape(found)
        yield from re.findall(r'"(?:url|oauth2RedirectUrl)": *"([^"]+)"', answer.text)
        yield from re.findall(r'"(/[^"]*/assets/[^"]*)"', answer.text)


def _in_json(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in {"pointer", "paths", "components", "object", "metadata"}:
                yield from _in_json(each, key)
            if key.startswith(("/", "http")) and "assets" in key:
                yield key
    elif isinstance(value, list):
        for each in value:
            yield from _in_json(each, name)
    elif isinstance(value, str) and (value.startswith(("http:", "https:", "/")) or name in {"type", "url"}):
        yield value


@pytest.mark.needs("docs", "pages")
def test_every_address_begins_with_the_base(client: Callable[..., TestResponse], settings: Settings) -> None:
    """`Location`, the API's document, problems, pages and their scripts, import maps, return addresses, redirects."""
    created = client("POST", "/files/v1/uploads", json=CAT)
    here = created.headers["Location"]
    upload_id = created.get_json()["upload"]["id"]
    redirected = client("POST", "/files/v1/uploads", json=CAT | {"redirect": True})
    asked = {
        "created": created,
        "with a return address": redirected,
        "renewed": client("POST", f"/files/v1/uploads/{redirected.get_json()['upload']['id']}/grant"),
        "a batch": client("POST", "/files/v1/uploads/batch", json={"uploads": [CAT | {"redirect": True}, {"a": 1}]}),
        "document": client("GET", "/files/openapi.json"),
        "documentation": client("GET", "/files/docs/"),
        "a page of it": client("GET", "/files/docs/flask"),
        "its reference": client("GET", "/files/docs/api/"),
        "one slash less": client("GET", "/files/docs?q=1"),
        "one slash less there": client("GET", "/files/docs/api"),
        "one slash more": client("GET", f"/files//v1/uploads/{upload_id}"),
        "import map": client("GET", "/files/assets/valetkey-importmap.json"),
        "a page of the application": client("GET", "/page"),
        "a problem": client("POST", "/files/v1/uploads", json={}),
        "nothing there": client("GET", "/files/v1/nowhere"),
        "no such method": client("PUT", "/files/v1/uploads"),
        "Uppy": client("POST", "/files/uppy/s3/multipart", json={"filename": "a", "type": "image/png"}),
        "Uppy's problem": client("GET", "/files/uppy/s3/multipart/none"),
    }
    assert {name: answer.status_code for name, answer in asked.items() if answer.status_code >= 500} == {}
    store = urlsplit(settings.s3_endpoint_url or "").netloc
    found: dict[str, list[str]] = {}
    for name, answer in asked.items():
        seen_at = BASE.removesuffix("/files") + answer.request.path.removeprefix("/app")
        for address in addresses(answer):
            whole = urljoin(seen_at, address)
            own = urlsplit(whole).hostname in {"photos.example", "127.0.0.1", "localhost", "elsewhere.example", None}
            if own and urlsplit(whole).netloc != store and not whole.startswith("data:"):
                found.setdefault(name, []).append(whole)
    assert found.keys() == asked.keys() - {"Uppy"}
    astray = {name: [one for one in all_of if not one.startswith(f"{BASE}/")] for name, all_of in found.items()}
    assert {name: all_of for name, all_of in astray.items() if all_of} == {"document": [BASE]}
    returns = [one for one in found["with a return address"] if one.endswith("/return")]
    assert returns == [f"{BASE}/v1/uploads/{redirected.get_json()['upload']['id']}/return"]
    assert urljoin(BASE, here) == f"{BASE}/v1/uploads/{upload_id}"


def test_a_page_of_this_origin_gets_a_ticket(client: Callable[..., TestResponse]) -> None:
    """By the origin that browsers see, and by no other."""
    asked = {
        origin: client("POST", "/files/session/ticket", json={}, headers={"Origin": origin}).status_code
        for origin in ("https://photos.example", "https://elsewhere.example", "http://photos.example")
    }
    assert asked == {"https://photos.example": 200, "https://elsewhere.example": 403, "http://photos.example": 403}


@pytest.mark.parametrize(
    ("public_url", "config", "base"),
    [
        ("https://photos.example/app", {"SERVER_NAME": "elsewhere.example"}, BASE),
        (None, {"SERVER_NAME": "own.example", "PREFERRED_URL_SCHEME": "https"}, "https://own.example/files"),
        (None, {}, "http://127.0.0.1:8000/files"),
    ],
)
def test_outside_of_requests(
    public_url: str | None, config: dict[str, str], base: str, settings: Settings, mount: Callable[..., Installed]
) -> None:
    """A job knows no request: the application's SERVER_NAME counts, where nothing is set."""
    app = Flask("photos")
    app.config.update(config)
    wanted = UploadRequest("a.png", "image/png", 5, redirect=True, method=Method.POST)
    installed = mount(app, settings=settings.model_copy(update={"public_url": public_url}), url_prefix="/files")
    with app.app_context():
        granted = installed.service.create(installed.authenticator.application, wanted)
    assert isinstance(granted.grant, PostGrant)
    assert granted.grant.fields["success_action_redirect"] == f"{base}/v1/uploads/{granted.upload.id}/return"
