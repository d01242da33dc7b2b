"""What else is in the application: hooks that read bodies, request classes, extensions and blueprints of others.

A tester put each of them around a real application: requests that hung, 500 on every call, two values in one header.
A server of its own runs where Flask's test client would have the whole body in memory.
"""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Thread
from typing import Any

import pytest
from flask import Flask, Request, request
from werkzeug.serving import make_server

from valetkey.api.bodies import MAX_BODY
from valetkey.testing import MemoryValetKey

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}


@contextmanager
def served(app: Flask) -> Iterator[Callable[..., tuple[int, dict[str, Any]]]]:
    """``app`` behind werkzeug's server: a function that posts and returns status and document, within ten seconds."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()

    def post(body: Any, path: str = "/v1/uploads") -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
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
    """A log, or a check of signatures: what it has read is there for us, and no byte is waited for twice."""
    with served(hooked(KEEPING[how])) as post:
        assert post(json.dumps(CAT))[0] == 201
        assert post(b"{")[1]["code"] == "malformed_json"


@pytest.mark.parametrize("how", TAKING)
def test_a_hook_that_takes_bodies_away_is_named(how: str) -> None:
    """A body that is gone is neither waited for nor taken for the client's fault."""
    with served(hooked(TAKING[how])) as post:
        status, document = post(json.dumps(CAT))
    assert (status, document["code"]) == (500, "configuration_error")
    assert "get_data" in document["detail"]


class ReadOnly(Request):
    """As a class that works its limit out has it."""

    @property
    def max_content_length(self) -> int | None:  # type: ignore[override]
        return None


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY, 400), (MAX_BODY + 1, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_class_with_a_limit_of_its_own(size: int, status: int, chunked: bool) -> None:
    """It cannot be set, and our bodies end at ours all the same, with a length and without one."""
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
