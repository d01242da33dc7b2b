"""Ceph RGW's push endpoint (``?secret=`` in its URL, or the secret as the topic's OpaqueData).

RGW neither signs deliveries nor sends another credential, so the secret is the only protection: use TLS between
machines.
"""

import hmac
from typing import Any

from pydantic import Field
from typing_extensions import override

from valetkey.core.errors import MalformedEvent, SenderRefused
from valetkey.core.events.event import Delivery, DeliveryHead, EventSender, Parsed
from valetkey.senders.records import read_json, read_records
from valetkey.senders.settings import SenderContext, SenderSettings


class CephSettings(SenderSettings):
    """If it is not set, the endpoint responds with 404."""

    sender_name = "ceph"

    events_ceph_secret: str | None = Field(
        None,
        min_length=16,
        repr=False,
        description="Enables `/v1/events/ceph`. The `?secret=` in RGW's push endpoint, or the topic's OpaqueData.",
    )

    @override
    def make_sender(self, context: SenderContext) -> EventSender | None:
        return CephSender(self.events_ceph_secret) if self.events_ceph_secret else None


class CephSender:
    """`EventSender` for Ceph RGW. Raises `SenderRefused` if the delivery has no secret, or a wrong one."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def admit(self, head: DeliveryHead) -> None:
        given = head.query.get("secret")
        if given is not None and not self._is_secret(given):
            raise _refused()

    def authenticate(self, delivery: Delivery) -> None:
        self.admit(delivery)
        if "secret" in delivery.query:
            return
        records = _records(delivery.body)
        # every record must have the secret: otherwise one authentic record would admit forged ones
        if not records or not all(self._is_secret(str(record.get("opaqueData", ""))) for record in records):
            raise _refused()

    def _is_secret(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(errors="replace"), self._secret)

    def parse(self, body: bytes) -> Parsed:
        return read_records(read_json(body), encoded_keys=False)


def _records(body: bytes) -> list[dict[str, Any]]:
    """The records in ``body``; none if it is not in RGW's format."""
    try:
        records: Any = read_json(body).get("Records")
    except MalformedEvent:
        return []
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return []
    return records


def _refused() -> SenderRefused:
    return SenderRefused("The delivery does not have this endpoint's secret.")
