"""Checks of webhooks: a ping with a valid signature, and one with an invalid signature."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from secrets import token_bytes

from valetkey.adapters.webhooks import HttpWebhook
from valetkey.api.webhooks import ping_body
from valetkey.core.model.announcement import Announcement
from valetkey.core.model.upload import new_upload_id
from valetkey.core.ports.announcing import DeliveryOutcome
from valetkey.doctor.checks import Check, Group
from valetkey.doctor.findings import Finding, Skip, failed, passed, warned
from valetkey.doctor.visit import Visit


def ping(visit: Visit) -> Iterator[Finding]:
    """Whether the receiver accepts our signature, and refuses another one."""
    settings = visit.settings
    if settings.webhook_url is None:
        raise Skip("VALETKEY_WEBHOOK_URL is not set: ends are announced to hooks only.")
    if not settings.webhook_secrets:
        raise Skip("VALETKEY_WEBHOOK_SECRETS is not set: nothing can be signed.")
    said = _deliver(visit, settings.webhook_secrets)
    if said is not None:
        action = "The receiver has to respond with 2xx to signed webhooks, also of a type that it does not know (ping)."
        yield failed("ping", f"The receiver does not accept a signed ping: {said}.", action)
        return
    yield passed("ping", "The receiver accepts a signed ping.")
    foreign = f"whsec_{b64encode(token_bytes(32)).decode()}"
    if (refused := _deliver(visit, [foreign])) is None:
        action = "The receiver has to compare the signature: otherwise anybody can report uploads."
        yield warned("forged-ping", "The receiver accepts a ping with another signature.", action)
    else:
        yield passed("forged-ping", f"The receiver refuses a ping with another signature ({refused}).")


def _deliver(visit: Visit, secrets: "list[str] | tuple[str, ...]") -> str | None:
    """Why a ping was not accepted; None if it was."""
    settings, now = visit.settings, datetime.now(UTC)
    receiver = HttpWebhook(settings.webhook_url or "", secrets, allow_private=settings.webhook_allow_private)
    ping_id = f"{new_upload_id()}-ping"
    receipt = receiver.deliver(Announcement(ping_id, "ping", None, ping_body(ping_id, now), now, now), now)
    return None if receipt.outcome is DeliveryOutcome.DELIVERED else receipt.detail


GROUP = Group("webhooks", (Check("ping", ping, 40),))
