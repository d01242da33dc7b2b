"""How boto3 is asked for an object of ours: its placement, and copies in parts."""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from valetkey.core.errors import ObjectChanged, PlacementRefused
from valetkey.core.model.multipart import MAX_PARTS, MIB
from valetkey.core.model.rules import Placement
from valetkey.core.ports.store import ObjectHead
from valetkey.reference.store_answers import ErrorBody, Meaning, meaning_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = 256 * MIB
"""The bytes of one part of a copy, where 10,000 of them are enough."""

AT_ONCE = 4
"""How many parts are copied at once."""

_REFUSED = {"NotImplemented", "InvalidArgument"}
"""What stores also answer to a placement that they do not know (Ceph RGW 16: InvalidArgument, measured)."""
_REFUSED_LOCK = {"InvalidRequest", "ObjectLockConfigurationNotFoundError"}
"""What they answer where the bucket has no Object Lock."""
_MD5 = re.compile(r"[0-9A-Fa-f]{32}(-[0-9]+)?")


def plain_etag(text: str) -> str:
    """An ETag without its quotes, and without the mark of a weak one, which proxies add where they compress; an MD5 in
    small letters, which is how S3 writes it."""
    plain = text.strip().removeprefix("W/").strip('"')
    return plain.lower() if _MD5.fullmatch(plain) else plain


def origin(bucket: str, source: ObjectHead) -> Any:
    """``source`` as boto3 wants the source of a copy."""
    where = {"Bucket": bucket, "Key": source.key}
    return {**where, "VersionId": source.version_id} if source.version_id else where


@contextmanager
def placing(placement: Placement) -> Iterator[None]:
    """Raises `PlacementRefused` where the store does not take ``placement``; other errors pass."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        refused = code in _REFUSED or (placement.lock is not None and code in _REFUSED_LOCK)
        refused = refused or meaning_of("copy", status, ErrorBody(code, "")) is Meaning.PLACEMENT
        if refused and placement != Placement():  # a key service that has too much to do is another matter
            raise PlacementRefused(f"The store keeps nothing so: {placement} ({code}).", 60, refused=True) from error
        raise


def copy_whole(client: "S3Client", bucket: str, source: ObjectHead, key: str, wanted: Mapping[str, Any]) -> None:
    """Copies ``source`` to ``key`` on the condition of its ETag. Raises `ObjectChanged` where it has another.

    Swift refuses any condition on an object that came in parts (2.30, measured). So where such a source is what it was
    in spite of a 412, it is copied without, and looked at before and afterwards. No form and no PUT makes an ETag like
    that: whoever writes again between two looks cannot have his bytes copied so.
    """
    copy: dict[str, Any] = {"Bucket": bucket, "Key": key, "CopySource": origin(bucket, source), **wanted}
    copy |= {"MetadataDirective": "REPLACE", "TaggingDirective": "REPLACE"}
    try:
        client.copy_object(**copy, CopySourceIfMatch=f'"{source.etag}"')
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status != HTTPStatus.PRECONDITION_FAILED or "-" not in source.etag:
            raise
        before = _state(client, bucket, source)
        _require((source.etag, before[1]), before)
        client.copy_object(**copy)
        _require(before, _state(client, bucket, source))


def copy_in_parts(client: "S3Client", bucket: str, source: ObjectHead, key: str, wanted: Mapping[str, Any]) -> None:
    """Copies ``source`` to ``key``, several parts at once. Raises `ObjectChanged` where it did not stay as it was.

    Ceph RGW 16 ignores the condition of UploadPartCopy (measured), so the source is looked at afterwards, too: its ETag
    and when it was written.
    """
    before = _state(client, bucket, source)
    _require((source.etag, before[1]), before)
    upload_id = client.create_multipart_upload(Bucket=bucket, Key=key, **wanted)["UploadId"]
    where: dict[str, Any] = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            parts = list(pool.map(lambda part: _copy_part(client, bucket, source, where, part), _ranges(source.size)))
        _require(before, _state(client, bucket, source))
        client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    except BaseException:
        with suppress(ClientError, BotoCoreError):  # the sweep does it, and what failed is what counts
            client.abort_multipart_upload(**where)
        raise


def _state(client: "S3Client", bucket: str, source: ObjectHead) -> tuple[str, object]:
    version: dict[str, Any] = {"VersionId": source.version_id} if source.version_id else {}
    found = client.head_object(Bucket=bucket, Key=source.key, **version)
    return plain_etag(found["ETag"]), found.get("LastModified")


def _require(expected: tuple[str, object], found: tuple[str, object]) -> None:
    if found != expected:
        raise ObjectChanged


def _ranges(size: int) -> list[tuple[int, int, int]]:
    """The number, the first and the last byte of each part."""
    step = max(PART, -(-size // MAX_PARTS))
    return [(at // step + 1, at, min(size, at + step) - 1) for at in range(0, size, step)]


def _copy_part(
    client: "S3Client", bucket: str, source: ObjectHead, where: Mapping[str, Any], part: tuple[int, int, int]
) -> Any:
    number, first, last = part
    answer = client.upload_part_copy(
        **where,
        PartNumber=number,
        CopySource=origin(bucket, source),
        CopySourceIfMatch=f'"{source.etag}"',
        CopySourceRange=f"bytes={first}-{last}",
    )
    return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}
