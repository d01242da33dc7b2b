"""What is known of a store: what it can do decides how bytes travel, and what is believed of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace


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

    shows_metadata: bool = True
    """An object without our id is somebody else's; else the store, or a proxy, may drop all metadata."""

    conditional_copy: bool = False
    """A copy on the condition of its source's ETag is refused where that has another. False: nobody has tried it."""

    copies_keep_etag: bool = False
    """The ETag of a copy is its source's, of objects that came in one piece. False: nobody has tried it."""

    batch_delete: bool = False
    """DeleteObjects removes what it is asked to. False: nobody has tried it."""

    def informed(self, found: Mapping[str, bool], settled: Collection[str] = ()) -> "Capabilities":
        """These with what was ``found`` out, by name: but for what is ``settled`` otherwise, what only the running
        service can know (`shows_metadata`), and names that this version does not know."""
        known = {one.name for one in fields(self)} - {"shows_metadata", *settled}
        return replace(self, **{name: value for name, value in found.items() if name in known})
