"""Events of third-party stores: without a call of the client the upload is confirmed by the store's event."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from tests.conftest import RUN
from tests.e2e.api import Created, wait_for
from tests.e2e.conftest import Service, running_service
from tests.e2e.rgw_events import pushing
from tests.support import servers as processes
from tests.support.servers import free_port, running_worker
from tests.support.store_kinds import INSTALLED_KINDS, KINDS, Servers, bucket_of_kind, servers
from tests.support.stores import Bucket, start_store

__all__ = ["servers"]

INSTALLED = KINDS is INSTALLED_KINDS


def silent(service: Service) -> Created:
    created = service.api.create("text/plain", size=1)
    assert created.post(b"x").status == 201
    return created


def assert_confirmed_by_event(service: Service, created: Created) -> None:
    assert wait_for(lambda: service.api.upload(created.id)["state"] == "confirmed"), service.server.log[-2000:]
    assert service.api.upload(created.id)["confirmed_by"] == "event"


@pytest.mark.parametrize("kind", ["ceph18"] if INSTALLED else ["rgw", "caddy"])
def test_ceph_pushes(kind: str, servers: Servers, tmp_path: Path) -> None:
    """By the topic's endpoint, as documented; a proxy in front changes nothing."""
    with bucket_of_kind(servers, kind) as bucket, running_service(tmp_path, bucket) as service:
        with pushing(bucket, f"{service.event_url}?secret={service.event_secret}"):
            created = silent(service)
        assert_confirmed_by_event(service, created)


@contextmanager
def queue_of(bucket: Bucket) -> Iterator[str]:
    """The URL of a queue that the bucket's events go to."""
    server = bucket.server
    session = server.session
    sqs: Any = session.client("sqs", endpoint_url=server.endpoint_url)
    url = str(sqs.create_queue(QueueName=bucket.name)["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    told = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    cast("Any", bucket.client).put_bucket_notification_configuration(
        Bucket=bucket.name, NotificationConfiguration={"QueueConfigurations": [told]}
    )
    yield url
    sqs.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("kind", ["localstack"] if INSTALLED else ["moto"])
def test_a_queue(kind: str, servers: Servers, tmp_path: Path) -> None:
    """S3 to SQS to `valetkey worker`."""
    with (
        bucket_of_kind(servers, kind) as bucket,
        queue_of(bucket) as url,
        running_service(tmp_path, bucket, {"VALETKEY_SWEEP_FIRST_LOOK": "600"}) as service,
        running_worker(service.server, {"VALETKEY_EVENTS_SQS_QUEUE_URL": url}),
    ):
        assert_confirmed_by_event(service, silent(service))


def test_a_webhook(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JuiceFS sends it as MinIO does."""
    run, port, token = request.config.stash[RUN], free_port(), secrets.token_hex(16)
    monkeypatch.setattr(processes, "free_port", lambda: port)
    told = {"webhook": f"http://127.0.0.1:{port}/v1/events/minio", "webhook_token": token}
    server = start_store("juicefs", run.directory / f"store-{token}", owner=run.pid, settings=told)
    bucket = Bucket("hooked", server.client(), server)
    s3: Any = bucket.client
    s3.create_bucket(Bucket=bucket.name)
    rule = {"QueueArn": "arn:minio:sqs::VALETKEY:webhook", "Events": ["s3:ObjectCreated:*"]}
    with running_service(tmp_path, bucket, {"VALETKEY_EVENTS_MINIO_TOKEN": token}) as service:
        s3.put_bucket_notification_configuration(
            Bucket=bucket.name, NotificationConfiguration={"QueueConfigurations": [rule]}
        )
        assert_confirmed_by_event(service, silent(service))
