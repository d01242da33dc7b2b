"""What doctor says of the machine's clock, and of secrets, addresses, certificates and webhooks in the settings."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from tests.support.doctors import DEFAULT, SECRETS, line, report, visit
from tests.support.receiver import answer, running_receiver
from tests.support.servers import free_port
from tests.support.store_proxy import quirky
from tests.support.store_quirks import DateIsOff
from tests.support.stores import Bucket
from tests.support.tls import tls_for

from valetkey.client import verify_webhook
from valetkey.doctor.findings import Level, Report
from valetkey.doctor.visit import Visit


@pytest.mark.parametrize(
    ("off", "level", "words"),
    [
        (timedelta(minutes=-60, seconds=-30), Level.FAIL, ["60 min", "ahead of"]),  # the store's Date has no fractions
        (timedelta(seconds=-150), Level.WARN, ["2 min", "ahead of"]),
        (timedelta(seconds=150), Level.WARN, ["2 min", "behind"]),
        (timedelta(seconds=3), Level.PASS, ["agree"]),
    ],
)
def test_the_clock(off: timedelta, level: Level, words: list[str], moto_bucket: Bucket, tmp_path: Path) -> None:
    """It is compared with the store's Date header."""
    with quirky(moto_bucket.server, DateIsOff(off)) as server:
        bucket = Bucket(moto_bucket.name, server.client(), server)
        found = line(report(visit(bucket, tmp_path), "machine"), "clock")
    assert found.level is level
    assert all(word in found.seen for word in words)


def test_secrets_and_addresses(moto_bucket: Bucket, tmp_path: Path) -> None:
    """A secret that can be guessed is reported by its setting's name; so is a public URL that leads elsewhere."""
    with running_receiver(answer(200, body=b"hello")) as other:
        url = other.url.rstrip("/").rpartition("/")[0]
        found = report(
            visit(moto_bucket, tmp_path, secret_keys=("a" * 40,), public_url=url, events_minio_token="minio" * 4),
            "configuration",
        )
    assert "VALETKEY_SECRET_KEYS" in line(found, "secrets").seen
    assert "VALETKEY_EVENTS_MINIO_TOKEN" in line(found, "secrets").seen
    assert "aaaa" not in line(found, "secrets").seen
    assert line(found, "public-url").level is Level.FAIL
    quiet = report(visit(moto_bucket, tmp_path, public_url=f"http://127.0.0.1:{free_port()}"), "configuration")
    assert line(quiet, "public-url").level is Level.WARN


def test_webhooks_are_pinged(moto_bucket: Bucket, tmp_path: Path) -> None:
    """A receiver that checks signatures passes; one that accepts anything, and one that fails, are reported."""

    given: dict[str, Any] = {"webhook_secrets": (SECRETS[1],), "webhook_allow_private": True}
    with running_receiver(answer(200)) as receiver:

        def careful(request: BaseHTTPRequestHandler) -> None:
            came = receiver.received[-1]
            try:
                Webhook(SECRETS[1]).verify(came.body, came.headers)
            except WebhookVerificationError:
                answer(401)(request)
            else:
                answer(204)(request)

        def found() -> Report:
            return report(visit(moto_bucket, tmp_path, webhook_url=receiver.url, **given), "webhooks")

        naive = found()
        assert [line(naive, check).level for check in ("ping", "forged-ping")] == [Level.PASS, Level.WARN]
        first = receiver.received[0]
        ping = verify_webhook(first.body.encode(), first.headers, SECRETS[1])
        assert (ping.type, ping.id, ping.upload) == ("ping", first.id, None)
        assert json.loads(first.body)["data"]["id"] == first.id
        receiver.behave = careful
        assert [line(found(), check).level for check in ("ping", "forged-ping")] == [Level.PASS, Level.PASS]
        receiver.behave = answer(500)
        assert "HTTP 500" in line(found(), "ping").seen


def test_a_page_that_nobody_named_is_skipped_with_what_to_set(installation: Visit) -> None:
    """The finding names the settings, as a failure would."""
    found = line(report(installation, "store", "cors", checks=["cors"]), "cors")
    assert found.level is Level.SKIP
    assert "VALETKEY_PUBLIC_URL" in found.action
    assert "VALETKEY_CORS_ORIGINS" in found.action


@pytest.mark.parametrize("name", ["public_url", "events_sqs_queue_url"])
def test_addresses_that_are_shown_have_no_password(name: str, moto_bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must have no user and no password"):
        visit(moto_bucket, tmp_path, DEFAULT, **{name: "https://bob:p4ssw0rd@uploads.example"})


def test_a_certificate_of_ones_own_is_not_to_be_renewed(moto_bucket: Bucket, tmp_path: Path) -> None:
    """Its issuer is unknown, so renewing it would change nothing."""
    with running_receiver(answer(200), tls_for("127.0.0.1", tmp_path)[0]) as receiver:
        one = visit(moto_bucket, tmp_path, webhook_url=receiver.url)
        found = report(one, "configuration", checks=["tls"])
    assert line(found, "tls").level is Level.FAIL
    assert "SSL_CERT_FILE" in line(found, "tls").action
