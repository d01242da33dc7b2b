"""The application's own webhook receiver, called without a network."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from flask.testing import FlaskClient

from valetkey.adapters.webhooks import HttpWebhook, judge
from valetkey.core.model.announcement import Announcement
from valetkey.core.ports.announcing import DeliveryReceipt

_CONNECTION = {"Host", "Connection"}


class AppReceiver:
    """A `Receiver` that posts to ``path`` of the application whose clients ``make_client`` creates."""

    def __init__(self, make_client: Callable[[], FlaskClient], path: str, secrets: Sequence[str]) -> None:
        self._make_client = make_client
        self._path = path
        self._signer = HttpWebhook(f"http://valetkey.test{path}", secrets)

    def deliver(self, announcement: Announcement, at: datetime) -> DeliveryReceipt:
        """Posts the webhook, signed with the current time: a receiver compares it with its own clock, which tests do
        not set forward."""
        signed = self._signer.headers(announcement, datetime.now(UTC)).items()
        headers = {name: value for name, value in signed if name not in _CONNECTION}
        answer = self._make_client().post(self._path, data=announcement.body, headers=headers)
        return judge(answer.status_code, answer.headers.get("Retry-After"), at)
