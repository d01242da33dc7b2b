"""Verification of webhooks: accepts only what the service has signed."""

from collections.abc import Iterable, Mapping

import orjson
from standardwebhooks import Webhook, WebhookVerificationError

from valetkey.client.errors import WebhookRefused
from valetkey.client.programs.models import WebhookEvent, read

OWNER_ERASED = "owner.erased"
PING = "ping"
"""What `valetkey doctor` sends, about nothing."""


def verify_webhook(body: bytes, headers: Mapping[str, str], secret: str | Iterable[str]) -> WebhookEvent:
    """What a webhook says that the service has signed with ``secret`` (`whsec_...`) in the last five minutes.

    ``body`` is the request's body exactly as it came, and ``headers`` are its headers, in any case. Several secrets may
    be given while one takes the place of another. The same webhook may come again: `WebhookEvent.id` tells.

    Raises `WebhookRefused` for anything else, `ClientError` for what is signed and not known to this version of the
    client, and `ValueError` for a secret that is none.
    """
    signers = [_signer(one) for one in ([secret] if isinstance(secret, str) else secret)]
    given = {name.lower(): value for name, value in headers.items()}
    if not any(_is_signed(signer, body, given) for signer in signers):
        raise WebhookRefused("It carries no valid signature of the last five minutes.")
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
    except Exception as error:  # each version of the library has its own for an empty one
        raise ValueError("The webhook secret is not one such as whsec_...") from error


def _is_signed(signer: Webhook, body: bytes, headers: dict[str, str]) -> bool:
    try:
        signer.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):  # the library lets a malformed header through as the latter
        return False
    return True
