"""An SQS queue that S3 sends its events to.

Rights it needs: ``sqs:ReceiveMessage``, ``sqs:ChangeMessageVisibility`` and ``sqs:DeleteMessage`` on the queue.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from valetkey.adapters.aws_hosts import region_of
from valetkey.adapters.boto3_answers import read_in_time
from valetkey.core.errors import StoreUnavailable
from valetkey.core.ports.queue import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger("valetkey")

BATCH = 10
"""The most messages that SQS delivers, deletes or extends in one call."""

VISIBILITY = 60
"""How long a message is kept from other workers unless that is extended, in seconds."""


class SqsQueue:
    """`EventQueue` by long polling; ``wait`` is 0 to 20 seconds. ``visibility`` is in seconds."""

    def __init__(self, client: "SQSClient", url: str, visibility: int = VISIBILITY) -> None:
        self._client = client
        self._url = url
        self._visibility = visibility

    @property
    def visibility(self) -> int:
        return self._visibility

    def receive(self, wait: int) -> list[Message]:
        with _available:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH,
                WaitTimeSeconds=wait,
                VisibilityTimeout=self._visibility,
            )
        return [Message(item["Body"].encode(), item["ReceiptHandle"]) for item in answer.get("Messages", [])]

    def extend(self, messages: Sequence[Message]) -> None:
        for some in _batches(messages):
            with _available:
                self._client.change_message_visibility_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": one.receipt, "VisibilityTimeout": self._visibility}
                        for number, one in enumerate(some)
                    ],
                )

    def delete(self, messages: Sequence[Message]) -> None:
        for some in _batches(messages):
            with _available:
                answer = self._client.delete_message_batch(
                    QueueUrl=self._url,
                    Entries=[{"Id": str(number), "ReceiptHandle": one.receipt} for number, one in enumerate(some)],
                )
            if failed := answer.get("Failed"):
                log.warning("%d messages could not be deleted and will come again: %s", len(failed), failed[0]["Code"])


def make_client(session: boto3.Session, url: str, region: str) -> "SQSClient":
    """A client for the queue at ``url``: its host says where the service is and, on AWS, in which region."""
    parts = urlsplit(url)
    made = session.client(
        "sqs",
        region_name=region_of(parts.hostname or "") or region,
        endpoint_url=f"{parts.scheme}://{parts.netloc}",
        config=Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 2}),
    )
    read_in_time(made)
    return made


def _batches(messages: Sequence[Message]) -> list[Sequence[Message]]:
    return [messages[start : start + BATCH] for start in range(0, len(messages), BATCH)]


class _Available:
    """Converts botocore's errors to those of the port."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, BotoCoreError | ClientError):
            raise StoreUnavailable(f"The queue does not respond: {type(error).__name__}.") from error


_available = _Available()
