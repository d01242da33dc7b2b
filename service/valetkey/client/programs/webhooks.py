"""Verification of webhooks."""

from collections.abc import Iterable, Mapping

import orjson
from standardwebhooks import Webhook, WebhookVerificationError

from valetkey.client.errors import WebhookRefused
from valetkey.client.programs.models import WebhookEvent, read

OWNER_ERASED = "owner.erased"
PING = "ping"
"""The type of the webhook with which `valetkey doctor` tests a receiver. It has no upload and no erasure."""


def verify_webhook(body: bytes, headers: Mapping[str, str], secret: str | Iterable[str]) -> WebhookEvent:
    """Verifies the signature of a webhook, and returns its content.

    ``secret`` is the webhook secret (`whsec_...`), or several of them during a rotation. ``body`` is the raw body of
    the request, ``headers`` are its headers, with names in upper or lower case. The signature must not be older than
    five minutes. A webhook may arrive more than once: `WebhookEvent.id` is then the same.

    Raises `WebhookRefused` if the signature is not valid, `ClientError` if this version of the client cannot read the
    content, and `ValueError` for an invalid secret.
    """
    signers = [_signer(one) for one in ([secret] if isinstance(secret, str) else secret)]
    given = {name.lower(): value for name, value in headers.items()}
    if not any(_is_signed(signer, body, given) for signer in signers):
        raise WebhookRefused("The webhook has no valid signature of the last five minutes.")
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = None
    said = said if isinstance(said, dict) else {}
    event = {name: said.get(name) for name in ("type", "timestamp")}
    about = {} if said.get("type") == PING else {_subject(said): said.get("data") or {}}
    return read(WebhookEvent, {"id": given["webhook-id"], **about, **event})


def _subject(said: Mapping[str, object]) -> str:
    return "erasure" if said.get("type") == OWNER_ERASED else "upload"


def _signer(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except Exception as error:  # versions of the library raise different exceptions for an empty secret
        raise ValueError("The webhook secret is invalid: it has the form whsec_...") from error


def _is_signed(signer: Webhook, body: bytes, headers: dict[str, str]) -> bool:
    try:
        signer.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError for malformed headers
        return False
    return True
