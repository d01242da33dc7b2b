"""An EventBridge API destination whose connection has the authorization type "API key", with the header ``x-api-key``,
or ``Authorization`` with the value ``Bearer ...``.

EventBridge waits 5 seconds for a response, retries after 429 and 5xx for 24 hours, and honours Retry-After.
"""

from pydantic import Field
from typing_extensions import override

from valetkey.core.events.event import Delivery, DeliveryHead, EventSender, Parsed
from valetkey.senders.bearer import bearer_token, require_secret
from valetkey.senders.records import read_eventbridge, read_json
from valetkey.senders.settings import SenderContext, SenderSettings


class EventBridgeSettings(SenderSettings):
    """If it is not set, the endpoint responds with 404."""

    sender_name = "eventbridge"

    events_eventbridge_key: str | None = Field(
        None,
        min_length=16,
        repr=False,
        description="Enables `/v1/events/eventbridge`. The API key of the EventBridge connection.",
    )

    @override
    def make_sender(self, context: SenderContext) -> EventSender | None:
        return EventBridgeSender(self.events_eventbridge_key) if self.events_eventbridge_key else None


class EventBridgeSender:
    """`EventSender` for EventBridge. Raises `SenderRefused` if the delivery has no key, or a wrong one."""

    def __init__(self, key: str) -> None:
        self._key = key

    def admit(self, head: DeliveryHead) -> None:
        require_secret(head.headers.get("x-api-key") or bearer_token(head), self._key)

    def authenticate(self, delivery: Delivery) -> None:
        self.admit(delivery)

    def parse(self, body: bytes) -> Parsed:
        return read_eventbridge(read_json(body))
