"""The capabilities of a store, which decide how bytes travel and what is trusted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace

RUNNING = ("shows_metadata", "heeds_unsigned", "hides_object_lock")
"""The capabilities that only the running service can determine."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store supports. The defaults, for a store about which its adapter knows nothing, are Amazon S3's."""

    post: bool = True
    """It takes a presigned POST."""

    conditional_put: bool = True
    """A PUT may be signed with ``If-None-Match``."""

    list_parts: bool = True
    """It lists the parts of a multipart upload, so that they can be proven."""

    parts_end_with_join: bool = True
    """A part URL is dead once the parts are joined (not at Swift)."""

    part_checksums: bool = False
    """Each PUT and each part needs a checksum, as where a bucket has a default retention."""

    object_lock: bool | None = None
    """The bucket was created with Object Lock; None: not known yet, or the store does not say."""

    hides_object_lock: bool = False
    """It was asked for that and does not permit the answer: no need to ask again."""

    heeds_unsigned: bool = False
    """It obeys ``x-amz-`` headers that are not signed; AWS refuses them."""

    max_object_size: int = 10_000 * 5 * 1024**3
    """The largest object that it takes, in bytes: S3's 10,000 parts of 5 GiB."""

    crc64_of_parts: bool | None = None
    """It computes the CRC64NVME of the whole object of a multipart upload; None: not known yet."""

    shows_metadata: bool = True
    """It returns metadata, so an object without our id is not ours; otherwise the store or a proxy may drop it."""

    conditional_copy: bool = False
    """It refuses a copy whose source has another ETag than the condition. False unless it was tested."""

    atomic_copy: bool = True
    """A copy has the bytes that its condition and its ETag refer to, even if the source is overwritten meanwhile (not
    at the JuiceFS gateway)."""

    copies_keep_etag: bool = False
    """A copy has its source's ETag, and the response says so (not with SSE-KMS)."""

    batch_delete: bool = False
    """DeleteObjects removes objects completely: it works, and the bucket keeps no versions, which it would leave."""

    @property
    def put(self) -> bool:
        """Whether a PUT of a whole object may be granted: not if the client could lock its bytes for years with an
        Object Lock header, so that they could not be removed. Parts have no such header. If the bucket locks everything
        by default, the retention is signed."""
        return self.part_checksums or not self.is_lockable_unsigned

    @property
    def is_lockable_unsigned(self) -> bool:
        """Whether an unsigned header can lock an uploaded object."""
        return self.heeds_unsigned and self.object_lock is True

    @property
    def may_be_lockable(self) -> bool:
        """Whether that is not known yet: the bucket has to be asked before the first PUT is granted."""
        return self.heeds_unsigned and self.object_lock is None and not self.hides_object_lock

    def informed(self, found: Mapping[str, bool], settled: Collection[str] = ()) -> "Capabilities":
        """These capabilities, updated with ``found``, by name; except those that are ``settled``, those that only the
        running service can determine (`RUNNING`), and names that this version does not know."""
        known = {one.name for one in fields(self)} - {*RUNNING, *settled}
        return replace(self, **{name: value for name, value in found.items() if name in known})
