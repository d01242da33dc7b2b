"""No file body enters the service: it is refused by its headers or after 256 KiB, and never read to its end."""

import http.client
import json
import socket
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import pytest
from tests.e2e.api import Api, assert_problem

LIMIT = 256 * 1024
TOO_LARGE = "request_entity_too_large"
PATHS = ["/v1/uploads", "/v1/uploads/batch", "/v1/events/ceph"]


def head(api: Api, path: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: {api.http.base_url.netloc.decode()}", *headers]
    lines += [f"Authorization: Bearer {api.token}", "Content-Type: application/json"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def connected(api: Api) -> socket.socket:
    parts = urlsplit(api.base_url)
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


def answer_of(connection: socket.socket) -> tuple[int, dict[str, object]]:
    """Status and body of the answer on `connection`."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, json.loads(response.read())


def takes_no_more(connection: socket.socket, most: int) -> bool:
    """Whether the other side stops taking bytes (closes, or lets us wait) before `most` have been sent."""
    connection.settimeout(3)
    piece = b" " * LIMIT
    try:
        for _ in range(most // LIMIT):
            connection.sendall(piece)
    except (ConnectionError, TimeoutError):
        return True
    return False


@pytest.mark.parametrize("path", PATHS)
def test_a_long_body_is_refused_by_its_length(api: Api, path: str) -> None:
    """2 GB announced: 413 before a byte of them is sent, and they are not read afterwards."""
    with connected(api) as connection:
        connection.sendall(head(api, path, f"Content-Length: {2 * 1024**3}"))
        status, problem = answer_of(connection)
        assert (status, problem["status"], problem["code"]) == (413, 413, TOO_LARGE)
        assert takes_no_more(connection, 64 * 1024**2)


@pytest.mark.parametrize("path", PATHS)
def test_a_body_without_a_length_is_read_no_further_than_the_limit(api: Api, path: str) -> None:
    """Chunks that go on for ever: refused as too large, and not read for ever."""
    with connected(api) as connection:
        connection.sendall(head(api, path, "Transfer-Encoding: chunked"))
        piece = b"%x\r\n" % LIMIT + b" " * LIMIT + b"\r\n"
        assert send_until_refused(connection, [piece] * 256) < 64 * 1024**2
        status, problem = answer_of(connection)
        assert (status, problem["code"]) == (413, TOO_LARGE)


def send_until_refused(connection: socket.socket, pieces: Iterable[bytes]) -> int:
    """Send `pieces` until the other side answers; the number of bytes sent until then."""
    sent = 0
    for piece in pieces:
        connection.setblocking(False)
        try:
            if connection.recv(1, socket.MSG_PEEK):
                break
        except BlockingIOError:
            pass
        finally:
            connection.settimeout(60)
        try:
            connection.sendall(piece)
        except ConnectionError:  # it has answered and closed in this very moment
            break
        sent += len(piece)
    return sent


@pytest.mark.parametrize("path", PATHS)
def test_a_body_just_over_the_limit_is_refused(api: Api, path: str) -> None:
    """One byte over 256 KiB is too much, with and without a length."""
    body = b" " * (LIMIT + 1)

    def pieces() -> Iterator[bytes]:
        yield body[:LIMIT]
        yield body[LIMIT:]

    for content in (body, pieces()):
        answer = api.http.post(path, content=content, headers={"Content-Type": "application/json"})
        assert_problem(answer, 413, TOO_LARGE)


def test_a_body_at_the_limit_is_read(api: Api) -> None:
    """256 KiB of JSON are accepted, sent whole or in chunks."""
    wanted = json.dumps({"filename": "f", "content_type": "text/plain", "size": 1}).encode()
    body = wanted + b" " * (LIMIT - len(wanted))
    for content in (body, iter([body[:9], body[9:]])):
        answer = api.http.post("/v1/uploads", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("path", PATHS)
def test_forms_are_refused(api: Api, path: str) -> None:
    """A file or a form sent to us instead of S3 is 415, and says what to do."""
    for answer in (
        api.http.post(path, files={"file": ("f.txt", b"bytes", "text/plain")}),
        api.http.post(path, data={"filename": "f.txt"}),
    ):
        assert_problem(answer, 415, "unsupported_media_type")


def test_a_large_form_is_refused_unread(api: Api) -> None:
    """A multipart body of 2 GB is refused by its headers."""
    with connected(api) as connection:
        request = head(api, "/v1/uploads", f"Content-Length: {2 * 1024**3}")
        connection.sendall(request.replace(b"application/json", b"multipart/form-data; boundary=x"))
        status, problem = answer_of(connection)
        assert status in {413, 415}
        assert problem["status"] == status
        assert takes_no_more(connection, 64 * 1024**2)


@pytest.mark.parametrize(("method", "path"), [("GET", "/healthz"), ("GET", "/v1/uploads"), ("POST", "/v1/uploads")])
@pytest.mark.parametrize("other", [None, "other.example"], ids=["the same", "another"])
def test_two_hosts_are_refused(api: Api, method: str, path: str, other: str | None) -> None:
    """Whatever is in front may have heeded the other one (RFC 9112, section 3.2: 400). The connection is closed, as
    nobody knows what follows."""
    ours = api.http.base_url.netloc.decode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {ours}", f"Authorization: Bearer {api.token}"]
    lines += [f"host: {other or ours}", "Content-Length: 2", "Content-Type: application/json"]
    with connected(api) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n{}").encode())
        status, problem = answer_of(connection)
        assert (status, problem["status"], problem["code"]) == (400, 400, "bad_request")
        assert "Host" in str(problem["detail"])
        connection.settimeout(60)
        assert connection.recv(1) == b""
