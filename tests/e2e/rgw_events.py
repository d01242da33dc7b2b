"""What Ceph RGW 16 pushes, and how it is told to."""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from tests.support.stores import Bucket


def created_event(bucket: str, key: str, size: int, etag: str, opaque: str = "") -> dict[str, Any]:
    """The body of a push for one `ObjectCreated:Post`, in the shape measured on RGW 16.2.

    Keys come raw, not form-encoded; the sequencer is two little-endian 32-bit words, seconds and nanoseconds.
    """
    now = time.time_ns()
    seconds, nanoseconds = divmod(now, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    record = {
        "eventVersion": "2.2",
        "eventSource": "ceph:s3",
        "awsRegion": "",
        "eventTime": f"{moment}.{nanoseconds // 1000:06}Z",
        "eventName": "ObjectCreated:Post",
        "userIdentity": {"principalId": "t"},
        "requestParameters": {"sourceIPAddress": ""},
        "responseElements": {"x-amz-request-id": f"test.{now}", "x-amz-id-2": "100c-default-default"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "test",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "t"},
                "arn": f"arn:aws:s3:::{bucket}",
                "id": "4c92011a-cf7c-479e-a659-a7fb33862036.4110.2",
            },
            "object": {
                "key": key,
                "size": size,
                "eTag": etag,
                "versionId": "",
                "sequencer": struct.pack("<II", seconds, nanoseconds).hex().upper(),
                "metadata": [],
                "tags": [],
            },
        },
        "eventId": f"{seconds}.{nanoseconds // 1000:06}.{etag}",
        "opaqueData": opaque,
    }
    return {"Records": [record]}


@contextmanager
def pushing(bucket: Bucket, endpoint: str, opaque: str | None = None, prefix: str = "staging/") -> Iterator[None]:
    """While open, RGW pushes each ObjectCreated event below `prefix` to `endpoint`, once and before it answers."""
    server = bucket.server
    session = server.session
    sns = session.client("sns", endpoint_url=server.endpoint_url)
    attributes = {"push-endpoint": endpoint} | ({"OpaqueData": opaque} if opaque else {})
    topic = sns.create_topic(Name=f"topic-{bucket.name}", Attributes=attributes)["TopicArn"]
    bucket.client.put_bucket_notification_configuration(
        Bucket=bucket.name,
        NotificationConfiguration={
            "TopicConfigurations": [
                {
                    "Id": "test",
                    "TopicArn": topic,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
                }
            ]
        },
    )
    try:
        yield
    finally:
        _stop_pushing(bucket)
        sns.delete_topic(TopicArn=topic)


def _stop_pushing(bucket: Bucket) -> None:
    # RGW refuses an empty configuration (MalformedXML) and wants DELETE ?notification, which boto3 lacks
    signer = bucket.server.client(signature_version="s3v4")
    url = signer.generate_presigned_url(
        "get_bucket_notification_configuration", Params={"Bucket": bucket.name}, HttpMethod="DELETE"
    )
    httpx.delete(url).raise_for_status()
