"""Sample values for the contracts of ledgers."""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import (
    Checksum,
    Claim,
    Inspection,
    Method,
    Multipart,
    MultipartUploadId,
    Reason,
    Signal,
    StoredObject,
    Upload,
    UploadState,
    Verdict,
    new_upload_id,
)
from valetkey.core.ports.api_keys import KeyRing
from valetkey.core.ports.ledger import Ledger

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class KeyedLedger(Ledger, KeyRing, Protocol):
    """A ledger that stores API keys, too."""


def new_upload(at: datetime, **changes: Any) -> Upload:
    """A pending upload of one byte, owner ``ann``, account ``shop``, with ``changes``. Its grant expires after 15
    minutes, and can be renewed for a day."""
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


def upload(account: str = "shop", profile: str = "default", state: UploadState = UploadState.PENDING) -> Upload:
    return new_upload(NOW, account=account, profile=profile, state=state)


def full() -> Upload:
    """An upload in which every field has a value that is hard to store."""
    return Upload(
        id=new_upload_id(),
        profile="größe",
        account="a'; DROP TABLE uploads; --",
        owner="名前\u202e",
        filename="../../é\r\n\u202e😀" + "x" * 4096,
        content_type='text/plain; charset="utf-8"',
        size=2**63 - 1,
        bucket="b",
        created_at=NOW,
        expires_at=NOW + MICROSECOND,
        renewable_until=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        checksum=Checksum("sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        metadata={"title": "Größe\n", "": "", "a.b": "😀"},
        redirect=True,
        state=UploadState.CONFIRMED,
        version=7,
        pins=3,
        object=StoredObject("k/é", "etag-2", "v1", 2**40, "image/png"),
        reason=Reason("code", "A détail."),
        confirmed_by=Signal.EVENT,
        confirmed_at=NOW - timedelta(days=20_000),
        due_at=NOW + MICROSECOND,
        inspection=Inspection(3, "image/x-größe"),
        verdict=Verdict("etag-2", clean=False, detail="Trojan 名前\n", key="quarantine/é"),
        method=Method.MULTIPART,
        multipart=Multipart("k/é", 5 * 1024**3, MultipartUploadId("2~" + "x" * 1000)),
        ticket="A" * 16,
        key="größe/名前",
        rules=Profile("größe", content_types=("image/*",), metadata=frozenset({"title"})).rules,
        copying_since=NOW - MICROSECOND,
        checksum_verified=False,
        claim=Claim("größe:17'; --", NOW - MICROSECOND),
        released_at=NOW + MICROSECOND,
        path="größe/名前\u202e/'; --" + "x" * 4000,
        ended_at=NOW - MICROSECOND,
        store="größe",
        staging_prefix="größe/" * 30,
    )


def in_parts() -> Upload:
    """A multipart upload that was not started at the store, without a declared size."""
    return upload()._replace(size=None, method=Method.MULTIPART, multipart=Multipart("k", 1))
