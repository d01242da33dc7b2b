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
"""What says that a bucket has no Object Lock."""

_DENIED = frozenset(
    {"AccessDenied", "AccessForbidden", "AllAccessDisabled", "Forbidden", "NotEntitled", "UnauthorizedAccess"}
)
"""What says that we have no right to ask: it stays so until somebody gives it."""

MISSES = 3
"""How often in a row ListParts may not find what was just begun, until the store counts as one without ListParts."""

_ABOUT_LOCKS = ("object_lock", "hides_object_lock", "part_checksums")


def says_no_lock(status: int, code: str) -> bool:
    """Whether this answer to GetObjectLockConfiguration says that there is none, or that the store knows of none. All
    others but a denial say nothing: a clock, a key or a bucket may be wrong, and be right in a minute."""
    return code in _NO_LOCK or meaning_of("list", status, ErrorBody(code, "")) is Meaning.UNSUPPORTED


def is_denied(code: str) -> bool:
    """Whether this code says that we may not ask, in the words of S3 or of a store that has its own."""
    return code in _DENIED


class Traits:
    """The traits of one bucket. What the store does not want to say counts as the ordinary."""

    def __init__(self, client: Callable[[], "S3Client"], bucket: str, known: Capabilities) -> None:
        self._client = client
        self._bucket = bucket
        self._known = replace(known, shows_metadata=False)  # until it does
        self._versions: bool | None = None
        self._is_asked = known.object_lock is False  # settings say so: whatever the store would answer
        self._proves: bool | None = None
        self._lists: bool | None = None
        self._unlisted = 0
        self._batches: bool | None = known.batch_delete or None
        self._leaves_markers = False
        self.knows_tags = True
        """Copies say what becomes of tags; False once the store has refused one for that, and taken it without."""
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
        """What was known before, and what was found out since."""
        return self._known

    @property
    def batches(self) -> bool | None:
        """Whether DeleteObjects removes what it is asked to; None before it was tried."""
        return self._batches

    @batches.setter
    def batches(self, found: bool | None) -> None:
        if found is not self._batches:
            self._batches = found
            self._learn(batch_delete=bool(found))

    def know(self, informed: Callable[[Capabilities], Capabilities]) -> None:
        """Takes in what was found out before, by another process: it need not be asked again. What this one has asked
        itself stays."""
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
        """Whether it has answered what decides about grants."""
        return self._is_asked

    def learn(self) -> None:
        """Asks what decides about grants, until there is an answer. Raises what botocore does where there is none."""
        if not self._is_asked:
            found = self._asked_for_locks()
            with self._learning:
                self._known = replace(self._known, **found)
                self._is_asked = True

    def keeps_versions(self) -> bool:
        """Whether what is deleted or overwritten stays as an old version; also where versioning was suspended."""
        if self._versions is None:
            try:
                status = self._client().get_bucket_versioning(Bucket=self._bucket).get("Status")
            except ClientError as error:
                log.info("the bucket does not say whether it keeps versions: %s", error)
                status_code, code = _said(error)
                knows_none = meaning_of("list", status_code, ErrorBody(code, "")) is Meaning.UNSUPPORTED
                if not knows_none and not is_denied(code):
                    return False  # for now: whoever asks next asks it again
                status = None
            self._versions = status is not None
            if self._versions:
                self._learn(batch_delete=False)
        return self._versions

    @property
    def leaves_markers(self) -> bool:
        """Whether something that was deleted left a marker, and with it an old version, whatever the bucket said."""
        return self._leaves_markers

    def seen_marker(self) -> None:
        """A deletion left a marker: the bucket keeps versions by now, or hides that it does. It is asked once more."""
        self.batches = False
        if not self._leaves_markers:
            self._leaves_markers = True
            self._versions = self._versions or None

    def seen(self, head: ObjectHead) -> None:
        """An object had a version id: versions are kept, whatever the bucket said before. One had our id: metadata is
        shown."""
        if head.version_id is not None:
            self._versions = True
            if self._known.batch_delete:
                self._learn(batch_delete=False)
        if head.upload_id is not None and not self._known.shows_metadata:
            self._learn(shows_metadata=True)

    def seen_crc64_of_parts(self, *, has: bool) -> None:
        """The store said, or did not say, that it computes the CRC64NVME of the whole of parts."""
        if self._known.crc64_of_parts is not has:
            self._learn(crc64_of_parts=has)

    def proves_copies(self, ask: Callable[[], bool]) -> bool:
        """Whether the condition of a copy is honoured; ``ask`` finds it out, once."""
        with self._lock:
            if self._proves is None:
                self._proves = ask()
                self._learn(conditional_copy=self._proves)
            return self._proves

    def lists_parts(self, ask: Callable[[], object]) -> bool:
        """Whether parts can be listed; ``ask`` lists those of what was just begun, until that is known. Raises
        `StoreUnavailable` where they are not found: a store may be late. fauxqs 2.4.1 looks for an object instead
        (measured)."""
        if self._lists is None:
            try:
                self._require_found(ask())
                self._lists = True
            except NotSupportedByStore as error:
                log.warning("uploads in parts are refused from now on: %s", error.detail)
                self._lists = False
                self._learn(list_parts=False)
        return self._lists

    def _require_found(self, listed: object) -> None:
        if listed is None:
            self._unlisted += 1
            kind = StoreUnavailable if self._unlisted < MISSES else NotSupportedByStore
            raise kind("ListParts does not find the upload in parts that was just begun.", 1, refused=True)
        self._unlisted = 0

    def _asked_for_locks(self) -> dict[str, bool]:
        """S3 wants a checksum with whatever is written to a bucket with a default retention (its user guide, Object
        Lock)."""
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
    """Its status, and its code."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status, str(error.response.get("Error", {}).get("Code", ""))
