"""Senders with a shared secret: without it nothing is accepted, however valid the rest is."""

import hashlib
import hmac
import json

import pytest
from tests.support.deliveries import delivery, recorded

from valetkey.core.errors import SenderRefused
from valetkey.senders.b2 import B2Sender
from valetkey.senders.eventbridge import EventBridgeSender
from valetkey.senders.minio import MinioSender

SECRET = "a-secret-of-some-length"
WRONG = ["", "wrong", SECRET + "x", SECRET[:-1], SECRET.upper(), "é", "x" * 5000]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_minio_brings_its_token(scheme: str) -> None:
    """As ``Authorization: Bearer``; the scheme's case does not matter."""
    MinioSender(SECRET).authenticate(delivery(recorded("minio_post"), {"authorization": f"{scheme} {SECRET}"}))


@pytest.mark.parametrize("headers", [{"x-api-key": SECRET}, {"authorization": f"Bearer {SECRET}"}])
def test_eventbridge_brings_its_key(headers: dict[str, str]) -> None:
    """In the header that the connection names, or as a bearer token."""
    EventBridgeSender(SECRET).authenticate(delivery(recorded("eventbridge_object_created"), headers))


@pytest.mark.parametrize("sender", [MinioSender(SECRET), EventBridgeSender(SECRET)])
@pytest.mark.parametrize("wrong", WRONG)
def test_another_secret_is_refused(sender: MinioSender | EventBridgeSender, wrong: str) -> None:
    """Whatever header brings it; the secret in the query or the body counts for nothing."""
    for headers in (
        {"authorization": f"Bearer {wrong}"},
        {"x-api-key": wrong},
        {"authorization": f"Basic {SECRET}"},
        {},
    ):
        with pytest.raises(SenderRefused):
            sender.authenticate(delivery({"secret": SECRET}, headers, {"secret": SECRET}))


def test_the_key_header_is_eventbridges_alone() -> None:
    """MinIO sends its token in one way only."""
    with pytest.raises(SenderRefused):
        MinioSender(SECRET).authenticate(delivery(recorded("minio_post"), {"x-api-key": SECRET}))


def signature(body: bytes, secret: str = SECRET) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_b2_signs_the_raw_body() -> None:
    """Byte for byte: the same JSON, spaced otherwise, is another body."""
    body = json.dumps(recorded("b2_upload")).encode()
    headers = {"x-bz-event-notification-signature": signature(body)}
    B2Sender(SECRET).authenticate(delivery(body, headers))
    with pytest.raises(SenderRefused):
        B2Sender(SECRET).authenticate(delivery(body.replace(b": ", b":"), headers))


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "v1=",
        "v1=é",
        signature(b"another body"),
        signature(b"{}", "another secret"),
        signature(b"{}").removeprefix("v1="),
        signature(b"{}").replace("v1", "v2"),
        signature(b"{}")[:-1],
        SECRET,
    ],
)
def test_b2_without_its_signature_is_refused(given: str | None) -> None:
    """None, another body's, another secret's, another version's, a part of one."""
    headers = {} if given is None else {"x-bz-event-notification-signature": given}
    with pytest.raises(SenderRefused):
        B2Sender(SECRET).authenticate(delivery(b"{}", headers))
