"""Lists in pages, of which each one names the next. A list that goes on without saying where is no list.

Botocore's paginators end without a word where the next page is not named, and never end where pages name each other.
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
"""What a page says of the next one, and how that one is asked for; the first of them is always there."""


def pages_of(client: "S3Client", operation: str, bucket: str, prefix: str) -> Iterator[Mapping[str, Any]]:
    """The pages of a list below ``prefix``, as boto3 has them.

    Raises what boto3 raises, and `StoreUnavailable` where the next page cannot be asked for.
    """
    markers, asked = _MARKERS[operation], Turns(operation)
    place: dict[str, str] = {}
    while True:
        page: Mapping[str, Any] = getattr(client, operation)(Bucket=bucket, Prefix=prefix, **place)
        yield page
        if not page.get("IsTruncated"):
            return
        place = {name: page[said] for said, name in markers.items() if page.get(said)}
        asked.take(*place.values() if next(iter(markers.values())) in place else ())


class Turns:
    """What the pages of one list have said of the next one."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._taken: set[tuple[str, ...]] = set()

    def take(self, *next_page: str) -> None:
        """Raises `StoreUnavailable` if the next page is not named, or is one that was there before."""
        if not next_page or next_page in self._taken:
            how = "goes on, and does not say where" if not next_page else "leads back to where it has been"
            raise StoreUnavailable(f"The store's list ({self._subject}) {how}.", 60)
        self._taken.add(next_page)
