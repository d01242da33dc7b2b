"""Ceph RGW's push endpoint (``?secret=`` in its URL, or the secret as the topic's OpaqueData).

RGW signs nothing and sends no credential of its own, so the secret is all there is: use TLS outside of one machine.
"""

import hmac
from typing import Any

from valetkey.core.errors import MalformedEvent, SenderRefused
from valetkey.core.events import Delivery, Parsed, sequencer_of_words
from valetkey.senders.records import read_json, read_records


class CephSender:
    """`Sender` for Ceph RGW. Raises `SenderRefused` where no secret, or another one, came with the delivery."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def authenticate(self, delivery: Delivery) -> None:
        given = delivery.query.get("secret")
        offered = [given] if given is not None else _opaque_data(delivery.body)
        # every record has to carry it: one good record must not open the door to others
        if not offered or not all(hmac.compare_digest(text.encode(), self._secret) for text in offered):
            raise SenderRefused("The delivery does not carry this endpoint's secret.")

    def parse(self, body: bytes) -> Parsed:
        return read_records(read_json(body), encoded_keys=False, sequencer=sequencer_of_words)


def _opaque_data(body: bytes) -> list[str]:
    """What each record carries as its OpaqueData; nothing when the body is not what RGW sends."""
    try:
        records: Any = read_json(body).get("Records")
    except MalformedEvent:
        return []
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return []
    return [str(record.get("opaqueData", "")) for record in records]
