"""Who waits for whom.

Reported of services with a pool of threads (Slowloris, CVE-2007-6750; gunicorn's documentation on slow clients): 64
connections that each send one byte of a body, and nobody is answered any more, `/healthz` included. That readiness
probes hang with what they ask for, until liveness probes hang with them, is FIELD.md's row (I).
"""

import io
import json
import resource
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask
from pydantic import TypeAdapter
from tests.e2e.proxy import CountingProxy
from tests.support import ledgers
from tests.support.clients import post_form
from tests.support.gunicorns import running_gunicorn
from tests.support.idlers import idling, kinds
from tests.support.servers import ValetkeyServer, environment, running_valetkey
from tests.support.stores import Bucket, S3Server, fresh_bucket

from valetkey.api.bodies import MAX_BODY
from valetkey.api.readiness import REMEMBERED, Readiness
from valetkey.api.socket_bodies import READERS
from valetkey.core.errors import StoreUnavailable, Unavailable
from valetkey.core.model.upload import new_upload_id
from valetkey.intake.incomplete import MAX_REST, PER_TICK, TICK, IncompleteRequest, IncompleteRequests
from valetkey.intake.rest import MAX_BYTES
from valetkey.testing import MemoryValetKey

CAT = {"filename": "cat.png", "content_type": "image/png", "size": 5}
IDLE = 600
SECRET = "a secret of the events"


@pytest.fixture
def server(valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket) -> ValetkeyServer:
    return valetkey_server(moto_bucket, env={"VALETKEY_BODY_TIMEOUT": "170"})


@pytest.fixture(scope="module")
def strict_server(moto_s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValetkeyServer]:
    """A service that every sender of events is switched on at."""
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
    """One whole upload; its state."""
    granted = client.post("/v1/uploads", json=CAT).raise_for_status().json()
    post_form(granted["grant"]["url"], granted["grant"]["fields"], b"hello")
    state: str = client.post(f"/v1/uploads/{granted['upload']['id']}/complete").raise_for_status().json()["state"]
    return state


def test_600_idle_connections_on_every_route_delay_nobody(server: ValetkeyServer) -> None:
    """While hundreds of clients hold half a request each, with a key and without, whole uploads go on, all of them."""
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
        assert idlers.open > IDLE / 3  # nobody was thrown out in a hurry: slow is no crime
        # what is refused whatever its body says was refused without it
        assert idlers.closed["a body, without a key"]
        assert idlers.closed["events of a stranger"]
        assert not idlers.closed["a body, with a key"]


def waits_for(server: ValetkeyServer, request: bytes, seconds: float = 60) -> bytes:
    """The first that the service says to half a request, b"" where it says nothing for so long."""
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
    """Strangers, unknown paths and what needs no body are answered while not a byte of the body is there."""
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
    """The headers are enough, for a stranger too."""
    request = f"POST /v1/uploads HTTP/1.1\r\nHost: here\r\nContent-Type: {kind}\r\nContent-Length: 999999999\r\n\r\n"
    assert waits_for(strict_server, request.encode()).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_body_that_does_not_come_is_given_up(
    valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket
) -> None:
    """After `VALETKEY_BODY_TIMEOUT`, with a sentence, and nothing of it is taken for a whole one."""
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
    """nginx in front answered 502 in place of our 413, as the connection closed while it sent (seen in its log)."""
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
    """A body of terabytes, or one that drips: the connection is closed."""
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
    """A slow client gets what a quick one gets; a chunked body over the limit is too large, one up to it is not."""
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
    """It bounds no body (a request smuggler's habit): what comes in chunks ends at the limit, whatever else is said."""
    key = strict_server.create_key("backend").key
    head = (
        f"POST /v1/uploads HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    piece = b"1000\r\n" + b"z" * 4096 + b"\r\n"
    answer = waits_for(strict_server, head.encode() + piece * 65)
    assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]


def test_a_stop_does_not_wait_for_bodies(valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket) -> None:
    """SIGTERM ends the service within seconds though somebody holds half a request, which has minutes otherwise."""
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


def test_readiness_is_looked_up_by_one_at_a_time(
    valetkey_server: Callable[..., ValetkeyServer], moto_bucket: Bucket
) -> None:
    """A store that accepts and says nothing holds one request for `/readyz`, and no other of any kind."""
    with CountingProxy(moto_bucket.server.endpoint_url) as way:
        env = {"VALETKEY_THREADS": "8", "VALETKEY_S3_ENDPOINT_URL": way.url}
        server = valetkey_server(moto_bucket, env=env)
        key = server.create_key("backend").headers
        time.sleep(REMEMBERED)
        way.stop()
        with silence(way.url), ThreadPoolExecutor(32) as threads:
            asked = [threads.submit(_status, f"{server.base_url}/readyz") for _ in range(32)]
            assert httpx.get(f"{server.base_url}/healthz", timeout=60).status_code == 200
            granted = httpx.post(f"{server.base_url}/v1/uploads", json=CAT, headers=key, timeout=60)
            assert granted.status_code == 201
            for _, one in zip(range(31), as_completed(asked, timeout=60), strict=False):
                assert one.result() == 503
            server.process.kill()
            answers = Counter(one.result() for one in asked)
        way.start()
    assert answers[503] >= 31


def test_of_many_that_ask_one_looks() -> None:
    """Whoever asks meanwhile is told what was found last; that all is well is believed for a while."""
    looks: list[int] = []
    going, on = threading.Event(), threading.Event()

    def look() -> None:
        looks.append(1)
        going.set()
        assert on.wait(60)

    readiness = Readiness(look)
    first = threading.Thread(target=readiness.check)
    first.start()
    assert going.wait(60)
    for _ in range(20):
        with pytest.raises(Unavailable):
            readiness.check()
    on.set()
    first.join()
    for _ in range(20):
        readiness.check()
    assert len(looks) == 1


def test_what_was_not_ready_is_looked_at_again() -> None:
    """An outage that is over is over at once."""
    away = [True]

    def look() -> None:
        if away[0]:
            raise StoreUnavailable("It is away.")

    readiness = Readiness(look)
    with pytest.raises(StoreUnavailable):
        readiness.check()
    away[0] = False
    readiness.check()


def test_the_document_is_made_once_for_all_who_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty-four first requests for `/openapi.json` made it sixty-four times, which took ten seconds."""
    app = Flask("photos")
    MemoryValetKey(app)
    made: list[int] = []
    schemas = TypeAdapter.json_schemas

    def slowly(*args: Any, **kwargs: Any) -> Any:
        made.append(1)
        time.sleep(0.3)
        return schemas(*args, **kwargs)

    monkeypatch.delitem(sys.modules, "valetkey.api.openapi", raising=False)  # as in a process that has just started
    monkeypatch.setattr(TypeAdapter, "json_schemas", slowly)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(lambda: app.test_client().get("/openapi.json").status_code) for _ in range(8)]
        assert {one.result() for one in asked} == {200}
    assert len(made) == 1


class Body:
    """What the coroutine of a request waits for."""

    def __init__(self) -> None:
        self.given_up_by: threading.Thread | None = None

    def cancel(self) -> None:
        self.given_up_by = threading.current_thread()


def incomplete(requests: IncompleteRequests, count: int) -> list[IncompleteRequest]:
    added = [IncompleteRequest({}, None, 100) for _ in range(count)]
    for request in added:
        request.future = Body()
        requests.add(request)
    return added


def never(_: float, __: Callable[[], None]) -> None:
    """A loop that does not tick: `inspect` is called by the test."""


def test_others_go_before_slow_clients() -> None:
    """Their requests are tried one at a time, and after each the interpreter is left to others for as long as it
    took: else whoever needs it waits five milliseconds, again and again, until all have been tried."""
    took: list[float] = []
    done = threading.Event()

    def application(environ: dict[str, Any], _: Any) -> Any:
        begun = time.monotonic()
        while time.monotonic() < begun + 0.001:
            pass
        took.append(time.monotonic() - begun)
        if len(took) == PER_TICK:
            done.set()
        return environ["wsgi.input"].read()

    requests = IncompleteRequests(application, 30)
    incomplete(requests, PER_TICK)
    requests.start(never)
    time.sleep(TICK)
    begun = time.monotonic()
    requests.inspect()
    assert done.wait(60)
    assert time.monotonic() - begun > sum(took) + sum(min(one, MAX_REST) for one in took[:-1])


class Stuck:
    """An application whose ledger says nothing: who is tried waits for it until ``answer`` is set."""

    def __init__(self) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()

    def __call__(self, environ: dict[str, Any], _: Any) -> Any:
        self.asked.set()
        assert self.answer.wait(150)
        return environ["wsgi.input"].read()


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    application = Stuck()
    yield application
    application.answer.set()


def all_given_up(late: list[IncompleteRequest], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not all(request.future.given_up_by for request in late) and time.monotonic() < deadline:
        time.sleep(0.01)
    return all(request.future.given_up_by for request in late)


def test_the_loop_gives_up_nobody_itself() -> None:
    """What is to be said to hundreds whose time ends in one moment holds up nothing else."""
    requests = IncompleteRequests(lambda *_: [], 0)
    late = incomplete(requests, PER_TICK)
    requests.start(never)
    time.sleep(0.01)
    requests.inspect()
    assert all_given_up(late)
    [thread] = {request.future.given_up_by for request in late}
    assert thread is not threading.current_thread()


def test_so_many_are_given_up_at_a_time() -> None:
    """Each of them comes back, and costs the same again: thousands in one moment held everybody up for seconds."""
    requests = IncompleteRequests(lambda *_: [], 0)
    late = incomplete(requests, 2 * PER_TICK)
    requests.start(never)
    time.sleep(0.01)
    requests.inspect()
    assert all_given_up(late[:PER_TICK])
    assert not any(request.future.given_up_by for request in late[PER_TICK:])
    requests.inspect()
    assert all_given_up(late)


@pytest.mark.parametrize("stops", [False, True])
def test_a_trial_that_waits_keeps_nobody_longer(monkeypatch: pytest.MonkeyPatch, stuck: Stuck, stops: bool) -> None:
    """The deadline holds though the ledger of the trials is away, and so does the one of a process that stops. Whoever
    is tried at the time is told what that trial finds, or goes after it."""
    monkeypatch.setattr("valetkey.intake.incomplete.STOP_SECONDS", 0.5)
    requests = IncompleteRequests(stuck, 600)
    tried, *late = incomplete(requests, 10 * PER_TICK if stops else PER_TICK)
    requests.start(never)
    time.sleep(TICK)
    requests.inspect()
    assert stuck.asked.wait(60)
    if stops:
        requests.stop_waiting()
        time.sleep(0.5)
    else:
        for request in [tried, *late]:
            request.since -= 600
    requests.inspect()
    assert all_given_up(late)
    assert tried.future.given_up_by is None
    stuck.answer.set()
    deadline = time.monotonic() + 60
    while tried.future.given_up_by is None and time.monotonic() < deadline:
        requests.inspect()
        time.sleep(0.01)
    assert tried.future.given_up_by


def test_who_is_late_takes_room_until_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its body is still in memory: others have to go for it, or it for them."""
    monkeypatch.setattr("valetkey.intake.incomplete.MAX_MEMORY", 1_000)
    going, go_on = threading.Event(), threading.Event()

    class Slow(Body):
        def cancel(self) -> None:
            super().cancel()
            going.set()
            assert go_on.wait(120)

    requests = IncompleteRequests(lambda environ, _: environ["wsgi.input"].read(), 30)
    late = incomplete(requests, 10)
    for request in late:
        request.since -= 60
    late[0].future = Slow()
    requests.start(never)
    requests.inspect()
    assert going.wait(60)
    early = incomplete(requests, 10)
    requests.inspect()
    assert sum(request.size for request in late + early if request.future.given_up_by is None) <= 1_000
    go_on.set()


def test_who_is_being_tried_takes_room(monkeypatch: pytest.MonkeyPatch, stuck: Stuck) -> None:
    """It is counted, and not given up meanwhile: its trial may have done something by now."""
    monkeypatch.setattr("valetkey.intake.incomplete.MAX_MEMORY", 1_000)
    requests = IncompleteRequests(stuck, 30)
    [tried] = incomplete(requests, 1)
    tried.size = 900
    requests.start(never)
    time.sleep(TICK)
    requests.inspect()
    assert stuck.asked.wait(60)
    others = incomplete(requests, 2)
    requests.inspect()
    assert sum(request.future.given_up_by is not None for request in others) == 1
    assert tried.future.given_up_by is None


@pytest.mark.parametrize("path", ["/v1/uploads", "/uppy/s3/multipart"])
@pytest.mark.parametrize("value", ['"\\u0000"', "1", '"' + "x" * 5 + '"'])
def test_metadata_is_counted_before_it_is_looked_into(path: str, value: str) -> None:
    """Tens of thousands of keys are too many: what each of them is does not matter any more."""
    app = Flask("photos")
    MemoryValetKey(app)
    metadata = ",".join(f'"{number}":{value}' for number in range(14_000))
    names = '"filename":"a","content_type":"a/b","size":1' if path == "/v1/uploads" else '"filename":"a","type":"a/b"'
    answer = app.test_client().post(path, data=f'{{{names},"metadata":{{{metadata}}}}}')
    assert (answer.status_code, answer.get_json()["code"]) == (422, "metadata_not_allowed")
    assert "At most 50" in answer.get_json()["detail"]


def test_too_many_metadata_of_one_spoil_no_batch() -> None:
    """Each upload of a batch is refused for itself."""
    app = Flask("photos")
    MemoryValetKey(app)
    much = {"filename": "a", "content_type": "a/b", "size": 1, "metadata": {str(n): "" for n in range(60)}}
    answer = app.test_client().post("/v1/uploads/batch", json={"uploads": [CAT, much, CAT]}).get_json()["results"]
    assert ["upload" in one for one in answer] == [True, False, True]
    assert answer[1]["error"]["code"] == "metadata_not_allowed"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/uploads", json.dumps(dict.fromkeys(map(str, range(20_000)), 1))),
        ("POST", "/v1/tickets", json.dumps(dict.fromkeys(map(str, range(20_000)), 1))),
        ("POST", "/v1/uploads/none/complete", json.dumps({"parts": [{}] * 9_000})),
        ("GET", "/v1/uploads?" + "&".join(f"a{number}=1" for number in range(2_000)), ""),
    ],
)
def test_thousands_of_errors_are_not_named_each(method: str, path: str, body: str) -> None:
    """A document that says how many there are; twenty out of twenty thousand help nobody."""
    app = Flask("photos")
    MemoryValetKey(app)
    path = path.replace("/none/", f"/{new_upload_id()}/")
    answer = app.test_client().open(path, method=method, data=body).get_json()
    [error] = answer["errors"]
    assert "too many to list" in error["detail"]


def test_a_query_of_thousands_of_fields_is_not_taken_apart() -> None:
    """It is too long."""
    app = Flask("photos")
    MemoryValetKey(app)
    query = "&".join(f"metadata[{number}]=1" for number in range(5_000))
    assert app.test_client().get(f"/uppy/s3/params?{query}").status_code == 414


def test_few_bodies_are_read_at_once_in_somebody_elses_server() -> None:
    """Where bodies come from a socket, a bounded number of threads reads them; the next is told to come again, and
    whoever is refused by headers does not count."""
    app = Flask("photos")
    MemoryValetKey(app)
    arrived = threading.Semaphore(0)
    go_on = threading.Event()

    class Slow(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            arrived.release()
            assert go_on.wait(120)
            return b"{}"

    def post(stream: Any) -> int:
        environ = {"wsgi.input": stream, "CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json"}
        return app.test_client().post("/v1/uploads", environ_overrides=environ).status_code

    with ThreadPoolExecutor(READERS) as threads:
        slow = [threads.submit(post, Slow()) for _ in range(READERS)]
        for _ in slow:
            assert arrived.acquire(timeout=60)
        assert post(Slow()) == 503
        assert app.test_client().get("/healthz").status_code == 200
        assert app.test_client().post("/v1/uploads", json=CAT).status_code == 201  # a body that is there waits for none
        go_on.set()
        assert {one.result() for one in slow} == {422}
    assert app.test_client().post("/v1/uploads", json=CAT).status_code == 201


MOUNTED = """
from flask import Flask
from valetkey import ValetKey

app = Flask("photos")
ValetKey(app)
"""


def test_slow_clients_of_somebody_elses_server(moto_bucket: Bucket, tmp_path: Path) -> None:
    """Forty of them hold half a body each, and there are thirty threads: others are answered all the same."""
    env = environment(tmp_path, moto_bucket)
    ledgers.migrate(env["VALETKEY_DATABASE_URL"])
    with running_gunicorn(tmp_path, env, MOUNTED, "-w", "1", "--threads", "30") as client:
        address = (client.base_url.host, client.base_url.port or 0)
        head = f"POST /v1/uploads HTTP/1.1\r\nHost: here\r\nAuthorization: {client.headers['Authorization']}\r\n"
        slow = {"half a body": f"{head}Content-Length: 4000\r\n\r\n{{".encode()}
        with idling(address, slow, 40, pace=40) as idlers:
            granted = [_patiently(client) for _ in range(10)]
            assert client.get("/healthz").status_code == 200
        assert granted == [201] * 10
        assert idlers.closed["half a body"]


def _patiently(client: httpx.Client) -> int:
    """What an upload is answered with in the end, by who comes again where that is asked for."""
    for _ in range(300):
        answer = client.post("/v1/uploads", json=CAT)
        if answer.status_code != 503:
            break
        time.sleep(0.2)
    return answer.status_code


def _status(url: str) -> int:
    try:
        return httpx.get(url, timeout=120).status_code
    except httpx.TransportError:
        return 0


@contextmanager
def silence(url: str) -> Iterator[None]:
    """Where something listened, connections are accepted and nothing is ever said."""
    with socket.create_server(("127.0.0.1", urlsplit(url).port or 0), backlog=128):
        yield
