"""Slow clients of `valetkey serve` delay nobody else.

Reported of services with a pool of threads (Slowloris, CVE-2007-6750; gunicorn's documentation on slow clients): 64
connections that each send one byte of a body, and no request is answered any more, not even for `/healthz`.
"""

import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from tests.support.clients import post_form
from tests.support.idlers import idling, kinds
from tests.support.servers import ValetkeyServer, running_valetkey
from tests.support.stores import Bucket, S3Server, fresh_bucket

from valetkey.api.bodies import MAX_BODY
from valetkey.intake.rest import MAX_BYTES

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}
IDLE = 600
SECRET = "a secret of the events"


@pytest.fixture
def server(valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket) -> ValetkeyServer:
    return valetkey_server(moto_bucket, env={"VALETKEY_BODY_TIMEOUT": "170"})


@pytest.fixture(scope="module")
def strict_server(moto_s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValetkeyServer]:
    """A service with all senders of events enabled."""
    senders = {
        "VALETKEY_EVENTS_CEPH_SECRET": SECRET,
        "VALETKEY_EVENTS_MINIO_TOKEN": SECRET,
        "VALETKEY_EVENTS_EVENTBRIDGE_KEY": SECRET,
        "VALETKEY_EVENTS_B2_SECRET": SECRET,
        "VALETKEY_EVENTS_SNS_TOPIC_ARNS": "arn:aws:sns:eu-west-1:123456789012:uploads",
    }
    with (
        fresh_bucket(moto_s3) as bucket,
        running_valetkey(tmp_path_factory.mktemp("strict"), bucket, env=senders) as server,
    ):
        yield server


def upload(client: httpx.Client) -> str:
    """The state of an upload after all its steps."""
    granted = client.post("/v1/uploads", json=CAT).raise_for_status().json()
    post_form(granted["grant"]["url"], granted["grant"]["fields"], b"hello")
    state: str = client.post(f"/v1/uploads/{granted['upload']['id']}/complete").raise_for_status().json()["state"]
    return state


def test_600_idle_connections_on_every_route_delay_nobody(server: ValetkeyServer) -> None:
    """Uploads succeed while hundreds of clients hold half a request each, with a key or without."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * IDLE)), hard))
    key = server.create_key("backend")
    host = urlsplit(server.base_url).netloc
    address = (host.split(":")[0], int(host.split(":")[1]))
    with (
        httpx.Client(base_url=server.base_url, headers=key.headers, timeout=60) as client,
        idling(address, kinds(host, key.key), IDLE) as idlers,
    ):
        for _ in range(30):
            assert upload(client) == "confirmed"
            assert client.get("/healthz").status_code == 200
        assert idlers.open > IDLE / 3  # slow clients were not disconnected early
        # requests that are refused whatever their body says were refused without it
        assert idlers.closed["a body, without a key"]
        assert idlers.closed["events of a stranger"]
        assert not idlers.closed["a body, with a key"]


def waits_for(server: ValetkeyServer, request: bytes, seconds: float = 60) -> bytes:
    """The first bytes of the response to half a request; b"" if none arrive within ``seconds``."""
    with connection_to(server, seconds) as connection:
        connection.sendall(request)
        try:
            return connection.recv(65_536)
        except TimeoutError:
            return b""


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /v1/uploads HTTP/1.1", 401),
        ("POST /v1/uploads HTTP/1.1\r\nAuthorization: Bearer vk_none", 401),
        ("POST /v1/uploads/batch HTTP/1.1\r\nAuthorization: Bearer vt_p.none.none", 401),
        ("POST /v1/tickets HTTP/1.1", 401),
        ("POST /uppy/s3/multipart HTTP/1.1", 401),
        ("POST /uppy/vt_u.none.1.none/s3/multipart HTTP/1.1", 401),
        ("POST /v1/events/ceph?secret=wrong HTTP/1.1", 403),
        ("POST /v1/events/minio HTTP/1.1\r\nAuthorization: Bearer wrong", 403),
        ("POST /v1/events/eventbridge HTTP/1.1\r\nx-api-key: wrong", 403),
        ("POST /v1/events/b2 HTTP/1.1", 403),
        ("POST /v1/events/sns HTTP/1.1\r\nx-amz-sns-topic-arn: arn:aws:sns:eu-west-1:123456789012:other", 403),
        ("POST /v1/events/nobody HTTP/1.1", 404),
        ("POST /nowhere HTTP/1.1", 404),
        ("PUT /v1/uploads HTTP/1.1", 405),
        ("GET /healthz HTTP/1.1", 200),
    ],
)
@pytest.mark.parametrize("body", ["known", "chunked", "expected"])
def test_what_headers_say_is_answered_without_the_body(
    strict_server: ValetkeyServer, head: str, status: int, body: str
) -> None:
    """Strangers, unknown paths and requests that need no body get their response before a byte of the body arrives."""
    lengths = {
        "known": "Content-Length: 2000",
        "chunked": "Transfer-Encoding: chunked",
        "expected": "Content-Length: 2000\r\nExpect: 100-continue",
    }
    request = f"{head}\r\nHost: here\r\nContent-Type: application/json\r\n{lengths[body]}\r\n\r\n"
    answer = waits_for(strict_server, request.encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]


@pytest.mark.parametrize(("kind", "status"), [("multipart/form-data; boundary=b", 415), ("application/json", 413)])
def test_forms_and_large_bodies_are_refused_before_them(strict_server: ValetkeyServer, kind: str, status: int) -> None:
    """Their headers are enough to refuse them, also from a stranger."""
    request = f"POST /v1/uploads HTTP/1.1\r\nHost: here\r\nContent-Type: {kind}\r\nContent-Length: 999999999\r\n\r\n"
    assert waits_for(strict_server, request.encode()).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_body_that_does_not_come_is_given_up(
    valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket
) -> None:
    """After `VALETKEY_BODY_TIMEOUT` the request fails with a problem document; the partial body is not used."""
    server = valetkey_server(moto_bucket, env={"VALETKEY_BODY_TIMEOUT": "1"})
    key = server.create_key("backend").key
    head = f"POST /v1/uploads HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\n"
    for more in ("Content-Length: 60\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"):
        answer = waits_for(server, (head + more).encode())
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"request_timeout" in answer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (f"Content-Type: application/json\r\nContent-Length: {MAX_BYTES // 8}", 413),
        (f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {MAX_BYTES // 8}", 415),
        ("Content-Type: application/json\r\nTransfer-Encoding: chunked", 413),
    ],
    ids=["too large", "a form", "too many chunks"],
)
def test_who_is_refused_may_send_to_the_end(server: ValetkeyServer, headers: str, status: int) -> None:
    """Else nginx in front responds with 502, not our 413, as the connection closes while it sends (seen in its log)."""
    piece, left = b"x" * 65_536, MAX_BYTES // 8
    with connection_to(server, 60) as connection:
        connection.sendall(f"POST /v1/uploads HTTP/1.1\r\nHost: h\r\n{headers}\r\n\r\n".encode())
        while left:
            connection.sendall(b"10000\r\n%s\r\n" % piece if "chunked" in headers else piece)
            left -= len(piece)
            time.sleep(0.01)
        if "chunked" in headers:
            connection.sendall(b"0\r\n\r\n")
        assert connection.recv(65_536).startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("pause", [0, 0.1], ids=["much", "long"])
def test_the_rest_of_what_is_refused_is_not_read_for_ever(server: ValetkeyServer, pause: float) -> None:
    """If it is terabytes, or arrives slowly, the connection is closed."""
    with connection_to(server, 60) as connection:
        connection.sendall(f"POST /v1/uploads HTTP/1.1\r\nHost: h\r\nContent-Length: {10**13}\r\n\r\n".encode())
        with pytest.raises(ConnectionError):
            send_all(connection, 64 * MAX_BYTES, 1024 if pause else 65_536, pause)
        assert httpx.get(f"{server.base_url}/healthz").status_code == 200


def send_all(connection: socket.socket, size: int, piece: int, pause: float) -> None:
    for _ in range(size // piece):
        connection.sendall(b"x" * piece)
        time.sleep(pause)


def connection_to(server: ValetkeyServer, seconds: float) -> socket.socket:
    parts = urlsplit(server.base_url)
    return socket.create_connection((parts.hostname, parts.port), timeout=seconds)


def test_bodies_in_pieces_and_without_a_length_are_whole_in_the_end(strict_server: ValetkeyServer) -> None:
    """A slow client gets the same response as a quick one; the limit of bodies holds for chunked ones, too."""
    key = strict_server.create_key("backend").headers
    with httpx.Client(base_url=strict_server.base_url, headers=key, timeout=60) as client:

        def slowly() -> Iterator[bytes]:
            for piece in (b'{"filename": "a", ', b'"content_type": "a/b", ', b'"size": 1}'):
                yield piece
                time.sleep(0.4)

        assert client.post("/v1/uploads", content=slowly()).status_code == 201
        for size, status in ((MAX_BODY, 400), (MAX_BODY + 1, 413)):
            pieces = (b"z" * 4096 if begin + 4096 <= size else b"z" * (size - begin) for begin in range(0, size, 4096))
            assert client.post("/v1/uploads", content=pieces).status_code == status


def test_a_length_beside_chunks_says_nothing(strict_server: ValetkeyServer) -> None:
    """Content-Length is ignored then (request smuggling): a chunked body ends at the limit of bodies."""
    key = strict_server.create_key("backend").key
    head = (
        f"POST /v1/uploads HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    piece = b"1000\r\n" + b"z" * 4096 + b"\r\n"
    answer = waits_for(strict_server, head.encode() + piece * 65)
    assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]


def test_a_stop_does_not_wait_for_bodies(valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket) -> None:
    """SIGTERM ends the service within seconds while a client holds half a request, which otherwise has minutes."""
    server = valetkey_server(moto_bucket, env={"VALETKEY_BODY_TIMEOUT": "600"})
    key = server.create_key("backend").key
    head = f"POST /v1/uploads HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\nContent-Length: 60\r\n\r\n{{"
    parts = urlsplit(server.base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert httpx.get(f"{server.base_url}/healthz").status_code == 200
        server.process.terminate()
        assert server.process.wait(60) in {0, -signal.SIGTERM}
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408 ")
