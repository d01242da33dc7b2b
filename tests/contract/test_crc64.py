"""Which stores compute the CRC64NVME of the whole of a multipart upload."""

from base64 import b64encode
from collections.abc import Iterator

import pytest
import urllib3
from anycrc import Model
from tests.contract.harnesses import s3_store
from tests.support.store_kinds import KINDS, Servers, bucket_of_kind

from valetkey.adapters.s3 import S3Store
from valetkey.core.model.multipart import MIN_PART_SIZE
from valetkey.core.model.upload import MultipartUploadId, UploadId
from valetkey.core.ports.store import ObjectHeaders

HAVE = {"rgw": False, "ceph18": False, "caddy": False, "juicefs": False, "moto": True, "localstack": True}
"""By kind, as measured."""

TOLD = {kind: have and kind != "moto" for kind, have in HAVE.items()}
"""Whether a HEAD has it: moto's is none, unless Amazon's awscrt is there, and is not believed."""

HEADERS = ObjectHeaders("text/plain", UploadId("some-id"))
PIECES = (b"x" * MIN_PART_SIZE, b"123456789")


def crc64(content: bytes) -> str:
    return b64encode(Model("CRC64-NVME").calc(content).to_bytes(8, "big")).decode()


RIGHT = crc64(b"".join(PIECES))


@pytest.fixture(params=[kind for kind in KINDS if kind in HAVE])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(servers: Servers, kind: str) -> Iterator[S3Store]:
    with bucket_of_kind(servers, kind) as bucket:
        yield s3_store(bucket.server, bucket.name)


def sent(store: S3Store, key: str) -> MultipartUploadId:
    """Its parts are sent as a client does, by their URLs, without checksums of their own."""
    begun = store.start_multipart(key, HEADERS, whole_crc64=True)
    for number, piece in enumerate(PIECES, 1):
        part = store.presigned_part(key, begun, number, len(piece), 60)
        answer = urllib3.request("PUT", part.url, body=piece, headers=part.headers, retries=False, timeout=60)
        assert answer.status == 200
    return begun


def join(store: S3Store, key: str, begun: MultipartUploadId) -> None:
    store.join_parts(key, begun, store.parts(key, begun) or [])


def test_the_whole_has_it(store: S3Store, kind: str) -> None:
    """It is the one of all bytes, in a HEAD; a store without it is known as one, and takes the parts."""
    join(store, "a", sent(store, "a"))
    assert store.capabilities.crc64_of_parts is HAVE[kind]
    head = store.head("a")
    assert head is not None
    assert head.checksums == ({"crc64nvme": RIGHT} if TOLD[kind] else {})
    assert head.size == sum(len(piece) for piece in PIECES)


def test_another_process_joins_them(servers: Servers, kind: str) -> None:
    """It need not be the one that has begun them, nor know of the store what that one does."""
    with bucket_of_kind(servers, kind) as bucket:
        first, second = s3_store(bucket.server, bucket.name), s3_store(bucket.server, bucket.name)
        begun = sent(first, "a")
        assert second.capabilities.crc64_of_parts is None
        join(second, "a", begun)
        head = second.head("a")
        assert head is not None
        assert head.checksums == ({"crc64nvme": RIGHT} if TOLD[kind] else {})
