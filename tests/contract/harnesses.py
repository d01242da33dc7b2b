"""Harnesses for the store adapters that valetkey comes with."""

import base64
import hashlib
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from tests.support.stores import Bucket, S3Server

from valetkey.adapters.memory import MemoryStore
from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.model.upload import MultipartUploadId, new_upload_id
from valetkey.core.ports.store import ObjectHeaders, ObjectStore
from valetkey.testing.contracts import (
    Abilities,
    Download,
    StoreHarness,
    download_over_http,
    post_over_http,
    put_over_http,
)


def memory_harness(*, versioned: bool = False) -> StoreHarness:
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

    return StoreHarness(
        store,
        store.put,
        read,
        lambda form, content: store.post(form, content).status,
        lambda put, content, changed: store.send(put.url, {**put.headers, **changed}, content).status,
        lambda key: store.start_multipart(key, ObjectHeaders("text/plain", new_upload_id())),
        download,
        without_bucket,
    )


def s3_harness(bucket: Bucket, abilities: Abilities | None = None, *, versioned: bool = False) -> StoreHarness:
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

    return StoreHarness(
        store,
        write,
        read,
        lambda form, content: post_over_http(store.post_url, form, content),
        put_over_http,
        lambda key: MultipartUploadId(s3.create_multipart_upload(Bucket=bucket.name, Key=key)["UploadId"]),
        download_over_http,
        lambda: s3_store(bucket.server, "no-such-bucket-of-ours"),
        abilities or Abilities(),
    )


def s3_store(server: S3Server, bucket: str, *, secret_key: str | None = None) -> S3Store:
    settings = S3Settings(bucket, server.region, server.endpoint_url, addressing_style="path")
    return S3Store(settings, boto3.Session(server.access_key, secret_key) if secret_key else server.session)


def md5_of(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()
