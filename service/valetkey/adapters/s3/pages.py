"""Lists in pages, each of which names the next one. A list that continues without naming the next page is an error.

Botocore's paginators silently end if the next page is not named, and never end if pages name each other.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from valetkey.core.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MARKERS: Mapping[str, Mapping[str, str]] = {
    "list_objects_v2": {"NextContinuationToken": "ContinuationToken"},
    "list_object_versions": {"NextKeyMarker": "KeyMarker", "NextVersionIdMarker": "VersionIdMarker"},
    "list_multipart_uploads": {"NextKeyMarker": "KeyMarker", "NextUploadIdMarker": "UploadIdMarker"},
}
"""The element of a page that names the next one, and the parameter that requests it; the first is always present."""


def pages_of(client: "S3Client", operation: str, bucket: str, prefix: str) -> Iterator[Mapping[str, Any]]:
    """The pages of a list below ``prefix``, as boto3 returns them.

    Raises what boto3 raises, and `StoreUnavailable` if the next page cannot be requested.
    """
    markers, asked = _MARKERS[operation], NextPages(operation)
    place: dict[str, str] = {}
    while True:
        page: Mapping[str, Any] = getattr(client, operation)(Bucket=bucket, Prefix=prefix, **place)
        yield page
        if not page.get("IsTruncated"):
            return
        place = {name: page[said] for said, name in markers.items() if page.get(said)}
        asked.take(*place.values() if next(iter(markers.values())) in place else ())


class NextPages:
    """The next pages that the pages of one list have named so far."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._taken: set[tuple[str, ...]] = set()

    def take(self, *next_page: str) -> None:
        """Raises `StoreUnavailable` if the next page is not named, or is one that was there before."""
        if not next_page or next_page in self._taken:
            how = "continues without naming the next page" if not next_page else "leads back to an earlier page"
            raise StoreUnavailable(f"The store's list ({self._subject}) {how}.", 60)
        self._taken.add(next_page)
