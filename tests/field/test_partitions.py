"""AWS is not only `amazonaws.com`: the European Sovereign Cloud has a partition, a domain and region names of its own.

Reported of many tools (aws/amazon-ecs-agent pull request 4761, ekristen/aws-nuke 906): `eusc-de-east-1` was unknown,
or sought under `amazonaws.com`. Ours refused its SNS topics at the start. Nobody here has an account there: hosts are
those of botocore's partitions.json.
"""

import pytest
from tests.support.deliveries import NOW, Outside, delivery, recorded, sign

from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.errors import ConfigurationError, SenderRefused
from valetkey.core.stores import NamedStore, Stores
from valetkey.senders.sns import SnsSender

TOPIC = "arn:aws-eusc:sns:eusc-de-east-1:123456789012:uploads"
PEM = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"


def notification(host: str) -> dict[str, str]:
    given = {"TopicArn": TOPIC, "SigningCertURL": f"https://{host}/{PEM}"}
    return sign(recorded("sns_notification") | given)


def test_a_topic_of_the_sovereign_cloud_is_believed() -> None:
    """By the certificate of its own host alone."""
    sender = SnsSender([TOPIC], (outside := Outside()).fetch, outside.confirm, lambda: NOW)
    sender.authenticate(delivery(notification("sns.eusc-de-east-1.amazonaws.eu")))
    for host in ("sns.eusc-de-east-1.amazonaws.com", "sns.eu-west-1.amazonaws.eu"):
        with pytest.raises(SenderRefused):
            sender.authenticate(delivery(notification(host)))


def store(name: str, region: str, endpoint: str = "") -> NamedStore:
    keys = S3Settings(bucket="uploads", region=region, endpoint_url=endpoint or None)
    return NamedStore(name, S3Store(keys), endpoint=endpoint)


def test_buckets_of_one_name_in_two_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Are two, and one of them by two addresses is one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    cloud = store("cloud", "eusc-de-east-1")
    Stores([store("elsewhere", "eu-central-1"), cloud])
    with pytest.raises(ConfigurationError, match="both in the bucket"):
        Stores([store("again", "eusc-de-east-1", "https://s3.eusc-de-east-1.amazonaws.eu"), cloud])
