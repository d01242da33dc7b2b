"""What an outgoing webhook says: the upload exactly as the API shows it."""

from datetime import datetime

import orjson

from valetkey.api.responses import upload_body
from valetkey.core.model.upload import Upload


def webhook_body(event_type: str, at: datetime, upload: Upload) -> str:
    """The JSON to send; ``timestamp`` is when the end was reached (Standard Webhooks' payload structure)."""
    body = {"type": event_type, "timestamp": at, "data": upload_body(upload)}
    return orjson.dumps(body, option=orjson.OPT_UTC_Z).decode()
