"""Finishes an object under its final key: Object Lock, and tags if the write has lost them.

Ceph RGW 16 ignores both in CopyObject, and tags in CreateMultipartUpload (measured), and moto refuses a lock in a copy.
So a lock is always set by separate calls, which all of them support, and only on the confirmed object.

A store that ignores what it does not know in a query takes such a call for a PUT of the object itself, whose bytes are
then this XML (nanio 0.1.7, measured). So it is asked first what the object has of it.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from valetkey.adapters.s3.caller import GET, of_version
from valetkey.adapters.s3.client import Clients
from valetkey.adapters.s3.copies import placing
from valetkey.adapters.s3.heads import once
from valetkey.core.errors import PlacementRefused
from valetkey.core.model.etags import plain_etag
from valetkey.core.model.rules import Lock, Placement
from valetkey.core.ports.store import ObjectHead


class Finisher:
    """Finishes the objects of one bucket."""

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket
        self._known: set[str] = set()

    def finish(self, promoted: ObjectHead, placement: Placement, retain_until: datetime | None) -> None:
        """As in `ObjectStore`, but raises botocore's errors."""
        where: dict[str, Any] = {"Bucket": self._bucket, "Key": promoted.key}
        if promoted.version_id:
            where["VersionId"] = promoted.version_id
        with placing(placement):
            # a copy replaces a client's tags, so the counted ones are ours
            if placement.tags and self._clients.plain().head_object(**where).get("TagCount") != len(placement.tags):
                self._require_known("tagging", promoted)
                tags: Any = [{"Key": name, "Value": value} for name, value in placement.tags]
                self._clients.plain().put_object_tagging(**where, Tagging={"TagSet": tags})
            if placement.lock is not None:
                self._lock(promoted, where, placement.lock, retain_until)

    def _lock(self, promoted: ObjectHead, where: Any, lock: Lock, retain_until: datetime | None) -> None:
        if lock.mode is not None and retain_until is not None:
            self._require_known("retention", promoted)
            retention: Any = {"Mode": lock.mode, "RetainUntilDate": retain_until}
            self._clients.plain().put_object_retention(**where, Retention=retention)
        if lock.legal_hold:
            self._require_known("legal-hold", promoted)
            self._clients.plain().put_object_legal_hold(**where, LegalHold={"Status": "ON"})

    def _require_known(self, name: str, promoted: ObjectHead) -> None:
        """Raises `PlacementRefused` if a GET with ``name`` in its query returns the object itself; tested once for each
        name. A refusal is also a response to this query: the required rights need not include it."""
        if name in self._known:
            return
        query = {**of_version(promoted.version_id), name: ""}
        try:
            headers = self._clients.caller().ask(GET, promoted.key, query=query, limit=1).headers
        except ClientError as error:
            status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
                raise
        else:
            is_object = plain_etag(once(headers, "etag") or "") == promoted.etag
            if is_object or "x-amz-meta-upload-id" in headers:
                detail = f"The store does not know ?{name}, and would replace the object itself."
                raise PlacementRefused(detail, 60, refused=True)
        self._known.add(name)
