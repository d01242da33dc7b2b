"""Backblaze B2's event notifications, signed with the rule's ``hmacSha256SigningSecret``.

The header ``X-Bz-Event-Notification-Signature`` is ``v1=`` followed by the hex HMAC-SHA256 of the raw body. A delivery
has up to 50 events; ``b2:TestEvent`` has no object.
"""

import hashlib
import hmac
import re
from typing import Any

from pydantic import Field
from typing_extensions import override

from valetkey.core.errors import SenderRefused
from valetkey.core.events.event import Delivery, DeliveryHead, EventSender, ObjectEvent, Parsed
from valetkey.senders.records import gather, read_json, require_created, require_text
from valetkey.senders.settings import SenderContext, SenderSettings

SIGNATURE = "x-bz-event-notification-signature"
_SIGNED = re.compile("v1=[0-9a-f]{64}")


class B2Settings(SenderSettings):
    """If it is not set, the endpoint responds with 404."""

    sender_name = "b2"

    events_b2_secret: str | None = Field(
        None,
        min_length=16,
        repr=False,
        description="Enables `/v1/events/b2`. The `hmacSha256SigningSecret` of B2's event notification rule.",
    )

    @override
    def make_sender(self, context: SenderContext) -> EventSender | None:
        return B2Sender(self.events_b2_secret) if self.events_b2_secret else None


class B2Sender:
    """`EventSender` for Backblaze B2. Raises `SenderRefused` unless the body is signed with the secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def admit(self, head: DeliveryHead) -> None:
        if not _SIGNED.fullmatch(head.headers.get(SIGNATURE, "").strip()):
            raise SenderRefused("The delivery has no signature.")

    def authenticate(self, delivery: Delivery) -> None:
        expected = "v1=" + hmac.new(self._secret, delivery.body, hashlib.sha256).hexdigest()
        given = delivery.headers.get(SIGNATURE, "")
        if not hmac.compare_digest(given.strip().encode(), expected.encode()):
            raise SenderRefused("The delivery is not signed with this endpoint's secret.")

    def parse(self, body: bytes) -> Parsed:
        return gather(read_json(body).get("events"), _read)


def _read(event: dict[str, Any]) -> ObjectEvent:
    require_created(event["eventType"].removeprefix("b2:"))
    return ObjectEvent(require_text(event["bucketName"]), require_text(event["objectName"]))
