"""Deliveries of event senders: recorded ones in `tests/fixtures/events`, and messages signed as by SNS."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from valetkey.core.events.event import Delivery

FOLDER = Path(__file__).parents[1] / "fixtures" / "events"
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
"""Half an hour after the times in the fixtures."""

TOPIC = "arn:aws:sns:us-west-2:123456789012:MyTopic"
CERTIFICATE_URL = "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"

SIGNED = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    "UnsubscribeConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
}


def recorded(name: str) -> Any:
    """The JSON of a fixture, as a new object that the caller may change."""
    return json.loads((FOLDER / f"{name}.json").read_bytes())


def delivery(body: Any, headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None) -> Delivery:
    """A delivery of ``body``: bytes unchanged, other values as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery(headers or {}, query or {}, raw)


@cache
def private_key(name: str = "sns") -> rsa.RSAPrivateKey:
    """An RSA key for each name, generated once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None, *, start: datetime = NOW - timedelta(days=1)
) -> bytes:
    """A self-signed certificate of ``key`` in PEM, valid for a year from ``start``."""
    key = key or private_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=365))
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


def sign(envelope: dict[str, Any], version: str = "2", key: rsa.RSAPrivateKey | None = None) -> dict[str, Any]:
    """``envelope`` signed as SNS does, with signature version 1 or 2."""
    names = [name for name in SIGNED[envelope["Type"]] if name in envelope]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names).encode()
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = (key or private_key()).sign(text, PKCS1v15(), algorithm)
    return envelope | {"SignatureVersion": version, "Signature": base64.b64encode(signature).decode()}


@dataclass
class Outside:
    """The outside world of the SNS sender: certificates and confirmations. It records the requests."""

    answer: bytes | Exception = field(default_factory=certificate)
    fetched: list[str] = field(default_factory=list)
    confirmed: list[tuple[str, str]] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def confirm(self, topic_arn: str, token: str) -> None:
        self.confirmed.append((topic_arn, token))
