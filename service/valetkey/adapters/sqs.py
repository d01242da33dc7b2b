"""An SQS queue that S3 sends its events to.

Rights it needs: ``sqs:ReceiveMessage`` and ``sqs:DeleteMessage`` on the queue.
"""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from valetkey.core.errors import StoreUnavailable
from valetkey.core.ports import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""The most messages that SQS hands out at once."""


class SqsQueue:
    """`EventQueue` by long polling; ``wait`` is 0 to 20 seconds."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def receive(self, wait: int) -> list[Message]:
        try:
            answer = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=wait)
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(f"The queue does not answer: {type(error).__name__}.") from error
        return [Message(item["Body"].encode(), item["ReceiptHandle"]) for item in answer.get("Messages", [])]

    def delete(self, message: Message) -> None:
        try:
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(f"The queue does not answer: {type(error).__name__}.") from error
