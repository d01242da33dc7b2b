"""Webhooks over real connections, to a receiver on loopback that misbehaves."""

import logging
import os
import random
import signal
import socket
import ssl
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock, Thread
from time import monotonic, sleep
from urllib.parse import urlsplit

import orjson
import pytest
from standardwebhooks import Webhook
from tests.support import processes
from tests.support.ledgers import migrated
from tests.support.receiver import Behaviour, Received, Receiver, after, answer, hang_up, running_receiver
from tests.support.tls import tls_for

from valetkey.adapters.magic import MagicDetector
from valetkey.adapters.memory import MemoryStore
from valetkey.adapters.sql import SqlLedger
from valetkey.adapters.webhooks import HttpWebhook
from valetkey.api.rendering import render
from valetkey.api.responses import upload_body
from valetkey.api.webhooks import webhook_body
from valetkey.background import outbox_loop
from valetkey.core.access.callers import Caller
from valetkey.core.access.tickets import Tickets
from valetkey.core.announcing.dispatcher import LEASE, Dispatcher
from valetkey.core.assembly import Assembly
from valetkey.core.events.event import ObjectEvent
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.announcement import Announcement, Announcer, Status
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Upload, UploadState, new_upload_id
from valetkey.core.ports.announcing import DeliveryOutcome
from valetkey.core.ports.ledger import Ledger
from valetkey.core.stores import one_store
from valetkey.opening import open_ledger
from valetkey.settings import Settings
from valetkey.testing.contracts.samples import new_upload
from valetkey.worker import OutboxLoop

SECRETS = tuple("whsec_" + b64encode(bytes([number]) * 32).decode() for number in (1, 2))
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
OWNER = Caller("shop")
BOUND = 60
"""How long anything here may take, in seconds."""


class Silent:
    """A `Notifier` that does nothing."""

    def ended(self, upload: Upload) -> None: ...


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def ledger(url: str) -> Iterator[SqlLedger]:
    with migrated(url, Announcer(webhook_body)) as made:
        yield made


def abort(ledger: Ledger) -> Upload:
    """Creates and aborts an upload."""
    upload = new_upload(NOW, filename="größe.png")
    ledger.add([upload])
    aborted = upload.moved(UploadState.ABORTED)
    assert ledger.replace(upload, aborted)
    return aborted


def verified(request: Received) -> dict[str, object]:
    """The body, if it is verified with each of the secrets."""
    parsed = [Webhook(secret).verify(request.body, request.headers) for secret in SECRETS]
    assert parsed[0] == parsed[1]
    found: dict[str, object] = parsed[0]
    return found


@contextmanager
def running(*loops: OutboxLoop) -> Iterator[None]:
    """Runs the loops, each in a thread; they have to end when they are stopped."""
    threads = [Thread(target=loop.run, daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
        for thread in threads:
            thread.join(BOUND)
            assert not thread.is_alive()


def delivered(ledger: SqlLedger) -> list[Announcement]:
    """The delivered rows, as soon as none waits any more."""
    deadline = monotonic() + BOUND
    while ledger.announcements(Status.WAITING, 1):
        assert monotonic() < deadline
        sleep(0.02)
    return ledger.announcements(Status.DELIVERED, 1000)


def test_what_is_sent(ledger: SqlLedger) -> None:
    """The body is the upload as the API shows it, with event and time, and the library verifies its headers."""
    with running_receiver(answer(204)) as receiver:
        upload = abort(ledger)
        with running(OutboxLoop(Dispatcher(ledger, HttpWebhook(receiver.url, SECRETS, allow_private=True)))):
            [request] = receiver.wait_for(lambda received: len(received) == 1)
            [row] = delivered(ledger)
    said = verified(request)
    assert list(said) == ["type", "timestamp", "data"]
    assert said["type"] == "upload.aborted"
    assert datetime.fromisoformat(str(said["timestamp"])) == row.created_at
    assert str(said["timestamp"]).endswith("Z")
    assert orjson.dumps(said["data"]) == render(upload_body(upload)).get_data()
    assert request.path == "/hook?to=app"
    assert request.id == row.id == f"{upload.id}-aborted"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == receiver.url.split("/")[2]
    assert (row.detail, row.attempts) == ("HTTP 204", 1)


def hundred_ends(ledger: SqlLedger) -> Counter[str]:
    """Creates 100 uploads and brings them to each kind of end; returns the ids to be announced."""
    store = MemoryStore()
    service = Assembly(
        stores=one_store(store),
        ledger=ledger,
        notifier=Silent(),
        detector=MagicDetector(),
        profiles={"default": Profile("default")},
        tickets=Tickets(["secret"]),
        public_url=lambda: "https://uploads.example",
    ).service
    expected: Counter[str] = Counter()
    for number in range(100):
        upload = service.create(OWNER, UploadRequest("a.png", "image/png", 5)).upload
        if number % 5 == 0:
            service.remove(OWNER, upload.id)
        elif number % 5 == 1:
            assert ledger.replace(upload, upload.moved(UploadState.EXPIRED))
        else:
            content = b"wrong size" if number % 5 == 2 else b"hello"
            store.put(upload.staging_key, content, "image/png", {"upload-id": upload.id})
            service.observe([ObjectEvent(store.bucket, upload.staging_key)])
        expected[f"{upload.id}-{('aborted', 'expired', 'rejected', 'confirmed', 'confirmed')[number % 5]}"] += 1
        if number % 5 == 4:
            service.remove(OWNER, upload.id)
            expected[f"{upload.id}-deleted"] += 1
    return expected


def misbehaving(seed: int) -> Behaviour:
    """Responds with 500 a third of the time; sometimes it hangs up, or exceeds the time-out."""
    chance, lock = random.Random(seed), Lock()
    choices: list[tuple[Behaviour, float]] = [
        (answer(500, body=b"x" * 100_000), 1 / 3),
        (hang_up, 0.1),
        (after(2.5, answer(200)), 0.1),
        (answer(302, {"Location": "/elsewhere"}), 0.05),
        (answer(200, body=b"thanks"), 1 - 1 / 3 - 0.25),
    ]

    def behave(request: BaseHTTPRequestHandler) -> None:
        with lock:
            [chosen] = chance.choices([one for one, _ in choices], [weight for _, weight in choices])
        chosen(request)

    return behave


def test_every_end_arrives_at_least_once(url: str, ledger: SqlLedger) -> None:
    """100 uploads, two workers, and a receiver that fails half of the time: each end arrives, always with its own id
    and the same body, and every signature is verified."""
    with running_receiver(misbehaving(20260301)) as receiver, closing(SqlLedger(url)) as other:
        loops = [
            OutboxLoop(
                Dispatcher(one, HttpWebhook(receiver.url, SECRETS, allow_private=True, timeout=1.5), delays=[0.05] * 40)
            )
            for one in (ledger, other)
        ]
        with running(*loops):
            expected = hundred_ends(ledger)
            rows = delivered(ledger)
        requests = receiver.received
    assert len(expected) == 120
    assert {row.id for row in rows} == {request.id for request in requests} == set(expected)
    assert len(requests) > 150
    assert {request.path for request in requests} == {"/hook?to=app"}
    assert len({(request.id, request.body) for request in requests}) == 120
    for request in requests:
        said = verified(request)
        data = said["data"]
        assert isinstance(data, dict)
        assert request.id == f"{data['id']}-{data['state']}"
        assert said["type"] == f"upload.{data['state']}"


def test_two_workers_do_not_send_the_same_row(url: str, ledger: SqlLedger) -> None:
    """Without failures each end arrives exactly once."""
    for _ in range(40):
        abort(ledger)
    with running_receiver(answer(200)) as receiver, ExitStack() as stack:
        ledgers = [ledger, *(stack.enter_context(closing(SqlLedger(url))) for _ in range(2))]
        webhook = HttpWebhook(receiver.url, SECRETS, allow_private=True)
        with running(*(OutboxLoop(Dispatcher(one, webhook)) for one in ledgers)):
            assert len(delivered(ledger)) == 40
        assert set(Counter(request.id for request in receiver.received).values()) == {1}
        assert len(receiver.received) == 40


KILLED = """
import os, signal, sys
from valetkey.adapters.sql import SqlLedger
from valetkey.adapters.webhooks import HttpWebhook
from valetkey.core.announcing.dispatcher import Dispatcher
from valetkey.worker import OutboxLoop

class KilledAfterDelivery(HttpWebhook):
    def deliver(self, announcement, at):
        receipt = super().deliver(announcement, at)
        print(receipt.outcome, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

url, to, *secrets = sys.argv[1:]
OutboxLoop(Dispatcher(SqlLedger(url), KilledAfterDelivery(to, secrets, allow_private=True))).run()
"""


def test_killed_between_delivery_and_marking(url: str, ledger: SqlLedger) -> None:
    """A worker is killed (SIGKILL) when the receiver has responded: another one sends the webhook again, with the same
    id, but not before the lease ends."""
    upload = abort(ledger)
    with running_receiver(answer(200)) as receiver:
        worker = processes.run(
            [sys.executable, "-c", KILLED, url, receiver.url, *SECRETS],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            timeout=BOUND,
        )
        assert (worker.returncode, worker.stdout) == (-signal.SIGKILL, "delivered\n")
        webhook = HttpWebhook(receiver.url, SECRETS, allow_private=True)
        assert Dispatcher(ledger, webhook).claim(10) == []
        later = Dispatcher(ledger, webhook, clock=lambda: datetime.now(UTC) + LEASE)
        with running(OutboxLoop(later)):
            [row] = delivered(ledger)
        first, second = receiver.received
    assert first.id == second.id == row.id == f"{upload.id}-aborted"
    assert first.body == second.body
    assert verified(first) == verified(second)


def attempt(receiver: Receiver, timeout: float = 15.0) -> tuple[DeliveryOutcome, str, float | None]:
    """Makes one attempt; its result."""
    webhook = HttpWebhook(receiver.url, SECRETS, allow_private=True, timeout=timeout)
    upload_id = new_upload_id()
    receipt = webhook.deliver(
        Announcement(f"{upload_id}-aborted", "upload.aborted", upload_id, "{}", NOW, NOW), datetime.now(UTC)
    )
    return receipt.outcome, receipt.detail, receipt.retry_after


def test_a_redirect_is_not_followed() -> None:
    """It is a failure, and its target gets no request."""
    with running_receiver(answer(200)) as elsewhere, running_receiver(answer(200)) as receiver:
        for status in (301, 302, 303, 307, 308):
            receiver.behave = answer(status, {"Location": elsewhere.url})
            assert attempt(receiver)[:2] == (DeliveryOutcome.FAILED, f"HTTP {status}")
        assert elsewhere.received == []


def test_retry_after_of_a_real_answer() -> None:
    """It is part of the receipt."""
    with running_receiver(answer(503, {"Retry-After": "77"})) as receiver:
        assert attempt(receiver) == (DeliveryOutcome.FAILED, "HTTP 503", 77)


def drip(head: bytes) -> Behaviour:
    """Sends ``head`` and then a byte every 50 ms, for ever."""

    def behave(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(head)
        deadline = monotonic() + 2 * BOUND
        while monotonic() < deadline:
            request.wfile.write(b"x")
            sleep(0.05)

    return behave


def test_an_answer_that_drips_is_cut() -> None:
    """A header that grows by a byte now and then would outlast any time-out of the socket: the whole response has a
    limit."""
    with running_receiver(drip(b"HTTP/1.1 200 OK\r\nX: ")) as receiver:
        begun = monotonic()
        assert attempt(receiver, 0.5)[0] is DeliveryOutcome.FAILED
        assert 0.4 < monotonic() - begun < BOUND


def test_a_body_that_never_ends_is_not_waited_for() -> None:
    """Once the status has arrived it counts, whatever happens to the body."""
    with running_receiver(drip(b"HTTP/1.1 200 OK\r\n\r\n")) as receiver:
        begun = monotonic()
        assert attempt(receiver, 5) == (DeliveryOutcome.DELIVERED, "HTTP 200", None)
        assert monotonic() - begun < BOUND


def test_a_huge_body_is_not_read() -> None:
    """At most a few KiB are read: the receiver finds the connection closed before it has sent much of its 50 MB."""
    sent: list[int] = []

    def behave(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            for number in range(800):
                request.wfile.write(bytes(65_536))
                sent.append(number)
        except OSError:
            return

    with running_receiver(behave) as receiver:
        assert attempt(receiver)[0] is DeliveryOutcome.DELIVERED
        sleep(0.2)
        assert len(sent) < 400


@pytest.mark.parametrize("interim", [b"102 Processing", b"103 Early Hints\r\nLink: </x>"])
def test_an_interim_answer_is_not_the_receivers(interim: bytes) -> None:
    """The response after it counts: a receiver that has accepted the announcement does not get it ten times."""

    def behave(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 " + interim + b"\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")

    with running_receiver(behave) as receiver:
        assert attempt(receiver) == (DeliveryOutcome.DELIVERED, "HTTP 204", None)


def test_an_address_that_leads_nowhere_leaves_time_for_the_others() -> None:
    """A name has several addresses (IPv6 and IPv4), and the first may drop all packets."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, ExitStack() as waiting:
        for _ in range(8):  # those that nobody accepts: the next ones get no answer
            queued = waiting.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(deaf.getsockname())
        with running_receiver(answer(200)) as receiver:
            port = urlsplit(receiver.url).port
            addresses = [deaf.getsockname(), ("127.0.0.1", port)]
            webhook = HttpWebhook(
                receiver.url,
                SECRETS,
                allow_private=True,
                timeout=9.0,
                resolve=lambda *_, **__: [(socket.AF_INET, 1, 6, "", address) for address in addresses],
            )
            upload_id = new_upload_id()
            told = Announcement(f"{upload_id}-aborted", "upload.aborted", upload_id, "{}", NOW, NOW)
            assert webhook.deliver(told, datetime.now(UTC)).outcome is DeliveryOutcome.DELIVERED


@pytest.mark.parametrize("behave", [hang_up, drip(b"nonsense\r\n"), drip(b"HTTP/1.1 abc\r\n\r\n")])
def test_what_is_no_answer_is_a_failure(behave: Behaviour) -> None:
    """A closed connection, or bytes that are not HTTP."""
    with running_receiver(behave) as receiver:
        assert attempt(receiver, 1.0)[0] is DeliveryOutcome.FAILED


def test_what_the_receiver_says_is_kept_harmless() -> None:
    """A NUL, which PostgreSQL cannot store, a line break and terminal escapes do not get into the ledger."""
    with running_receiver(drip(b"a\x00b\x1b[31m\rc\r\n")) as receiver:
        outcome, detail, _ = attempt(receiver)
    assert outcome is DeliveryOutcome.FAILED
    assert "a?b?[31m?c" in detail
    assert detail.isprintable()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server whose certificate is for ``hooks.example`` only, and a client that trusts it."""
    return tls_for("hooks.example", tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(
    ("host", "trusting", "said"),
    [
        ("hooks.example", True, "HTTP 200"),
        ("other.example", True, "SSLCertVerificationError"),
        ("127.0.0.1", True, "SSLCertVerificationError"),
        ("hooks.example", False, "SSLCertVerificationError"),
    ],
)
def test_tls_proves_the_name(
    authority: tuple[ssl.SSLContext, ssl.SSLContext], host: str, trusting: bool, said: str
) -> None:
    """The certificate is compared with the URL's host, although the connection is made to an IP address."""
    server, client = authority
    with running_receiver(answer(200), server) as receiver:
        port = int(receiver.url.split(":")[2].split("/")[0])
        webhook = HttpWebhook(
            f"https://{host}:{port}/",
            SECRETS,
            allow_private=True,
            resolve=lambda *_, **__: [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port))],
            tls=client if trusting else None,
        )
        upload_id = new_upload_id()
        one = Announcement(f"{upload_id}-aborted", "upload.aborted", upload_id, "{}", NOW, NOW)
        assert said in webhook.deliver(one, NOW).detail
        assert [request.headers["host"] for request in receiver.received] == [f"{host}:{port}"] * (said == "HTTP 200")


def test_nobody_listens() -> None:
    """The receipt says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        receiver = Receiver(f"http://127.0.0.1:{taken.getsockname()[1]}/", answer(200))
        outcome, detail, _ = attempt(receiver)
    assert outcome is DeliveryOutcome.FAILED
    assert "refused" in detail


def test_a_receiver_that_is_gone_is_left_alone(ledger: SqlLedger, caplog: pytest.LogCaptureFixture) -> None:
    """After a 410 at most the current deliveries are finished; nothing more is sent, and the log says so."""
    with running_receiver(answer(410)) as receiver:
        loop = OutboxLoop(Dispatcher(ledger, HttpWebhook(receiver.url, SECRETS, allow_private=True)))
        abort(ledger)
        with caplog.at_level(logging.ERROR), running(loop):
            receiver.wait_for(lambda received: len(received) == 1)
            deadline = monotonic() + BOUND
            while not ledger.announcements(Status.DEAD, 1):
                assert monotonic() < deadline
                sleep(0.01)
            abort(ledger)
            sleep(1.5)
        assert len(receiver.received) == 1
    assert "410 Gone" in caplog.text
    assert [len(ledger.announcements(status, 10)) for status in (Status.DEAD, Status.WAITING)] == [1, 1]


def test_a_stop_waits_for_what_is_under_way(ledger: SqlLedger) -> None:
    """A delivery that has started is recorded before the loop ends."""
    abort(ledger)
    with running_receiver(after(0.5, answer(200))) as receiver:
        loop = OutboxLoop(Dispatcher(ledger, HttpWebhook(receiver.url, SECRETS, allow_private=True)))
        with running(loop):
            receiver.wait_for(lambda received: len(received) == 1)
        assert len(ledger.announcements(Status.DELIVERED, 10)) == 1


def wired(url: str, **changes: object) -> Settings:
    """Settings of a service with a ledger at ``url``."""
    return Settings.model_validate(
        {"bucket": "uploads", "secret_keys": ("s" * 40,), "database_url": url, "webhook_secrets": SECRETS} | changes
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"webhook_allow_private": True}, Status.DELIVERED), ({"webhook_delays": ()}, Status.DEAD)],
)
def test_as_the_settings_wire_it(url: str, changes: dict[str, object], status: Status) -> None:
    """The ledger announces and the loop delivers; a private receiver is refused unless the settings allow it."""
    with running_receiver(answer(200)) as receiver:
        settings = wired(url, webhook_url=receiver.url, **changes)
        with closing(open_ledger(settings)) as ledger:
            ledger.migrate()
            abort(ledger)
            loop = outbox_loop(settings, ledger)
            assert loop is not None
            with running(loop):
                deadline = monotonic() + BOUND
                while not ledger.announcements(status, 1):
                    assert monotonic() < deadline
                    sleep(0.02)
        assert len(receiver.received) == (status is Status.DELIVERED)


def test_without_a_webhook_nothing_is_wired(url: str) -> None:
    """There is no loop, and no rows that nothing would send."""
    settings = wired(url)
    with closing(open_ledger(settings)) as ledger:
        ledger.migrate()
        assert outbox_loop(settings, ledger) is None
        abort(ledger)
        assert ledger.announcements(None, 10) == []
