"""`Client` and `AsyncClient` against a server that plays the service: what they send, and what they make of answers."""

import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import anyio.to_thread
import pytest
from anyio.from_thread import start_blocking_portal
from tests.integration.playing import Reply, playing
from tests.support import processes
from tests.support.program_clients import KINDS, running_client
from tests.support.servers import VALETKEY

from valetkey.client import (
    AsyncClient,
    Client,
    ClientError,
    Conflict,
    FileError,
    Interrupted,
    NewUpload,
    PutGrant,
    Refused,
    Rejected,
    Unreachable,
    UploadNotFound,
)

ID = "0197f7a0-0000-7000-8000-000000000001"
FAR = "2999-01-01T00:00:00Z"
UPLOAD: dict[str, Any] = {
    "id": ID,
    "state": "confirmed",
    "profile": "photos",
    "owner": "user-17",
    "filename": "cat.png",
    "content_type": "image/png",
    "size": 5,
    "checksum": None,
    "checksum_verified": None,
    "metadata": {},
    "object": {"bucket": "b", "key": "k", "etag": "e", "version_id": None, "size": 5, "content_type": "image/png"},
    "reason": None,
    "detected_type": None,
    "confirmed_by": "client",
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-01T01:00:00Z",
    "confirmed_at": "2026-01-01T00:00:01Z",
    "claim": None,
    "path": None,
}
PENDING = UPLOAD | {"state": "pending", "object": None, "confirmed_by": None, "confirmed_at": None}
TICKET: Reply = (201, {}, {"ticket": "vt_p.x", "expires_at": FAR})
WANTED: NewUpload = {"filename": "cat.png", "content_type": "image/png", "size": 5}


def problem(status: int, code: str, **headers: str) -> Reply:
    return status, headers, {"type": "t", "title": "T", "status": status, "code": code, "detail": f"It is {code}."}


@dataclass
class Play:
    """`script` says what each call is answered, one after the other; the last answer is repeated."""

    script: dict[str, list[Reply]] = field(default_factory=dict)
    address: str = ""
    calls: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, call: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        self.before(call)
        with self.lock:
            self.calls.append(call)
            self.headers.append(headers)
            self.bodies.append(json.loads(body) if body and not call.startswith("PUT") else body)
            said = self.script[call]
            return said.pop(0) if len(said) > 1 else said[0]

    def grants(self) -> Reply:
        grant = {"method": "PUT", "url": f"{self.address}/s3", "headers": {"If-None-Match": "*"}, "expires_at": FAR}
        return 201, {}, {"upload": PENDING, "grant": grant, "ticket": "vt_u"}

    def takes_files(self) -> None:
        self.script |= {"POST /v1/uploads": [self.grants()], "PUT /s3": [(200, {}, b"")]}
        self.script[f"POST /v1/uploads/{ID}/complete"] = [(200, {}, UPLOAD)]


@pytest.fixture
def play() -> Iterator[Play]:
    play = Play()
    with playing(play.answer) as play.address:
        yield play


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(kind: str, play: Play) -> Iterator[Client]:
    with running_client(kind, f"{play.address}/", "vk_key", timeout=60, retry_for=0) as client:
        yield client


@pytest.mark.parametrize(
    ("do", "sent", "said"),
    [
        (
            lambda client: client.ticket("photos", owner="user-17", max_uploads=5),
            ("POST /v1/tickets", {"profile": "photos", "owner": "user-17", "max_uploads": 5, "ttl": 3600}),
            TICKET,
        ),
        (
            lambda client: client.claim(UUID(ID), "post:17", owner="user-17"),
            (f"POST /v1/uploads/{ID}/claim", {"reference": "post:17", "owner": "user-17"}),
            (200, {}, UPLOAD),
        ),
        (
            lambda client: client.release(ID, "post:17"),
            (f"POST /v1/uploads/{ID}/release", {"reference": "post:17"}),
            (200, {}, UPLOAD),
        ),
        (
            lambda client: client.complete(ID, [{"number": 1, "etag": "e"}]),
            (f"POST /v1/uploads/{ID}/complete", {"parts": [{"number": 1, "etag": "e"}]}),
            (200, {}, UPLOAD),
        ),
        (lambda client: client.get(ID), (f"GET /v1/uploads/{ID}", b""), (200, {}, UPLOAD)),
        (lambda client: client.delete(ID), (f"DELETE /v1/uploads/{ID}", b""), (204, {}, b"")),
        (
            lambda client: client.download_url(ID),
            (f"GET /v1/uploads/{ID}/download", b""),
            (200, {}, {"url": "https://s3.example/k", "expires_at": FAR}),
        ),
        (
            lambda client: client.download_url(ID, inline=True),
            (f"GET /v1/uploads/{ID}/download?inline=true", b""),
            (200, {}, {"url": "https://s3.example/k", "expires_at": FAR}),
        ),
    ],
)
def test_what_is_sent(
    client: Client, play: Play, do: Callable[[Client], object], sent: tuple[str, object], said: Reply
) -> None:
    """Method, path, body and key; what is left out is the service's to choose."""
    play.script = {sent[0]: [said]}
    do(client)
    assert (play.calls, play.bodies) == ([sent[0]], [sent[1]])
    assert play.headers[0]["Authorization"] == "Bearer vk_key"
    assert play.headers[0]["Accept"] == "application/json"


def test_what_comes_back(client: Client, play: Play) -> None:
    """Attributes with their types; a ticket is text, too."""
    play.script = {"POST /v1/tickets": [TICKET], f"GET /v1/uploads/{ID}": [(200, {}, UPLOAD)]}
    ticket, upload = client.ticket(owner="user-17"), client.get(ID)
    assert (str(ticket), ticket.ticket, ticket.expires_at.year) == ("vt_p.x", "vt_p.x", 2999)
    assert upload.object is not None
    assert (upload.id, upload.state, upload.object.key, upload.created_at.year) == (ID, "confirmed", "k", 2026)


def test_the_pages_of_a_list_are_asked_for_when_they_are_needed(client: Client, play: Play) -> None:
    """One after the other, by the cursor of the page before."""
    first, second = "GET /v1/uploads?state=pending&limit=1", f"GET /v1/uploads?state=pending&limit=1&cursor={ID}"
    play.script[first] = [(200, {}, {"uploads": [PENDING], "next_cursor": ID})]
    play.script[second] = [(200, {}, {"uploads": [UPLOAD], "next_cursor": None})]
    uploads = client.list(state="pending", page_size=1)
    assert next(uploads).state == "pending"
    assert play.calls == [first]
    assert [one.state for one in uploads] == ["confirmed"]
    assert play.calls == [first, second]


def test_many_uploads_are_asked_for_a_hundred_at_a_time(client: Client, play: Play) -> None:
    """Each once; what can be no id is not sent, and without any the service is not asked: it would list all."""
    ids = [f"0197f7a0-0000-7000-8000-{n:012x}" for n in range(101)]
    queries = ["&".join(f"id={one}" for one in group) for group in (ids[:100], ids[100:])]
    play.script[f"GET /v1/uploads?{queries[0]}"] = [(200, {}, {"uploads": [], "next_cursor": None, "not_found": ids})]
    play.script[f"GET /v1/uploads?{queries[1]}"] = [(200, {}, {"uploads": [UPLOAD], "next_cursor": None})]
    assert [one.state for one in client.get_all([*ids, "../keys", "", *ids]).values()] == ["confirmed"]
    assert len(play.calls) == 2
    assert client.get_all(["../keys", ""]) == {}
    assert len(play.calls) == 2
    assert len(f"GET /v1/uploads?{queries[0]} HTTP/1.1") < 4094


def test_an_upload_for_somebody_else_to_send(client: Client, play: Play) -> None:
    """The grant is one of three; the ticket of the upload aborts it, where the key would also delete."""
    play.script = {"POST /v1/uploads": [play.grants()], f"DELETE /v1/uploads/{ID}": [(204, {}, b"")]}
    wanted: NewUpload = {**WANTED, "owner": "user-17", "metadata": {"a": "b"}}
    granted = client.create(idempotency_key="order-7", **wanted)
    assert isinstance(granted.grant, PutGrant)
    assert granted.grant.url == f"{play.address}/s3"
    assert play.bodies == [wanted]
    assert play.headers[0]["Idempotency-Key"] == "order-7"
    client.abort(granted.upload.id, granted.ticket)
    assert play.headers[-1]["Authorization"] == "Bearer vt_u"


@pytest.mark.parametrize("trouble", [problem(503, "ledger_unavailable"), problem(429, "slow"), (502, {}, b"<html>")])
def test_trouble_that_passes(kind: str, play: Play, trouble: Reply) -> None:
    """The call is made again; one that creates names the same key, so that it creates once."""
    play.script = {"POST /v1/uploads": [trouble, trouble, play.grants()]}
    with running_client(kind, play.address, retry_for=30) as client:
        client.create(**WANTED)
    keys = {headers["Idempotency-Key"] for headers in play.headers}
    assert (len(play.calls), len(keys)) == (3, 1)


def test_trouble_that_lasts(client: Client, play: Play) -> None:
    """The error has what the service said last; while it is away, other calls make one attempt."""
    play.script = {"POST /v1/tickets": [problem(503, "store_unavailable")]}
    for calls in (3, 4):
        with pytest.raises(Unreachable, match="It is store_unavailable") as raised:
            client.ticket(owner="user-17")
        assert (raised.value.code, raised.value.status) == ("unreachable", 503)
        assert raised.value.problem is not None
        assert raised.value.problem["code"] == "store_unavailable"
        assert len(play.calls) == calls


def test_it_waits_as_long_as_it_is_asked_to(kind: str, play: Play) -> None:
    """Retry-After is kept, unless it is longer than the client has patience for."""
    play.script = {"POST /v1/tickets": [problem(503, "busy", **{"Retry-After": "1"}), TICKET]}
    began = time.monotonic()
    with running_client(kind, play.address, retry_for=120) as client:
        client.ticket(owner="user-17")
        assert time.monotonic() - began >= 1
        play.script = {"POST /v1/tickets": [problem(503, "busy", **{"Retry-After": "86400"})]}
        with pytest.raises(Unreachable):
            client.ticket(owner="user-17")
    assert time.monotonic() - began < 90


@pytest.mark.parametrize(
    ("said", "error", "code"),
    [
        (problem(401, "unauthenticated"), Refused, "unauthenticated"),
        (problem(403, "forbidden"), Refused, "forbidden"),
        (problem(404, "upload_not_found"), UploadNotFound, "upload_not_found"),
        (problem(409, "already_claimed"), Conflict, "already_claimed"),
        (problem(422, "wrong_profile"), Refused, "wrong_profile"),
        (problem(422, "size_out_of_range"), Rejected, "size_out_of_range"),
        ((200, {}, b"<html>a login page</html>"), Refused, "http_200"),
        ((200, {}, {"status": "up"}), Refused, "http_200"),
        ((200, {}, {"id": 7, "state": "confirmed"}), ClientError, "unexpected_response"),
        ((308, {"Location": "https://elsewhere.example/"}, b""), Refused, "http_308"),
    ],
)
def test_what_is_refused(client: Client, play: Play, said: Reply, error: type[ClientError], code: str) -> None:
    """At the first attempt, by the service's own code; what is not valetkey's answer says so. A page in its place may
    be there for a moment: the service is asked a few times."""
    play.script = {f"POST /v1/uploads/{ID}/claim": [said]}
    with pytest.raises(error) as raised:
        client.claim(ID, "post:17", owner="user-17")
    assert type(raised.value) is error
    assert raised.value.code == code
    assert raised.value.detail == str(raised.value)
    assert "--token" not in raised.value.detail  # that is for a terminal
    if code != "unexpected_response":
        assert raised.value.status == said[0]
    assert (raised.value.problem == said[2]) == (said[0] >= 400)
    assert len(play.calls) == (3 if isinstance(said[2], bytes) and said[2] else 1)


@pytest.mark.parametrize(
    "text",
    ["", " ", "..", "../tickets", f"{ID}/claim", f"{ID}?x", f"{ID}\n", ID.upper() + "A", "None", "💥", "a" * 9000],
)
def test_what_is_no_id_is_nobodys_upload(client: Client, play: Play, text: str) -> None:
    """A form may send anything: none of it reaches the service, nor another of its paths."""
    calls: list[Callable[[], object]] = [
        lambda: client.get(text),
        lambda: client.claim(text, "post:17", owner="user-17"),
        lambda: client.release(text, "post:17"),
        lambda: client.complete(text),
        lambda: client.delete(text),
        lambda: client.abort(text, "vt_u"),
        lambda: client.grant(text),
        lambda: client.download_url(text),
    ]
    for call in calls:
        with pytest.raises(UploadNotFound) as raised:
            call()
        assert (raised.value.code, raised.value.status) == ("upload_not_found", 404)
    assert play.calls == []


@pytest.mark.parametrize("nobody", [None, "", 17])
def test_nobody_owns_nothing(client: Client, play: Play, nobody: Any) -> None:
    """Where nobody is logged in, no ticket is given, and not everybody's upload is claimed."""
    with pytest.raises(Refused) as raised:
        client.ticket(owner=nobody)
    assert (raised.value.code, raised.value.status) == ("invalid_request", 422)
    with pytest.raises(Refused):
        client.claim(ID, "post:17", owner=nobody)
    with pytest.raises(Refused):
        client.claim_all([ID], "post:17", owner=nobody)
    assert play.calls == []


SECOND, THIRD = "0197f7a0-0000-7000-8000-000000000002", "0197f7a0-0000-7000-8000-000000000003"


CLAIMS, RELEASES = "POST /v1/claims", "POST /v1/claims/release"


def test_all_uploads_of_a_form(client: Client, play: Play) -> None:
    """In one call, each once and in their order; an empty form asks for nothing."""
    play.script[CLAIMS] = [(200, {}, {"uploads": [UPLOAD | {"id": SECOND}, UPLOAD]})]
    play.script[RELEASES] = [(200, {}, {"uploads": [UPLOAD]})]
    claimed = client.claim_all([SECOND, ID, SECOND], "post:17", owner="user-17", profile="photos")
    assert [upload.id for upload in claimed] == [SECOND, ID]
    assert [upload.id for upload in client.release_all([ID, ID], "post:17")] == [ID]
    assert play.calls == [CLAIMS, RELEASES]
    wanted = {"reference": "post:17", "owner": "user-17", "profile": "photos", "uploads": [SECOND, ID]}
    assert play.bodies == [wanted, {"reference": "post:17", "uploads": [ID]}]
    assert list(client.claim_all([], "post:17", owner="user-17")) == []
    assert list(client.release_all([], "post:17")) == []


def test_all_uploads_of_a_form_or_none(client: Client, play: Play) -> None:
    """Where one cannot be claimed none is, so nothing has to be given back; the error says which."""
    status, headers, body = problem(409, "already_claimed")
    assert isinstance(body, dict)
    errors = [{"pointer": "/uploads/1", "detail": "Upload x is claimed.", "code": "already_claimed"}]
    play.script[CLAIMS] = [(status, headers, body | {"errors": errors})]
    with pytest.raises(Conflict, match="/uploads/1: Upload x is claimed") as raised:
        client.claim_all([ID, SECOND], "post:17", owner="user-17")
    assert raised.value.problem is not None
    assert raised.value.problem["errors"] == errors
    assert play.calls == [CLAIMS]


LOST: Reply = (200, {}, b'{"uploads": [{"id": "0197')
"""An answer that is cut on its way: the service has done what it was asked for."""


@pytest.mark.parametrize(
    "answer",
    [LOST, problem(503, "ledger_unavailable"), (502, {}, b"Bad Gateway"), (200, {}, {"uploads": [{"state": 7}]})],
)
@pytest.mark.parametrize("released", [(200, {}, {"uploads": []}), problem(503, "ledger_unavailable")])
def test_a_claim_whose_answer_is_lost(kind: str, play: Play, answer: Reply, released: Reply) -> None:
    """It may have been made, so all are given back; the error is that of the claim, whatever comes of it."""
    play.script |= {CLAIMS: [answer], RELEASES: [released]}
    with running_client(kind, play.address, retry_for=0) as client, pytest.raises(ClientError) as raised:
        client.claim_all([ID, SECOND], "post:17", owner="user-17")
    assert "release" not in str(raised.value)
    assert set(play.calls) == {CLAIMS, RELEASES}
    assert play.bodies[-1] == {"reference": "post:17", "uploads": [ID, SECOND]}


def test_claims_that_the_application_does_not_know(client: Client, play: Play) -> None:
    """Page by page; what has been claimed for something else meanwhile stays, and is no error."""
    claimed = [
        UPLOAD | {"id": one, "claim": {"reference": f"post:{number}", "claimed_at": "2026-01-01T00:00:00Z"}}
        for number, one in enumerate((ID, SECOND, THIRD))
    ]
    first, second = "GET /v1/claims?prefix=post%3A&older_than=3600&limit=200", "&cursor=next"
    play.script[first] = [(200, {}, {"uploads": claimed[:1], "next_cursor": "next"})]
    play.script[first + second] = [(200, {}, {"uploads": claimed[1:], "next_cursor": None})]
    play.script[f"POST /v1/uploads/{SECOND}/release"] = [problem(409, "already_claimed")]
    play.script[f"POST /v1/uploads/{THIRD}/release"] = [(200, {}, UPLOAD)]
    looked = client.reconcile(["post:0"], prefix="post:", release=False)
    assert [one.id for one in looked] == [SECOND, THIRD]
    assert play.calls == [first, first + second]
    assert client.reconcile(["post:0"], prefix="post:") == looked
    assert play.bodies[-2:] == [{"reference": "post:1"}, {"reference": "post:2"}]
    play.script["GET /v1/claims?prefix=&older_than=1&limit=200"] = [(200, {}, {"uploads": [], "next_cursor": None})]
    assert list(client.reconcile([], older_than=timedelta(microseconds=1))) == []


def test_a_form_that_has_no_end(client: Client, play: Play) -> None:
    """Nothing is claimed of too many, nor of those among which one is no id."""
    many = (f"0197f7a0-0000-7000-8000-{number:012d}" for number in range(10**9))
    with pytest.raises(Refused) as raised:
        client.claim_all(many, "post:17", owner="user-17")
    assert raised.value.status == 422
    with pytest.raises(UploadNotFound):
        client.claim_all([ID, "garbage"], "post:17", owner="user-17")
    assert play.calls == []


@pytest.mark.parametrize("wrong", ["uploads.example", "ftp://a", "http://a?b", "http://a#b", "http://a:99999", ""])
def test_an_address_that_is_none(kind: str, wrong: str) -> None:
    """It is a mistake in the program, and is said when the client is made; so is a key with a line's end."""
    with pytest.raises(ValueError), running_client(kind, wrong):  # noqa: PT011 - each has its own words
        pass
    with pytest.raises(ValueError, match="key"), running_client(kind, "http://127.0.0.1:1", "vk\r\nX: y"):
        pass


def test_it_does_not_show_its_key(kind: str) -> None:
    """Neither when it is printed nor in an error."""
    with running_client(kind, "http://127.0.0.1:1", "vk_secret", retry_for=0) as client:
        assert "vk_secret" not in f"{client!r} {vars(client) if kind == 'blocking' else ''}"
        with pytest.raises(Unreachable) as raised:
            client.ticket(owner="user-17")
        assert "vk_secret" not in f"{raised.value!r} {raised.value.detail}"


@contextmanager
def trickling(seconds: float) -> Iterator[str]:
    """A server that sends a byte now and then, and never all of its answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=drip, args=(connection,), daemon=True).start()

        def drip(connection: socket.socket) -> None:
            with connection:
                try:
                    connection.recv(65536)
                    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + b" " * 10_000:
                        connection.send(bytes([byte]))
                        time.sleep(seconds)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def test_an_answer_that_does_not_end(kind: str) -> None:
    """A view does not wait for longer than it was told to, however many bytes come meanwhile."""
    began = time.monotonic()
    with (
        trickling(0.05) as address,
        running_client(kind, address, timeout=0.5, retry_for=0) as client,
        pytest.raises(Unreachable),
    ):
        client.ticket(owner="user-17")
    assert time.monotonic() - began < 90  # all of it would take minutes


def test_asking_until_it_is_confirmed(client: Client, play: Play) -> None:
    """As long as it was told to, and as often as the service wants."""
    call = f"POST /v1/uploads/{ID}/complete"
    later: Reply = (202, {"Retry-After": "1"}, PENDING)
    play.script = {call: [later]}
    assert client.complete(ID).state == "pending"
    assert len(play.calls) == 1
    play.script = {call: [later, later, (200, {}, UPLOAD)]}
    assert client.complete(ID, wait=120).state == "confirmed"
    assert len(play.calls) == 4


@pytest.mark.parametrize("form", ["path", "text", "bytes", "file"])
def test_uploading(client: Client, play: Play, form: str, tmp_path: Path) -> None:
    """A path, bytes or an open file; name, type and owner as they were given, or by the path."""
    play.takes_files()
    path = tmp_path / "cat.png"
    path.write_bytes(b"hello")
    contents: dict[str, Any] = {"path": path, "text": str(path), "bytes": b"hello", "file": io.BytesIO(b"hello")}
    heard: list[int] = []
    name = None if form in {"path", "text"} else "cat.png"
    uploaded = client.upload(
        contents[form], filename=name, owner="user-17", profile="photos", metadata={"a": "b"}, on_progress=heard.append
    )
    assert (uploaded.id, uploaded.state, sum(heard)) == (ID, "confirmed", 5)
    assert play.bodies[0] == {**WANTED, "owner": "user-17", "profile": "photos", "metadata": {"a": "b"}}
    assert play.bodies[1] == b"hello"
    assert play.calls == ["POST /v1/uploads", "PUT /s3", f"POST /v1/uploads/{ID}/complete"]


def test_a_name_of_its_own_has_a_type_of_its_own(client: Client, play: Play, tmp_path: Path) -> None:
    """A temporary file is called what the user called it."""
    play.takes_files()
    path = tmp_path / "tmp123"
    path.write_bytes(b"hello")
    client.upload(path, filename="cat.png")
    assert play.bodies[0] == {**WANTED, "metadata": {}}


def test_uploads_that_fail(client: Client, play: Play, tmp_path: Path) -> None:
    """Each with its own error: no name, no file, a file that is not taken, one that is rejected."""
    with pytest.raises(ValueError, match="filename"):
        client.upload(b"hello")
    with pytest.raises(FileError):
        client.upload(tmp_path / "nothing")
    assert play.calls == []
    play.takes_files()
    play.script["POST /v1/uploads"] = [problem(422, "content_type_not_allowed")]
    with pytest.raises(Rejected, match="content_type_not_allowed"):
        client.upload(b"hello", filename="cat.png")
    play.takes_files()
    rejected = UPLOAD | {"state": "rejected", "reason": {"code": "infected", "detail": "A virus."}}
    play.script[f"POST /v1/uploads/{ID}/complete"] = [(200, {}, rejected)]
    with pytest.raises(Rejected) as raised:
        client.upload(b"hello", filename="cat.png")
    assert (raised.value.code, raised.value.detail) == ("infected", "A virus.")


def test_closing_ends_what_is_under_way(kind: str, play: Play) -> None:
    """Calls after that are refused."""
    play.takes_files()
    sending, done = threading.Event(), threading.Event()

    def wait_at_store(call: str) -> None:
        if call == "PUT /s3":
            sending.set()
            done.wait(150)

    play.before = wait_at_store
    errors: list[BaseException] = []

    with running_client(kind, play.address, retry_for=30) as client:

        def upload() -> None:
            try:
                client.upload(b"hello", filename="cat.png")
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=upload)
        thread.start()
        assert sending.wait(60)
        getattr(client, "close" if kind == "blocking" else "aclose")()
        thread.join(60)
        assert not thread.is_alive()
        done.set()
        with pytest.raises(Interrupted):
            client.upload(b"hello", filename="cat.png")
        with pytest.raises(Interrupted):
            client.get(ID)
    assert [type(error) for error in errors] == [Interrupted]


def test_a_cancelled_upload_stops(play: Play) -> None:
    """Its coroutine at once, and its thread before it says that everything was sent."""
    play.takes_files()
    sending, released = threading.Event(), threading.Event()

    def wait_at_store(call: str) -> None:
        if call == "PUT /s3":
            sending.set()
            released.wait(150)

    play.before = wait_at_store

    async def cancel() -> None:
        async with AsyncClient(play.address) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(partial(client.upload, b"hello", filename="cat.png"))
            assert await anyio.to_thread.run_sync(sending.wait, 60)
            tasks.cancel_scope.cancel()
        released.set()

    began, before = time.monotonic(), set(threading.enumerate())  # other tests have threads of AnyIO's, too
    with start_blocking_portal() as portal:  # this thread may have the loop of a browser's driver
        portal.call(cancel)
    assert time.monotonic() - began < 90
    deadline = time.monotonic() + 60
    while any(thread.name == "AnyIO worker thread" for thread in set(threading.enumerate()) - before):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert f"POST /v1/uploads/{ID}/complete" not in play.calls


def test_a_connection_for_each_request_at_once_and_not_for_each_thread(play: Play) -> None:
    """Servers that start a thread for each request do not fill up with connections."""
    play.script = {f"GET /v1/uploads/{ID}": [(200, {}, UPLOAD)]}
    with running_client("blocking", play.address) as client:
        for _ in range(30):
            thread = threading.Thread(target=client.get, args=(ID,))
            thread.start()
            thread.join()
        assert len(play.calls) == 30
        assert len(client._connections._open) == 1


FORKED = """
import os, sys
from valetkey.client import Client

client = Client(sys.argv[1])
before = client._connections
client.ticket(owner="parent")
[parents] = before._open
child = os.fork()
for _ in range(200):
    who = "parent" if child else "child"
    assert client.ticket(owner=who).ticket == who, who
[mine] = before._open
assert (mine is parents) == bool(child)
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    client.ticket(owner="parent")
else:
    client.close()
    os._exit(0)
"""


def test_a_client_that_was_used_before_a_fork(tmp_path: Path) -> None:
    """Parent and child never read each other's answers: a ticket would be given to somebody else."""

    def echo(_: str, body: bytes, __: Mapping[str, str]) -> Reply:
        return 201, {}, {"ticket": json.loads(body)["owner"], "expires_at": FAR}

    (tmp_path / "forked.py").write_text(FORKED)
    with playing(echo) as address:
        done = processes.run([VALETKEY.with_name("python"), tmp_path / "forked.py", address], timeout=120)
    assert done.returncode == 0, done.stderr
