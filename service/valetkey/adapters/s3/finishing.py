"""Finishes an object under its final key: Object Lock, and tags if the write has lost them.

Ceph RGW 16 ignores both in CopyObject, and tags in CreateMultipartUpload (measured), and moto refuses a lock in a copy.
So a lock is always set by separate calls, which all of them support, and only on the confirmed object.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from valetkey.adapters.s3.copies import placing
from valetkey.core.model.rules import Lock, Placement
from valetkey.core.ports.store import ObjectHead

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Finisher:
    """Finishes the objects of one bucket."""

    def __init__(self, client: Callable[[], "S3Client"], bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def finish(self, promoted: ObjectHead, placement: Placement, retain_until: datetime | None) -> None:
        """As in `ObjectStore`, but raises botocore's errors."""
        where: dict[str, Any] = {"Bucket": self._bucket, "Key": promoted.key}
        if promoted.version_id:
            where["VersionId"] = promoted.version_id
        with placing(placement):
            # a copy replaces a client's tags, so the counted ones are ours
            if placement.tags and self._client().head_object(**where).get("TagCount") != len(placement.tags):
                tags: Any = [{"Key": name, "Value": value} for name, value in placement.tags]
                self._client().put_object_tagging(**where, Tagging={"TagSet": tags})
            if placement.lock is not None:
                self._lock(where, placement.lock, retain_until)

    def _lock(self, where: Any, lock: Lock, retain_until: datetime | None) -> None:
        if lock.mode is not None and retain_until is not None:
            retention: Any = {"Mode": lock.mode, "RetainUntilDate": retain_until}
            self._client().put_object_retention(**where, Retention=retention)
        if lock.legal_hold:
            self._client().put_object_legal_hold(**where, LegalHold={"Status": "ON"})
