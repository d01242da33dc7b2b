"""An object's headers and metadata, from one table: as parameters of boto3, and as plain headers.

``written`` is for boto3's calls, ``plain_headers`` for requests that we sign ourselves. They are the same for
CopyObject, CreateMultipartUpload and PutObject.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from valetkey.core.ports.store import ObjectHeaders


class _Row(NamedTuple):
    """One header: boto3's parameter, the header's name, and the function that returns its value, or None."""

    parameter: str
    header: str
    value: Callable[[ObjectHeaders], str | None]


def _tagging(headers: ObjectHeaders) -> str | None:
    return urlencode(headers.placement.tags, quote_via=quote, safe="") or None


_TABLE = (
    _Row("ContentType", "content-type", lambda headers: headers.content_type),
    _Row("CacheControl", "cache-control", lambda headers: headers.placement.cache_control),
    _Row("ContentDisposition", "content-disposition", lambda headers: headers.content_disposition),
    _Row("StorageClass", "x-amz-storage-class", lambda headers: headers.placement.storage_class),
    _Row("ServerSideEncryption", "x-amz-server-side-encryption", lambda headers: headers.placement.sse),
    _Row(
        "SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id", lambda headers: headers.placement.sse_kms_key_id
    ),
    _Row("Tagging", "x-amz-tagging", _tagging),
)


def metadata_of(headers: ObjectHeaders) -> dict[str, str]:
    """The object's metadata, without the prefix ``x-amz-meta-``; our id cannot be overridden."""
    return {**dict(headers.placement.metadata), "upload-id": headers.upload_id}


def written(headers: ObjectHeaders) -> dict[str, Any]:
    """``headers`` as the arguments of a boto3 call that writes an object."""
    given = {row.parameter: value for row in _TABLE if (value := row.value(headers)) is not None}
    return {**given, "Metadata": metadata_of(headers)}


def plain_headers(headers: ObjectHeaders) -> Mapping[str, str]:
    """``headers`` as those of an HTTP request, their names in lower case."""
    given = {row.header: value for row in _TABLE if (value := row.value(headers)) is not None}
    return given | {f"x-amz-meta-{name}": value for name, value in metadata_of(headers).items()}
