"""Client and element as the service serves them, and the output of `{{ valetkey.scripts() }}` in a page."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import boto3
import pytest
from flask import Flask, render_template_string
from tests.support.stores import Bucket
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, TestResponse

from valetkey import ValetKey
from valetkey.api import assets
from valetkey.app import BLUEPRINTS, Installed, create_app
from valetkey.settings import Settings
from valetkey.testing import MemoryValetKey

pytestmark = pytest.mark.needs("pages")
Mount = Callable[..., Installed]


class Tags(HTMLParser):
    """The tags of a page with their attributes, and the text of the import map."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.map = ""
        self._in_map = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append({"tag": tag, **dict(attrs)})
        self._in_map = ("type", "importmap") in attrs

    def handle_data(self, data: str) -> None:
        if self._in_map:
            self.map += data
            self._in_map = False

    @property
    def element(self) -> dict[str, str | None]:
        (found,) = [tag for tag in self.found if tag.get("type") == "module"]
        return found

    @property
    def addresses(self) -> list[str]:
        mapped: dict[str, str] = json.loads(self.map)["imports"]
        tags = [tag.get("src") or tag.get("href") for tag in self.found]
        return [*mapped.values(), *filter(None, tags)]


def digest_of(answer: TestResponse) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(answer.data).digest()).decode()


def page_of(app: Flask, call: str = "valetkey.scripts()") -> Flask:
    """A page of ``app`` at `/page` whose template has no more than that line."""
    app.add_url_rule("/page", "page", lambda: render_template_string("{{ " + call + " }}"))
    return app


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return page_of(mounted_app()).test_client()


def mounted_app(**options: str) -> Flask:
    MemoryValetKey(app := Flask("photos"), **options)  # type: ignore[arg-type]
    return app


def test_what_a_page_loads_is_what_its_digests_say(client: Client) -> None:
    """Every module of the page is there, as JavaScript, and its SHA-384 is the page's own."""
    tags = Tags(client.get("/page").text)
    digests: dict[str, str] = json.loads(tags.map)["integrity"]
    assert len(digests) > len(tags.addresses) - 1
    for address in {*digests, *tags.addresses}:
        answer = client.get(address)
        assert (answer.status_code, answer.content_type) == (200, "text/javascript; charset=utf-8")
        assert digest_of(answer) == digests[address]
    for tag in tags.found[1:]:
        assert tag["integrity"] == digests[str(tag.get("src") or tag.get("href"))]


def test_what_modules_import_is_served_too(client: Client) -> None:
    """Each file that one of them names, the worker as well, is one of those with a digest."""
    digests = json.loads(Tags(client.get("/page").text).map)["integrity"]
    named = set()
    for address in digests:
        found = re.findall(r'"(\./[\w.-]+\.js)"', client.get(address).text)
        named |= {urljoin(address, name) for name in found}
    assert any("worker" in name for name in named)
    assert named <= set(digests)


def test_pages_can_import_by_name(client: Client) -> None:
    """The import map has what pages import, and comes before every module."""
    tags = Tags(client.get("/page").text)
    assert set(json.loads(tags.map)["imports"]) == {
        "@valetkey/client",
        "@valetkey/client/file-types",
        "@valetkey/element",
    }
    assert tags.found[0]["type"] == "importmap"
    assert "createUploader" in client.get(json.loads(tags.map)["imports"]["@valetkey/client"]).text


def test_a_module_may_be_kept_for_ever(client: Client) -> None:
    """With a hash in its name, by anybody, from any origin; and without a cookie."""
    answer = client.get(str(Tags(client.get("/page").text).element["src"]), headers={"Origin": "https://other.example"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers


def test_origins_that_may_call_the_api_change_nothing_here(mount: Mount, settings: Settings) -> None:
    """Anybody may load a module, whoever may call the API; the answer is the same for all."""
    mount(app := Flask("photos"), settings=settings.model_copy(update={"cors_origins": ("https://app.example",)}))
    for origin in ("https://app.example", "https://other.example"):
        answer = app.test_client().get("/assets/valetkey-element.js", headers={"Origin": origin})
        assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]
        assert "Vary" not in answer.headers


def test_a_name_that_lasts(client: Client) -> None:
    """`valetkey-element.js` is the module of this version, and is asked for each time."""
    answer = client.get("/assets/valetkey-element.js")
    assert answer.headers["Cache-Control"] == "public, no-cache"
    (target,) = re.findall(r'export \* from "(.+)";', answer.text)
    assert urljoin("/assets/", target) == Tags(client.get("/page").text).element["src"]
    etag = answer.headers["ETag"]
    assert client.get("/assets/valetkey-element.js", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        "valetkey-element-00000000.js",
        "valetkey-",
        "valetkey-manifest.json",
        "valetkey-..%2fmanifest.json",
        "valetkey-%2e%2e%2f..%2fapp.py",
        "valetkey-%2e%2e/%2e%2e/app.py",
        "valetkey-..%5capp.py",
        "valetkey-element.js%00",
        "..%2fassets.py",
        "../assets.py",
        "manifest.json",
    ],
)
def test_nothing_else_is_there(name: str, settings: Settings, moto_bucket: Bucket) -> None:
    """What is none of the modules is a 404 problem, in whatever way a path is written."""
    app = create_app(settings, boto3.Session("a", "b"), allow_open=True)
    answer = app.test_client().get(f"/assets/{name}")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.get_json()["code"] == "not_found"


def test_the_service_alone_has_them_too(settings: Settings, moto_bucket: Bucket) -> None:
    """Nothing has to be mounted; it has no tickets by session, as it has no session."""
    client = create_app(settings, boto3.Session("a", "b"), allow_open=True).test_client()
    assert "valet-upload" in client.get(f"/assets/{assets.manifest().modules['@valetkey/element']}").text  # type: ignore[union-attr]
    own = {"Sec-Fetch-Site": "same-origin"}
    assert client.post("/session/ticket", json={}, headers=own).status_code == 404
    document = client.get("/assets/valetkey-importmap.json")
    assert document.headers["Access-Control-Allow-Origin"] == "*"
    element = document.get_json()["imports"]["@valetkey/element"]
    assert element.startswith("http://uploads.example/assets/valetkey-element-")
    assert client.get(element).status_code == 200


def test_an_application_keeps_its_own_assets(tmp_path: Path) -> None:
    """One whose files are below `/assets/`, too, has them still, registered before ours or after."""
    (tmp_path / "app.css").write_text("a {}")
    before = Flask("photos", static_folder=str(tmp_path), static_url_path="/assets")
    MemoryValetKey(before)
    MemoryValetKey(after := Flask("photos"))
    after.add_url_rule("/assets/<path:name>", "own", lambda name: "a {}")
    for app in (before, after):
        client = app.test_client()
        assert client.get("/assets/app.css").text == "a {}"
        assert "export" in client.get("/assets/valetkey-element.js").text


@pytest.mark.parametrize("said_by", ["prefix", "dispatcher", "proxy", "public url", "public url and prefix"])
def test_addresses_are_those_that_browsers_see(said_by: str, mount: Mount, settings: Settings) -> None:
    """Below a prefix, a dispatcher's path, a proxy's header, and a path that a proxy takes away without a word."""
    public = "https://host.example/app" if said_by.startswith("public") else None
    prefix = None if said_by in {"public url", "dispatcher"} else "/files"
    app = page_of(Flask("photos"))
    mount(app, url_prefix=prefix, settings=settings.model_copy(update={"public_url": public}))
    client, path, headers = Client(app), "/page", {}
    if said_by == "dispatcher":
        client, path = Client(DispatcherMiddleware(Flask("root"), {"/app": app})), "/app/page"
    elif said_by == "proxy":
        client, headers = Client(ProxyFix(app, x_prefix=1)), {"X-Forwarded-Prefix": "/app"}
    place = ("" if said_by == "prefix" else "/app") + (prefix or "") + "/assets/valetkey-"
    tags = Tags(client.get(path, headers=headers).text)
    assert len(tags.addresses) >= 4
    assert all(address.startswith(place) for address in tags.addresses)
    taken = "/app" if said_by in {"proxy", "public url", "public url and prefix"} else ""
    assert client.get(tags.addresses[0].removeprefix(taken)).status_code == 200


@pytest.mark.parametrize("said", ["//evil.example", "/\\evil.example", '/"><script>alert(1)</script>', "/</script>"])
def test_a_prefix_that_a_stranger_says_is_only_a_path(said: str) -> None:
    """Whoever says `X-Forwarded-Prefix` names no other host, and ends no attribute and no script."""
    app = page_of(mounted_app())
    html = Client(ProxyFix(app, x_prefix=1)).get("/page", headers={"X-Forwarded-Prefix": said}).text
    tags = Tags(html)
    assert {tag["tag"] for tag in tags.found} == {"script", "link"}
    assert len(tags.found) == 2 + len(assets.manifest().preload)  # type: ignore[union-attr]
    assert all(re.match(r"/[^/\\]", address) for address in tags.addresses)


def test_a_nonce_is_on_every_tag(client: Client) -> None:
    """On the map, on what is loaded ahead and on the module; without one there is none; and it is escaped."""
    app = page_of(mounted_app(), "valetkey.scripts(nonce='a\"b')")
    given = Tags(app.test_client().get("/page").text).found
    assert len(given) > 2
    assert {tag["nonce"] for tag in given} == {'a"b'}
    assert not any("nonce" in tag for tag in Tags(client.get("/page").text).found)


def test_without_an_import_map_nothing_is_inline() -> None:
    """For a policy of 'self', and for pages with a map of their own."""
    tags = Tags(page_of(mounted_app(), "valetkey.scripts(import_map=False)").test_client().get("/page").text)
    assert tags.map == ""
    assert all(tag.get("src") or tag.get("href") for tag in tags.found)


def test_a_template_gets_what_the_view_gives_first() -> None:
    """`valetkey` is what the application mounted, unless a view passes something else by that name."""
    app = mounted_app()
    with app.test_request_context():
        assert render_template_string("{{ valetkey }}", valetkey="mine") == "mine"


def test_tickets_are_offered_where_somebody_says_who_is_logged_in(mount: Mount) -> None:
    """The page says where the element gets its ticket, only if the application has an `owner_loader`."""
    valetkey = MemoryValetKey(app := Flask("photos"), url_prefix="/files")
    page_of(app)
    assert "data-valetkey-tickets" not in Tags(app.test_client().get("/page").text).element
    valetkey.owner_loader(lambda: "user-17")
    element = Tags(app.test_client().get("/page").text).element
    assert element["data-valetkey-tickets"] == "/files/session/ticket"
    assert element["data-valetkey-uploads"] == "/files/session/uploads"


def test_a_page_without_tickets_is_logged_once(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """A forgotten `owner_loader` looks to the user like a lost right: the log names it."""
    closed = settings.model_copy(update={"auth": "keys"})
    valetkey = ValetKey(app := Flask("photos"), settings=closed, session=boto3.Session("a", "b"))
    page_of(app)
    for _ in range(2):
        app.test_client().get("/page")
    [said] = [record.message for record in caplog.records if "owner_loader" in record.message]
    assert "pages get no tickets" in said
    valetkey.owner_loader(lambda: "user-17")
    caplog.clear()
    app.test_client().get("/page")
    assert "owner_loader" not in caplog.text


def test_outside_of_a_request_the_configured_address_holds(settings: Settings) -> None:
    """A page that is rendered by a script, into a file perhaps."""
    public = settings.model_copy(update={"public_url": "https://host.example/app"})
    valetkey = ValetKey(app := Flask("photos"), settings=public, allow_open=True, session=boto3.Session("a", "b"))
    with app.app_context():
        assert Tags(valetkey.scripts()).addresses[0].startswith("/app/assets/valetkey-")


def test_not_built_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, client: Client) -> None:
    """In a checkout without `make frontend` the page is there, and both it and the modules' answers say what to run."""
    monkeypatch.setattr(assets, "ASSETS", tmp_path)
    page = client.get("/page")
    assert page.status_code == 200
    assert "run `make frontend`" in page.text
    source = Tags(page.text).element["src"]
    for path in (str(source), "/assets/valetkey-importmap.json"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (503, "text/plain")
        assert "run `make frontend`" in answer.text


def test_a_login_hook_can_let_modules_pass(client: Client) -> None:
    """They are among the blueprints that an application's hooks tell ours by; tickets by session are not."""
    app = mounted_app()
    assert set(app.blueprints) - set(BLUEPRINTS) == {"valetkey-session", "valetkey-docs", "valetkey-reference"}
