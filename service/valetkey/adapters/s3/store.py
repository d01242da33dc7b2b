"""The store itself: what the port asks, as calls of boto3."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from botocore.exceptions import ClientError

from valetkey.adapters.s3.client import Clients, S3Settings
from valetkey.adapters.s3.copies import copy_in_parts, copy_whole, placing, plain_etag, written
from valetkey.adapters.s3.downloads import content_disposition
from valetkey.adapters.s3.errors import available
from valetkey.adapters.s3.heads import as_head
from valetkey.adapters.s3.signing import Signer
from valetkey.adapters.s3.traits import Traits
from valetkey.adapters.s3.versions import Versions
from valetkey.core.errors import (
    MethodNotSupported,
    NotSupportedByStore,
    ObjectChanged,
    ObjectMissing,
    StoreUnavailable,
)
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.multipart import WHOLE_COPY, Part
from valetkey.core.model.upload import STAGING_PREFIX, MultipartUploadId, StoredObject, new_upload_id
from valetkey.core.ports.store import (
    FIRST_BYTES,
    ObjectHead,
    ObjectHeaders,
    OldMultipart,
    OldObject,
    Presigned,
)
from valetkey.core.signing.credentials import Credentials

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

log = logging.getLogger("valetkey")


class S3Store:
    """`ObjectStore` on boto3. Its clients are shared by all threads; credentials come from boto3's own chain."""

    def __init__(self, settings: S3Settings, session: boto3.Session | None = None) -> None:
        self._settings = settings
        self._clients = Clients(settings, session)
        self._traits = Traits(self._clients.plain, settings.bucket, settings.capabilities)
        self._versions = Versions(self._clients.plain, settings.bucket, self._traits)
        url = self._clients.public_url()
        self._post_url = url if url.endswith("/") else url + "/"
        self._signer = Signer(self._clients.credentials, settings, self._post_url)

    @property
    def bucket(self) -> str:
        return self._settings.bucket

    @property
    def region(self) -> str:
        return self._settings.region

    @property
    def post_url(self) -> str:
        return self._post_url

    @property
    def capabilities(self) -> Capabilities:
        return self._traits.capabilities

    @property
    def client(self) -> "S3Client":
        """The boto3 client of the internal endpoint, for setting a bucket up."""
        return self._clients.plain()

    def credentials(self) -> Credentials:
        return self._signer.credentials()

    def head(self, key: str, version_id: str | None = None) -> ObjectHead | None:
        version: dict[str, Any] = {"VersionId": version_id} if version_id else {}
        try:
            with available:
                answer = self.client.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED", **version)
        except ObjectMissing:
            return None
        found = dict(answer)
        if "ContentLength" not in found:
            found["ContentLength"] = self._size_of(key, version)
        head = as_head(key, found)
        self._traits.seen(head)
        return head

    def _size_of(self, key: str, version: Mapping[str, Any]) -> int:
        """For a store, or a proxy in front of it, whose HEAD says no length: the end of a range names the whole."""
        with available:
            answer = self.client.get_object(Bucket=self.bucket, Key=key, Range="bytes=0-0", **version)
            answer["Body"].close()
        whole = answer.get("ContentRange", "").rpartition("/")[2]
        if not whole.isdecimal():
            raise StoreUnavailable("The store says no size: its HEAD has no Content-Length.", refused=True)
        return int(whole)

    def copy(self, source: ObjectHead, key: str, headers: ObjectHeaders) -> None:
        with available, placing(headers.placement):
            if source.size > WHOLE_COPY:
                copy_in_parts(self._clients.copier(), self.bucket, source, key, written(headers))
            else:
                copy_whole(self._clients.copier(), self.bucket, source, key, written(headers))

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

    def presigned_get(self, stored: StoredObject, filename: str, expires_in: int) -> str:
        params: dict[str, Any] = {
            "Bucket": self.bucket,
            "Key": stored.key,
            "ResponseContentDisposition": content_disposition(filename),
            "ResponseContentType": stored.content_type,
        }
        if stored.version_id:
            params["VersionId"] = stored.version_id
        with available:
            return self._clients.public().generate_presigned_url("get_object", Params=params, ExpiresIn=expires_in)

    def check(self) -> None:
        try:
            with available:
                self.client.head_bucket(Bucket=self.bucket)
        except ObjectMissing as error:
            raise StoreUnavailable(f"There is no bucket {self.bucket!r}.", 30) from error
        self._traits.learn()

    def old_objects(self, prefix: str, before: datetime) -> Iterator[OldObject]:
        return self._versions.written_before(prefix, before)

    def old_multiparts(self, prefix: str, before: datetime) -> Iterator[OldMultipart]:
        pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix)
        try:
            with available:
                for page in pages:
                    for item in page.get("Uploads", []):
                        if item["Initiated"] < before:
                            yield OldMultipart(item["Key"], MultipartUploadId(item["UploadId"]), item["Initiated"])
        except NotSupportedByStore as error:
            log.info("open multipart uploads are not looked for: %s", error.detail)

    def abort_multipart(self, key: str, multipart_id: MultipartUploadId) -> None:
        with suppress(ObjectMissing), available:
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=multipart_id)

    def first_bytes(self, source: ObjectHead) -> bytes:
        options: dict[str, Any] = {"VersionId": source.version_id} if source.version_id else {}
        if source.size:  # an empty object has no range at all: 416
            options["Range"] = f"bytes=0-{FIRST_BYTES - 1}"
        with available:  # no If-Match: a proxy that weakened the ETag would make it fail for ever
            answer = self.client.get_object(Bucket=self.bucket, Key=source.key, **options)
            with answer["Body"] as body:  # a store that does not know ranges sends all: it is not read
                first = body.read(FIRST_BYTES)
        self._require_etag(answer.get("ETag", ""), source)
        return first

    def _require_etag(self, etag: str, source: ObjectHead | StoredObject) -> None:
        """Raises `ObjectChanged` unless an answer of ``etag`` is that of ``source``; a proxy may have dropped it."""
        etag = plain_etag(etag)
        if not etag and (now := self.head(source.key, source.version_id)) is not None:
            etag = now.etag
        if etag != source.etag:
            raise ObjectChanged

    def read_range(self, stored: StoredObject, start: int, end: int) -> bytes:
        options: dict[str, Any] = {"VersionId": stored.version_id} if stored.version_id else {}
        with available:  # no If-Match, as in `first_bytes`: the ETag of the answer is that of its bytes
            answer = self._ranged(Bucket=self.bucket, Key=stored.key, Range=f"bytes={start}-{end - 1}", **options)
            with answer["Body"] as body:
                self._require_etag(answer.get("ETag", ""), stored)
                if start and "ContentRange" not in answer:
                    raise NotSupportedByStore("The store does not know ranges.", 60, refused=True)
                found: bytes = body.read(end - start)
        if len(found) != end - start:
            raise StoreUnavailable("The store's answer ends too early.")
        return found

    def _ranged(self, **asked: Any) -> "GetObjectOutputTypeDef":
        try:
            return self.client.get_object(**asked)
        except ClientError as error:
            if (
                error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
                == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            ):
                raise ObjectChanged from error  # the confirmed object has these bytes
            raise

    def presigned_put(self, key: str, headers: Mapping[str, str], expires_in: int) -> Presigned:
        return self._signer.presigned_put(key, headers, expires_in)

    def start_multipart(self, key: str, headers: ObjectHeaders) -> MultipartUploadId:
        self._traits.learn()
        wanted: dict[str, Any] = {"ChecksumAlgorithm": "SHA256"} if self.capabilities.part_checksums else {}
        with available, placing(headers.placement):
            answer = self.client.create_multipart_upload(Bucket=self.bucket, Key=key, **written(headers), **wanted)
            begun = MultipartUploadId(answer["UploadId"])
        if not self._traits.lists_parts(lambda: self.parts(key, begun)):
            self.abort_multipart(key, begun)
            raise MethodNotSupported("The store cannot list parts, so none can be proven: ask for 'auto'.", "/method")
        return begun

    def parts(self, key: str, multipart_id: MultipartUploadId) -> list[Part] | None:
        pages = self.client.get_paginator("list_parts").paginate(Bucket=self.bucket, Key=key, UploadId=multipart_id)
        try:
            with available:
                return [
                    Part(part["PartNumber"], part["Size"], plain_etag(part["ETag"]))
                    for page in pages
                    for part in page.get("Parts", [])
                ]
        except ObjectMissing:
            return None

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
