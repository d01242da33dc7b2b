"""Requests of other programs: queries that are not UTF-8, JSON with a byte order mark, integers with a decimal point.

Reported: a query in Latin-1, as browsers and maps send it, is a 500 of the program behind (Kinto/kinto 1195, geoadmin/
mf-chsdi3 1053, Pylons/webob 161); a compressed body is JSON that is none, or a 500 (HarperFast/harper 1438, google/
certificate-transparency 1109); a body that begins with a byte order mark, as editors and .NET write it, is no JSON
(Badgerati/Pode 1604, CenterEdge/Yardarm 130); headers that are lists take long to read (CVE-2022-32149).
"""

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.support.servers import ValetkeyServer
from tests.support.stores import Bucket

from valetkey.api.negotiation import MAX_ACCEPT
from valetkey.testing import MemoryValetKey

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}
SOMEBODYS = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("photos")
    MemoryValetKey(app)
    return app.test_client()


@pytest.mark.parametrize("query", ["a=\xff", "state=\xe9", "secret=\xc3"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/readyz"),
        ("GET", "/v1/uploads"),
        ("GET", "/v1/claims"),
        ("GET", f"/v1/uploads/{SOMEBODYS}/download"),
        ("GET", "/uppy/s3/params"),
        ("POST", "/v1/events/ceph"),
        ("GET", "/v1/nowhere"),
    ],
)
def test_a_query_that_is_no_utf_8(client: FlaskClient, method: str, path: str, query: str) -> None:
    """It is the client's fault, and said so; what is UTF-8 is taken with its percent signs or without."""
    answer = client.open(path, method=method, environ_overrides={"QUERY_STRING": query})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")
    plain = {"QUERY_STRING": "é".encode().decode("latin-1")}
    assert client.open(path, method=method, environ_overrides=plain).status_code != 500


@pytest.fixture
def server(valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket) -> ValetkeyServer:
    return valetkey_server(moto_bucket, env={"VALETKEY_EVENTS_CEPH_SECRET": "größe-und-noch-mehr"})


def said(server: ValetkeyServer, head: bytes, body: bytes = b"") -> bytes:
    """The status line of what is answered to a request; b"" where the connection ends without one."""
    parts = urlsplit(server.base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        with suppress(OSError):  # it may be refused before all of it is there
            connection.sendall(head + b"\r\nHost: here\r\nConnection: close\r\n\r\n" + body)
        with connection.makefile("rb") as answer:
            return answer.readline().strip()


def test_heads_that_nobody_expects(server: ValetkeyServer) -> None:
    """By the server that is ours: no byte of a query is a fault of the service, letters in it are read as they are
    meant, and what is larger than any head that there is reason for is not read to its end."""
    for query in (b"a=\xff", b"a=\xc3\xa9", "a=€".encode(), b"a=%ff"):
        status = said(server, b"GET /readyz?" + query + b" HTTP/1.1").split(b" ")[1]
        assert status in {b"200", b"400"}, query
    event = b"POST /v1/events/ceph?secret=%s HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 0"
    assert b" 400 " in said(server, event % "größe-und-noch-mehr".encode()) + b" "  # known, and no event
    assert b" 403 " in said(server, event % "größe-und-noch-nicht".encode()) + b" "
    for name in (b"Accept", b"If-None-Match", b"Authorization", b"X-Whatever"):
        line = said(server, b"GET /v1/uploads HTTP/1.1\r\n%s: %s" % (name, b"a/b," * 40_000))
        assert line.split(b" ")[1] == b"431", name
    assert b" 401 " in said(server, b"GET /v1/uploads HTTP/1.1\r\nAccept: " + b"a/b," * 5_000) + b" "


@pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/uploads/none"])
def test_a_list_of_thousands_is_not_read(client: FlaskClient, path: str) -> None:
    """Reading what somebody accepts takes microseconds for each, and anybody asks. No browser's is so long."""
    accept = "a/b," * (MAX_ACCEPT // 4) + "text/html"
    assert client.get(path, headers={"Accept": accept}).mimetype == "application/problem+json"
    assert client.get(path, headers={"Accept": accept[-MAX_ACCEPT + 3 :]}).mimetype == "text/html"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("complete", '{"parts":[]}'),
        ("parts", '{"numbers":[1]}'),
        ("grant", "{}"),
    ],
)
def test_a_mark_in_front_of_any_body(client: FlaskClient, path: str, body: str) -> None:
    """It is left out, as it is where uploads are created."""
    created = client.post("/v1/uploads", json=CAT).get_json()["upload"]["id"]
    answers = [
        client.post(f"/v1/uploads/{created}/{path}", data=data, content_type="application/json")
        for data in (body.encode(), b"\xef\xbb\xbf" + body.encode())
    ]
    assert [answer.status_code for answer in answers] == [answers[0].status_code] * 2
    assert all((answer.get_json() or {}).get("code") != "malformed_json" for answer in answers)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/uploads/{}/complete", '{"parts":[],"parts":[]}'),
        ("/v1/uploads/{}/parts", '{"numbers":[1],"numbers":[2]}'),
        ("/uppy/s3/multipart/{}/complete?key={key}", '{"parts":[{"PartNumber":1,"PartNumber":2,"ETag":"a"}]}'),
    ],
)
def test_a_name_that_is_there_twice_in_any_body(client: FlaskClient, path: str, body: str) -> None:
    """As in `test_readings`: some would take the first."""
    begun = client.post("/uppy/s3/multipart", json={"filename": "a", "type": "image/png"}).get_json()
    path = path.format(begun["uploadId"], key=begun["key"])
    answer = client.post(path, data=body, content_type="application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(("size", "status"), [("5.0", 201), ("1e3", 201), ("-0.0", 201), ("5.5", 422), ("1e400", 422)])
def test_a_whole_number_with_a_point(client: FlaskClient, size: str, status: int) -> None:
    """JSON has one kind of number, and R, Lua and PHP write large ones so; the API's document calls 5.0 an integer."""
    body = json.dumps(CAT | {"size": "?"}).replace('"?"', size)
    answers = [
        client.post("/v1/uploads", data=body, content_type="application/json"),
        client.post("/v1/tickets", data='{"profile":"default","ttl":3600.0}', content_type="application/json"),
    ]
    assert [answer.status_code for answer in answers] == [status, 201]
    if status == 201:
        assert answers[0].get_json()["upload"]["size"] == int(float(size))


@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/tickets", "/uppy/s3/multipart", "/v1/events/ceph", "/v1/nowhere"])
@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "gzip, identity"])
def test_a_body_that_is_compressed(client: FlaskClient, path: str, coding: str) -> None:
    """It is undone nowhere here, and no JSON that somebody wrote wrong; without a body the header says nothing."""
    headers = {"Content-Encoding": coding}
    answer = client.post(path, data=b"\x1f\x8b", content_type="application/json", headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (415, "unsupported_media_type")
    assert "Content-Encoding" in answer.get_json()["detail"]
    assert client.get("/v1/uploads", headers=headers).status_code == 200
    assert client.post("/v1/uploads", json=CAT, headers={"Content-Encoding": "identity"}).status_code == 201


def test_a_body_that_is_compressed_to_serve(server: ValetkeyServer) -> None:
    """Where routes need no request of Flask's, too."""
    headers = server.create_key().headers | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = httpx.post(f"{server.base_url}/v1/uploads", content=b"\x1f\x8b", headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("key", ["a\0b", "\x01", "a\x7f", "a\tb"])
def test_an_idempotency_key_that_cannot_be_printed(client: FlaskClient, key: str) -> None:
    """Some servers let it pass; PostgreSQL takes no NUL, so the answer was a 503 for ever."""
    answer = client.post("/v1/uploads", json=CAT, environ_overrides={"HTTP_IDEMPOTENCY_KEY": key})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("digit", ["0", "9"])
def test_a_length_of_thousands_of_digits(client: FlaskClient, digit: str) -> None:
    """Python raises from 4,301 on, and anybody may send them: it was a 500 with a stack trace in the log."""
    environ = {"CONTENT_LENGTH": digit * 5_000}
    answer = client.post("/v1/uploads", json=CAT, environ_overrides=environ)
    assert (answer.status_code, answer.get_json()["code"]) == (413, "request_entity_too_large")


def test_a_length_of_thousands_of_digits_to_serve(server: ValetkeyServer) -> None:
    """The same before there is a WSGI request. What no server takes for a length, granian refuses."""
    body = json.dumps(CAT).encode()
    key = server.create_key().key.encode()
    head = b"POST /v1/uploads HTTP/1.1\r\nAuthorization: Bearer %s\r\nContent-Length: %s"
    for digits, status in ((b"%05000d" % len(body), b"201"), (b"9" * 5_000, b"400"), (b"0" * 5_000, b"400")):
        assert said(server, head % (key, digits), body).split(b" ")[1] == status
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("name", "value", "status"), [("If-Match", "*", 200), ("If-Match", '"other"', 200), ("If-None-Match", "*", 304)]
)
def test_conditions_of_a_look(client: FlaskClient, name: str, value: str, status: int) -> None:
    """A look at an upload changes nothing, so only what spares its body counts: ``If-Match: *`` was a 412, with the
    upload as its body."""
    created = client.post("/v1/uploads", json=CAT).get_json()["upload"]["id"]
    answer = client.get(f"/v1/uploads/{created}", headers={name: value})
    assert (answer.status_code, bool(answer.data)) == (status, status == 200)
