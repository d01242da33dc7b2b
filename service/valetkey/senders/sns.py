"""SNS over HTTPS, signed with the key of a certificate that SNS publishes.

Source: the SNS developer guide, "Verifying the signatures of Amazon SNS messages". A delivery is believed only when its
topic is one of ours, its time is near, and the certificate comes from the one host that signs for that topic, under the
one kind of path that SNS uses; nothing is fetched before all of this is known. No URL of a message is ever followed.
"""

import base64
import binascii
import logging
import re
from collections import deque
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import Field
from typing_extensions import override

from valetkey.core.errors import ConfigurationError, MalformedEvent, SenderRefused, Unavailable
from valetkey.core.events.event import Arrival, Delivery, EventSender, Parsed
from valetkey.senders.records import read_enclosed, read_json, read_message
from valetkey.senders.settings import Outside, SenderSettings, Separated

log = logging.getLogger("valetkey")

TOPIC_ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-[0-9]+):[0-9]{12}:[A-Za-z0-9_.-]{1,256}")

SKEW = timedelta(hours=1)
"""How wrong this machine's clock may be: what SNS is refused once, it does not send again."""

WINDOW = timedelta(hours=1)
"""For how long SNS tries a delivery at most: so old a message may be, on a clock that is right."""

KEPT_CERTIFICATES = 16
FETCHES = 10
FETCH_PERIOD = timedelta(minutes=1)
FETCH_WAIT = 5
FETCH_WAITERS = 4
"""At most so many certificates are asked for in such a time, and so many requests wait at most so many
seconds for another one's fetch: forged names of certificates cost no more than that."""

_BEING_FETCHED = "The signing certificate is being fetched."
_OTHER_TOPIC = "The delivery is from a topic that is not one of VALETKEY_EVENTS_SNS_TOPIC_ARNS."
_PATH = re.compile(r"/SimpleNotificationService-[0-9a-f]{16,64}\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303  (as SNS signs)


class SnsSettings(SenderSettings):
    """Without topics this endpoint answers 404."""

    sender_name = "sns"

    events_sns_topic_arns: Separated[tuple[str, ...]] = Field(
        (), description="Switches `/v1/events/sns` on, for these topics, separated by commas; others are refused."
    )

    @override
    def make_sender(self, outside: Outside) -> EventSender | None:
        topics = self.events_sns_topic_arns
        return SnsSender(topics, outside.certificates(), outside.confirm) if topics else None


class SnsSender:
    """`EventSender` for SNS topics. Raises `SenderRefused` for all that SNS did not sign for one of ``topic_arns``.

    ``fetch`` gets a certificate's bytes by its URL, without redirects; it raises `SenderRefused` when there is none,
    and `Unavailable` when that cannot be said now. ``confirm`` confirms a subscription by topic ARN and token. Raises
    `ConfigurationError` for what is no topic's ARN.
    """

    def __init__(
        self,
        topic_arns: Collection[str],
        fetch: Callable[[str], bytes],
        confirm: Callable[[str, str], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        for arn in topic_arns:
            if not TOPIC_ARN.fullmatch(arn):
                raise ConfigurationError(f"VALETKEY_EVENTS_SNS_TOPIC_ARNS: {arn[:100]!r} is no ARN of an SNS topic.")
        self._topics = frozenset(topic_arns)
        self._any_topic = next(iter(self._topics), "")
        self._certificates = Certificates(fetch, clock)
        self._confirm = confirm
        self._clock = clock

    def admit(self, arrival: Arrival) -> None:
        if arrival.headers.get("x-amz-sns-rawdelivery") == "true":
            raise SenderRefused("A raw delivery carries no signature: switch raw message delivery off.")
        if arrival.headers.get("x-amz-sns-topic-arn", self._any_topic) not in self._topics:  # not all of them send it
            raise SenderRefused(_OTHER_TOPIC)

    def authenticate(self, delivery: Delivery) -> None:
        self.admit(delivery)
        try:
            envelope = read_json(delivery.body)
        except MalformedEvent as error:
            raise SenderRefused("The delivery is not an SNS message.") from error
        text, algorithm, signature = _signature(envelope)
        if envelope["TopicArn"] not in self._topics:
            raise SenderRefused(_OTHER_TOPIC)
        self._check_time(envelope["Timestamp"])
        key = self._certificates.key(_certificate_url(envelope))
        try:
            key.verify(signature, text, PKCS1v15(), algorithm)
        except (InvalidSignature, UnsupportedAlgorithm) as error:
            raise SenderRefused("The delivery's signature is not SNS's.") from error

    def parse(self, body: bytes) -> Parsed:
        envelope = read_json(body)
        if envelope["Type"] == "SubscriptionConfirmation":
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


class Certificates:
    """The public keys of certificates by their URL, each fetched once; at most `FETCHES` in `FETCH_PERIOD`."""

    def __init__(self, fetch: Callable[[str], bytes], clock: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._fetching = Lock()
        self._places = BoundedSemaphore(FETCH_WAITERS + 1)
        self._kept: dict[str, x509.Certificate] = {}
        self._fetched: deque[datetime] = deque(maxlen=FETCHES)

    def key(self, url: str) -> RSAPublicKey:
        """The key in the certificate at ``url``. Raises `SenderRefused` and `Unavailable` like ``fetch``."""
        certificate = self._kept.get(url) or self._load(url)
        if not certificate.not_valid_before_utc <= self._clock() <= certificate.not_valid_after_utc:
            raise SenderRefused("The signing certificate is not valid now.")
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise SenderRefused("The signing certificate has no RSA key.")
        return key

    def _load(self, url: str) -> x509.Certificate:
        """Fetches it, unless another request has just done so; only one fetches at a time, and few wait for it."""
        if not self._places.acquire(blocking=False):
            raise Unavailable(_BEING_FETCHED)
        try:
            if not self._fetching.acquire(timeout=FETCH_WAIT):
                raise Unavailable(_BEING_FETCHED)
            try:
                if url not in self._kept:
                    self._keep(url, self._read(url))
                return self._kept[url]
            finally:
                self._fetching.release()
        finally:
            self._places.release()

    def _read(self, url: str) -> x509.Certificate:
        now = self._clock()
        if len(self._fetched) == FETCHES and now - self._fetched[0] < FETCH_PERIOD:
            raise Unavailable("Too many signing certificates were asked for.", retry_after=60)
        self._fetched.append(now)
        try:
            certificate = x509.load_pem_x509_certificate(self._fetch(url))
            certificate.public_key()  # what cannot be read is found out now, and not kept
        except (ValueError, UnsupportedAlgorithm) as error:
            raise SenderRefused("The signing certificate cannot be read.") from error
        return certificate

    def _keep(self, url: str, certificate: x509.Certificate) -> None:
        if len(self._kept) == KEPT_CERTIFICATES:
            del self._kept[next(iter(self._kept))]  # the oldest: SNS has one or two per region at a time
        self._kept[url] = certificate


def _signature(envelope: dict[str, Any]) -> tuple[bytes, hashes.HashAlgorithm, bytes]:
    """The signed text, how it is signed, and the signature. What they cover is text, or the delivery is refused."""
    kind, version, signature = envelope.get("Type"), envelope.get("SignatureVersion"), envelope.get("Signature")
    if not (isinstance(kind, str) and isinstance(version, str) and isinstance(signature, str)):
        raise SenderRefused("The delivery is not signed.")
    if kind not in _SIGNED or version not in _HASHES:
        raise SenderRefused("The delivery is of a kind, or signed in a way, that SNS does not use.")
    names = [name for name in _SIGNED[kind] if name != "Subject" or envelope.get(name) is not None]
    if not all(isinstance(envelope.get(name), str) for name in names):
        raise SenderRefused("The delivery lacks a part that its signature covers.")
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names)
    try:
        return text.encode(), _HASHES[version], base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SenderRefused("The delivery's signature is no base64.") from error


def _certificate_url(envelope: dict[str, Any]) -> str:
    """``SigningCertURL`` if it is where the certificates for this topic are.

    A bucket may be called ``sns``, and have a host that looks the part: so it has to be the very one.
    """
    url, topic = envelope.get("SigningCertURL"), TOPIC_ARN.fullmatch(envelope["TopicArn"])
    if not isinstance(url, str) or topic is None:
        raise SenderRefused("The delivery names no certificate.")
    suffix = "amazonaws.com.cn" if topic[1] == "aws-cn" else "amazonaws.com"
    origin = f"https://sns.{topic[2]}.{suffix}"
    if not url.startswith(origin) or not _PATH.fullmatch(url[len(origin) :]):
        raise SenderRefused("The delivery's certificate is not where SNS keeps its own.")
    return url
