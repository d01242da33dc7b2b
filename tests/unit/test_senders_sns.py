"""SNS: only signed messages are read, and a forgery causes no request to a host other than SNS's."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.support.deliveries import (
    CERTIFICATE_URL,
    NOW,
    SIGNED,
    TOPIC,
    Outside,
    certificate,
    delivery,
    private_key,
    recorded,
    sign,
)

from valetkey.core.errors import ConfigurationError, MalformedEvent, SenderRefused, Unavailable
from valetkey.senders.certificates import FETCH_PERIOD, FETCHES, KEPT_CERTIFICATES
from valetkey.senders.sns import SnsSender

KINDS = ["sns_notification", "sns_subscription_confirmation", "sns_unsubscribe_confirmation"]


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def sender(outside: Outside) -> SnsSender:
    return SnsSender([TOPIC], outside.fetch, outside.confirm, lambda: NOW)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", ["1", "2"])
def test_what_sns_signed_is_believed(sender: SnsSender, outside: Outside, kind: str, version: str) -> None:
    """Each kind of message, with SHA-1 and SHA-256; the certificate is fetched once for all."""
    for _ in range(2):
        sender.authenticate(delivery(sign(recorded(kind), version)))
    assert outside.fetched == [CERTIFICATE_URL]


def test_a_notification_says_what_s3_wrote(sender: SnsSender) -> None:
    """The message in the envelope is S3's own: its keys are form-encoded."""
    [event] = sender.parse(json.dumps(recorded("sns_notification")).encode()).events
    assert (event.bucket, event.key) == ("amzn-s3-demo-bucket", "staging/red flower@home.png")


def test_a_notification_without_a_subject_is_signed_without_it(sender: SnsSender) -> None:
    """Subject is signed where there is one; S3's own notifications have it, others need not."""
    envelope = recorded("sns_notification")
    del envelope["Subject"]
    sender.authenticate(delivery(sign(envelope)))
    with pytest.raises(SenderRefused):
        sender.authenticate(delivery(sign(envelope) | {"Subject": "added later"}))


def test_a_notification_may_carry_eventbridge_and_test_events(sender: SnsSender) -> None:
    """An EventBridge rule that targets a topic sends its own shape; S3's test event is taken quietly."""
    for name, keys in [("eventbridge_object_created", ["staging/red+flower@home é.png"]), ("s3_test_event", [])]:
        envelope = recorded("sns_notification") | {"Message": json.dumps(recorded(name))}
        parsed = sender.parse(json.dumps(envelope).encode())
        assert [event.key for event in parsed.events] == keys
        assert parsed.ignored == 0


def test_a_subscription_is_confirmed_by_its_token(sender: SnsSender, outside: Outside) -> None:
    """By the API call, never by the URL in the message."""
    envelope = sign(recorded("sns_subscription_confirmation") | {"SubscribeURL": "http://169.254.169.254/"})
    sender.authenticate(delivery(envelope))
    assert sender.parse(json.dumps(envelope).encode()) == ((), 0)
    assert outside.confirmed == [(TOPIC, envelope["Token"])]
    assert outside.fetched == [CERTIFICATE_URL]


def test_an_ended_subscription_is_taken_quietly(sender: SnsSender, outside: Outside) -> None:
    """It asks for nothing: following its URL would subscribe again."""
    assert sender.parse(json.dumps(recorded("sns_unsubscribe_confirmation")).encode()) == ((), 0)
    assert (outside.fetched, outside.confirmed) == ([], [])


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.s3-ap-southeast-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
        "https://sns.s3.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
        CERTIFICATE_URL.replace("us-west-2", "eu-west-1"),  # not the topic's own
        CERTIFICATE_URL.replace("https:", "http:"),
        CERTIFICATE_URL.replace("https:", "HTTPS:"),
        CERTIFICATE_URL.replace(".com/", ".com:443/"),
        CERTIFICATE_URL.replace(".com/", ".com:8443/"),
        CERTIFICATE_URL.replace(".com/", ".com@evil.example/"),
        CERTIFICATE_URL.replace("//", "//user:pw@"),
        CERTIFICATE_URL.replace(".com/", ".com.evil.example/"),
        CERTIFICATE_URL.replace(".com/", ".com.cn/"),
        CERTIFICATE_URL.replace("sns.", "xsns."),
        CERTIFICATE_URL.replace("sns.us", "sns-us"),
        CERTIFICATE_URL.replace(".com/", ".com/../"),
        CERTIFICATE_URL.replace(".com/", ".com/bucket/"),
        CERTIFICATE_URL.replace(".com/", ".com\\@evil.example/"),
        CERTIFICATE_URL + "?x=1",
        CERTIFICATE_URL + "#x",
        CERTIFICATE_URL + "\n",
        " " + CERTIFICATE_URL,
        CERTIFICATE_URL.replace("f3", "f3/../"),
        CERTIFICATE_URL.replace("f3ecfb", "..%2f"),
        CERTIFICATE_URL.removesuffix("pem") + "txt",
        "https://sns.us-west-2.amazonaws.com/",
        "https://169.254.169.254/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
        "file:///etc/passwd",
        "",
        7,
        None,
    ],
)
def test_no_certificate_comes_from_elsewhere(sender: SnsSender, outside: Outside, url: Any) -> None:
    """However much the address looks like SNS's: nothing is asked of it, although the signature fits."""
    envelope = sign(recorded("sns_notification")) | {"SigningCertURL": url}
    with pytest.raises(SenderRefused):
        sender.authenticate(delivery(envelope))
    assert outside.fetched == []


def test_china_has_its_own_domain(outside: Outside) -> None:
    """A topic of the partition aws-cn is signed by a host below amazonaws.com.cn, and no other is."""
    topic = TOPIC.replace("aws:", "aws-cn:").replace("us-west-2", "cn-north-1")
    sender = SnsSender([topic], outside.fetch, outside.confirm, lambda: NOW)
    url = CERTIFICATE_URL.replace("us-west-2.amazonaws.com", "cn-north-1.amazonaws.com.cn")
    envelope = sign(recorded("sns_notification") | {"TopicArn": topic, "SigningCertURL": url})
    sender.authenticate(delivery(envelope))
    assert outside.fetched == [url]
    with pytest.raises(SenderRefused):
        sender.authenticate(delivery(envelope | {"SigningCertURL": url.replace(".com.cn", ".com")}))
    assert outside.fetched == [url]


def _without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda envelope: {key: value for key, value in sign(envelope).items() if key != name}


def _changed(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda envelope: sign(envelope) | changes


def _signed(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda envelope: sign(envelope | changes)


@pytest.mark.parametrize(
    "forge",
    [
        _without("Signature"),
        _without("SignatureVersion"),
        _without("Type"),
        _without("TopicArn"),
        _without("Timestamp"),
        _without("Message"),
        _changed(SignatureVersion="3"),
        _changed(SignatureVersion=2),
        _changed(Signature="not base64!"),
        _changed(Signature="é"),
        _changed(Type="Other"),
        _changed(Type=["Notification"]),
        _changed(Message={"Records": []}),
        _signed(TopicArn=TOPIC + "2"),
        _signed(TopicArn="arn:aws:sns:us-west-2:999999999999:MyTopic"),
        _signed(TopicArn=""),
        _signed(Timestamp="2026-03-01T10:29:59.999Z"),
        _signed(Timestamp="2026-03-01T13:30:00.001Z"),
        _signed(Timestamp="2012-05-02T00:54:06.655Z"),
        _signed(Timestamp="0001-01-01T00:00:00+23:59"),
        _signed(Timestamp="9999-12-31T23:59:59-23:59"),
        _signed(Timestamp="2026-03-01T12:00:00"),
        _signed(Timestamp="yesterday"),
        _signed(Timestamp=""),
    ],
)
def test_a_forgery_is_refused_before_anything_is_fetched(
    sender: SnsSender, outside: Outside, forge: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """No signature, another topic, an old message played again: none costs a request, nor an error of ours."""
    with pytest.raises(SenderRefused):
        sender.authenticate(delivery(forge(recorded("sns_notification"))))
    assert outside.fetched == []


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b"{", b'{"a":' * 5000, b"[" * 200_000, b"{}", b'"x"'])
def test_what_is_no_envelope_is_a_stranger(sender: SnsSender, outside: Outside, body: bytes) -> None:
    """Unreadable, deep, or no object: refused like a wrong signature."""
    with pytest.raises(SenderRefused):
        sender.authenticate(delivery(body))
    assert outside.fetched == []


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in SIGNED[recorded(kind)["Type"]]])
def test_a_signature_covers_every_part(sender: SnsSender, kind: str, name: str) -> None:
    """Whatever of the signed parts is changed, the signature no longer fits."""
    envelope = sign(recorded(kind))
    changed = {"Timestamp": "2026-03-01T12:01:00.000Z"}.get(name, envelope[name] + "x")
    with pytest.raises(SenderRefused):
        sender.authenticate(delivery(envelope | {name: changed}))


def test_a_signature_of_another_key_is_refused(sender: SnsSender) -> None:
    """Also where the body is otherwise SNS's own, and where the version is another than the signature's."""
    envelope = recorded("sns_notification")
    with pytest.raises(SenderRefused):
        sender.authenticate(delivery(sign(envelope, key=private_key("stranger"))))
    with pytest.raises(SenderRefused):
        sender.authenticate(delivery(sign(envelope, "1") | {"SignatureVersion": "2"}))


def test_a_raw_delivery_is_refused(sender: SnsSender) -> None:
    """With raw message delivery there is no signature: the answer says what to switch off."""
    raw = delivery(recorded("s3_post"), {"x-amz-sns-rawdelivery": "true"})
    with pytest.raises(SenderRefused, match="raw message delivery"):
        sender.authenticate(raw)


@pytest.mark.parametrize(
    "made",
    [
        lambda: b"no certificate",
        lambda: b"",
        lambda: certificate(ec.generate_private_key(ec.SECP256R1())),
        lambda: certificate(start=NOW - timedelta(days=400)),
        lambda: certificate(start=NOW + timedelta(days=1)),
        lambda: SenderRefused("there is none"),
    ],
)
def test_a_certificate_that_is_none_is_refused(
    sender: SnsSender, outside: Outside, made: Callable[[], bytes | Exception]
) -> None:
    """Garbage, another kind of key, one that is over or not yet valid, a redirect instead of one."""
    outside.answer = made()
    with pytest.raises(SenderRefused):
        sender.authenticate(delivery(sign(recorded("sns_notification"))))


def test_a_certificate_that_cannot_be_fetched_now_is_tried_again(sender: SnsSender, outside: Outside) -> None:
    """SNS repeats after a 503: the delivery is not lost, and the failure is not kept."""
    outside.answer = Unavailable("away")
    with pytest.raises(Unavailable):
        sender.authenticate(delivery(sign(recorded("sns_notification"))))
    outside.answer = certificate()
    sender.authenticate(delivery(sign(recorded("sns_notification"))))


def test_made_up_certificates_cost_a_few_requests_at_most() -> None:
    """Names of certificates that nobody has, one after the other: the fetches end, and go on a minute later."""
    outside, now = Outside(SenderRefused("404")), [NOW]
    sender = SnsSender([TOPIC], outside.fetch, outside.confirm, lambda: now[0])

    def forge(number: int) -> None:
        url = CERTIFICATE_URL.replace("f3ecfb72", f"{number:08x}")
        sender.authenticate(delivery(recorded("sns_notification") | {"Signature": "AAAA", "SigningCertURL": url}))

    for number in range(FETCHES):
        with pytest.raises(SenderRefused):
            forge(number)
    with pytest.raises(Unavailable):
        forge(FETCHES)
    assert len(outside.fetched) == FETCHES
    now[0] += FETCH_PERIOD
    outside.answer = certificate()
    sender.authenticate(delivery(sign(recorded("sns_notification"))))


def test_only_so_many_certificates_are_kept() -> None:
    """The oldest goes, and is fetched again when it is asked for."""
    outside, now = Outside(), [NOW]
    sender = SnsSender([TOPIC], outside.fetch, outside.confirm, lambda: now[0])
    urls = [CERTIFICATE_URL.replace("f3ecfb72", f"{number:08x}") for number in range(KEPT_CERTIFICATES + 1)]
    for url in [*urls, urls[-1], urls[0]]:
        now[0] += FETCH_PERIOD / FETCHES
        sender.authenticate(delivery(sign(recorded("sns_notification")) | {"SigningCertURL": url}))
    assert outside.fetched == [*urls, urls[0]]


@pytest.mark.parametrize(
    "message", ["", "{", "[]", "hello", "{}", '{"Records": 3}', '{"a":' * 5000, '{"detail-type": 1}']
)
def test_a_signed_message_that_cannot_be_read_is_malformed(sender: SnsSender, message: str) -> None:
    """It is SNS's, but nothing that S3 says: a 400, which SNS does not repeat."""
    envelope = recorded("sns_notification") | {"Message": message}
    with pytest.raises(MalformedEvent):
        sender.parse(json.dumps(envelope).encode())


@pytest.mark.parametrize(
    "arn", ["", "arn:aws:sqs:us-west-2:123456789012:MyTopic", TOPIC + "\n", "*", "arn:aws:sns:*:*:*"]
)
def test_a_topic_has_to_be_an_arn(outside: Outside, arn: str) -> None:
    """Said at the start, where somebody reads it."""
    with pytest.raises(ConfigurationError, match="VALETKEY_EVENTS_SNS_TOPIC_ARNS"):
        SnsSender([arn], outside.fetch, outside.confirm)


@pytest.mark.parametrize("moment", ["2026-03-01T10:30:00.000Z", "2026-03-01T11:29:59.000Z", "2026-03-01T13:30:00.000Z"])
def test_a_clock_an_hour_off_costs_no_delivery(sender: SnsSender, moment: str) -> None:
    """SNS tries for an hour, and does not repeat what is refused: both together are within the window."""
    sender.authenticate(delivery(sign(recorded("sns_notification") | {"Timestamp": moment})))
