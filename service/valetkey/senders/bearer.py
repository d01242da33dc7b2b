"""A shared secret in ``Authorization: Bearer``, as sent by MinIO and by EventBridge's API destinations."""

import hmac

from valetkey.core.errors import SenderRefused
from valetkey.core.events.event import DeliveryHead


def require_secret(given: str | None, secret: str) -> None:
    """Raises `SenderRefused` unless ``given`` is ``secret``; compared in constant time."""
    if given is None or not hmac.compare_digest(given.encode(), secret.encode()):
        raise SenderRefused("The delivery does not have this endpoint's secret.")


def bearer_token(head: DeliveryHead) -> str | None:
    """The token after ``Bearer``; None if there is none."""
    scheme, _, token = head.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
