"""AWS is not only `amazonaws.com`: the European Sovereign Cloud has a partition, a domain and region names of its own,
and so have GovCloud and those that are cut off from all others.

Reported of many tools (aws/amazon-ecs-agent pull request 4761, ekristen/aws-nuke 906): `eusc-de-east-1` was unknown,
or sought under `amazonaws.com`. Ours refused their SNS topics at the start. Nobody here has an account there: hosts are
those of botocore's partitions.json.
"""

import json
from pathlib import Path

import boto3
import botocore
import pytest
from tests.support.deliveries import NOW, Outside, delivery, recorded, sign

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.adapters.sqs import make_client
from valetkey.core.errors import ConfigurationError, SenderRefused
from valetkey.core.stores import NamedStore, Stores
from valetkey.senders.sns import SnsSender

TOPIC = "arn:aws-eusc:sns:eusc-de-east-1:123456789012:uploads"
PEM = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"


def notification(host: str, topic: str = TOPIC) -> dict[str, str]:
    given = {"TopicArn": topic, "SigningCertURL": f"https://{host}/{PEM}"}
    return sign(recorded("sns_notification") | given)


def partitions() -> list[tuple[str, str, str]]:
    """Each partition that botocore knows, with one of its regions and how its hosts end."""
    known = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())["partitions"]
    return [
        (one["id"], next(name for name in one["regions"] if name[-1].isdigit()), one["outputs"]["dnsSuffix"])
        for one in known
    ]


def test_a_topic_of_the_sovereign_cloud_is_believed() -> None:
    """By the certificate of its own host alone."""
    sender = SnsSender([TOPIC], (outside := Outside()).fetch, outside.confirm, lambda: NOW)
    sender.authenticate(delivery(notification("sns.eusc-de-east-1.amazonaws.eu")))
    for host in ("sns.eusc-de-east-1.amazonaws.com", "sns.eu-west-1.amazonaws.eu"):
        with pytest.raises(SenderRefused):
            sender.authenticate(delivery(notification(host)))


@pytest.mark.parametrize(("partition", "region", "suffix"), partitions())
def test_topics_of_every_partition(partition: str, region: str, suffix: str) -> None:
    """Are topics, which the hosts of their own partition sign for."""
    topic = f"arn:{partition}:sns:{region}:123456789012:uploads"
    sender = SnsSender([topic], (outside := Outside()).fetch, outside.confirm, lambda: NOW)
    sender.authenticate(delivery(notification(f"sns.{region}.{suffix}", topic)))
    with pytest.raises(SenderRefused):
        sender.authenticate(delivery(notification(f"sns.{region}.example.com", topic)))


@pytest.mark.parametrize(("region", "suffix"), [one[1:] for one in partitions()])
@pytest.mark.parametrize(
    "form",
    ["sqs.{}.{}", "sqs-fips.{}.{}", "{}.queue.{}", "vpce-0a1b2c3d-4e5f.sqs.{}.vpce.{}", "vpce-0-a.sqs.{}.vpce.{}"],
)
def test_the_region_of_a_queue_is_its_hosts(form: str, region: str, suffix: str) -> None:
    """It may be another than that of the bucket, whose events come by way of SNS or EventBridge, or whose store is none
    of AWS's; a request that is signed for another region is refused each time (SQS: SignatureDoesNotMatch)."""
    url = f"https://{form.format(region, suffix)}/123456789012/uploads"
    made = make_client(boto3.Session("a", "b"), url, "default")
    assert made.meta.region_name == region


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("queue.amazonaws.com", "us-east-1"),
        ("sqs.eu-central-1.api.aws", "eu-central-1"),
        ("sqs.eu-central-1.amazonaws.com.example", "default"),
        ("sqs.eu-central-1.localhost.localstack.cloud", "default"),
    ],
)
def test_other_hosts_of_queues(host: str, region: str) -> None:
    """The oldest one names no region, and what is none of AWS's takes that of the settings."""
    made = make_client(boto3.Session("a", "b"), f"https://{host}/123456789012/uploads", "default")
    assert made.meta.region_name == region


def store(name: str, region: str, endpoint: str = "") -> NamedStore:
    keys = S3Settings(bucket="uploads", region=region, endpoint_url=endpoint or None)
    return NamedStore(name, S3Store(keys), endpoint=endpoint)


def test_buckets_of_one_name_in_two_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Are two, and one of them by two addresses is one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    cloud = store("cloud", "eusc-de-east-1")
    Stores([store("elsewhere", "eu-central-1"), cloud])
    gov = store("gov", "us-gov-west-1")
    Stores([store("elsewhere", "us-west-2"), gov, cloud, store("cut-off", "us-iso-east-1")])
    for endpoint in ("https://s3.us-gov-west-1.amazonaws.com", "https://s3-fips.us-gov-west-1.amazonaws.com"):
        Stores([store("elsewhere", "us-west-2"), store("gov", "us-gov-west-1", endpoint)])
        with pytest.raises(ConfigurationError, match="both in the bucket"):
            Stores([store("again", "us-gov-west-1", endpoint), gov])
    with pytest.raises(ConfigurationError, match="both in the bucket"):
        Stores([store("again", "eusc-de-east-1", "https://s3.eusc-de-east-1.amazonaws.eu"), cloud])
