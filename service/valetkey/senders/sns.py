"""SNS over HTTPS, signed with the key of a certificate that SNS publishes.

Source: the SNS developer guide, "Verifying the signatures of Amazon SNS messages". A delivery is accepted only if its
topic is one of ours, its time is recent, and the certificate's URL has the host for that topic's region and the path
that SNS uses; nothing is fetched before all of this is checked. No other URL of a message is ever used.
"""

import base64
import binascii
import logging
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field
from typing_extensions import override

from valetkey import waiting
from valetkey.core.errors import ConfigurationError, MalformedEvent, SenderRefused
from valetkey.core.events.event import Delivery, DeliveryHead, EventSender, Parsed
from valetkey.senders.records import read_enclosed, read_json, read_message
from valetkey.senders.settings import SenderContext, SenderSettings, Separated

log = logging.getLogger("valetkey")

_SUFFIXES = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-us-gov": "amazonaws.com",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
"""The domains of hosts, by partition (botocore's partitions.json)."""

TOPIC_ARN = re.compile(
    rf"arn:({'|'.join(_SUFFIXES)}):sns:([a-z]{{2,4}}(?:-[a-z]+)+-[0-9]+):[0-9]{{12}}:[A-Za-z0-9_.-]{{1,256}}"
)

SKEW = timedelta(hours=1)
"""How far this machine's clock may be off: SNS does not repeat a delivery that was refused."""

WINDOW = timedelta(hours=1)
"""The maximum time for which SNS retries a delivery, and so the age of a message on a correct clock."""

_PATH = re.compile(r"/SimpleNotificationService-[0-9a-f]{16,64}\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_VERSIONS = {"1": "sha1", "2": "sha256"}
"""The digest algorithm, by SignatureVersion."""


class SnsSettings(SenderSettings):
    """If there are no topics, the endpoint responds with 404."""

    sender_name = "sns"

    events_sns_topic_arns: Separated[tuple[str, ...]] = Field(
        (), description="Enables `/v1/events/sns` for these topics, separated by commas. Other topics are refused."
    )

    @override
    def make_sender(self, context: SenderContext) -> EventSender | None:
        topics = self.events_sns_topic_arns
        if not topics:
            return None
        return SnsSender(
            topics, context.certificates(), context.confirm, setting=context.setting("events_sns_topic_arns")
        )


class SnsSender:
    """`EventSender` for SNS topics. Raises `SenderRefused` for a delivery that SNS did not sign for one of
    ``topic_arns``.

    ``fetch`` gets a certificate's bytes by its URL, without redirects; it raises `SenderRefused` if there is none, and
    `Unavailable` if that cannot be determined now. ``confirm`` confirms a subscription by topic ARN and token.
    ``setting`` is the name of the topics' setting. Raises `ConfigurationError` for an invalid ARN.
    """

    def __init__(
        self,
        topic_arns: Collection[str],
        fetch: Callable[[str], bytes],
        confirm: Callable[[str, str], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        setting: str = "VALETKEY_EVENTS_SNS_TOPIC_ARNS",
    ) -> None:
        for arn in topic_arns:
            if not TOPIC_ARN.fullmatch(arn):
                raise ConfigurationError(f"{setting}: {arn[:100]!r} is not the ARN of an SNS topic.")
        self._topics = frozenset(topic_arns)
        self._other_topic = f"The delivery is from a topic that is not one of {setting}."
        self._any_topic = next(iter(self._topics), "")
        from valetkey.senders.certificates import Certificates  # imported on demand, as it takes a while

        self._certificates = Certificates(fetch, clock)
        self._confirm = confirm
        self._clock = clock

    def admit(self, head: DeliveryHead) -> None:
        if head.headers.get("x-amz-sns-rawdelivery") == "true":
            raise SenderRefused("A raw delivery has no signature: disable raw message delivery.")
        if head.headers.get("x-amz-sns-topic-arn", self._any_topic) not in self._topics:  # the header is optional
            raise SenderRefused(self._other_topic)

    def authenticate(self, delivery: Delivery) -> None:
        self.admit(delivery)
        try:
            envelope = read_json(delivery.body)
        except MalformedEvent as error:
            raise SenderRefused("The delivery is not an SNS message.") from error
        text, digest, signature = _signature(envelope)
        if envelope["TopicArn"] not in self._topics:
            raise SenderRefused(self._other_topic)
        self._check_time(envelope["Timestamp"])
        if not self._certificates.verify(_certificate_url(envelope), signature, text, digest):
            raise SenderRefused("The delivery's signature is not SNS's.")

    def parse(self, body: bytes) -> Parsed:
        envelope = read_json(body)
        if envelope["Type"] == "SubscriptionConfirmation":
            waiting.look()
            self._confirm(envelope["TopicArn"], envelope["Token"])
            log.info("subscription to %s confirmed", envelope["TopicArn"])
            return Parsed(())
        if envelope["Type"] == "UnsubscribeConfirmation":
            log.warning("%s no longer sends its events here: the subscription was ended", envelope["TopicArn"])
            return Parsed(())
        return read_message(read_enclosed(envelope))

    def _check_time(self, text: str) -> None:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise SenderRefused("The delivery's time cannot be read.") from error
        if moment.tzinfo is None or not -SKEW <= self._clock() - moment <= WINDOW + SKEW:
            log.warning("an SNS message of %r is refused: its time differs too much from this machine's", text[:40])
            raise SenderRefused("The delivery's time differs too much from ours.")


def _signature(envelope: dict[str, Any]) -> tuple[bytes, str, bytes]:
    """The signed text, its digest algorithm, and the signature. All signed fields must be text."""
    kind, version, signature = envelope.get("Type"), envelope.get("SignatureVersion"), envelope.get("Signature")
    if not (isinstance(kind, str) and isinstance(version, str) and isinstance(signature, str)):
        raise SenderRefused("The delivery is not signed.")
    if kind not in _SIGNED or version not in _VERSIONS:
        raise SenderRefused("SNS does not use this type of message or this version of signatures.")
    names = [name for name in _SIGNED[kind] if name != "Subject" or envelope.get(name) is not None]
    if not all(isinstance(envelope.get(name), str) for name in names):
        raise SenderRefused("The delivery lacks a field that its signature covers.")
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names)
    try:
        return text.encode(), _VERSIONS[version], base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SenderRefused("The delivery's signature is not base64.") from error


def _certificate_url(envelope: dict[str, Any]) -> str:
    """``SigningCertURL``, if it has the host and path of the certificates for this topic. Raises `SenderRefused`.

    The host must be exactly that of SNS: the host of a bucket called ``sns`` looks similar.
    """
    url, topic = envelope.get("SigningCertURL"), TOPIC_ARN.fullmatch(envelope["TopicArn"])
    if not isinstance(url, str) or topic is None:
        raise SenderRefused("The delivery has no URL of a certificate.")
    origin = f"https://sns.{topic[2]}.{_SUFFIXES[topic[1]]}"
    if not url.startswith(origin) or not _PATH.fullmatch(url[len(origin) :]):
        raise SenderRefused("The URL of the delivery's certificate is not one of SNS.")
    return url
