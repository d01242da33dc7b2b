"""Events through SQS (moto) to two `valetkey worker` processes: `make queue` does it with 10,000 uploads.

Moto's S3 and SQS run in this process, so the figures say more of moto than of the worker.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.s3.utils import metadata_from_headers
from moto.sqs.models import SQSBackend
from sqlalchemy import create_engine, text
from tests.e2e.api import Json, wait_for
from tests.e2e.conftest import Service, running_service
from tests.support.deliveries import recorded
from tests.support.receiver import Receiver, answer, running_receiver
from tests.support.servers import running_worker
from tests.support.stores import Bucket

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjU"
LONG = str(24 * 3600)
BATCH = {"filename": "a.txt", "content_type": "text/plain", "size": 5}
WAITING = 200
"""How many messages are in the queue at most: moto looks at each of them in every call."""


@dataclass
class Traffic:
    """What went through SQS, as SQS itself saw it."""

    received: int = 0
    deleted: int = 0


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Traffic:
    """Counts inside moto: every message that was handed out, and every one that was taken back."""
    counted, receive, delete = Traffic(), SQSBackend.receive_message, SQSBackend.delete_message

    def receiving(*args: Any, **kwargs: Any) -> Any:
        found = receive(*args, **kwargs)
        counted.received += len(found)
        return found

    def deleting(*args: Any, **kwargs: Any) -> None:
        delete(*args, **kwargs)
        counted.deleted += 1

    monkeypatch.setattr(SQSBackend, "receive_message", receiving)
    monkeypatch.setattr(SQSBackend, "delete_message", deleting)
    return counted


@dataclass(frozen=True)
class Queue:
    """A queue with dead letters. No bucket writes to it: a test does."""

    sqs: "SQSClient"
    url: str
    dead_url: str

    @classmethod
    def make(cls, bucket: Bucket) -> "Queue":
        server = bucket.server
        session = server.session
        sqs: SQSClient = session.client("sqs", endpoint_url=server.endpoint_url)
        dead_url = sqs.create_queue(QueueName=f"{bucket.name}-dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
        url = sqs.create_queue(QueueName=bucket.name, Attributes={"RedrivePolicy": redrive})["QueueUrl"]
        return cls(sqs, url, dead_url)

    def waiting(self, url: str | None = None) -> int:
        """Messages that are there, in somebody's hands or not."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=names)
        return sum(int(count) for count in answer["Attributes"].values())

    def send(self, bodies: list[str]) -> None:
        """At most ten, as SQS has it."""
        entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        assert not self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries).get("Failed")


@dataclass(frozen=True)
class Writer:
    """Writes what S3 would have sent, in each of the shapes in which it comes through a queue."""

    bucket: str
    seed: int
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chance", random.Random(self.seed))

    def record(self, upload_id: str) -> Json:
        """One of S3's own."""
        [record] = recorded("s3_post")["Records"]
        record["s3"]["bucket"]["name"] = self.bucket
        record["s3"]["object"] |= {"key": f"staging/{upload_id}", "sequencer": f"{self.chance.randrange(16**16):016X}"}
        return dict(record)

    def bare(self, *upload_ids: str) -> str:
        return json.dumps({"Records": [self.record(upload_id) for upload_id in upload_ids]})

    def by_eventbridge(self, upload_id: str) -> str:
        event = recorded("eventbridge_object_created")
        event["detail"]["bucket"]["name"] = self.bucket
        event["detail"]["object"]["key"] = f"staging/{upload_id}"
        return json.dumps(event)

    def by_sns(self, upload_id: str) -> str:
        return json.dumps(recorded("sns_notification") | {"Message": self.bare(upload_id)})

    def by_both(self, upload_id: str) -> str:
        return json.dumps(recorded("sns_notification") | {"Message": self.by_eventbridge(upload_id)})

    def foreign(self) -> list[str]:
        """What S3 sends as well: a test event, another bucket's, a removal, a key that is nobody's."""
        theirs = Writer("somebody-elses", self.seed).bare("019f0000-0000-7000-8000-000000000000")
        removed = self.record("019f0000-0000-7000-8000-000000000000") | {"eventName": "ObjectRemoved:Delete"}
        unknown = self.by_sns("019f0000-0000-7000-8000-000000000000")
        return [json.dumps(recorded("s3_test_event")), theirs, json.dumps({"Records": [removed]}), unknown]

    def messages(self, upload_ids: list[str]) -> tuple[list[str], int]:
        """Events of all uploads in every shape, a fifth of them once more, a tenth three to a body; in no order.

        Also how many more events there are than uploads.
        """
        shapes: list[Callable[[str], str]] = [self.bare, self.bare, self.by_sns, self.by_eventbridge, self.by_both]
        again = self.chance.sample(upload_ids, len(upload_ids) // 5)
        found = [self.chance.choice(shapes)(upload_id) for upload_id in [*upload_ids, *again]]
        thrice = self.chance.sample(upload_ids, len(upload_ids) // 10 // 3 * 3)
        found += [self.bare(*thrice[start : start + 3]) for start in range(0, len(thrice), 3)]
        found += self.foreign()
        self.chance.shuffle(found)
        return found, len(again) + len(thrice)


@dataclass(frozen=True)
class Place:
    """A service on moto, its queue, and who is told of the ends."""

    service: Service
    queue: Queue
    receiver: Receiver

    def upload(self, number: int) -> list[str]:
        """The ids of so many uploads whose objects are there, and of which nobody has said anything."""
        found: list[str] = []
        while len(found) < number:
            asked = {"uploads": [BATCH] * min(100, number - len(found))}
            results = self.service.api.http.post("/v1/uploads/batch", json=asked).json()["results"]
            found += [result["upload"]["id"] for result in results]
        for upload_id in found:
            self._put(upload_id)
        return found

    def _put(self, upload_id: str) -> None:
        """Past HTTP, which takes moto most of its time."""
        put = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(
            self.service.bucket.name, f"staging/{upload_id}", b"bytes"
        )
        put.set_metadata(metadata_from_headers({"Content-Type": "text/plain", "x-amz-meta-upload-id": upload_id}))

    def page(self, **query: Any) -> Json:
        found = self.service.api.http.get("/v1/uploads", params=query)
        assert found.status_code == 200, found.text
        return dict(found.json())

    def uploads(self) -> Iterator[Json]:
        """Every upload, as the API lists it."""
        page = self.page(limit=100)
        yield from page["uploads"]
        while page["next_cursor"]:
            page = self.page(limit=100, cursor=page["next_cursor"])
            yield from page["uploads"]

    def empty(self) -> None:
        """Many objects at once, where `fresh_bucket` removes one after the other."""
        s3, name = self.service.bucket.client, self.service.bucket.name
        keys = self.service.object_keys()
        for start in range(0, len(keys), 1000):
            some: Any = [{"Key": key} for key in keys[start : start + 1000]]
            s3.delete_objects(Bucket=name, Delete={"Objects": some})

    def outbox(self) -> Counter[str]:
        """How many rows of the ledger's outbox there are for each upload."""
        url = self.service.server.env["VALETKEY_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
        with create_engine(url).connect() as connection:
            rows = connection.execute(text("SELECT upload_id FROM outbox WHERE type = 'upload.confirmed'"))
            return Counter(row[0] for row in rows)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, moto_bucket: Bucket, tmp_path: Path) -> Iterator[Place]:
    """On each ledger. The sweep is put off, so that nothing but events confirms."""
    queue = Queue.make(moto_bucket)
    with running_receiver(answer(200)) as receiver:
        env = {
            "VALETKEY_EVENTS_SQS_QUEUE_URL": queue.url,
            "VALETKEY_SWEEP_FIRST_LOOK": LONG,
            "VALETKEY_SWEEP_CLEAN_INTERVAL": LONG,
            "VALETKEY_WEBHOOK_URL": receiver.url,
            "VALETKEY_WEBHOOK_SECRETS": SECRET,
            "VALETKEY_WEBHOOK_ALLOW_PRIVATE": "true",
        }
        if request.param == "postgresql":
            env["VALETKEY_DATABASE_URL"] = request.getfixturevalue("postgres_url")
        with running_service(tmp_path, moto_bucket, env) as service:
            place = Place(service, queue, receiver)
            yield place
            place.empty()


def test_two_workers_confirm_all_that_a_queue_tells_of(
    place: Place, traffic: Traffic, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each upload is confirmed once, by an event: one state, one final object, one announcement, delivered under one
    id; repeated, unordered and foreign events change nothing, and no message is left or becomes a dead letter."""
    number, seed = pytestconfig.getoption("--queue-uploads"), random.randrange(10**6)
    ids = place.upload(number)
    messages, more = Writer(place.service.bucket.name, seed).messages(ids)
    with running_worker(place.service.server) as first, running_worker(place.service.server) as second:
        start = time.monotonic()
        for sent in range(0, len(messages), 10):
            assert wait_for(lambda sent=sent: sent < traffic.deleted + WAITING, 90)  # type: ignore[misc]
            place.queue.send(messages[sent : sent + 10])
        assert wait_for(lambda: traffic.deleted >= len(messages), 90), f"{place.queue.waiting()} messages are left"
        # boto3 sends ten again where moto's answer was late, and a worker never sees ten whose answer was lost: those
        # come again when their visibility is over, a minute later, and have to go, too
        assert wait_for(lambda: place.queue.waiting() == 0, 100), f"{place.queue.waiting()} messages are left"
        seconds = time.monotonic() - start
        place.receiver.wait_for(lambda received: len({one.id for one in received}) == number, 60 + number / 20)
        place.service.object_keys()  # staging is cleared a little later, by workers that live
        logs = [first.log, second.log]
    confirmed = [log.count(" is confirmed") - log.count(" is confirmed already") for log in logs]
    with capsys.disabled():
        print(
            f"\n{number} uploads, {len(messages)} messages, {number + more} events, two workers, seed {seed}:"
            f"\n  {seconds:.1f} s: {(number + more) / seconds:.0f} events/s, {number / seconds:.0f} uploads/s"
            f"\n  messages received {traffic.received}, deleted {traffic.deleted}; confirmed {confirmed};"
            f" events of uploads that were done {sum(log.count('is confirmed already') for log in logs)}"
        )
    assert_confirmed_once(place, ids)
    assert traffic.received >= traffic.deleted >= len(messages)
    assert (place.queue.waiting(), place.queue.waiting(place.queue.dead_url)) == (0, 0)
    assert min(confirmed) > 0
    assert sum(confirmed) == number


def assert_confirmed_once(place: Place, ids: list[str]) -> None:
    """By the ledger, by the bucket, by the outbox and by what was delivered."""
    uploads = list(place.uploads())
    assert {(one["state"], one["confirmed_by"]) for one in uploads} == {("confirmed", "event")}
    assert {one["id"] for one in uploads} == set(ids)
    assert sorted(place.service.object_keys()) == sorted(one["object"]["key"] for one in uploads)
    assert place.outbox() == Counter(ids)
    told = [(one.id, json.loads(one.body)["data"]["id"]) for one in place.receiver.received]
    assert set(told) == {(f"{upload_id}-confirmed", upload_id) for upload_id in ids}
