"""MinIO's webhook target, with its ``auth_token`` as the secret.

Event names have the prefix ``s3:``, and events of empty objects have no size (MinIO's source, ``event.go``). Any 2xx is
a success; with a ``queue_dir``, MinIO repeats other deliveries.
"""

from pydantic import Field
from typing_extensions import override

from valetkey.core.events.event import Delivery, DeliveryHead, EventSender, Parsed
from valetkey.senders.bearer import bearer_token, require_secret
from valetkey.senders.records import read_json, read_records
from valetkey.senders.settings import SenderContext, SenderSettings


class MinioSettings(SenderSettings):
    """If it is not set, the endpoint responds with 404."""

    sender_name = "minio"

    events_minio_token: str | None = Field(
        None,
        min_length=16,
        repr=False,
        description="Enables `/v1/events/minio`. The `auth_token` of MinIO's webhook target.",
    )

    @override
    def make_sender(self, context: SenderContext) -> EventSender | None:
        return MinioSender(self.events_minio_token) if self.events_minio_token else None


class MinioSender:
    """`EventSender` for MinIO. Raises `SenderRefused` if the delivery has no token, or a wrong one."""

    def __init__(self, token: str) -> None:
        self._token = token

    def admit(self, head: DeliveryHead) -> None:
        require_secret(bearer_token(head), self._token)

    def authenticate(self, delivery: Delivery) -> None:
        self.admit(delivery)

    def parse(self, body: bytes) -> Parsed:
        return read_records(read_json(body), encoded_keys=True)
