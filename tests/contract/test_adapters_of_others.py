"""What the author of an adapter writes to prove it: public names only. The documentation shows this module."""

import secrets
from collections.abc import Iterator

import pytest

from valetkey.adapters.embedded import Embedded, start
from valetkey.adapters.memory import MemoryLedger
from valetkey.adapters.s3 import S3Settings, S3Store
from valetkey.core.model.upload import MultipartUploadId
from valetkey.testing.contracts import (
    Able,
    FormContract,
    LedgerContract,
    MultipartContract,
    ObjectStoreContract,
    Place,
    download_over_http,
    post_over_http,
    put_over_http,
)


class MyStore(S3Store):
    """An `ObjectStore`: yours stands here."""


class MyLedger(MemoryLedger):
    """A `Ledger`: yours stands here."""


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    """The server that the store is for; this one comes with ``valetkey[dev]``."""
    server = start()
    yield server
    server.stop()


class TestMyStore(ObjectStoreContract, FormContract, MultipartContract):
    """All that valetkey asks of a store, on a fresh bucket for each test."""

    @pytest.fixture
    def place(self, server: Embedded) -> Place:
        s3 = server.session.client("s3", endpoint_url=server.endpoint_url)
        bucket = f"test-{secrets.token_hex(6)}"
        s3.create_bucket(Bucket=bucket)

        def store(bucket: str) -> MyStore:
            return MyStore(S3Settings(bucket, endpoint_url=server.endpoint_url), server.session)

        def write(key: str, content: bytes, content_type: str, metadata: dict[str, str]) -> None:
            s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type, Metadata=metadata)

        def read(key: str) -> bytes | None:
            try:
                return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            except s3.exceptions.NoSuchKey:
                return None

        def start_multipart(key: str) -> MultipartUploadId:
            return MultipartUploadId(s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"])

        mine = store(bucket)
        return Place(
            store=mine,
            write=write,
            read=read,
            post=lambda form, content: post_over_http(mine.post_url, form, content),
            send=put_over_http,
            start_multipart=start_multipart,
            download=download_over_http,
            without_bucket=lambda: store("no-such-bucket"),
            # what this server cannot do: it checks no signature and no policy
            able=Able(conditional=False, enforces=False, enforces_all=False, dates_multiparts=False),
        )


class TestMyLedger(LedgerContract):
    """All that valetkey asks of a ledger, on an empty one for each test."""

    @pytest.fixture
    def ledger(self) -> MyLedger:
        return MyLedger()
