"""An S3-compatible bucket by boto3.

Rights it needs: ``s3:PutObject``, ``s3:GetObject`` and ``s3:DeleteObject`` on ``staging/*``, ``quarantine/*`` and the
profiles' keys, and ``s3:ListBucket`` on the bucket (without it S3 says 403 of an object that is not there). The sweep
needs ``s3:ListBucketMultipartUploads`` on the bucket, and both it and uploads in parts need ``s3:AbortMultipartUpload``
and ``s3:ListMultipartUploadParts`` on the objects. A bucket with versions needs ``s3:GetBucketVersioning`` and
``s3:ListBucketVersions`` on it, ``s3:GetObjectVersion`` and ``s3:DeleteObjectVersion`` on the objects; one with Object
Lock ``s3:GetBucketObjectLockConfiguration``.
"""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit
from uuid import uuid4

import boto3
import botocore.compat
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from valetkey.adapters.copies import copy_in_parts, copy_whole, placing, plain_etag, written
from valetkey.adapters.forks import give_up_in_child
from valetkey.adapters.traits import Traits
from valetkey.core.errors import (
    ConfigurationError,
    MethodNotSupported,
    NotSupportedByStore,
    ObjectChanged,
    ObjectMissing,
    PlacementRefused,
    StoreUnavailable,
)
from valetkey.core.model.multipart import WHOLE_COPY, Part, part_headers
from valetkey.core.model.naming import safe_name
from valetkey.core.model.upload import STAGING_PREFIX, MultipartUploadId, StoredObject, new_upload_id
from valetkey.core.ports.store import (
    FIRST_BYTES,
    Capabilities,
    ObjectHead,
    ObjectHeaders,
    OldMultipart,
    OldObject,
    Presigned,
)
from valetkey.core.signing.credentials import Credentials
from valetkey.core.signing.presign import UrlSigner
from valetkey.reference.store_answers import ErrorBody, Meaning, meaning_of, seconds_until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger("valetkey")

AddressingStyle = Literal["auto", "path", "virtual"]

_CHECKSUMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
MAX_DISPOSITION = 6_000
"""Characters that a name may take in a download URL, percent-encoded twice: S3 takes about 8 KB of headers."""

TIMEOUT = 10
"""How long the store may take to answer, in seconds."""

COPY_TIMEOUT = 120
"""How long it may take to copy up to 5 GB, in seconds. Not tried again: the next signal does."""

NO_COPY = {"x-amz-copy-source-range": "none", "x-amz-metadata-directive": "COPY"}
"""What is signed with each PUT, lest one more header make it a copy of somebody else's object (as in CVE-2026-54330).

Ceph RGW, as others, takes ``x-amz-copy-source`` unsigned, and judges the source by our own rights (16.2, measured). A
plain PUT heeds neither of these; a copy of a range fails, as "none" is no range, and any other one brings the source's
metadata with it, in which the upload's id is wrong.
"""

UNGUARDED = (
    "Parts for Uppy are signed with credentials that may read: a store that takes headers which nobody signed can be "
    "made to copy other objects into them. VALETKEY_S3_GRANT_ACCESS_KEY_ID takes a key that may only write."
)

_USER_AGENT = f"valetkey/{version('valetkey')}"
"""Botocore adds its name. Its usual one, with all that runs here, is put together anew each time: a fifth of a call."""

RETRY_AFTER = 5
MAX_RETRY_AFTER = 60
"""Seconds after which callers are asked to come back, where the store does not say, and at most."""

MAX_SKEW = timedelta(minutes=15)
"""How far the clock of a request may be from S3's (S3's error responses, RequestTimeTooSkewed)."""

_OPERATIONS = {
    "HeadObject": "head",
    "GetObject": "get",
    "CopyObject": "copy",
    "UploadPartCopy": "copy",
    "PutObject": "put",
    "UploadPart": "part",
    "CreateMultipartUpload": "begin",
    "ListParts": "parts",
    "CompleteMultipartUpload": "complete",
    "AbortMultipartUpload": "abort",
    "DeleteObject": "delete",
    "DeleteObjects": "delete",
    "HeadBucket": "bucket",
}
"""What the list of a store's answers calls botocore's operations; all others list."""


@dataclass(frozen=True, slots=True)
class S3Settings:
    """Where the bucket is. ``public_endpoint_url`` is what clients see, where it differs from ``endpoint_url``.

    ``capabilities`` is what is known of the store before it is asked. ``grant_keys`` are an access key and its secret
    with which grants are signed instead of the service's own: it has to write below ``staging/``, ``quarantine/`` and
    the profiles' keys, and need not read anything.
    """

    bucket: str
    region: str = "us-east-1"
    endpoint_url: str | None = None
    public_endpoint_url: str | None = None
    addressing_style: AddressingStyle = "auto"
    capabilities: Capabilities = field(default_factory=Capabilities)
    grant_keys: tuple[str, str] | None = field(default=None, repr=False)


class S3Store:
    """`ObjectStore` on boto3. Its clients are shared by all threads; credentials come from boto3's own chain."""

    def __init__(self, settings: S3Settings, session: boto3.Session | None = None) -> None:
        session = session or boto3.Session()
        self._settings = settings
        credentials = session.get_credentials()
        if credentials is None:
            raise ConfigurationError("No S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role.")
        self._credentials = credentials
        self._last_credentials: Credentials | None = None
        self._grant_credentials = Credentials(*settings.grant_keys) if settings.grant_keys else None
        self._client = make_client(session, settings, settings.endpoint_url)
        self._copier = make_client(session, settings, settings.endpoint_url, read_timeout=COPY_TIMEOUT, attempts=1)
        self._public = make_client(session, settings, settings.public_endpoint_url or settings.endpoint_url)
        for operation in ("CopyObject", "UploadPartCopy"):
            self._copier.meta.events.register(f"before-sign.s3.{operation}", _condition_for_ceph)
        self._traits = Traits(self._client, settings.bucket, settings.capabilities)
        give_up_in_child(self, S3Store._forget_connections)
        # botocore knows every partition, style and regional endpoint: ask it once
        with _available:
            url = str(self._public.generate_presigned_post(settings.bucket, "key")["url"])
        self._post_url = url if url.endswith("/") else url + "/"
        self._urls = UrlSigner(self._post_url, settings.region)
        self._guards = {} if _refuses_unsigned(settings) else NO_COPY
        self._has_warned = False

    def _forget_connections(self) -> None:
        for client in (self._client, self._copier, self._public):
            client.close()  # it opens new ones when it needs them

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
        return self._client

    def credentials(self) -> Credentials:
        if self._grant_credentials is not None:
            return self._grant_credentials
        with _available:
            frozen = self._credentials.get_frozen_credentials()
        # botocore keeps the expiry of temporary credentials to itself; there is no public way to it
        expires_at: datetime | None = getattr(self._credentials, "_expiry_time", None)
        last = self._last_credentials
        if last is not None and (frozen.secret_key, frozen.token, expires_at) == (
            last.secret_key,
            last.token,
            last.expires_at,
        ):
            return last  # the same object, so what is kept for it is found again without comparing it
        self._last_credentials = Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token, expires_at)
        return self._last_credentials

    def head(self, key: str, version_id: str | None = None) -> ObjectHead | None:
        version: dict[str, Any] = {"VersionId": version_id} if version_id else {}
        try:
            with _available:
                answer = self._client.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED", **version)
        except ObjectMissing:
            return None
        found = dict(answer)
        if "ContentLength" not in found:
            found["ContentLength"] = self._size_of(key, version)
        head = _as_head(key, found)
        self._traits.seen(head.version_id)
        return head

    def _size_of(self, key: str, version: Mapping[str, Any]) -> int:
        """For a store, or a proxy in front of it, whose HEAD says no length: the end of a range names the whole."""
        with _available:
            answer = self._client.get_object(Bucket=self.bucket, Key=key, Range="bytes=0-0", **version)
            answer["Body"].close()
        whole = answer.get("ContentRange", "").rpartition("/")[2]
        if not whole.isdecimal():
            raise StoreUnavailable("The store says no size: its HEAD has no Content-Length.", refused=True)
        return int(whole)

    def copy(self, source: ObjectHead, key: str, headers: ObjectHeaders) -> None:
        with _available, placing(headers.placement):
            if source.size > WHOLE_COPY:
                copy_in_parts(self._copier, self.bucket, source, key, written(headers))
            else:
                copy_whole(self._copier, self.bucket, source, key, written(headers))

    def proves_copies(self, source: ObjectHead) -> bool:
        return self._traits.proves_copies(lambda: self._honours_condition(source))

    def _honours_condition(self, source: ObjectHead) -> bool:
        key = f"{STAGING_PREFIX}{uuid4()}"
        headers = ObjectHeaders(source.content_type, new_upload_id())
        try:
            self.copy(replace(source, etag="0" * 32), key, headers)
        except ObjectChanged:
            return True
        self.delete(key)
        return False

    def delete(self, key: str) -> None:
        if not key:  # botocore, which does not look at parameters here, would delete the bucket
            raise ValueError("no key")
        if self._keeps_versions() and self._delete_versions(key):
            return
        with suppress(ObjectMissing), _available:  # some stores answer 404
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def _keeps_versions(self) -> bool:
        with _available:
            return self._traits.keeps_versions()

    def _delete_versions(self, key: str) -> bool:
        """Removes each version and marker of ``key``; says False where it has to be hidden instead.

        That is where it may not list them, and where one is under retention (Object Lock): what cannot be removed stays
        behind a marker, which keeps it out of listings and lets a lifecycle rule remove it when its time has come.
        """
        try:
            found = [one for one in self._versions(key) if one["Key"] == key]
        except StoreUnavailable as error:
            if not error.refused:
                raise
            log.warning("old versions of %r stay: %s", key, error.detail)
            return False
        markers = [one for one in found if "ETag" not in one]
        versions = [one for one in found if "ETag" in one]
        if kept := [one for one in versions if not self._delete_version(key, one["VersionId"])]:
            log.info("%d versions of %r stay", len(kept), key)
            return any(one["IsLatest"] for one in markers)
        return not [one for one in markers if not self._delete_version(key, one["VersionId"])]

    def _delete_version(self, key: str, version_id: str) -> bool:
        try:
            with suppress(ObjectMissing), _available:
                self._client.delete_object(Bucket=self.bucket, Key=key, VersionId=version_id)
        except StoreUnavailable as error:
            if not error.refused:
                raise
            log.info("version %s of %r stays: %s", version_id, key, error.detail)
            return False
        return True

    def _versions(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
        with _available:
            for page in pages:
                yield from page.get("Versions", [])
                yield from page.get("DeleteMarkers", [])

    def presigned_get(self, stored: StoredObject, filename: str, expires_in: int) -> str:
        params: dict[str, Any] = {
            "Bucket": self.bucket,
            "Key": stored.key,
            "ResponseContentDisposition": content_disposition(filename),
            "ResponseContentType": stored.content_type,
        }
        if stored.version_id:
            params["VersionId"] = stored.version_id
        with _available:
            return self._public.generate_presigned_url("get_object", Params=params, ExpiresIn=expires_in)

    def check(self) -> None:
        try:
            with _available:
                self._client.head_bucket(Bucket=self.bucket)
        except ObjectMissing as error:
            raise StoreUnavailable(f"There is no bucket {self.bucket!r}.", 30) from error
        self._traits.learn()

    def old_objects(self, prefix: str, before: datetime) -> Iterator[OldObject]:
        last = None
        with _available:
            for item in self._listed(prefix):
                if item["LastModified"] < before and item["Key"] != last:  # the versions of a key come together
                    last = item["Key"]
                    yield OldObject(item["Key"], item["LastModified"])

    def _listed(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        if self._keeps_versions():
            try:
                yield from self._versions(prefix)
            except StoreUnavailable as error:
                if not error.refused:
                    raise
                log.warning("old versions below %r are not looked for: %s", prefix, error.detail)
            else:
                return
        yield from self._objects(prefix)

    def _objects(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        with _available:
            for page in pages:
                yield from page.get("Contents", [])

    def old_multiparts(self, prefix: str, before: datetime) -> Iterator[OldMultipart]:
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix)
        try:
            with _available:
                for page in pages:
                    for item in page.get("Uploads", []):
                        if item["Initiated"] < before:
                            yield OldMultipart(item["Key"], MultipartUploadId(item["UploadId"]), item["Initiated"])
        except NotSupportedByStore as error:
            log.info("open multipart uploads are not looked for: %s", error.detail)

    def abort_multipart(self, key: str, multipart_id: MultipartUploadId) -> None:
        with suppress(ObjectMissing), _available:
            self._client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=multipart_id)

    def first_bytes(self, source: ObjectHead) -> bytes:
        options: dict[str, Any] = {"VersionId": source.version_id} if source.version_id else {}
        if source.size:  # an empty object has no range at all: 416
            options["Range"] = f"bytes=0-{FIRST_BYTES - 1}"
        with _available:  # no If-Match: a proxy that weakened the ETag would make it fail for ever
            answer = self._client.get_object(Bucket=self.bucket, Key=source.key, **options)
            with answer["Body"] as body:  # a store that does not know ranges sends all: it is not read
                first = body.read(FIRST_BYTES)
        etag = plain_etag(answer.get("ETag", ""))
        if not etag and (now := self.head(source.key, source.version_id)) is not None:
            etag = now.etag
        if etag != source.etag:
            raise ObjectChanged
        return first

    def presigned_put(self, key: str, headers: Mapping[str, str], expires_in: int) -> Presigned:
        return self._presigned(key, {}, {**headers, **self._guards}, expires_in)

    def start_multipart(self, key: str, headers: ObjectHeaders) -> MultipartUploadId:
        self._traits.learn()
        wanted: dict[str, Any] = {"ChecksumAlgorithm": "SHA256"} if self.capabilities.part_checksums else {}
        with _available, placing(headers.placement):
            answer = self._client.create_multipart_upload(Bucket=self.bucket, Key=key, **written(headers), **wanted)
            begun = MultipartUploadId(answer["UploadId"])
        if not self._traits.lists_parts(lambda: self.parts(key, begun)):
            self.abort_multipart(key, begun)
            raise MethodNotSupported("The store cannot list parts, so none can be proven: ask for 'auto'.", "/method")
        return begun

    def parts(self, key: str, multipart_id: MultipartUploadId) -> list[Part] | None:
        pages = self._client.get_paginator("list_parts").paginate(Bucket=self.bucket, Key=key, UploadId=multipart_id)
        try:
            with _available:
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
        headers = part_headers(size, checksum)
        if size is not None:  # Uppy says no size, and its version 6 sends no headers
            headers |= self._guards
        elif self._guards and self._grant_credentials is None and not self._has_warned:
            self._has_warned = True
            log.warning(UNGUARDED)
        return self._presigned(key, {"partNumber": str(number), "uploadId": multipart_id}, headers, expires_in)

    def _presigned(self, key: str, query: Mapping[str, str], headers: Mapping[str, str], expires_in: int) -> Presigned:
        now, credentials = datetime.now(UTC), self.credentials()
        url = self._urls.sign(
            "PUT", key, query=query, headers=headers, credentials=credentials, now=now, expires_in=expires_in
        )
        return Presigned(url, headers)

    def join_parts(self, key: str, multipart_id: MultipartUploadId, parts: Sequence[Part]) -> None:
        with _available:  # botocore reads the error that S3 may send with a status of 200
            self._copier.complete_multipart_upload(
                Bucket=self.bucket,
                Key=key,
                UploadId=multipart_id,
                MultipartUpload={"Parts": [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]},
            )


def make_client(
    session: boto3.Session,
    settings: S3Settings,
    endpoint_url: str | None,
    *,
    read_timeout: int = TIMEOUT,
    attempts: int = 3,
) -> "S3Client":
    """A client that signs SigV4 for the region's own endpoint, and adds no checksums that stores off AWS refuse."""
    return session.client(
        "s3",
        region_name=settings.region,
        endpoint_url=endpoint_url,
        config=Config(
            signature_version="s3v4",
            user_agent=_USER_AGENT,
            s3={
                "addressing_style": addressing_style(settings, endpoint_url),
                "us_east_1_regional_endpoint": "regional",
            },
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=5,
            read_timeout=read_timeout,
            max_pool_connections=64,
            parameter_validation=False,  # ours are right by their types; it pays for the headers that a copy replaces
        ),
    )


def addressing_style(settings: S3Settings, endpoint_url: str | None) -> AddressingStyle:
    """``auto``: virtual hosts on AWS, where path style meets redirects; path style on other stores and dotted names,
    whose certificates seldom cover the bucket's host."""
    if settings.addressing_style != "auto":
        return settings.addressing_style
    return "path" if endpoint_url or "." in settings.bucket else "virtual"


def content_disposition(filename: str) -> str:
    """``attachment`` with the name as RFC 6266 wants it: an ASCII shadow, and the whole name percent-encoded.

    The shadow is the safe name, so nothing in it can end the header; percent-encoding does the same for the whole name.
    A name that is too long keeps its end, where the extension is.
    """
    kept = filename or "file"
    while len(quote(quote(kept, safe="", errors="replace"), safe="")) > MAX_DISPOSITION:
        kept = kept[len(kept) // 8 or 1 :]
    whole = quote(kept, safe="", errors="replace")
    return f"attachment; filename=\"{safe_name(filename)}\"; filename*=UTF-8''{whole}"


def _as_head(key: str, answer: dict[str, Any]) -> ObjectHead:
    if not answer.get("ETag"):
        said = (
            "The store's HEAD names no ETag, without which nothing can be pinned (JuiceFS: start it with --keep-etag)."
        )
        raise StoreUnavailable(said, 60, refused=True)
    if "ContentType" not in answer:  # each grant pins one, and S3 always says it
        raise StoreUnavailable("The store's HEAD names no Content-Type, so nothing can be checked.", 60, refused=True)
    whole = answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    found = {name.lower(): answer.get(f"Checksum{name}", "-") for name in _CHECKSUMS}
    # "...=-3" is one of the parts' checksums, also where the store does not say its type
    sums = {name: value for name, value in found.items() if "-" not in value}
    version_id = answer.get("VersionId")
    # HTTP headers have no case, and servers written in Go send them as X-Amz-Meta-Upload-Id
    metadata = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}
    return ObjectHead(
        key=key,
        etag=plain_etag(answer["ETag"]),
        version_id=None if version_id in {"", "null"} else version_id,
        size=answer["ContentLength"],
        content_type=answer["ContentType"],
        upload_id=metadata.get("upload-id"),
        checksums=sums if whole else {},
    )


def _condition_for_ceph(request: Any, **_: Any) -> None:
    """Ceph RGW 16 ignores ``x-amz-copy-source-if-match`` and reads the same from ``x-amz-copy-if-match``."""
    if etag := request.headers.get("x-amz-copy-source-if-match"):
        request.headers["x-amz-copy-if-match"] = etag


def _refuses_unsigned(settings: S3Settings) -> bool:
    """Whether the store refuses requests with ``x-amz-`` headers that nobody signed: AWS does, in words (403)."""
    host = urlsplit(settings.public_endpoint_url or settings.endpoint_url or "").hostname
    return host is None or host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


_UNREADABLE = (ResponseParserError, LookupError, ValueError, TypeError)
"""What botocore, and we, raise of an answer that is half there, has no XML in it, or lacks what S3 always says."""


class _Available:
    """Turns what botocore raises into what the port promises."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ClientError):
            raise _translated(error) from error
        # RuntimeError: botocore's, for credentials that were renewed and are expired all the same
        if isinstance(error, BotoCoreError | RuntimeError):
            raise StoreUnavailable(f"The store does not answer: {type(error).__name__}.") from error
        if isinstance(error, _UNREADABLE):
            raise StoreUnavailable(f"The store's answer cannot be read: {type(error).__name__}.") from error


def _translated(error: ClientError) -> Exception:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    said = error.response.get("Error", {})
    code = "" if str(said.get("Code", "")).isdecimal() else str(said.get("Code", ""))  # a HEAD has no body
    meaning = meaning_of(
        _OPERATIONS.get(error.operation_name, "list"), status, ErrorBody(code, str(said.get("Message", "")))
    )
    if meaning is Meaning.MISSING:
        return ObjectMissing()
    if meaning is Meaning.CHANGED:
        return ObjectChanged()
    detail = f"The store refused {error.operation_name}: {code or status}.{_clock_hint(error)}"
    refused = status in range(400, 500) or meaning in {Meaning.UNSUPPORTED, Meaning.PLACEMENT} or code in _NOT_BEGUN
    return _UNAVAILABLE.get(meaning, StoreUnavailable)(detail, _retry_after(error), refused=refused)


_NOT_BEGUN = frozenset({"SlowDown", "ServiceUnavailable"})
"""Answers of 503 by which S3 says that it has not begun; any other error of the 500s may come after the work."""


_UNAVAILABLE: dict[Meaning, type[StoreUnavailable]] = {
    Meaning.PLACEMENT: PlacementRefused,
    Meaning.UNSUPPORTED: NotSupportedByStore,
}


def _retry_after(error: ClientError) -> int:
    """Seconds that the store asks to be left alone; a few where it does not say."""
    asked = str(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", ""))
    seconds = seconds_until(asked, datetime.now(UTC))
    return RETRY_AFTER if seconds is None else min(math.ceil(seconds), MAX_RETRY_AFTER)


def _clock_hint(error: ClientError) -> str:
    """A sentence for whoever has to mend it, where our clock is too far from the store's; else nothing.

    The store's ``Date`` header tells: its code for that, RequestTimeTooSkewed, is in a body, which a HEAD has not.
    """
    metadata = error.response.get("ResponseMetadata", {})
    with suppress(KeyError, TypeError, ValueError):
        theirs = parsedate_to_datetime(metadata["HTTPHeaders"]["date"])
        off = botocore.compat.get_current_datetime(remove_tzinfo=False) - theirs
        if metadata["HTTPStatusCode"] == HTTPStatus.FORBIDDEN and abs(off) > MAX_SKEW:
            minutes = abs(off) // timedelta(minutes=1)
            direction = "ahead of" if off > timedelta(0) else "behind"
            return f" This machine's clock is {minutes} minutes {direction} the store's: set it right."
    return ""


_available = _Available()
