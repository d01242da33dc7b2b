"""Outgoing webhooks without a network: refused addresses, signatures, and the meaning of responses."""

import socket
import ssl
from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from valetkey.adapters.webhooks import HttpWebhook, is_public, judge
from valetkey.core.model.announcement import Announcement
from valetkey.core.model.upload import new_upload_id
from valetkey.core.ports.announcing import DeliveryOutcome

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
TLS = ssl.create_default_context()
"""Made once: reading the system's certificates takes longer than all that these tests do."""
OLD, NEW, OTHER = ("whsec_" + b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::192.168.0.1",
    "64:ff9b:1::8.8.8.8",
    "2002:7f00:1::",
    "2002:c0a8:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]
PUBLIC = ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public(address: str) -> None:
    """Private, loopback, link-local, shared, reserved, multicast, documentation, and IPv4 of such kinds within IPv6."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public(address: str) -> None:
    """Addresses of the internet, also where IPv6 wraps them."""
    assert is_public(address)


def made() -> Announcement:
    upload_id = new_upload_id()
    return Announcement(f"{upload_id}-aborted", "upload.aborted", upload_id, '{"name":"größe"}', NOW, NOW)


def resolver(*addresses: str) -> Any:
    """A name server that says so."""

    def resolve(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        return [(family, 1, 6, "", (address, port)) for family, address in zip(families, addresses, strict=True)]

    return resolve


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every address that a connection was tried to; none is made."""
    found: list[object] = []

    class Deaf(socket.socket):
        def connect(self, address: object) -> None:
            found.append(address)
            raise ConnectionRefusedError

    monkeypatch.setattr(socket, "socket", Deaf)
    return found


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "https://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]:8080/",
    ],
)
def test_no_spelling_of_a_private_address_is_connected_to(url: str, dialled: list[object]) -> None:
    """Decimal, octal, hexadecimal, short and mapped forms: all go through the system's resolver before the check."""
    receipt = HttpWebhook(url, [NEW]).deliver(made(), NOW)
    assert receipt.outcome is DeliveryOutcome.FAILED
    assert "VALETKEY_WEBHOOK_ALLOW_PRIVATE" in receipt.detail
    assert dialled == []


@pytest.mark.parametrize("address", PRIVATE)
def test_no_name_that_leads_to_a_private_address_is_connected_to(address: str, dialled: list[object]) -> None:
    """Nor if it has a public address too, in front or behind."""
    for found in ([address], ["8.8.8.8", address], [address, "8.8.8.8"]):
        receipt = HttpWebhook("https://hooks.example/", [NEW], tls=TLS, resolve=resolver(*found)).deliver(made(), NOW)
        assert receipt.outcome is DeliveryOutcome.FAILED
        assert "not public" in receipt.detail
    assert dialled == []


def test_the_address_that_was_checked_is_the_one_connected_to(dialled: list[object]) -> None:
    """A name that changes its mind (DNS rebinding) is asked once; each of its addresses is tried in turn."""
    asked = []

    def rebinding(*args: Any, **options: Any) -> Any:
        asked.append(args)
        return resolver(*(["8.8.8.8", "2606:4700::1111"] if len(asked) == 1 else ["127.0.0.1"]))(*args, **options)

    receipt = HttpWebhook("https://hooks.example/", [NEW], tls=TLS, resolve=rebinding).deliver(made(), NOW)
    assert receipt.outcome is DeliveryOutcome.FAILED
    assert receipt.detail.startswith("ConnectionRefusedError")
    assert dialled == [("8.8.8.8", 443), ("2606:4700::1111", 443)]
    assert asked == [("hooks.example", 443)]


def test_private_addresses_can_be_allowed(dialled: list[object]) -> None:
    """For a receiver in the same network."""
    HttpWebhook("http://10.0.0.7:81/", [NEW], allow_private=True).deliver(made(), NOW)
    assert dialled == [("10.0.0.7", 81)]


def test_a_name_that_is_not_known_is_a_failure() -> None:
    """A receipt, not an exception: it is tried again."""

    def unknown(*_: object, **__: object) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    receipt = HttpWebhook("https://hooks.example/", [NEW], tls=TLS, resolve=unknown).deliver(made(), NOW)
    assert receipt.outcome is DeliveryOutcome.FAILED
    assert "gaierror" in receipt.detail


def test_each_secret_signs() -> None:
    """While secrets are rotated a receiver that knows either of them is content, and one that knows neither is not."""
    now, one = datetime.now(UTC), made()
    headers = HttpWebhook("https://hooks.example/", [NEW, OLD]).headers(one, now)
    assert headers["webhook-signature"].count(" ") == 1
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(one.body, headers) == {"name": "größe"}
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(one.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(one.body + " ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(one.body, headers | {"webhook-id": "another"})


def test_the_moment_is_signed_in_utc() -> None:
    """Whatever zone it is given in: the header and the signature say the same second."""
    one, zone = made(), timezone(timedelta(hours=5, minutes=30))
    webhook = HttpWebhook("https://hooks.example/", [NEW])
    now = datetime.now(UTC)
    assert webhook.headers(one, now.astimezone(zone)) == webhook.headers(one, now)
    assert webhook.headers(one, now)["webhook-timestamp"] == str(int(now.timestamp()))


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(status: int) -> None:
    """The body does not matter, nor does a Retry-After."""
    assert judge(status, "60", NOW).outcome is DeliveryOutcome.DELIVERED


@pytest.mark.parametrize("status", [103, 300, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503, 999])
def test_all_else_is_failure(status: int) -> None:
    """Redirects too."""
    assert judge(status, None, NOW).outcome is DeliveryOutcome.FAILED


def test_410_is_gone() -> None:
    """The receiver wants nothing any more."""
    assert judge(410, None, NOW).outcome is DeliveryOutcome.GONE


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("120", 120),
        (" 0 ", 0),
        ("9" * 400, float("inf")),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2026 12:00:10 -0000", 10),
        ("Sun, 99 Mar 2026 12:01:30 GMT", None),
    ],
)
def test_retry_after_is_read(header: str | None, seconds: float | None) -> None:
    """Seconds or a date (RFC 9110); a date that has passed is now; what cannot be read is as if it were not there."""
    assert judge(503, header, NOW).retry_after == seconds
