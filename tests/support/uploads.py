"""An upload as it is created, for tests that need one and do not ask how it came about."""

from datetime import datetime, timedelta
from typing import Any

from valetkey.core.model.upload import Upload, new_upload_id


def new_upload(at: datetime, **changes: Any) -> Upload:
    """One byte of ann's at the shop, with ``changes``: a grant for a quarter of an hour, which is renewed for a day."""
    one = Upload(
        id=new_upload_id(),
        profile="default",
        account="shop",
        owner="ann",
        filename="a.png",
        content_type="image/png",
        size=1,
        bucket="b",
        created_at=at,
        expires_at=at + timedelta(minutes=15),
        renewable_until=at + timedelta(days=1),
    )
    return one._replace(**changes)
