"""Traits of a bucket, each of which is determined once, when it first matters, and then remembered."""

import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from valetkey.core.errors import NotSupportedByStore, StoreUnavailable
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.ports.store import ObjectHead
from valetkey.forks import renew_in_child
from valetkey.reference.store_answers import ErrorBody, Meaning, meaning_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger("valetkey")


_NO_LOCK = frozenset({"ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"})
"""The responses that mean that a bucket has no Object Lock."""

_DENIED = frozenset(
    {"AccessDenied", "AccessForbidden", "AllAccessDisabled", "Forbidden", "NotEntitled", "UnauthorizedAccess"}
)
"""The codes that mean that we may not ask, which remains true until the permission is granted."""

MISSES = 3
"""After how many ListParts in a row that do not find a new upload the store counts as one without ListParts."""

_ABOUT_LOCKS = ("object_lock", "hides_object_lock", "part_checksums")


def says_no_lock(status: int, code: str) -> bool:
    """Whether this response to GetObjectLockConfiguration means that there is none, or that the store has no Object
    Lock. All others except denials mean nothing: a wrong clock, key or bucket may be corrected in a minute."""
    return code in _NO_LOCK or meaning_of("list", status, ErrorBody(code, "")) is Meaning.UNSUPPORTED


def is_denied(code: str) -> bool:
    """Whether this code means that we may not ask, as S3 or another store spells it."""
    return code in _DENIED


class Traits:
    """The traits of one bucket. If the store does not reveal one, the usual value counts."""

    def __init__(self, client: Callable[[], "S3Client"], bucket: str, known: Capabilities) -> None:
        self._client = client
        self._bucket = bucket
        self._known = replace(known, shows_metadata=False)  # until it does
        self._versions: bool | None = None
        self._is_asked = known.object_lock is False  # settings decide, so the store is not asked
        self._proves: bool | None = None
        self._lists: bool | None = None
        self._unlisted = 0
        self._batches: bool | None = known.batch_delete or None
        self._leaves_markers = False
        self.knows_tags = True
        """Whether copies have a tagging directive; False once the store has refused one with it, and accepted it
        without."""
        self._renew()
        renew_in_child(self, Traits._renew)

    def _renew(self) -> None:
        self._lock = Lock()
        self._learning = Lock()

    def _learn(self, **found: Any) -> None:
        with self._learning:
            self._known = replace(self._known, **found)

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities that were known before, updated with those found out since."""
        return self._known

    @property
    def batches(self) -> bool | None:
        """Whether DeleteObjects removes the objects completely; None before it was tried."""
        return self._batches

    @batches.setter
    def batches(self, found: bool | None) -> None:
        if found is not self._batches:
            self._batches = found
            self._learn(batch_delete=bool(found))

    def know(self, informed: Callable[[Capabilities], Capabilities]) -> None:
        """Adopts capabilities that another process found out, so that they need not be determined again. Those that
        this process has determined itself stay."""
        with self._learning:
            kept = ("shows_metadata", *(_ABOUT_LOCKS if self._is_asked else ()))
            known = replace(informed(self._known), **{name: getattr(self._known, name) for name in kept})
            self._known = known
        if known.conditional_copy:
            self._proves = True
        if known.batch_delete:
            self._batches = True

    @property
    def is_asked(self) -> bool:
        """Whether the store has said what grants depend on."""
        return self._is_asked

    def learn(self) -> None:
        """Asks the store what grants depend on, unless that is known. Raises botocore's errors."""
        if not self._is_asked:
            found = self._asked_for_locks()
            with self._learning:
                self._known = replace(self._known, **found)
                self._is_asked = True

    def keeps_versions(self) -> bool:
        """Whether deleted and overwritten objects stay as old versions; also true if versioning was suspended."""
        if self._versions is None:
            try:
                status = self._client().get_bucket_versioning(Bucket=self._bucket).get("Status")
            except ClientError as error:
                log.info("the bucket does not reveal whether it keeps versions: %s", error)
                status_code, code = _said(error)
                knows_none = meaning_of("list", status_code, ErrorBody(code, "")) is Meaning.UNSUPPORTED
                if not knows_none and not is_denied(code):
                    return False  # for now: the next call asks again
                status = None
            self._versions = status is not None
            if self._versions:
                self._learn(batch_delete=False)
        return self._versions

    @property
    def leaves_markers(self) -> bool:
        """Whether a deletion left a delete marker, and with it an old version, whatever the bucket said."""
        return self._leaves_markers

    def seen_marker(self) -> None:
        """Records that a deletion left a delete marker: the bucket keeps versions now, or hides it. It is asked
        again."""
        self.batches = False
        if not self._leaves_markers:
            self._leaves_markers = True
            self._versions = self._versions or None

    def seen(self, head: ObjectHead) -> None:
        """Records an object: with a version id, the bucket keeps versions, whatever it said before; with our id, the
        store returns metadata."""
        if head.version_id is not None:
            self._versions = True
            if self._known.batch_delete:
                self._learn(batch_delete=False)
        if head.upload_id is not None and not self._known.shows_metadata:
            self._learn(shows_metadata=True)

    def seen_crc64_of_parts(self, *, has: bool) -> None:
        """Records whether the store computes the CRC64NVME of the whole of a multipart upload."""
        if self._known.crc64_of_parts is not has:
            self._learn(crc64_of_parts=has)

    def proves_copies(self, ask: Callable[[], bool]) -> bool:
        """Whether the condition of a copy is honoured; ``ask`` determines it, once."""
        with self._lock:
            if self._proves is None:
                self._proves = ask()
                self._learn(conditional_copy=self._proves)
            return self._proves

    def lists_parts(self, ask: Callable[[], object]) -> bool:
        """Whether parts can be listed; ``ask`` lists those of a new multipart upload, until that is known. Raises
        `StoreUnavailable` if it is not found, as a store may be late. fauxqs 2.4.1 looks for an object instead
        (measured)."""
        if self._lists is None:
            try:
                self._require_found(ask())
                self._lists = True
            except NotSupportedByStore as error:
                log.warning("multipart uploads are refused from now on: %s", error.detail)
                self._lists = False
                self._learn(list_parts=False)
        return self._lists

    def _require_found(self, listed: object) -> None:
        if listed is None:
            self._unlisted += 1
            kind = StoreUnavailable if self._unlisted < MISSES else NotSupportedByStore
            raise kind("ListParts does not find a multipart upload that was just started.", 1, refused=True)
        self._unlisted = 0

    def _asked_for_locks(self) -> dict[str, bool]:
        """Requests the Object Lock configuration. S3 requires a checksum with each write to a bucket with a default
        retention (its user guide, Object Lock)."""
        try:
            found = self._client().get_object_lock_configuration(Bucket=self._bucket)["ObjectLockConfiguration"]
        except ClientError as error:  # without Object Lock that is an error, too
            status, code = _said(error)
            if is_denied(code):
                return {"hides_object_lock": True}
            if says_no_lock(status, code):
                return {"object_lock": False}
            raise
        retains = bool(found.get("Rule", {}).get("DefaultRetention"))
        has_lock = found.get("ObjectLockEnabled") == "Enabled"
        return {"object_lock": has_lock, "part_checksums": retains or self._known.part_checksums}


def _said(error: ClientError) -> tuple[int, str]:
    """The status and the code of an error."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status, str(error.response.get("Error", {}).get("Code", ""))
