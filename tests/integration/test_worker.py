"""The worker's loops on moto's SQS and S3, with a ledger on disk."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import boto3
import pytest
from flask import Flask
from tests.support.stores import Bucket

from valetkey import upload_confirmed
from valetkey.adapters.sqs import SqsQueue, make_client
from valetkey.app import Installed
from valetkey.background import loops
from valetkey.core.access.callers import Caller
from valetkey.core.errors import StoreUnavailable
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.upload import Signal, Upload, UploadState
from valetkey.settings import Settings
from valetkey.worker import BeatLoop, CheckLoop, CleanLoop, EraseLoop, RetentionLoop, SweepLoop, Worker

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CALLER = Caller("shop")


class Queues:
    """A queue that the bucket's events go to, and the one for its dead letters."""

    def __init__(self, bucket: Bucket) -> None:
        server = bucket.server
        self.session = server.session
        self.sqs: SQSClient = self.session.client("sqs", endpoint_url=server.endpoint_url)
        self.dead_url = self.sqs.create_queue(QueueName=f"{bucket.name}-dead")["QueueUrl"]
        redrive = {"deadLetterTargetArn": self._arn(self.dead_url), "maxReceiveCount": 2}
        attributes = {"RedrivePolicy": json.dumps(redrive)}
        self.url = self.sqs.create_queue(QueueName=bucket.name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
        configuration = {"QueueArn": self._arn(self.url), "Events": ["s3:ObjectCreated:*"]}
        bucket.client.put_bucket_notification_configuration(
            Bucket=bucket.name,
            NotificationConfiguration={"QueueConfigurations": [configuration]},  # type: ignore[list-item]
        )

    def _arn(self, url: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]

    def waiting(self, url: str) -> int:
        """Messages that are there, in somebody's hands or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)  # type: ignore[arg-type]
        return sum(int(count) for count in answer["Attributes"].values())


@pytest.fixture
def queues(moto_bucket: Bucket) -> Queues:
    return Queues(moto_bucket)


def wait_until(condition: Callable[[], bool], seconds: float = 150) -> None:
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline
        sleep(0.1)


def create(valetkey: Installed, number: int) -> list[Upload]:
    request = UploadRequest("a.txt", "text/plain", 5)
    made = []
    for granted in valetkey.service.create_batch(CALLER, [request] * number):
        assert not isinstance(granted, Exception)
        made.append(granted.upload)
    return made


def put(bucket: Bucket, upload: Upload) -> None:
    bucket.client.put_object(
        Bucket=bucket.name,
        Key=upload.staging_key,
        Body=b"bytes",
        ContentType="text/plain",
        Metadata={"upload-id": upload.id},
    )


@contextmanager
def working(valetkey: Installed, settings: Settings, queues: Queues) -> Iterator[None]:
    worker = Worker(loops(valetkey, settings, queues.session))
    worker.start()
    try:
        yield
    finally:
        worker.stop()


def test_two_workers_confirm_everything_once(
    mount: Callable[..., Installed], settings: Settings, queues: Queues, moto_bucket: Bucket
) -> None:
    """Events of 200 uploads, a fifth of them twice, by way of SQS: all are confirmed, each is announced once, and no
    message is left."""
    update = {"events_sqs_queue_url": queues.url, "worker_threads": 2, "sweep_first_look": 86_400}
    settings = settings.model_copy(update=update)
    first, second = (mount(Flask(name), settings=settings) for name in ("one", "two"))
    uploads = create(first, 200)
    announced: Counter[str] = Counter()

    def count(upload: Upload) -> None:
        announced[upload.id] += 1

    with upload_confirmed.connected_to(count), working(first, settings, queues), working(second, settings, queues):
        for number, upload in enumerate(uploads):
            put(moto_bucket, upload)
            if number % 5 == 0:
                record = {"s3": {"bucket": {"name": moto_bucket.name}, "object": {"key": upload.staging_key}}}
                body = json.dumps({"Records": [record | {"eventName": "ObjectCreated:Post"}]})
                queues.sqs.send_message(QueueUrl=queues.url, MessageBody=body)
        wait_until(lambda: len(announced) == len(uploads) and not queues.waiting(queues.url))
    assert announced == Counter([upload.id for upload in uploads])
    kept = [first.ledger.get(upload.id) for upload in uploads]
    assert {one and (one.state, one.confirmed_by) for one in kept} == {(UploadState.CONFIRMED, Signal.EVENT)}
    assert queues.waiting(queues.dead_url) == 0


def test_a_poison_message_ends_among_the_dead_letters(
    mount: Callable[..., Installed], settings: Settings, queues: Queues, moto_bucket: Bucket
) -> None:
    """It is never deleted by us: the redrive policy takes it after its tries. What came with it goes through."""
    valetkey = mount(Flask("one"))
    update = {"events_sqs_queue_url": queues.url, "events_sqs_visibility": 3, "worker_threads": 1}
    [upload] = create(valetkey, 1)
    queues.sqs.send_message(QueueUrl=queues.url, MessageBody="this is no event")
    with working(valetkey, settings.model_copy(update=update), queues):
        put(moto_bucket, upload)
        wait_until(lambda: queues.waiting(queues.dead_url) == 1)
        wait_until(lambda: queues.waiting(queues.url) == 0)
    kept = valetkey.ledger.get(upload.id)
    assert kept is not None
    assert kept.state is UploadState.CONFIRMED


def test_the_queue_keeps_a_message_from_others_and_gives_it_back(queues: Queues) -> None:
    """For the visibility that was asked for, longer when it is extended, and for good when it is deleted."""
    queues.sqs.purge_queue(QueueUrl=queues.url)  # the bucket's s3:TestEvent
    queue = SqsQueue(queues.sqs, queues.url, visibility=6)
    for number in range(12):  # more than SQS takes in one batch
        queues.sqs.send_message(QueueUrl=queues.url, MessageBody=str(number))
    held = [*queue.receive(1), *queue.receive(1)]
    assert sorted(int(message.body) for message in held) == list(range(12))
    assert queue.receive(0) == []
    SqsQueue(queues.sqs, queues.url, visibility=60).extend(held)
    sleep(6.2)
    assert queue.receive(0) == []
    queue.delete(held)
    assert queues.waiting(queues.url) == 0


def test_a_queue_that_is_not_there(queues: Queues) -> None:
    """Every operation is `StoreUnavailable`: the loop tries again."""
    queue = SqsQueue(queues.sqs, queues.url + "-gone")
    held = SqsQueue(queues.sqs, queues.url)
    queues.sqs.send_message(QueueUrl=queues.url, MessageBody="x")
    messages = held.receive(1)
    operations: list[Callable[[], object]] = [
        lambda: queue.receive(0),
        lambda: queue.extend(messages),
        lambda: queue.delete(messages),
    ]
    for operation in operations:
        with pytest.raises(StoreUnavailable):
            operation()


@pytest.mark.parametrize(
    ("url", "endpoint", "region"),
    [
        ("https://sqs.eu-central-1.amazonaws.com/1/q", "https://sqs.eu-central-1.amazonaws.com", "eu-central-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "https://sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("http://127.0.0.1:4566/1/q", "http://127.0.0.1:4566", "us-west-2"),
        ("https://sqs.eu-central-1.amazonaws.com.evil.example/1/q", None, "us-west-2"),
    ],
)
def test_the_queue_url_says_where_to_ask(url: str, endpoint: str | None, region: str) -> None:
    """Host and region follow from it on AWS; elsewhere the region is the store's."""
    client = make_client(boto3.Session("key", "secret"), url, "us-west-2")
    assert client.meta.region_name == region
    assert endpoint is None or client.meta.endpoint_url == endpoint


def test_the_sweep_runs_without_a_queue(
    mount: Callable[..., Installed], settings: Settings, queues: Queues, moto_bucket: Bucket, tmp_path: Path
) -> None:
    """Without `VALETKEY_EVENTS_SQS_QUEUE_URL` a worker only sweeps, and that alone confirms."""
    settings = settings.model_copy(update={"sweep_interval": 1, "sweep_first_look": 1})
    valetkey = mount(Flask("one"), settings=settings)
    [upload] = create(valetkey, 1)
    put(moto_bucket, upload)
    kinds = [type(loop) for loop in loops(valetkey, settings, queues.session)]
    assert kinds == [CheckLoop, EraseLoop, SweepLoop, CleanLoop, RetentionLoop, BeatLoop]
    with working(valetkey, settings, queues):
        wait_until(lambda: (valetkey.ledger.get(upload.id) or upload).state is UploadState.CONFIRMED)
    kept = valetkey.ledger.get(upload.id)
    assert kept is not None
    assert kept.confirmed_by is Signal.SWEEP
