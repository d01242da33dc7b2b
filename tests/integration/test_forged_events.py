"""Forged events of every sender over HTTP: each is refused, and causes no request to another host.

Each look-up of a host and each connection that this process makes is seen, so what a forgery costs can be counted.
"""

import hashlib
import hmac
import http.client
import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.support import ledgers
from tests.support.clients import post_form
from tests.support.deliveries import CERTIFICATE_URL, TOPIC, certificate, private_key, recorded, sign
from tests.support.stores import Bucket
from tests.support.tls import tls_for
from werkzeug.serving import make_server

from valetkey.adapters.sns import certificate_fetcher
from valetkey.app import create_app, installed_in
from valetkey.settings import Settings

SECRET = "a-secret-of-some-length"
HOST = "sns.us-west-2.amazonaws.com"
"""The one address that the events of `TOPIC` may lead to."""

TOO_LARGE = 256 * 1024 + 1
DEEP = b'{"Records":' * 10_000 + b"1" + b"}" * 10_000

_lookup = socket.getaddrinfo
_watching: list[Callable[[int], None]] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _watching and isinstance(args[1], tuple):
        _watching[-1](args[1][1])


sys.addaudithook(_audit)  # for good: Python has no way to take one out


@dataclass
class Outgoing:
    """What left this process: ``hosts`` that were looked up, ``ports`` that were connected to."""

    certificates_port: int
    hosts: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    def lookup(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        """`socket.getaddrinfo`, in whose world only loopback and the certificates' host exist."""
        if host == "127.0.0.1":
            return _lookup(host, port, *args, **kwargs)
        self.hosts.append(f"{host}:{port}")
        if (host, port) == (HOST, 443):
            return _lookup("127.0.0.1", self.certificates_port, *args, **kwargs)
        raise socket.gaierror(socket.EAI_NONAME, "no such host")


@dataclass(frozen=True)
class Request:
    """What is sent to one sender's address. A body that is ``chunked`` announces no length."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    chunked: bool = False


@dataclass(frozen=True)
class Answer:
    """The status and the body of the answer."""

    status: int
    body: dict[str, Any]


@dataclass
class World:
    """The application behind a port of its own, with every sender switched on."""

    port: int
    bucket: Bucket
    outgoing: Outgoing
    moved: list[bool]

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(
            method, path, None if body is None else json.dumps(body), {"content-type": "application/json"}
        )
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found

    def upload(self) -> str:
        """The id of a new upload whose object is there, and whose client says nothing."""
        created = self.call("POST", "/v1/uploads", {"filename": "a.txt", "content_type": "text/plain", "size": 1})
        assert post_form(created["grant"]["url"], created["grant"]["fields"], b"x").status == 201
        return str(created["upload"]["id"])

    def state(self, upload_id: str) -> str:
        return str(self.call("GET", f"/v1/uploads/{upload_id}")["state"])

    def send(self, sender: str, request: Request) -> Answer:
        """The answer; a server that has heard enough may close before all of a body is sent."""
        with socket.create_connection(("127.0.0.1", self.port), 60) as connection:
            head = {"Host": "valetkey", "Content-Type": "text/plain; charset=UTF-8"} | request.headers
            if request.chunked:
                head["Transfer-Encoding"], parts = "chunked", [b"%x\r\n%b\r\n" % (len(request.body), request.body)]
                parts.append(b"0\r\n\r\n")
            else:
                head["Content-Length"], parts = str(len(request.body)), [request.body]
            lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
            with suppress(OSError):
                connection.sendall(f"POST /v1/events/{sender}{request.query} HTTP/1.1\r\n{lines}\r\n".encode())
                for part in parts:
                    connection.sendall(part)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return Answer(response.status, json.loads(response.read()))


@pytest.fixture
def moved() -> list[bool]:
    """Where the first is True, certificates have moved to another host."""
    return [False]


@pytest.fixture
def outgoing(tmp_path: Path, moved: list[bool], monkeypatch: pytest.MonkeyPatch) -> Iterator[Outgoing]:
    """SNS's certificates on loopback, and a look at all that leaves this process."""

    class Certificates(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302 if moved[0] else 200)
            if moved[0]:
                self.send_header("Location", "https://evil.example" + self.path)
            self.end_headers()
            self.wfile.write(certificate(start=datetime.now(UTC) - timedelta(days=1)))

        def log_message(self, *args: object) -> None: ...

    server_side, client_side = tls_for(HOST, tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Certificates)
    server.socket = server_side.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    seen = Outgoing(server.server_port)
    monkeypatch.setattr(socket, "getaddrinfo", seen.lookup)
    monkeypatch.setattr("valetkey.opening.certificate_fetcher", lambda: certificate_fetcher(client_side))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    _watching.append(seen.ports.append)
    try:
        yield seen
    finally:
        _watching.pop()
        server.shutdown()
        server.server_close()


@pytest.fixture
def world(settings: Settings, moto_bucket: Bucket, outgoing: Outgoing, moved: list[bool]) -> Iterator[World]:
    """The application, served on loopback by this process."""
    server = moto_bucket.server
    names = ["events_minio_token", "events_eventbridge_key", "events_b2_secret", "events_ceph_secret"]
    enabled = settings.model_copy(update=dict.fromkeys(names, SECRET) | {"events_sns_topic_arns": (TOPIC,)})
    app = create_app(enabled, server.session, allow_open=True)
    ledgers.migrate(installed_in(app).settings.database_url)
    served = make_server("127.0.0.1", 0, app, threaded=True)
    Thread(target=served.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield World(served.server_port, moto_bucket, outgoing, moved)
    finally:
        served.shutdown()
        served.server_close()


def now(ago: timedelta = timedelta()) -> str:
    return (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def records(name: str, bucket: str, key: str) -> dict[str, Any]:
    body: dict[str, Any] = recorded(name)
    body["Records"][0]["s3"]["bucket"]["name"] = bucket
    body["Records"][0]["s3"]["object"]["key"] = key
    return body


def content(sender: str, bucket: str, key: str, **envelope: str) -> bytes:
    """What ``sender`` writes of ``key``; an SNS message is left unsigned."""
    if sender == "sns":
        message = json.dumps(records("s3_post", bucket, key))
        body = recorded("sns_notification") | {"Message": message, "Timestamp": now()} | envelope
    elif sender == "eventbridge":
        body = recorded("eventbridge_object_created")
        body["detail"]["bucket"]["name"], body["detail"]["object"]["key"] = bucket, key
    elif sender == "b2":
        body = recorded("b2_upload")
        body["events"][0] |= {"bucketName": bucket, "objectName": key}
    else:
        body = records(f"{sender}_post", bucket, key)
    return json.dumps(body).encode()


def proven(sender: str, body: bytes, secret: str = SECRET, **how: Any) -> Request:
    """``body`` with the sender's proof, made with ``secret`` (for SNS with the key of that name)."""
    match sender:
        case "sns":
            key = private_key() if secret == SECRET else private_key(secret)
            with suppress(ValueError):  # what is no envelope stays as it is
                body = json.dumps(sign(json.loads(body), key=key)).encode()
            return Request(body, **how)
        case "minio":
            return Request(body, {"Authorization": f"Bearer {secret}"}, **how)
        case "eventbridge":
            return Request(body, {"x-api-key": secret}, **how)
        case "ceph":
            return Request(body, {}, f"?secret={secret}", **how)
        case _:
            digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            return Request(body, {"X-Bz-Event-Notification-Signature": f"v1={digest}"}, **how)


Forge = Callable[[str, bytes], Request]
"""Makes the request from the sender's name and what a true one would say."""


def another_envelope(**changes: str) -> Forge:
    """Signed by SNS's own key, but not what SNS would have sent us."""
    return lambda sender, body: proven(sender, json.dumps(json.loads(body) | changes).encode())


def another_certificate(url: str) -> Forge:
    """The signature fits; the certificate's address is not SNS's."""

    def forge(sender: str, body: bytes) -> Request:
        signed = json.loads(proven(sender, body).body)
        return Request(json.dumps(signed | {"SigningCertURL": url}).encode())

    return forge


def unproven(sender: str, body: bytes) -> Request:
    """Nothing that proves anything: for SNS no signature in the envelope, for the others no header."""
    return Request(body.replace(b'"Signature"', b'"Unsigned"') if sender == "sns" else body)


def padded(sender: str, body: bytes, *, chunked: bool) -> Request:
    """True in all but its size: the proof is made for the whole."""
    longer = body[:-1] + b', "more": "' + b"x" * TOO_LARGE + b'"}'
    return proven(sender, longer, chunked=chunked)


EVERY: dict[str, tuple[Forge, int]] = {
    "no secret": (unproven, 403),
    "empty secret": (lambda sender, body: proven(sender, body, ""), 403),
    "wrong secret": (lambda sender, body: proven(sender, body, "another-secret-of-some-length"), 403),
    "oversized": (lambda sender, body: padded(sender, body, chunked=False), 413),
    "oversized, chunked": (lambda sender, body: padded(sender, body, chunked=True), 413),
    "deep, no secret": (lambda _, __: Request(DEEP), 403),
}
SIGNED: dict[str, tuple[Forge, int]] = {
    "signature over another body": (
        lambda sender, body: Request(
            (made := proven(sender, body)).body.replace(b"staging/", b"staging//"), made.headers
        ),
        403,
    ),
}
SNS: dict[str, tuple[Forge, int]] = {
    "another topic": (another_envelope(TopicArn=TOPIC + "2"), 403),
    "somebody else's topic": (another_envelope(TopicArn=TOPIC.replace("123456789012", "999999999999")), 403),
    "replayed": (another_envelope(Timestamp=now(timedelta(hours=3))), 403),
    "from the future": (another_envelope(Timestamp=now(-timedelta(hours=3))), 403),
    "bucket named sns": (
        another_certificate(CERTIFICATE_URL.replace(HOST, "sns.s3-ap-southeast-2.amazonaws.com")),
        403,
    ),
    "bucket named sns, by path": (another_certificate(CERTIFICATE_URL.replace(HOST, "s3.amazonaws.com/sns")), 403),
    "http": (another_certificate(CERTIFICATE_URL.replace("https", "http")), 403),
    "another region": (another_certificate(CERTIFICATE_URL.replace("us-west-2", "us-east-1")), 403),
    "metadata address": (another_certificate(CERTIFICATE_URL.replace(HOST, "169.254.169.254")), 403),
    "confirmation of another topic": (
        lambda sender, _: proven(
            sender,
            json.dumps(
                recorded("sns_subscription_confirmation")
                | {"TopicArn": TOPIC + "2", "Timestamp": now(), "SubscribeURL": "http://169.254.169.254/"}
            ).encode(),
        ),
        403,
    ),
}
SENDERS = ["sns", "eventbridge", "minio", "ceph", "b2"]
FORGERIES = [
    *((sender, name, *how) for sender in SENDERS for name, how in EVERY.items()),
    *((sender, name, *how) for sender in ("sns", "b2") for name, how in SIGNED.items()),
    *(("sns", name, *how) for name, how in SNS.items()),
    *((sender, "deep", lambda sender, _: proven(sender, DEEP), 400) for sender in SENDERS if sender != "sns"),
]


@pytest.mark.parametrize(("sender", "name", "forge", "status"), FORGERIES, ids=[f"{a}: {b}" for a, b, *_ in FORGERIES])
def test_a_forgery_is_refused_and_costs_nothing(
    world: World, sender: str, name: str, forge: Forge, status: int
) -> None:
    """A problem document with the status that ends the sender's tries; the upload stays as it was; nothing was looked
    up and nothing connected to but, for a signature that has to be checked, the host of SNS's certificates."""
    upload_id = world.upload()
    request = forge(sender, content(sender, world.bucket.name, f"staging/{upload_id}"))
    world.outgoing.ports.clear()
    answer = world.send(sender, request)
    assert (answer.status, answer.body["status"]) == (status, status), name
    assert set(world.outgoing.hosts) <= ({f"{HOST}:443"} if sender == "sns" else set())
    checked = {world.outgoing.certificates_port} if world.outgoing.hosts else set()
    assert set(world.outgoing.ports) == {world.port} | checked
    if name not in {"empty secret", "wrong secret", "signature over another body"}:
        assert world.outgoing.hosts == []
    assert world.state(upload_id) == "pending"


@pytest.mark.parametrize("sender", SENDERS)
def test_the_same_without_the_forgery_confirms_once(world: World, sender: str) -> None:
    """So it was the forgery that was refused. Played again word for word it is heard, and changes nothing."""
    upload_id = world.upload()
    request = proven(sender, content(sender, world.bucket.name, f"staging/{upload_id}"))
    first, again = world.send(sender, request), world.send(sender, request)
    assert (first.status, first.body) == (200, {"confirmed": 1, "rejected": 0, "ignored": 0})
    assert (again.status, again.body) == (200, {"confirmed": 0, "rejected": 0, "ignored": 1})
    assert world.outgoing.hosts == ([f"{HOST}:443"] if sender == "sns" else [])
    assert world.state(upload_id) == "confirmed"


def test_a_certificate_that_has_moved_is_not_followed(world: World) -> None:
    """The host of certificates answers with a redirect: the delivery is refused, and the new place is not asked."""
    upload_id = world.upload()
    world.moved[0] = True
    answer = world.send("sns", proven("sns", content("sns", world.bucket.name, f"staging/{upload_id}")))
    assert answer.status == 403
    assert world.outgoing.hosts == [f"{HOST}:443"]
    assert world.state(upload_id) == "pending"


@pytest.mark.parametrize("secret", [None, "another-secret-of-some-length"])
def test_each_of_cephs_records_has_to_carry_the_secret(world: World, secret: str | None) -> None:
    """As OpaqueData: a record of our own that was listened to does not open the door to the one beside it."""
    upload_id = world.upload()
    [ours] = records("ceph_post", world.bucket.name, "k")["Records"]
    [theirs] = records("ceph_post", world.bucket.name, f"staging/{upload_id}")["Records"]
    body = json.dumps({"Records": [ours | {"opaqueData": SECRET}, theirs | {"opaqueData": secret}]}).encode()
    assert world.send("ceph", Request(body)).status == 403
    assert world.state(upload_id) == "pending"
