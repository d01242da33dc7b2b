"""Other code in the application: hooks that read bodies, request classes, extensions and other blueprints.

A tester put each of them around a real application: requests that hung, 500 on every call, two values in one header.
A server of its own runs where Flask's test client would have the whole body in memory.
"""

import asyncio
import http.client
import json
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from threading import Thread
from typing import Any

import pytest
from asgiref.wsgi import WsgiToAsgi
from flask import Blueprint, Flask, Request, Response, abort, request
from flask_cors import CORS
from flask_limiter import Limiter
from flask_swagger_ui import get_swaggerui_blueprint
from flask_talisman import Talisman
from jinja2 import DictLoader
from werkzeug.routing import BaseConverter
from werkzeug.serving import make_server

from valetkey import upload_aborted
from valetkey.api.bodies import MAX_BODY
from valetkey.app import BLUEPRINTS
from valetkey.core.errors import ConfigurationError
from valetkey.settings import Settings
from valetkey.testing import MemoryValetKey

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}


@contextmanager
def served(app: Flask) -> Iterator[Callable[..., tuple[int, dict[str, Any]]]]:
    """``app`` behind werkzeug's server: a function that posts, and returns status and document within a minute."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()

    def post(body: Any, path: str = "/v1/uploads") -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        read = answer.status, json.loads(answer.read())
        connection.close()
        return read

    try:
        yield post
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


KEEPING: dict[str, Callable[[Request], object]] = {
    "get_data": lambda r: r.get_data(),
    "get_json": lambda r: r.get_json(silent=True),
    "data": lambda r: r.data,
    "form": lambda r: (r.form.get("x"), r.files.get("y"), r.values.get("z")),
    "nothing yet": lambda r: r.stream.readable(),
}
TAKING: dict[str, Callable[[Request], object]] = {
    "stream": lambda r: r.stream.read(),
    "a piece": lambda r: r.stream.read(3),
    "get_data": lambda r: r.get_data(cache=False),
    "get_json": lambda r: r.get_json(cache=False),
}


def hooked(hook: Callable[[Request], object]) -> Flask:
    app = Flask("photos")
    MemoryValetKey(app)

    @app.before_request
    def look() -> None:
        hook(request)

    return app


@pytest.mark.parametrize("how", KEEPING)
def test_a_hook_that_reads_bodies_as_flask_keeps_them(how: str) -> None:
    """A log, or a signature check: valetkey gets the bytes that it has read, and does not wait for them again."""
    with served(hooked(KEEPING[how])) as post:
        assert post(json.dumps(CAT))[0] == 201
        assert post(b"{")[1]["code"] == "malformed_json"


@pytest.mark.parametrize("how", TAKING)
def test_a_hook_that_takes_bodies_away_is_named(how: str) -> None:
    """A lost body is neither waited for nor reported as the client's fault."""
    with served(hooked(TAKING[how])) as post:
        status, document = post(json.dumps(CAT))
    assert (status, document["code"]) == (500, "configuration_error")
    assert "get_data" in document["detail"]


class ReadOnly(Request):
    """A request class that computes its limit."""

    max_content_length = property(lambda _: None)


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY, 400), (MAX_BODY + 1, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_class_with_a_limit_of_its_own(size: int, status: int, chunked: bool) -> None:
    """It cannot be set, but our bodies still end at our limit, with and without a length."""
    app = Flask("photos")
    app.request_class = ReadOnly
    MemoryValetKey(app)
    client = app.test_client()
    assert client.post("/v1/uploads", json=CAT).status_code == 201
    given = {"wsgi.input": BytesIO(b"z" * size)} | (
        {"wsgi.input_terminated": True} if chunked else {"CONTENT_LENGTH": str(size)}
    )
    answer = client.post("/v1/uploads", content_type="application/json", environ_overrides=given)
    assert answer.status_code == status


ORDERS = pytest.mark.parametrize("first", [True, False])
"""Whether the neighbour is there before valetkey, or comes after it."""


def neighbours(first: bool, neighbour: Callable[[Flask], object], mount: Callable[[Flask], object]) -> Flask:
    app = Flask("photos")
    for step in (neighbour, mount) if first else (mount, neighbour):
        step(app)
    return app


@ORDERS
def test_an_application_with_blueprints_of_our_names(first: bool) -> None:
    """It has its own Swagger UI, whose blueprint is always ``swagger_ui``, and blueprints with our names."""

    def own(app: Flask) -> None:
        app.register_blueprint(get_swaggerui_blueprint("/apidocs", "/own.json"), url_prefix="/apidocs")
        for name in ("valetkey", "valetkey_docs", "valetkey_api", "uppy", "docs"):
            app.register_blueprint(Blueprint(name, __name__), url_prefix=f"/own/{name}")

    client = neighbours(first, own, MemoryValetKey).test_client()
    assert client.post("/v1/uploads", json=CAT).status_code == 201
    assert "/own.json" in client.get("/apidocs/").text
    assert "../../openapi.json" in client.get("/docs/api/").text


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_name_that_is_taken_is_named(name: str) -> None:
    """It is a configuration error, before anything of ours is registered."""
    app = Flask("photos")
    app.register_blueprint(Blueprint(name, __name__))
    rules = len(list(app.url_map.iter_rules()))
    with pytest.raises(ConfigurationError, match=name):
        MemoryValetKey(app)
    assert len(list(app.url_map.iter_rules())) == rules


def test_a_second_valetkey_in_one_application_is_refused() -> None:
    """A factory that runs twice on one application gets an error."""
    app = Flask("photos")
    MemoryValetKey(app)
    with pytest.raises(ConfigurationError, match="already"):
        MemoryValetKey(app)


def everybody(app: Flask) -> None:
    CORS(app, supports_credentials=True)


def by_hand(app: Flask) -> None:
    """CORS headers without an extension, as in many applications."""

    @app.after_request
    def allow(response: Response) -> Response:
        response.headers.add("Access-Control-Allow-Origin", "*")
        response.headers.add("Access-Control-Expose-Headers", "X-Own")
        return response


@ORDERS
@pytest.mark.parametrize("neighbour", [everybody, by_hand])
def test_pages_are_answered_once(
    first: bool, neighbour: Callable[[Flask], None], settings: Settings, mount: Callable[..., object]
) -> None:
    """On our routes our origins count, whatever the application sets for all routes; on others its own count."""
    ours = settings.model_copy(update={"cors_origins": ("https://a.example",)})
    app = neighbours(first, neighbour, lambda app: mount(app, settings=ours))
    app.add_url_rule("/own", view_func=lambda: "own")
    client = app.test_client()
    for origin, allowed in (("https://a.example", ["https://a.example"]), ("https://b.example", [])):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        for answer in (
            client.post("/v1/uploads", json=CAT, headers=headers),
            client.options("/v1/uploads", headers=headers),
            client.get("/v1/nowhere", headers=headers),
        ):
            assert answer.headers.getlist("Access-Control-Allow-Origin") == allowed
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert len(answer.headers.getlist("Access-Control-Expose-Headers")) <= 1
        assert len(client.get("/own", headers=headers).headers.getlist("Access-Control-Allow-Origin")) == 1


class SeaSurf:
    """A protection like Flask-SeaSurf's: a bound method as hook, which exempts views by their names."""

    def __init__(self, app: Flask) -> None:
        self._left_out: set[str] = set()
        self._app = app
        app.before_request(self._protect)

    def exempt(self, view: Callable[..., Any]) -> Callable[..., Any]:
        self._left_out.add(f"{view.__module__}.{view.__name__}")
        return view

    def _protect(self) -> None:
        view = self._app.view_functions.get(request.endpoint or "")
        if request.method == "POST" and view and f"{view.__module__}.{view.__name__}" not in self._left_out:
            abort(403)


class Limits:
    """Another extension with exemptions, which must not include our views."""

    def __init__(self, app: Flask) -> None:
        self.left_out: list[Any] = []
        app.extensions["limits"] = self

    def exempt(self, view: Any) -> Any:
        self.left_out.append(view)


@ORDERS
def test_any_protection_of_forms_leaves_our_calls_alone(first: bool) -> None:
    """Our calls use no cookie. The application's own views stay protected, and its limits apply to us."""
    app = neighbours(first, SeaSurf, MemoryValetKey)
    limits = Limits(app)
    app.add_url_rule("/own", view_func=lambda: "own", methods=["POST"])
    client = app.test_client()
    assert client.post("/v1/uploads", json=CAT).status_code == 201
    assert client.post("/uppy/s3/multipart", json={"filename": "a", "type": "image/png"}).status_code == 200
    assert client.post("/own").status_code == 403
    assert limits.left_out == []


@pytest.mark.parametrize("prefix", ["", "/files"])
def test_what_is_nobodys_below_us_is_answered_as_we_answer(prefix: str) -> None:
    """A program with a wrong path or method gets a problem document; people elsewhere see a page."""
    app = Flask("photos")
    MemoryValetKey(app, url_prefix=prefix or None)
    app.add_url_rule(f"{prefix}/v1/own", view_func=lambda: "own", methods=["GET"])
    for status in (404, 405):
        app.register_error_handler(status, lambda error: ("<h1>Oh no</h1>", error.code))
    client = app.test_client()
    below = [
        client.put(f"{prefix}/v1/uploads"),
        client.get(f"{prefix}/v1/nowhere"),
        client.patch(f"{prefix}/v1/uploads/x"),
        client.get(f"{prefix}/uppy/nothing/there/is"),
    ]
    assert [answer.status_code for answer in below] == [405, 404, 405, 404]
    assert {answer.mimetype for answer in below} == {"application/problem+json"}
    assert "POST" in below[0].headers["Allow"]
    elsewhere = [client.put(f"{prefix}/v1/own"), client.get("/nowhere"), client.get(f"{prefix}/v1x")]
    assert [answer.status_code for answer in elsewhere] == [405, 404, 404]
    assert {answer.mimetype for answer in elsewhere} == {"text/html"}


def for_whatever_comes(app: Flask, prefix: str, kind: str) -> None:
    if kind == "files":
        app.add_url_rule(f"{prefix}/<path:filename>", "files", lambda filename: (filename, 404))
    else:
        methods = ["GET"] if kind == "page" else ["GET", "POST", "PUT", "DELETE"]
        app.add_url_rule(f"{prefix}/<path:path>", "page", lambda path: f"<h1>{path}</h1>", methods=methods)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("prefix", ["", "/files"])
@pytest.mark.parametrize("kind", ["page", "files", "all methods"])
def test_a_route_for_whatever_comes_is_not_for_what_is_below_us(kind: str, prefix: str, *, first: bool) -> None:
    """A single-page application, or one with files at its root, has a catch-all route: its page is not an API
    response."""
    app = Flask("photos", static_folder=None)
    if first:
        for_whatever_comes(app, prefix, kind)
    MemoryValetKey(app, url_prefix=prefix or None)
    if not first:
        for_whatever_comes(app, prefix, kind)
    app.add_url_rule(f"{prefix}/v1/own/<name>", view_func=lambda name: name, methods=["GET"])
    client = app.test_client()
    below = [
        client.get(f"{prefix}/v1/nowhere"),
        client.post(f"{prefix}/v1/nowhere", json={}),
        client.put(f"{prefix}/v1/uploads/x/complete"),
        client.get(f"{prefix}/uppy/nothing/there/is"),
    ]
    assert {answer.mimetype for answer in below} == {"application/problem+json"}
    assert {answer.status_code for answer in below} <= {404, 405}
    assert client.get(f"{prefix}/v1/own/a").text == "a"
    if kind != "all methods":
        assert client.post(f"{prefix}/v1/own/a").mimetype == "text/html"
    assert client.get(f"{prefix}/albums").mimetype == "text/html"
    assert client.post(f"{prefix}/v1/uploads", json=CAT).status_code == 201


def test_versions_of_an_application_are_its_own() -> None:
    """A variable within a path segment is not a catch-all route."""
    app = Flask("shop")
    app.add_url_rule("/v<int:version>/orders", view_func=lambda version: f"orders of {version}", endpoint="orders")
    MemoryValetKey(app)
    client = app.test_client()
    assert [client.get(f"/v{version}/orders").text for version in (1, 2)] == ["orders of 1", "orders of 2"]
    assert client.get("/v1/nowhere").mimetype == "application/problem+json"


class Numbers(BaseConverter):
    regex = r"\d+"

    def to_python(self, value: str) -> int:
        return int(value)


def test_an_application_with_converters_of_its_own() -> None:
    """Even if they have the names of built-in ones; they keep working on its own routes."""
    app = Flask("photos")
    app.url_map.converters |= {"default": Numbers, "string": Numbers}
    MemoryValetKey(app)
    app.add_url_rule("/albums/<number>", view_func=lambda number: str(number + 1))
    client = app.test_client()
    created = client.post("/v1/uploads", json=CAT)
    assert client.get(created.headers["Location"]).status_code == 200
    assert client.get("/albums/1").text == "2"
    assert client.get("/albums/one").status_code == 404


def test_a_host_that_the_application_does_not_trust() -> None:
    """A program that calls us by another host gets a problem document."""
    app = Flask("photos")
    app.config["TRUSTED_HOSTS"] = ["photos.example"]
    MemoryValetKey(app)
    client = app.test_client()
    assert client.post("/v1/uploads", json=CAT, base_url="http://photos.example").status_code == 201
    refused = client.post("/v1/uploads", json=CAT, base_url="http://127.0.0.1")
    assert (refused.status_code, refused.mimetype) == (400, "application/problem+json")


def test_preflights_where_the_application_answers_none(settings: Settings, mount: Callable[..., Flask]) -> None:
    """The application's setting for its own routes (Flask's ``PROVIDE_AUTOMATIC_OPTIONS``) does not affect uploads."""
    app = Flask("photos")
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    mount(app, settings=settings.model_copy(update={"cors_origins": ("https://a.example",)}))
    app.add_url_rule("/own", view_func=lambda: "own")
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    answer = app.test_client().options("/v1/uploads", headers=headers)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "https://a.example")
    assert app.test_client().options("/own", headers=headers).status_code == 405


def asked_by_asgi(app: Flask, body: list[bytes], *headers: tuple[bytes, bytes]) -> tuple[int, dict[str, Any]]:
    """The response of ``app`` to a POST through asgiref, with the body in these pieces."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in body]
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/uploads", "query_string": b"", "http_version": "1.1"}
    scope |= {"headers": [(b"content-type", b"application/json"), *headers], "server": ("127.0.0.1", 80)}
    with ThreadPoolExecutor(1) as own:  # a browser's driver may have a loop in this thread
        own.submit(asyncio.run, WsgiToAsgi(app)(scope, receive, send)).result(60)  # type: ignore[no-untyped-call]
    return said[0]["status"], json.loads(b"".join(one.get("body", b"") for one in said))


@pytest.mark.parametrize("first", [True, False])
def test_a_body_without_a_length_by_way_of_asgi(*, first: bool) -> None:
    """Flask's documentation wraps applications like this for ASGI servers: chunks and HTTP/2 need no length, and the
    body is complete. It ends at our limit, also if a hook reads it."""
    app = Flask("photos")
    if first:
        app.before_request(lambda: (request.get_data(), None)[1])
    MemoryValetKey(app)
    if not first:
        app.before_request(lambda: (request.get_data(), None)[1])
    body = json.dumps(CAT).encode()
    chunked = (b"transfer-encoding", b"chunked")
    assert asked_by_asgi(app, [body[:10], body[10:]], chunked)[0] == 201
    assert asked_by_asgi(app, [body])[0] == 201
    assert asked_by_asgi(app, [body], (b"content-length", b"%d" % len(body)))[0] == 201
    assert asked_by_asgi(app, [b" " * 10_000] * 40, chunked)[0] == 413


def test_an_application_whose_templates_are_written_otherwise() -> None:
    """Vue's delimiters are Jinja's, so applications change them, and pages of extensions then show them (flask-admin
    1665, flask-sitemap 42); a context processor may fail if nobody is logged in."""
    app = Flask("photos")
    app.jinja_options = {
        "variable_start_string": "[[",
        "variable_end_string": "]]",
        "block_start_string": "[%",
        "block_end_string": "%]",
    }
    MemoryValetKey(app)

    @app.context_processor
    def user() -> dict[str, str]:
        raise LookupError("nobody is logged in")

    client = app.test_client()
    created = client.post("/v1/uploads", json=CAT | {"redirect": True}).get_json()["upload"]["id"]
    page = client.get(f"/v1/uploads/{created}/return")
    assert page.status_code == 200
    assert "Your upload is pending." in page.text
    assert not {"{{", "{%"}.intersection(page.text.split())


@pytest.mark.needs("docs", "pages")
@pytest.mark.parametrize("path", ["/assets/valetkey-element.js", "/docs/", "/docs/api/swagger-ui.css"])
def test_an_application_whose_files_the_server_in_front_sends(path: str) -> None:
    """``USE_X_SENDFILE``: that server can read the application's files, but not ours, so it would respond with 404."""
    app = Flask("photos")
    app.config["USE_X_SENDFILE"] = True
    MemoryValetKey(app)
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    assert "X-Sendfile" not in answer.headers
    assert len(answer.data) == answer.content_length > 0


@pytest.mark.parametrize("prefix", ["/<tenant>/files", "/a?b", "/a#b", "/a//b", "/..", "/a/./b", "/a\\b", "/a\nb"])
def test_a_prefix_that_no_address_can_have(prefix: str) -> None:
    """The start refuses it: its routes would match, but every URL that the API returns would be wrong."""
    with pytest.raises(ConfigurationError, match="url_prefix"):
        MemoryValetKey(Flask("photos"), url_prefix=prefix)


@pytest.mark.parametrize(("prefix", "shown"), [("/фото", "/%D1%84%D0%BE%D1%82%D0%BE"), ("/my files", "/my%20files")])
def test_a_prefix_of_any_letters(prefix: str, shown: str) -> None:
    """It is escaped in URLs: servers send no header with other letters, and S3 has to redirect there."""
    app = Flask("photos")
    MemoryValetKey(app, url_prefix=prefix)
    client = app.test_client()
    answer = client.post(f"{prefix}/v1/uploads", json=CAT | {"redirect": True})
    created = answer.get_json()
    assert answer.headers["Location"] == f"{shown}/v1/uploads/{created['upload']['id']}"
    assert f"{shown}/v1/" in created["grant"]["fields"]["success_action_redirect"]
    assert client.get(answer.headers["Location"]).status_code == 200
    assert client.get(f"{prefix}/docs").location == f"{shown}/docs/"


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, CancelledError])
def test_a_receiver_of_signals_that_ends_otherwise(error: type[BaseException]) -> None:
    """Its exception has no effect on us, even if it is not an ``Exception``: ``sys.exit``, a cancelled task, gevent's
    timeout. It used to end a loop of the worker silently."""
    app = Flask("photos")
    MemoryValetKey(app)
    client = app.test_client()
    created = client.post("/v1/uploads", json=CAT).get_json()["upload"]["id"]

    def fail(_: object) -> None:
        raise error

    with upload_aborted.connected_to(fail):
        assert client.delete(f"/v1/uploads/{created}").status_code == 204


def test_each_view_has_a_name_of_its_own() -> None:
    """Extensions identify views by module and name: an exemption of one must not exempt another."""
    app = Flask("photos")
    MemoryValetKey(app)
    views = {end: view for end, view in app.view_functions.items() if end.startswith("valetkey-")}
    names = [f"{view.__module__}.{view.__qualname__}" for view in {id(view): view for view in views.values()}.values()]
    assert len(names) > 20
    assert sorted(names) == sorted(set(names))


def test_a_limit_that_one_view_is_freed_of() -> None:
    """Events arrive as fast as files; uploads are created as fast as the application allows."""
    app = Flask("photos")
    MemoryValetKey(app)
    limiter = Limiter(lambda: "everybody", app=app, default_limits=["1 per hour"], storage_uri="memory://")
    limiter.exempt(app.view_functions["valetkey-api.receive_events"])
    client = app.test_client()
    assert [client.post("/v1/events/ceph", json={}).status_code for _ in range(2)] == [404, 404]
    assert [client.post("/v1/uploads", json=CAT).status_code for _ in range(2)] == [201, 429]


class Json(Response):
    default_mimetype = "application/json"


FRAMES: dict[str, Callable[[Flask], object]] = {
    "marks of another template language": lambda app: setattr(app, "jinja_options", {"variable_start_string": "[["}),
    "a page of the same name": lambda app: setattr(app, "jinja_loader", DictLoader({"index.template.html": "theirs"})),
    "answers that are JSON": lambda app: setattr(app, "response_class", Json),
    "a policy for every page": lambda app: Talisman(app, force_https=False),
    "no slash too few": lambda app: setattr(app.url_map, "strict_slashes", False),
}


@pytest.mark.needs("docs", "pages")
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("frame", FRAMES)
def test_the_reference_of_the_api_is_a_page_of_ours(frame: str, *, later: bool) -> None:
    """So is the documentation: they contain nothing of the application, and work with their own policy."""
    app = Flask("photos")
    if later:
        MemoryValetKey(app)
    FRAMES[frame](app)
    if not later:
        MemoryValetKey(app)
    client = app.test_client()
    for path in ("/docs/", "/docs/api/"):
        page = client.get(path)
        assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
        assert "script-src 'self' 'unsafe-inline'" in page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
        assert client.get(path.rstrip("/")).location == path  # relative addresses in it lead nowhere from there
    assert 'src="./swagger-ui-bundle.js"' in page.text
    assert client.get("/docs/api/swagger-ui-bundle.js").mimetype == "text/javascript"


def test_pages_for_people_keep_their_policy() -> None:
    """The application's policy is for its own pages; with it ours would have no styles."""
    app = Flask("photos")
    MemoryValetKey(app)
    Talisman(app, force_https=False)
    app.add_url_rule("/own", view_func=lambda: "own")
    client = app.test_client()
    answer = client.get("/v1/nowhere", headers={"Accept": "text/html"})
    assert "style-src 'unsafe-inline'" in answer.headers["Content-Security-Policy"]
    assert client.get("/own").headers["Content-Security-Policy"] == "default-src 'self'; object-src 'none'"
