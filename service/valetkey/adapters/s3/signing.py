"""Credentials and signers for grants, and presigned PUTs."""

import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

from botocore.credentials import Credentials as BotocoreCredentials

from valetkey.adapters.s3.client import S3Settings, refuses_unsigned
from valetkey.adapters.s3.errors import available
from valetkey.core.model.multipart import part_headers
from valetkey.core.model.upload import MultipartUploadId
from valetkey.core.ports.store import Presigned
from valetkey.core.signing.credentials import Credentials
from valetkey.core.signing.presign import UrlSigner

log = logging.getLogger("valetkey")

NO_COPY = {"x-amz-copy-source-range": "none", "x-amz-metadata-directive": "COPY"}
"""Signed with each PUT, so that an added header cannot make it a copy of another object (as in CVE-2026-54330).

Ceph RGW and others accept an unsigned ``x-amz-copy-source``, and read the source with our own rights (16.2, measured).
A plain PUT ignores both headers; a copy of a range fails, as "none" is not a range, and any other copy has the source's
metadata, in which the upload's id is wrong.
"""

PRIVATE = {"x-amz-acl": "private"}
"""Signed with each PUT of a whole object for the same reason: Ceph RGW accepts an unsigned ``x-amz-acl: public-read``
(16.2, measured), so that anybody could read unchecked bytes. A part has no access rights of its own."""

AFTERWARDS = timedelta(minutes=1)
"""How long a locked PUT stays locked after its grant: S3 refuses times in the past."""


def short_lock(expires_in: int) -> dict[str, str]:
    """The headers signed with a PUT into a bucket that locks everything, for a grant of ``expires_in`` seconds: the
    lock ends soon after the grant, whatever the bucket's default is, and no header of the client can extend it."""
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=expires_in) + AFTERWARDS
    return {
        "x-amz-object-lock-mode": "GOVERNANCE",
        "x-amz-object-lock-retain-until-date": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-amz-object-lock-legal-hold": "OFF",
    }


UNGUARDED = (
    "Parts for Uppy are signed with credentials that may read: a store that accepts unsigned headers can be made to "
    "copy other objects into them. Set VALETKEY_S3_GRANT_ACCESS_KEY_ID to a key that may only write."
)


class Signer:
    """Signs for one bucket at ``url``, with the service's credentials or with those for grants alone."""

    def __init__(self, credentials: Callable[[], BotocoreCredentials], settings: S3Settings, url: str) -> None:
        self._credentials = credentials
        self._last_credentials: Credentials | None = None
        self._constant: BotocoreCredentials | None = None
        self._grant_credentials = Credentials(*settings.grant_keys) if settings.grant_keys else None
        self._urls = UrlSigner(url, settings.region)
        self._guards = {} if refuses_unsigned(url) else NO_COPY
        self._has_warned = False

    def credentials(self) -> Credentials:
        """The credentials that grants are signed with now; the same object as long as they do not change."""
        if self._grant_credentials is not None:
            return self._grant_credentials
        own = self._credentials()
        if own is self._constant and self._last_credentials is not None:
            return self._last_credentials
        expire = getattr(own, "refresh_needed", None)  # of botocore's credentials that expire
        with available if expire is not None and expire() else nullcontext():
            frozen = own.get_frozen_credentials()
        # botocore has no public attribute for the expiry of temporary credentials
        expires_at: datetime | None = getattr(own, "_expiry_time", None)
        last = self._last_credentials
        if last is not None and (frozen.secret_key, frozen.token, expires_at) == (
            last.secret_key,
            last.token,
            last.expires_at,
        ):
            return last  # the same object, so that values cached for it are found by identity
        self._last_credentials = Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token, expires_at)
        self._constant = own if type(own) is BotocoreCredentials else None  # another class may behave differently
        return self._last_credentials

    def presigned_put(self, key: str, headers: Mapping[str, str], expires_in: int) -> Presigned:
        """As of `ObjectStore`."""
        guards = {**self._guards, **PRIVATE} if self._guards else {}
        return self._presigned(key, {}, {**headers, **guards}, expires_in)

    def presigned_part(
        self,
        key: str,
        multipart_id: MultipartUploadId,
        number: int,
        size: int | None,
        expires_in: int,
        *,
        checksum: str | None,
    ) -> Presigned:
        """As of `ObjectStore`."""
        headers = part_headers(size, checksum)
        if size is not None:  # Uppy declares no size, and its version 6 sends no headers
            headers |= self._guards
        elif self._guards and self._grant_credentials is None and not self._has_warned:
            self._has_warned = True
            log.warning(UNGUARDED)
        return self._presigned(key, {"partNumber": str(number), "uploadId": multipart_id}, headers, expires_in)

    def _presigned(self, key: str, query: Mapping[str, str], headers: Mapping[str, str], expires_in: int) -> Presigned:
        now, credentials = datetime.now(UTC), self.credentials()
        url = self._urls.sign(
            "PUT", key, query=query, headers=headers, credentials=credentials, now=now, expires_in=expires_in
        )
        return Presigned(url, headers)
