"""What is known of a store: what it can do decides how bytes travel, and what is believed of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace

RUNNING = ("shows_metadata", "heeds_unsigned", "hides_object_lock")
"""What of it only the running service can know."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A store whose adapter knows nothing of it has the defaults: those of Amazon S3."""

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
    """The bucket was made with Object Lock; None: not known yet, or it does not say."""

    hides_object_lock: bool = False
    """It was asked for that, and lets us not know: nobody need ask again."""

    heeds_unsigned: bool = False
    """It heeds ``x-amz-`` headers that nobody has signed; AWS refuses them."""

    max_object_size: int = 10_000 * 5 * 1024**3
    """The largest object that it takes, in bytes: S3's 10,000 parts of 5 GiB."""

    crc64_of_parts: bool | None = None
    """It computes the CRC64NVME of the whole of what came in parts; None: not known yet."""

    shows_metadata: bool = True
    """An object without our id is somebody else's; else the store, or a proxy, may drop all metadata."""

    conditional_copy: bool = False
    """It refuses a copy whose source is not the one that it should be. What nobody has tried counts as not there."""

    atomic_copy: bool = True
    """A copy has the bytes that its condition and its ETag are about, also where its source is written meanwhile (not
    at the JuiceFS gateway)."""

    copies_keep_etag: bool = False
    """A copy has its source's ETag, and the answer to it says so (not with SSE-KMS)."""

    batch_delete: bool = False
    """DeleteObjects removes what it is asked to, and no versions are kept, which it would leave."""

    @property
    def put(self) -> bool:
        """Whether a PUT of a whole object may be granted: not where whoever sends it could have his bytes locked for
        years, by a header of Object Lock, so that nobody could remove them any more. Parts have no such header. Where
        all is locked by default it is signed for how long."""
        return self.part_checksums or not self.is_lockable_unsigned

    @property
    def is_lockable_unsigned(self) -> bool:
        """Whether a header that nobody signed can lock what is sent."""
        return self.heeds_unsigned and self.object_lock is True

    @property
    def may_be_lockable(self) -> bool:
        """Whether nobody knows that yet: the bucket has to be asked before the first PUT is granted."""
        return self.heeds_unsigned and self.object_lock is None and not self.hides_object_lock

    def informed(self, found: Mapping[str, bool], settled: Collection[str] = ()) -> "Capabilities":
        """These with what was ``found`` out, by name: but for what is ``settled`` otherwise, what only the running
        service can know (`RUNNING`), and names that this version does not know."""
        known = {one.name for one in fields(self)} - {*RUNNING, *settled}
        return replace(self, **{name: value for name, value in found.items() if name in known})
