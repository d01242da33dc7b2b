"""The embedded S3 and SQS of `valetkey dev`, by moto. It enforces no policy, so it is for demonstration only.

It only needs the right to listen on a port of the loopback address.
"""

import secrets
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import Any

import boto3

from valetkey.core.errors import ConfigurationError
from valetkey.core.model.upload import STAGING_PREFIX

BUCKET = "valetkey-dev"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A store that runs in this process: its address, the ``keys`` for it (id and secret), and the queue for its
    events."""

    endpoint_url: str
    session: boto3.Session
    keys: tuple[str, str]
    queue_url: str
    server: Any

    @property
    def exports(self) -> str:
        """The shell commands after which another application uses it."""
        return (
            f"export VALETKEY_BUCKET={BUCKET} VALETKEY_S3_ENDPOINT_URL={self.endpoint_url}\n"
            f"export AWS_ACCESS_KEY_ID={self.keys[0]} AWS_SECRET_ACCESS_KEY={self.keys[1]}"
        )

    def stop(self) -> None:
        """Stops it; everything in it is lost."""
        self.server.stop()


def start(port: int = 0) -> Embedded:
    """Starts moto on loopback, with a bucket, its CORS rule, and a queue for its events. ``port`` 0: any free one.

    Raises `ConfigurationError` if moto is not installed.
    """
    try:
        from moto.server import ThreadedMotoServer
    except ImportError as error:
        raise ConfigurationError("The embedded S3 is not installed: pip install 'moto[s3,server,sqs]'.") from error
    _lock_etags()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    running: Any = server._server  # noqa: SLF001 - moto has no other place for it
    running.app = _copying_in_turn(_redirecting(running.app))
    host, actual_port = server.get_host_and_port()
    endpoint_url = f"http://{host}:{actual_port}"
    keys = secrets.token_hex(10), secrets.token_hex(20)
    session = boto3.Session(*keys, region_name=REGION)
    return Embedded(endpoint_url, session, keys, _furnish(session, endpoint_url), server)


def _redirecting(app: Any) -> Any:
    """Redirects a form that has both a redirect and a success status, as S3 does; moto responds with the status."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            redirects = status.startswith("201") and any(name.lower() == "location" for name, _ in headers)
            return start_response("303 SEE OTHER" if redirects else status, headers, *rest)

        return app(environ, start)

    return answer


def _copying_in_turn(app: Any) -> Any:
    """Serializes copies to one key: moto responds with 500 if another copy replaces the object that it is
    describing."""
    turn = Lock()

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        with turn if "HTTP_X_AMZ_COPY_SOURCE" in environ else nullcontext():
            return app(environ, start_response)

    return answer


def _lock_etags() -> None:
    """Guards ETags by a lock: moto computes them on demand, with a file position that threads share, so some are
    wrong."""
    from moto.s3.models import FakeKey

    computed: Any = vars(FakeKey)["etag"]
    if isinstance(computed, _LockedETag):
        return

    def etag(key: Any) -> Any:
        with key.lock:  # moto holds it, too, while it reads the bytes
            return computed.fget(key)

    FakeKey.etag = _LockedETag(etag)  # type: ignore[method-assign,assignment]


class _LockedETag(property):
    """Marks what `_lock_etags` has replaced, since one process may start several stores."""


def _furnish(session: boto3.Session, endpoint_url: str) -> str:
    """Creates the bucket and its queue; returns the queue's URL."""
    s3 = session.client("s3", endpoint_url=endpoint_url)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [CORS_RULE]})
    sqs = session.client("sqs", endpoint_url=endpoint_url)
    queue_url = sqs.create_queue(QueueName="valetkey-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": STAGING_ONLY}]
        },
    )
    return queue_url


STAGING_ONLY: Any = {"Key": {"FilterRules": [{"Name": "prefix", "Value": STAGING_PREFIX}]}}
"""Our own copies need no event; while moto writes theirs, it responds with 500 to one of two copies to one key."""

CORS_RULE: Any = {
    "AllowedOrigins": ["*"],
    "AllowedMethods": ["GET", "HEAD", "POST", "PUT"],
    "AllowedHeaders": ["*"],
    "ExposeHeaders": ["ETag", "Location"],
    "MaxAgeSeconds": 3600,
}
"""The CORS rule that browsers need to upload. They hide ``ETag`` and ``Location`` unless these are exposed."""
