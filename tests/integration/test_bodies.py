"""No stream enters: forms and large bodies are refused before they are read."""

import io
from collections.abc import Iterator

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from tests.support import ledgers
from tests.support.stores import Bucket

from valetkey.api.bodies import MAX_BODY
from valetkey.app import create_app, installed_in
from valetkey.settings import Settings


class Untouchable(io.RawIOBase):
    """A body that must not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise AssertionError("a byte of the body was read")


@pytest.fixture
def app(settings: Settings, moto_bucket: Bucket) -> Flask:
    server = moto_bucket.server
    made = create_app(settings, server.session, allow_open=True)
    ledgers.migrate(installed_in(made).settings.database_url)

    @made.post("/careless")
    def careless() -> str:
        return str(len(request.files) + len(request.form))

    return made


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/uploads/batch", "/v1/events/ceph", "/healthz", "/openapi.json"])
@pytest.mark.parametrize(
    ("content_type", "length", "status"),
    [
        ("multipart/form-data; boundary=b", 100, 415),
        ("multipart/form-data; boundary=b", 2_000_000_000, 415),
        ("application/x-www-form-urlencoded", 10, 415),
        ("multipart/mixed; boundary=b", 10, 415),
        ("application/json", MAX_BODY + 1, 413),
        ("application/json", 2_000_000_000, 413),
        ("text/plain", 10**15, 413),
    ],
)
def test_refused_before_a_byte_is_read(
    client: FlaskClient, path: str, content_type: str, length: int, status: int
) -> None:
    """The headers are enough for 415 and 413, on every path, for any method that the path takes."""
    method = "POST" if path.startswith("/v1") else "GET"
    answer = client.open(
        path,
        method=method,
        environ_overrides={
            "wsgi.input": Untouchable(),
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(length),
        },
    )
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY, 400), (MAX_BODY + 1, 413), (5_000_000, 413)])
def test_a_chunked_body_ends_at_the_limit(client: FlaskClient, size: int, status: int) -> None:
    """A body without a length is read to the limit and no further; exactly the limit is still a body (no JSON here)."""
    answer = client.post(
        "/v1/uploads",
        content_type="application/json",
        environ_overrides={"wsgi.input": io.BytesIO(b"z" * size), "wsgi.input_terminated": True},
    )
    assert answer.status_code == status


def test_a_careless_view_gets_no_form(client: FlaskClient) -> None:
    """In valetkey's own application even a view that asks for ``request.files`` gets 415 instead of a stream."""
    answer = client.post("/careless", data={"photo": (io.BytesIO(b"bytes"), "p.png")})
    assert answer.status_code == 415


def test_another_type_than_json_is_refused(client: FlaskClient) -> None:
    """A body that says it is XML is not tried as JSON; one that says nothing is."""
    body = b'{"filename": "a", "content_type": "a/b", "size": 1}'
    assert client.post("/v1/uploads", data=body, content_type="application/xml").status_code == 415
    assert client.post("/v1/uploads", data=body).status_code == 201
