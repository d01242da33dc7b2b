"""`verify_webhook` accepts what the service has just signed, and nothing else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.client_play import UPLOAD

from valetkey.adapters.webhooks import HttpWebhook
from valetkey.client import ClientError, WebhookRefused, verify_webhook
from valetkey.core.model.announcement import Announcement
from valetkey.core.model.upload import UploadId

OLD, NEW, OTHER = ("whsec_" + word * 6 for word in ("b2xkMSEh", "bmV3MSEh", "bm90b3Vy"))
AT = "2026-01-01T00:00:02Z"
BODY = json.dumps({"type": "upload.confirmed", "timestamp": AT, "data": UPLOAD})
ID = f"{UPLOAD['id']}-confirmed"


def signed(body: str = BODY, *secrets: str, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of the service's own webhook."""
    now = at or datetime.now(UTC)
    announcement = Announcement(ID, "upload.confirmed", UploadId(UPLOAD["id"]), body, now, now)
    webhook = HttpWebhook("https://app.example/hook", secrets or (OLD,))
    return body.encode(), webhook.headers(announcement, now)


@pytest.mark.parametrize(
    ("signed_by", "known"), [((OLD,), OLD), ((NEW, OLD), OLD), ((OLD,), [NEW, OLD]), ((NEW,), (NEW, OLD))]
)
def test_what_the_service_signs(signed_by: tuple[str, ...], known: Any) -> None:
    """Also while one secret takes the place of another, on either side; the event has the upload as it was then."""
    event = verify_webhook(*signed(BODY, *signed_by), known)
    assert (event.id, event.type, event.timestamp) == (ID, "upload.confirmed", datetime.fromisoformat(AT))
    assert event.upload is not None
    assert (event.upload.id, event.upload.owner) == (UPLOAD["id"], "user-17")


def test_the_end_of_an_erasure() -> None:
    """It is about no upload, and names nobody."""
    erasure: dict[str, Any] = {
        "id": ID,
        "state": "done",
        "requested_at": AT,
        "finished_at": AT,
        "kept": [],
        "detail": None,
    }
    erasure |= dict.fromkeys(["uploads", "objects", "remaining", "newer"], 3)
    body = json.dumps({"type": "owner.erased", "timestamp": AT, "data": erasure})
    event = verify_webhook(*signed(body), OLD)
    assert event.upload is None
    assert event.erasure is not None
    assert (event.erasure.state, event.erasure.uploads) == ("done", 3)


def test_header_names_in_any_case() -> None:
    """Servers write them as they like."""
    body, headers = signed()
    assert verify_webhook(body, {name.title(): value for name, value in headers.items()}, OLD).id == ID


def test_the_same_webhook_has_the_same_id() -> None:
    """So a receiver can tell that it comes again: a replay of the last five minutes is as good as the first."""
    body, headers = signed()
    assert verify_webhook(body, headers, OLD).id == verify_webhook(*signed(), OLD).id == ID


def forged() -> dict[str, tuple[bytes, dict[str, str]]]:
    """By what is wrong; made when they are needed, as some are of this minute."""
    body, headers = signed()
    other = signed(BODY, OTHER)[1]
    stolen = UPLOAD | {"owner": "mallory"}
    now = datetime.now(UTC)
    return {
        "another secret": (body, other),
        "another body": (BODY.replace("user-17", stolen["owner"]).encode(), headers),
        "another id": (body, headers | {"webhook-id": "0198-confirmed"}),
        "an id that begins earlier": (body, headers | {"webhook-id": ID[1:]}),
        "another time": (body, headers | {"webhook-timestamp": str(int(now.timestamp()) + 1)}),
        "six minutes ago": signed(at=now - timedelta(minutes=6)),
        "in six minutes": signed(at=now + timedelta(minutes=6)),
        "no signature": (body, {name: value for name, value in headers.items() if name != "webhook-signature"}),
        "no id": (body, {name: value for name, value in headers.items() if name != "webhook-id"}),
        "nothing": (body, {}),
        "another version": (body, headers | {"webhook-signature": headers["webhook-signature"].replace("v1", "v2")}),
        "no version": (body, headers | {"webhook-signature": headers["webhook-signature"].removeprefix("v1,")}),
        "a time that never comes": (body, headers | {"webhook-timestamp": "1e400"}),
        "not a number": (body, headers | {"webhook-timestamp": "nan"}),
        "not text": (b"\xff\xfe", headers),
        "an empty body": (b"", headers),
    }


@pytest.mark.parametrize("name", forged())
def test_what_nobody_has_signed(name: str) -> None:
    """Each is refused by the one error that a receiver answers with 401."""
    body, headers = forged()[name]
    with pytest.raises(WebhookRefused) as raised:
        verify_webhook(body, headers, OLD)
    assert raised.value.code == "webhook_refused"


@settings(deadline=None)
@given(
    st.binary(max_size=100),
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "Webhook-Signature"]),
        st.one_of(
            st.text(max_size=50),
            st.sampled_from(["v1,", "v1,=", "v1,é", "v1,a,b", " ", str(int(datetime.now(UTC).timestamp()))]),
        ),
    ),
)
def test_whatever_a_stranger_sends(body: bytes, headers: dict[str, str]) -> None:
    """It is refused, and no other error gets out of it, which would be a 500."""
    with pytest.raises(WebhookRefused):
        verify_webhook(body, headers, OLD)


@pytest.mark.parametrize("body", ["", "[]", "null", "{", "{}", '{"type": "upload.confirmed", "data": {}}'])
def test_what_is_signed_and_is_no_event(body: str) -> None:
    """It is an error of ours, with a sentence: another program has the secret, or a much newer version."""
    with pytest.raises(ClientError) as raised:
        verify_webhook(*signed(body), OLD)
    assert raised.value.code == "unexpected_response"


def test_an_event_of_an_older_version() -> None:
    """It waited in the outbox over the upgrade: what uploads have only later is not in it."""
    older = {name: value for name, value in UPLOAD.items() if name != "path"}
    event = verify_webhook(*signed(json.dumps({"type": "upload.confirmed", "timestamp": AT, "data": older})), OLD)
    assert event.upload is not None
    assert (event.upload.id, event.upload.path) == (UPLOAD["id"], None)


def test_an_event_of_a_newer_version() -> None:
    """A type that is not known yet is text."""
    event = verify_webhook(*signed(BODY.replace("upload.confirmed", "upload.mislaid")), OLD)
    assert str(event.type) == "upload.mislaid"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_é", []])
def test_a_secret_that_is_none(secret: Any) -> None:
    """A receiver that was not given one refuses everything, and does not take what anybody could sign."""
    with pytest.raises((ValueError, WebhookRefused)):
        verify_webhook(*signed(), secret)
