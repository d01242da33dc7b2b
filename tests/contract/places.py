"""One place for each store adapter: the adapter, a way around it, and what it can do."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import urlopen

import boto3
from tests.support.clients import post_form
from tests.support.stores import Bucket, S3Server

from valetkey.adapters.memory import MemoryStore
from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.model.upload import MultipartUploadId, new_upload_id
from valetkey.core.ports.store import ObjectHeaders, ObjectStore, Presigned


@dataclass(frozen=True)
class Download:
    """What a presigned URL gave: the bytes, the name that a browser would save them under, and their type."""

    content: bytes
    filename: str
    content_type: str


@dataclass(frozen=True)
class Able:
    """What a store can do; the table in `service/docs/stores.md` says the same of more stores."""

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


def memory_place(*, versioned: bool = False) -> Place:
    store = MemoryStore("test", versioned=versioned)

    def read(key: str) -> bytes | None:
        found = store.read(key)
        return None if found is None else found.content

    def download(url: str) -> Download:
        parts = urlsplit(url)
        found = store.read(unquote(parts.path).removeprefix("/"))
        assert found is not None
        query = parse_qs(parts.query)
        return Download(found.content, query["filename"][0], query["content_type"][0])

    def without_bucket() -> ObjectStore:
        other = MemoryStore("other")
        other.remove_bucket()
        return other

    return Place(
        store,
        store.put,
        read,
        lambda form, content: store.post(form, content).status,
        lambda put, content, changed: store.send(put.url, {**put.headers, **changed}, content).status,
        lambda key: store.start_multipart(key, ObjectHeaders("text/plain", new_upload_id())),
        download,
        without_bucket,
    )


def s3_place(bucket: Bucket, able: Able = Able(), *, versioned: bool = False) -> Place:
    s3 = bucket.client
    if versioned:
        s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    store = s3_store(bucket.server, bucket.name)

    def write(key: str, content: bytes, content_type: str, metadata: dict[str, str]) -> object:
        given = {"ContentType": content_type, "Metadata": metadata, "ContentMD5": md5_of(content)}
        return cast("Any", s3).put_object(Bucket=bucket.name, Key=key, Body=content, **given)

    def read(key: str) -> bytes | None:
        try:
            return s3.get_object(Bucket=bucket.name, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None

    return Place(
        store,
        write,
        read,
        lambda form, content: post_form(store.post_url, form, content).status,
        put_over_http,
        lambda key: MultipartUploadId(s3.create_multipart_upload(Bucket=bucket.name, Key=key)["UploadId"]),
        download_over_http,
        lambda: s3_store(bucket.server, "no-such-bucket-of-ours"),
        able,
    )


def s3_store(server: S3Server, bucket: str, *, secret_key: str | None = None) -> S3Store:
    settings = S3Settings(bucket, server.region, server.endpoint_url, addressing_style="path")
    return S3Store(settings, boto3.Session(server.access_key, secret_key) if secret_key else server.session)


def md5_of(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def put_over_http(put: Presigned, content: bytes, changed: dict[str, str]) -> int:
    """As a client does, which sends the length that its bytes have; an empty header is left out."""
    headers = {name: value for name, value in {**put.headers, **changed}.items() if name != "Content-Length" and value}
    parts = urlsplit(put.url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("PUT", f"{parts.path}?{parts.query}", content, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def download_over_http(url: str) -> Download:
    """As a browser does, which prefers ``filename*`` (RFC 6266)."""
    with urlopen(url) as answer:
        disposition = answer.headers["Content-Disposition"]
        kind, _, name = disposition.partition("filename*=UTF-8''")
        assert kind.startswith("attachment;")
        return Download(answer.read(), unquote(name), answer.headers["Content-Type"])
