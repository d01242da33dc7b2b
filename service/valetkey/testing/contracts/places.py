"""The place that an adapter is tested in: the adapter, direct access around it, and its abilities."""

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
    """What a presigned URL gave: the bytes, the name that a browser would save them under, and their type."""

    content: bytes
    filename: str
    content_type: str


@dataclass(frozen=True)
class Able:
    """What a store can do: without more words, all that S3 does in a bucket that keeps no versions."""

    conditional: bool = True
    """A copy honours the source's ETag."""
    enforces: bool = True
    """A form has to keep to its policy, and a presigned request to what was signed."""
    enforces_all: bool = True
    """A form with further fields or a wrong signature is refused, too."""
    dates_multiparts: bool = True
    """It says when a multipart upload was begun (moto says 2010 of all)."""
    writes_once: bool = True
    """A PUT with ``If-None-Match: *`` is refused where an object is."""
    large_parts: bool = True
    """All parts but the last need 5 MiB."""
    same_etag: bool = True
    """A copy has the ETag of its source."""
    versions: bool = False
    """The bucket keeps versions."""
    retains: bool = False
    """What was written cannot be removed, only hidden."""
    files: bool = False
    """Keys are names of files: none is another's folder, and ``a//b`` is ``a/b``."""
    long_names: bool = True
    """More than 255 bytes may stand between two slashes of a key."""
    replaces_parts: bool = True
    """A part that is sent again takes the place of the one before, which cannot be joined any more."""


@dataclass(frozen=True)
class Place:
    """A store adapter on an empty bucket.

    ``write`` puts an object (key, content, type, metadata) and ``read`` gets one past the adapter. ``post`` sends a
    form, ``send`` follows a presigned PUT with some headers changed, and both say the status. ``start_multipart``
    begins a multipart upload and says its id. ``download`` follows a presigned URL. ``without_bucket`` makes the same
    adapter where the bucket is missing.
    """

    store: ObjectStore
    write: Callable[[str, bytes, str, dict[str, str]], object]
    read: Callable[[str], bytes | None]
    post: Callable[[Sequence[tuple[str, str]], bytes], int]
    send: Callable[[Presigned, bytes, dict[str, str]], int]
    start_multipart: Callable[[str], MultipartUploadId]
    download: Callable[[str], Download]
    without_bucket: Callable[[], ObjectStore]
    able: Able = Able()


def post_over_http(url: str, form: Sequence[tuple[str, str]], content: bytes) -> int:
    """As a browser sends a form with a file in it."""
    file = ("file", ("file.bin", content))
    return urllib3.request("POST", url, fields=[*form, file], retries=False, timeout=60).status


def put_over_http(put: Presigned, content: bytes, changed: dict[str, str]) -> int:
    """As a client does, which sends the length that its bytes have; an empty header is left out."""
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
    """As a browser does, which prefers ``filename*`` (RFC 6266)."""
    with urlopen(url) as answer:  # noqa: S310 - the store has just signed it
        disposition = answer.headers["Content-Disposition"]
        kind, _, name = disposition.partition("filename*=UTF-8''")
        assert kind.startswith("attachment;")
        return Download(answer.read(), unquote(name), answer.headers["Content-Type"])
