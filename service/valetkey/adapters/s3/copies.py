"""Copies of objects, whole or in parts, and the errors of a store that refuses their placement."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from valetkey.adapters.s3.caller import COPY, COPY_PART, HEAD, Caller, of_version
from valetkey.adapters.s3.client import Clients
from valetkey.adapters.s3.heads import can_be_kept, once, version_in, whole_checksums
from valetkey.adapters.s3.traits import Traits
from valetkey.adapters.s3.xml import Element
from valetkey.core.errors import ObjectChanged, PlacementRefused
from valetkey.core.model.etags import plain_etag
from valetkey.core.model.multipart import MAX_PARTS, MIB
from valetkey.core.model.rules import Placement
from valetkey.core.ports.store import CopyAnswer, ObjectHead
from valetkey.reference.store_answers import ErrorBody, Meaning, meaning_of

PART = 256 * MIB
"""The size of one part of a copy in bytes, if 10,000 of them are enough."""

AT_ONCE = 4
"""How many parts are copied at once."""

_NO_TAGS = {"x-amz-tagging-directive": "REPLACE"}
"""A client can give its PUT tags by an unsigned header: a copy only gets those of the profile."""

_REFUSED = {"NotImplemented", "InvalidArgument"}
"""Other error codes for a placement that a store does not know (Ceph RGW 16: InvalidArgument, measured)."""
_REFUSED_LOCK = {"InvalidRequest", "ObjectLockConfigurationNotFoundError"}
"""Error codes for a bucket without Object Lock."""


def _origin(bucket: str, source: ObjectHead) -> dict[str, str]:
    """The headers that name ``source`` as the source of a copy."""
    where = quote(f"{bucket}/{source.key}", safe="/~")
    version = f"?versionId={quote(source.version_id, safe='~')}" if source.version_id else ""
    return {"x-amz-copy-source": f"{where}{version}"}


def _condition(source: ObjectHead) -> dict[str, str]:
    """The headers of the condition: Ceph RGW 16 ignores the first, and reads the second instead."""
    etag = f'"{source.etag}"'
    return {"x-amz-copy-source-if-match": etag, "x-amz-copy-if-match": etag}


@contextmanager
def placing(placement: Placement) -> Iterator[None]:
    """Raises `PlacementRefused` if the store refuses ``placement``; other errors pass."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        refused = code in _REFUSED or (placement.lock is not None and code in _REFUSED_LOCK)
        refused = refused or meaning_of("copy", status, ErrorBody(code, "")) is Meaning.PLACEMENT
        if refused and placement != Placement():  # an overloaded key service is not a refusal
            raise PlacementRefused(
                f"The store does not support this placement: {placement} ({code}).", 60, refused=True
            ) from error
        raise


def copy_whole(
    caller: Caller, bucket: str, source: ObjectHead, key: str, headers: Mapping[str, str], *, traits: Traits
) -> CopyAnswer | None:
    """Copies ``source`` to ``key`` on the condition of its ETag. Raises `ObjectChanged` if it has another.

    Cloudflare R2, which has no tags, refuses every copy with a tagging directive (aws/aws-sdk-net 3125,
    tus/tus-node-server 560): for such a store the directive is left out.
    """
    if not traits.knows_tags:
        return _copy_whole(caller, bucket, source, key, headers)
    try:
        return _copy_whole(caller, bucket, source, key, {**headers, **_NO_TAGS})
    except ClientError as error:
        if "x-amz-tagging" in headers or not _is_about_tags(error):
            raise
    copied = _copy_whole(caller, bucket, source, key, headers)
    traits.knows_tags = False
    return copied


def _is_about_tags(error: ClientError) -> bool:
    """Whether a copy may have been refused because the store has no tags: it says so, or does not know a header."""
    said, status = error.response.get("Error", {}), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    unknown = status == HTTPStatus.NOT_IMPLEMENTED or said.get("Code") == "NotImplemented"
    return unknown or "tagging" in str(said.get("Message")).lower()


def _copy_whole(
    caller: Caller, bucket: str, source: ObjectHead, key: str, headers: Mapping[str, str]
) -> CopyAnswer | None:
    """Makes the copy with exactly these headers.

    Swift refuses any condition on an object that was sent in parts (2.30, measured). So if such a source is unchanged
    after a 412, it is copied without a condition, and checked before and afterwards. No form and no PUT produces an
    ETag of that form, so bytes that are written between the two checks cannot be copied unnoticed. The response to that
    copy is not returned, as it proves nothing.
    """
    copy = {**headers, **_origin(bucket, source), "x-amz-metadata-directive": "REPLACE"}
    try:
        return _copied(caller, key, copy | _condition(source))
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status != HTTPStatus.PRECONDITION_FAILED or "-" not in source.etag:
            raise
        before = _state(caller, source)
        _require((source.etag, before[1]), before)
        _copied(caller, key, copy)
        _require(before, _state(caller, source))
        return None


def _copied(caller: Caller, key: str, headers: Mapping[str, str]) -> CopyAnswer | None:
    """The copy as the response describes it; None if that is not enough."""
    answer = caller.ask(COPY, key, headers=headers)
    said = answer.root
    etag = plain_etag(said.find("ETag"))
    sums = {
        child.name.removeprefix("Checksum").lower(): child.text.strip()
        for child in said.children
        if _is_checksum(child)
    }
    checksums = whole_checksums(sums, said.find("ChecksumType") or None)
    version_id = version_in(answer.headers)
    if not etag or not can_be_kept("ETag", etag) or not can_be_kept("x-amz-version-id", version_id or ""):
        return None
    return CopyAnswer(etag, version_id, checksums)


def _is_checksum(element: Element) -> bool:
    return element.name.startswith("Checksum") and element.name != "ChecksumType"


def copy_in_parts(clients: Clients, bucket: str, source: ObjectHead, key: str, wanted: Mapping[str, Any]) -> None:
    """Copies ``source`` to ``key``, several parts at once. Raises `ObjectChanged` if it changed meanwhile.

    Ceph RGW 16 ignores the condition of UploadPartCopy (measured), so the source is also checked afterwards: its ETag
    and when it was written.
    """
    client, caller = clients.plain(), clients.caller()
    before = _state(caller, source)
    _require((source.etag, before[1]), before)
    upload_id = client.create_multipart_upload(Bucket=bucket, Key=key, **wanted)["UploadId"]
    where: dict[str, Any] = {"Bucket": bucket, "Key": key, "UploadId": upload_id}
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            parts = list(pool.map(lambda part: _copy_part(caller, bucket, source, where, part), _ranges(source.size)))
        _require(before, _state(caller, source))
        clients.copier().complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    except BaseException:
        with suppress(ClientError, BotoCoreError):  # the sweep aborts it; the first error is the one to report
            client.abort_multipart_upload(**where)
        raise


def _state(caller: Caller, source: ObjectHead) -> tuple[str, object]:
    found = caller.ask(HEAD, source.key, query=of_version(source.version_id)).headers
    return plain_etag(once(found, "etag") or ""), once(found, "last-modified")


def _require(expected: tuple[str, object], found: tuple[str, object]) -> None:
    if found != expected:
        raise ObjectChanged


def _ranges(size: int) -> list[tuple[int, int, int]]:
    """The number, the first and the last byte of each part."""
    step = max(PART, -(-size // MAX_PARTS))
    return [(at // step + 1, at, min(size, at + step) - 1) for at in range(0, size, step)]


def _copy_part(
    caller: Caller, bucket: str, source: ObjectHead, where: Mapping[str, Any], part: tuple[int, int, int]
) -> Any:
    number, first, last = part
    answer = caller.ask(
        COPY_PART,
        where["Key"],
        query={"partNumber": str(number), "uploadId": where["UploadId"]},
        headers={**_origin(bucket, source), **_condition(source), "x-amz-copy-source-range": f"bytes={first}-{last}"},
    )
    etag = answer.root.find("ETag")
    if not etag:
        raise ValueError("a part that was copied has no ETag")
    return {"PartNumber": number, "ETag": etag}
