"""The store itself: the port's methods, by our own signed calls if they are frequent, else by boto3."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from botocore.exceptions import ClientError

from valetkey.adapters.s3.caller import GET, HEAD, LIST_PARTS, NOTHING, CallResponse, of_version
from valetkey.adapters.s3.client import Clients, S3Settings, refuses_unsigned
from valetkey.adapters.s3.copies import copy_in_parts, copy_whole, placing
from valetkey.adapters.s3.errors import available
from valetkey.adapters.s3.finishing import Finisher
from valetkey.adapters.s3.headers import plain_headers, written
from valetkey.adapters.s3.heads import as_head, date_in, once
from valetkey.adapters.s3.pages import NextPages, pages_of
from valetkey.adapters.s3.ranges import require_range
from valetkey.adapters.s3.signing import Signer, short_lock
from valetkey.adapters.s3.strangers import StrangersNotFound
from valetkey.adapters.s3.traits import Traits
from valetkey.adapters.s3.versions import Versions, moment_in
from valetkey.adapters.s3.xml import Element
from valetkey.core.errors import (
    MethodNotSupported,
    NotSupportedByStore,
    ObjectChanged,
    ObjectMissing,
    StoreUnavailable,
)
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.etags import plain_etag
from valetkey.core.model.multipart import WHOLE_COPY, Part
from valetkey.core.model.rules import Placement
from valetkey.core.model.showing import content_disposition
from valetkey.core.model.upload import STAGING_PREFIX, MultipartUploadId, StoredObject, new_upload_id
from valetkey.core.ports.store import (
    FIRST_BYTES,
    CopyAnswer,
    ObjectHead,
    ObjectHeaders,
    OldMultipart,
    OldObject,
    Presigned,
)
from valetkey.core.signing.credentials import Credentials

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger("valetkey")

_WITH_CHECKSUMS = {"x-amz-checksum-mode": "ENABLED"}


_NO_CHECKSUM = {"InvalidArgument", "InvalidRequest", "NotImplemented"}
"""The error codes for a checksum that a store does not support."""


MAX_MULTIPART_ID = 1024
"""The longest id of a multipart upload that the ledger can store, in characters."""


class S3Store:
    """`ObjectStore`, set up by boto3: its clients are shared by all threads, credentials come from its own chain."""

    def __init__(self, settings: S3Settings, session: boto3.Session | None = None) -> None:
        self._settings = settings
        with available:
            self._clients = Clients(settings, session)
        url = self._clients.public_url()
        known = replace(settings.capabilities, heeds_unsigned=not refuses_unsigned(url))
        self._traits = Traits(self._clients.plain, settings.bucket, known)
        self._finisher = Finisher(self._clients, settings.bucket)
        self._versions = Versions(self._clients, settings.bucket, self._traits)
        self._post_url = url if url.endswith("/") else url + "/"
        self._signer = Signer(self._clients.credentials, settings, self._post_url)

    @property
    def bucket(self) -> str:
        return self._settings.bucket

    @property
    def place(self) -> str:
        """The bucket and its endpoint: see `S3Settings.place`."""
        return self._settings.place

    @property
    def region(self) -> str:
        return self._settings.region

    @property
    def post_url(self) -> str:
        return self._post_url

    @property
    def capabilities(self) -> Capabilities:
        return self._traits.capabilities

    def know(self, found: Mapping[str, bool], settled: Collection[str] = ()) -> None:
        """Adopts the capabilities ``found`` for this bucket before: see `Capabilities.informed`."""
        self._traits.know(lambda known: known.informed(found, settled))

    @property
    def client(self) -> "S3Client":
        """The boto3 client of the internal endpoint, for setting a bucket up."""
        return self._clients.plain()

    def credentials(self) -> Credentials:
        return self._signer.credentials()

    def head(self, key: str, version_id: str | None = None) -> ObjectHead | None:
        version = of_version(version_id)
        try:
            with self._available(key, version):
                headers = self._clients.caller().ask(HEAD, key, query=version, headers=_WITH_CHECKSUMS).headers
                size = int(once(headers, "content-length") or 0) or self._size_of(key, version, headers)
                head = as_head(key, headers, size)
        except ObjectMissing:
            return None
        self._traits.seen(head)
        return head

    @contextmanager
    def _available(self, key: str, version: Mapping[str, str]) -> Iterator[None]:
        """Like `available`, for calls that begin with a HEAD of an object. After a 404 that may not be the store's a
        GET decides, as its response has a body."""
        try:
            with available:
                yield
        except StrangersNotFound:
            with suppress(ObjectChanged):  # 416: it exists, and is empty
                self._ranged(key, version, "bytes=0-0", 1)
            raise StoreUnavailable("The store's HEAD does not find an object that can be read.") from None

    def _size_of(self, key: str, version: Mapping[str, str], head: Mapping[str, str]) -> int:
        """The size of an object if the store, or a proxy in front of it, returns no length for a HEAD, or the length of
        its empty body: the response to a range contains the total."""
        try:
            answer = self._ranged(key, version, "bytes=0-0", 1)
        except ObjectChanged:  # 416: an empty object has no range
            return 0
        whole = (once(answer.headers, "content-range") or "").rpartition("/")[2]
        if whole.isdecimal():
            return int(whole)
        if "content-length" not in head:
            raise StoreUnavailable("The store returns no size: its HEAD has no Content-Length.", refused=True)
        return 0

    def _ranged(self, key: str, version: Mapping[str, str], asked: str, limit: int) -> CallResponse:
        """The first ``limit`` bytes of a range. The rest is not read, even if a store without ranges sends all."""
        with available:
            caller = self._clients.caller()
            return caller.ask(GET, key, query=version, headers={"Range": asked} if asked else NOTHING, limit=limit)

    def copy(self, source: ObjectHead, key: str, headers: ObjectHeaders) -> CopyAnswer | None:
        with self._available(source.key, of_version(source.version_id)), placing(headers.placement):
            if source.size > WHOLE_COPY:
                copy_in_parts(self._clients, self.bucket, source, key, written(headers))
                return None
            caller, named = self._clients.caller(), plain_headers(headers)
            return copy_whole(caller, self.bucket, source, key, named, traits=self._traits)

    def finish(self, promoted: ObjectHead, placement: Placement, retain_until: datetime | None) -> None:
        with self._available(promoted.key, of_version(promoted.version_id)):
            self._finisher.finish(promoted, placement, retain_until)

    def proves_copies(self, source: ObjectHead) -> bool:
        return self._traits.proves_copies(lambda: self._honours_condition(source))

    def _honours_condition(self, source: ObjectHead) -> bool:
        key = f"{self._settings.staging_prefix}{STAGING_PREFIX}{uuid4()}"
        headers = ObjectHeaders(source.content_type, new_upload_id())
        try:
            self.copy(replace(source, etag="0" * 32), key, headers)
        except ObjectChanged:
            return True
        self.delete(key)
        return False

    def delete(self, key: str) -> str | None:
        return self._versions.delete(key)

    def delete_batch(self, keys: Sequence[str]) -> None:
        self._versions.delete_batch(keys)

    def presigned_get(
        self, stored: StoredObject, filename: str, expires_in: int, *, inline: bool = False, head: bool = False
    ) -> str:
        params: dict[str, Any] = {
            "Bucket": self.bucket,
            "Key": stored.key,
            "ResponseContentDisposition": content_disposition(filename, "inline" if inline else "attachment"),
            "ResponseContentType": stored.content_type,
        }
        if stored.version_id:
            params["VersionId"] = stored.version_id
        with available:
            return self._clients.public().generate_presigned_url(
                "get_object", Params=params, ExpiresIn=expires_in, HttpMethod="HEAD" if head else "GET"
            )

    def check(self) -> None:
        try:
            with available:
                self.client.head_bucket(Bucket=self.bucket)
        except ObjectMissing as error:
            raise StoreUnavailable(f"There is no bucket {self.bucket!r}.", 30) from error
        self._try_to_learn()

    def now(self) -> datetime | None:
        with available:
            try:
                answer: Mapping[str, Any] = self.client.head_bucket(Bucket=self.bucket)
            except ClientError as error:  # also what refuses us for our clock says its own
                answer = error.response
        return date_in(answer["ResponseMetadata"].get("HTTPHeaders", {}))

    def learn(self) -> None:
        if not self._traits.is_asked:
            with available:
                self._traits.learn()

    def _try_to_learn(self) -> None:
        """Like `learn`, when the store is called anyway: after a failure it is tried again the next time."""
        try:
            self.learn()
        except StoreUnavailable as error:
            log.info("the bucket's Object Lock configuration will be requested again: %s", error.detail)

    def old_objects(self, prefix: str, before: datetime) -> Iterator[OldObject]:
        return self._versions.written_before(prefix, before)

    def old_multiparts(self, prefix: str, before: datetime) -> Iterator[OldMultipart]:
        try:
            with available:
                for page in pages_of(self.client, "list_multipart_uploads", self.bucket, prefix):
                    for item in page.get("Uploads", []):
                        if (begun := moment_in(item, "Initiated")) < before:
                            yield OldMultipart(item["Key"], MultipartUploadId(item["UploadId"]), begun)
        except NotSupportedByStore as error:
            log.info("open multipart uploads are not listed: %s", error.detail)

    def abort_multipart(self, key: str, multipart_id: MultipartUploadId) -> None:
        with suppress(ObjectMissing), available:
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=multipart_id)

    def first_bytes(self, source: ObjectHead) -> bytes:
        version = of_version(source.version_id)
        end = min(FIRST_BYTES, source.size)
        # an empty object has no range at all: 416, and nanio 0.1.7 refuses one that ends behind the object (measured);
        # no If-Match: a proxy that weakened the ETag would fail it for ever
        asked = f"bytes=0-{end - 1}" if end else ""
        answer = self._ranged(source.key, version, asked, FIRST_BYTES)
        self._require_etag(once(answer.headers, "etag") or "", source)
        return require_range(answer, 0, end, source.size)

    def _require_etag(self, etag: str, source: ObjectHead | StoredObject) -> None:
        """Raises `ObjectChanged` if a response's ``etag`` is not that of ``source``; a proxy may have dropped it."""
        etag = plain_etag(etag)
        if not etag and (now := self.head(source.key, source.version_id)) is not None:
            etag = now.etag
        if etag != source.etag:
            raise ObjectChanged

    def read_range(self, stored: StoredObject, start: int, end: int) -> bytes:
        version = of_version(stored.version_id)
        # no If-Match, as in `first_bytes`: the ETag of the response is that of its bytes
        answer = self._ranged(stored.key, version, f"bytes={start}-{end - 1}", end - start)
        self._require_etag(once(answer.headers, "etag") or "", stored)
        return require_range(answer, start, end, stored.size)

    def presigned_put(self, key: str, headers: Mapping[str, str], expires_in: int) -> Presigned:
        if self.capabilities.may_be_lockable:  # a grant may be renewed in a process that has not asked yet
            self.learn()
        lock = short_lock(expires_in) if self.capabilities.is_lockable_unsigned else NOTHING
        return self._signer.presigned_put(key, {**headers, **lock}, expires_in)

    def start_multipart(self, key: str, headers: ObjectHeaders, *, whole_crc64: bool = False) -> MultipartUploadId:
        self._try_to_learn()
        wanted: dict[str, Any] = {"ChecksumAlgorithm": "SHA256"} if self.capabilities.part_checksums else {}
        with available, placing(headers.placement):
            if whole_crc64 and not wanted and self.capabilities.crc64_of_parts is None:
                self._learn_crc64_of_parts(key)
            answer = self.client.create_multipart_upload(Bucket=self.bucket, Key=key, **written(headers), **wanted)
            begun = MultipartUploadId(answer["UploadId"])
            if len(begun) > MAX_MULTIPART_ID:
                raise StoreUnavailable("The store's id of a multipart upload is too long to store.", 60, refused=True)
        try:
            if self._traits.lists_parts(lambda: self.parts(key, begun)):
                return begun
        except StoreUnavailable:
            self._abort_begun(key, begun)
            raise
        self._abort_begun(key, begun)
        detail = "The store cannot list parts, so they cannot be verified: request 'auto'."
        raise MethodNotSupported(detail, "/method")

    def _learn_crc64_of_parts(self, key: str) -> None:
        """Starts a multipart upload that requests the checksum, and aborts it: S3's response says whether it has it.

        A multipart upload that is used does not request it: S3 computes it anyway, and requires no checksum with each
        part then.
        """
        where: dict[str, Any] = {"Bucket": self.bucket, "Key": key}
        try:
            said = self.client.create_multipart_upload(
                **where, ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT"
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _NO_CHECKSUM:
                raise
            self._traits.seen_crc64_of_parts(has=False)
        else:
            asked = (said.get("ChecksumAlgorithm"), said.get("ChecksumType"))
            self._traits.seen_crc64_of_parts(has=asked == ("CRC64NVME", "FULL_OBJECT"))
            self._abort_begun(key, MultipartUploadId(said["UploadId"]))

    def _abort_begun(self, key: str, multipart_id: MultipartUploadId) -> None:
        """Aborts a multipart upload that was started as a test. A failure is only logged: s3rver 3.7.1 responds with
        405 (measured)."""
        try:
            self.abort_multipart(key, multipart_id)
        except StoreUnavailable as error:
            log.info("a multipart upload to %r is left to the sweep: %s", key, error.detail)

    def parts(self, key: str, multipart_id: MultipartUploadId) -> list[Part] | None:
        try:
            with available:
                return _last_of_each(part for page in self._pages(key, multipart_id) for part in page.all("Part"))
        except ObjectMissing:
            return None

    def _pages(self, key: str, multipart_id: MultipartUploadId) -> Iterator[Element]:
        """The responses to ListParts, each with up to 1,000 parts."""
        query, next_pages = {"uploadId": str(multipart_id)}, NextPages("ListParts")
        while True:
            page = self._clients.caller().ask(LIST_PARTS, key, query=query).root
            if "Parts" not in page.name:  # a store that ignores this query responds to another request
                raise NotSupportedByStore(f"The store responds to ListParts with {page.name[:40]!a}.", 60, refused=True)
            yield page
            if page.find("IsTruncated").lower() != "true":
                return
            after = page.find("NextPartNumberMarker")
            next_pages.take(*[after] if after.isdecimal() and int(after) else [])
            query["part-number-marker"] = after

    def presigned_part(
        self,
        key: str,
        multipart_id: MultipartUploadId,
        number: int,
        size: int | None,
        expires_in: int,
        *,
        checksum: str | None = None,
    ) -> Presigned:
        return self._signer.presigned_part(key, multipart_id, number, size, expires_in, checksum=checksum)

    def join_parts(self, key: str, multipart_id: MultipartUploadId, parts: Sequence[Part]) -> None:
        with available:  # botocore reads the error that S3 may send with a status of 200
            self._clients.copier().complete_multipart_upload(
                Bucket=self.bucket,
                Key=key,
                UploadId=multipart_id,
                MultipartUpload={"Parts": [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]},
            )


def _last_of_each(listed: Iterable[Element]) -> list[Part]:
    """The last part of each number: SeaweedFS also lists earlier ones, and joins the one that is named."""
    latest: dict[int, tuple[str, Part]] = {}
    for element in listed:
        part, sent_at = _as_part(element), element.find("LastModified").rstrip("Z")  # with a fraction or without
        if part.number not in latest or latest[part.number][0] <= sent_at:
            latest[part.number] = (sent_at, part)
    return [part for _, part in latest.values()]


def _as_part(part: Element) -> Part:
    return Part(int(part.find("PartNumber")), int(part.find("Size")), plain_etag(part.find("ETag")))
