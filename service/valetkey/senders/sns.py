"""SNS over HTTPS, signed with the key of a certificate that SNS publishes.

Source: the SNS developer guide, "Verifying the signatures of Amazon SNS messages". A delivery is believed only when its
topic is one of ours, its time is near, and the certificate comes from the one host that signs for that topic, under the
one kind of path that SNS uses; nothing is fetched before all of this is known. No URL of a message is ever followed.
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
}
"""How names of hosts end, by partition (botocore's partitions.json)."""

TOPIC_ARN = re.compile(
    rf"arn:({'|'.join(_SUFFIXES)}):sns:([a-z]{{2,4}}(?:-[a-z]+)+-[0-9]+):[0-9]{{12}}:[A-Za-z0-9_.-]{{1,256}}"
)

SKEW = timedelta(hours=1)
"""How wrong this machine's clock may be: what SNS is refused once, it does not send again."""

WINDOW = timedelta(hours=1)
"""For how long SNS tries a delivery at most: so old a message may be, on a clock that is right."""

_PATH = re.compile(r"/SimpleNotificationService-[0-9a-f]{16,64}\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_VERSIONS = {"1": "sha1", "2": "sha256"}
"""What is signed, by its SignatureVersion."""


class SnsSettings(SenderSettings):
    """If there are no topics, the endpoint answers 404."""

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
    """`EventSender` for SNS topics. Raises `SenderRefused` for all that SNS did not sign for one of ``topic_arns``.

    ``fetch`` gets a certificate's bytes by its URL, without redirects; it raises `SenderRefused` when there is none,
    and `Unavailable` when that cannot be said now. ``confirm`` confirms a subscription by topic ARN and token.
    ``setting`` is where the topics are set. Raises `ConfigurationError` for what is no topic's ARN.
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
                raise ConfigurationError(f"{setting}: {arn[:100]!r} is no ARN of an SNS topic.")
        self._topics = frozenset(topic_arns)
        self._other_topic = f"The delivery is from a topic that is not one of {setting}."
        self._any_topic = next(iter(self._topics), "")
        from valetkey.senders.certificates import Certificates  # it takes a while to load, and few want it

        self._certificates = Certificates(fetch, clock)
        self._confirm = confirm
        self._clock = clock

    def admit(self, head: DeliveryHead) -> None:
        if head.headers.get("x-amz-sns-rawdelivery") == "true":
            raise SenderRefused("A raw delivery carries no signature: switch raw message delivery off.")
        if head.headers.get("x-amz-sns-topic-arn", self._any_topic) not in self._topics:  # not all of them send it
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
            log.warning("%s sends its events here no longer: somebody ended the subscription", envelope["TopicArn"])
            return Parsed(())
        return read_message(read_enclosed(envelope))

    def _check_time(self, text: str) -> None:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise SenderRefused("The delivery's time cannot be read.") from error
        if moment.tzinfo is None or not -SKEW <= self._clock() - moment <= WINDOW + SKEW:
            log.warning("an SNS message of %r is refused: its time is too far from this machine's", text[:40])
            raise SenderRefused("The delivery's time is too far from ours.")


def _signature(envelope: dict[str, Any]) -> tuple[bytes, str, bytes]:
    """The signed text, the digest it is signed by, and the signature. What they cover is text, or it is refused."""
    kind, version, signature = envelope.get("Type"), envelope.get("SignatureVersion"), envelope.get("Signature")
    if not (isinstance(kind, str) and isinstance(version, str) and isinstance(signature, str)):
        raise SenderRefused("The delivery is not signed.")
    if kind not in _SIGNED or version not in _VERSIONS:
        raise SenderRefused("The delivery is of a kind, or signed in a way, that SNS does not use.")
    names = [name for name in _SIGNED[kind] if name != "Subject" or envelope.get(name) is not None]
    if not all(isinstance(envelope.get(name), str) for name in names):
        raise SenderRefused("The delivery lacks a part that its signature covers.")
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names)
    try:
        return text.encode(), _VERSIONS[version], base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SenderRefused("The delivery's signature is no base64.") from error


def _certificate_url(envelope: dict[str, Any]) -> str:
    """``SigningCertURL`` if it is where the certificates for this topic are.

    A bucket may be called ``sns``, and have a host that looks the part: so it has to be the very one.
    """
    url, topic = envelope.get("SigningCertURL"), TOPIC_ARN.fullmatch(envelope["TopicArn"])
    if not isinstance(url, str) or topic is None:
        raise SenderRefused("The delivery names no certificate.")
    origin = f"https://sns.{topic[2]}.{_SUFFIXES[topic[1]]}"
    if not url.startswith(origin) or not _PATH.fullmatch(url[len(origin) :]):
        raise SenderRefused("The delivery's certificate is not where SNS keeps its own.")
    return url
