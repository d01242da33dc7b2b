"""The harness for tests of a store adapter: the adapter, direct access to its bucket, and the abilities of the
store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

import urllib3

from valetkey.core.model.upload import MultipartUploadId
from valetkey.core.ports.store import ObjectStore, Presigned


@dataclass(frozen=True)
class Download:
    """A download by a presigned URL: the bytes, the name under which a browser would save them, and their type."""

    content: bytes
    filename: str
    content_type: str


@dataclass(frozen=True)
class Abilities:
    """What a store supports. The defaults are those of S3 with a bucket without versioning."""

    conditional: bool = True
    """A copy honours the condition on the source's ETag."""
    enforces: bool = True
    """Forms have to satisfy their policy, and presigned requests what was signed."""
    enforces_all: bool = True
    """Forms with additional fields or a wrong signature are refused, too."""
    dates_multiparts: bool = True
    """Lists of multipart uploads have their start times (moto's are all in 2010)."""
    writes_once: bool = True
    """A PUT with ``If-None-Match: *`` is refused if the object exists."""
    large_parts: bool = True
    """All parts but the last must have 5 MiB."""
    same_etag: bool = True
    """A copy has the ETag of its source."""
    versions: bool = False
    """The bucket has versioning."""
    retains: bool = False
    """Objects cannot be removed, only hidden by a delete marker."""
    files: bool = False
    """Keys are file paths: no key can be another one's folder, and ``a//b`` is ``a/b``."""
    long_names: bool = True
    """A segment of a key may be longer than 255 bytes."""
    replaces_parts: bool = True
    """A part that is sent again replaces the first one, which cannot be joined any more."""


@dataclass(frozen=True)
class StoreHarness:
    """A store adapter on an empty bucket.

    ``write`` (key, content, type, metadata) and ``read`` access objects without the adapter. ``post`` sends a form,
    ``send`` a presigned PUT with some headers changed; both return the HTTP status. ``start_multipart`` starts a
    multipart upload without the adapter, and returns its id. ``download`` gets a presigned URL. ``without_bucket``
    returns the same adapter for a bucket that does not exist. ``abilities`` are those of the store.
    """

    store: ObjectStore
    write: Callable[[str, bytes, str, dict[str, str]], object]
    read: Callable[[str], bytes | None]
    post: Callable[[Sequence[tuple[str, str]], bytes], int]
    send: Callable[[Presigned, bytes, dict[str, str]], int]
    start_multipart: Callable[[str], MultipartUploadId]
    download: Callable[[str], Download]
    without_bucket: Callable[[], ObjectStore]
    abilities: Abilities = Abilities()


def post_over_http(url: str, form: Sequence[tuple[str, str]], content: bytes) -> int:
    """Sends a form with a file as a browser does, and returns the status."""
    file = ("file", ("file.bin", content))
    return urllib3.request("POST", url, fields=[*form, file], retries=False, timeout=60).status


def put_over_http(put: Presigned, content: bytes, changed: dict[str, str]) -> int:
    """Sends a presigned PUT with the actual Content-Length, and returns the status. Empty headers are left out."""
    headers = {name: value for name, value in {**put.headers, **changed}.items() if name != "Content-Length" and value}
    parts = urlsplit(put.url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request("PUT", f"{parts.path}?{parts.query}", content, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def download_over_http(url: str) -> Download:
    """Downloads as a browser does, which prefers ``filename*`` (RFC 6266)."""
    with urlopen(url) as answer:  # noqa: S310 - the store has just signed it
        disposition = answer.headers["Content-Disposition"]
        kind, _, name = disposition.partition("filename*=UTF-8''")
        assert kind.startswith("attachment;")
        return Download(answer.read(), unquote(name), answer.headers["Content-Type"])
