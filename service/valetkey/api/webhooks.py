"""The bodies of outgoing webhooks: an upload or an erasure, exactly as the API shows it."""

from collections.abc import Mapping
from datetime import datetime

import orjson

from valetkey.api.responses import erasure_body, upload_body
from valetkey.core.model.erasure import Erasure
from valetkey.core.model.upload import Upload


def webhook_body(event_type: str, at: datetime, upload: Upload) -> str:
    """The JSON to send; ``at`` is when the end was reached."""
    return _body(event_type, at, upload_body(upload))


def erasure_webhook_body(event_type: str, at: datetime, job: Erasure) -> str:
    """The same for an erasure."""
    return _body(event_type, at, erasure_body(job))


def ping_body(ping_id: str, at: datetime) -> str:
    """The body of a test of the receiver: it is about no upload, and has an id like all others."""
    return _body("ping", at, {"id": ping_id})


def _body(event_type: str, at: datetime, data: Mapping[str, object]) -> str:
    """Standard Webhooks' payload structure."""
    return orjson.dumps({"type": event_type, "timestamp": at, "data": data}, option=orjson.OPT_UTC_Z).decode()
