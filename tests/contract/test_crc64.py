"""Which stores compute the CRC64NVME of the whole of what came in parts, and what they make of a wrong one."""

from base64 import b64encode
from collections.abc import Iterator

import pytest
import urllib3
from awscrt import checksums
from tests.contract.places import s3_store
from tests.support.store_kinds import KINDS, Servers, bucket_of_kind

from valetkey.adapters.s3 import S3Store
from valetkey.core.errors import ChecksumDiffers
from valetkey.core.model.multipart import MIN_PART_SIZE
from valetkey.core.model.upload import MultipartUploadId, UploadId
from valetkey.core.ports.store import ObjectHeaders

HAVE = {"rgw": False, "ceph18": False, "caddy": False, "juicefs": False, "moto": True, "localstack": True}
"""By kind, as measured."""

REFUSE = {"localstack"}
"""They join nothing that has another one."""

HEADERS = ObjectHeaders("text/plain", UploadId("some-id"))
PIECES = (b"x" * MIN_PART_SIZE, b"123456789")


def crc64(content: bytes) -> str:
    return b64encode(checksums.crc64nvme(content).to_bytes(8, "big")).decode()


RIGHT, WRONG = crc64(b"".join(PIECES)), crc64(b"other")


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
        answer = urllib3.request("PUT", part.url, body=piece, headers=part.headers, retries=False, timeout=30)
        assert answer.status == 200
    return begun


def join(store: S3Store, key: str, begun: MultipartUploadId, crc: str) -> None:
    store.join_parts(key, begun, store.parts(key, begun) or [], whole_crc64=crc)


def test_the_whole_has_it(store: S3Store, kind: str) -> None:
    """It is the one of all bytes, in a HEAD; a store without it is known as one, and takes the parts."""
    join(store, "a", sent(store, "a"), RIGHT)
    assert store.capabilities.crc64_of_parts is HAVE[kind]
    head = store.head("a")
    assert head is not None
    assert head.checksums == ({"crc64nvme": RIGHT} if HAVE[kind] else {})
    assert head.size == sum(len(piece) for piece in PIECES)


def test_a_wrong_one(store: S3Store, kind: str) -> None:
    """Nothing is joined, or a HEAD shows that it is another: either way nothing is confirmed by it."""
    begun = sent(store, "a")
    if kind in REFUSE:
        with pytest.raises(ChecksumDiffers):
            join(store, "a", begun, WRONG)
        assert store.head("a") is None
        assert len(store.parts("a", begun) or []) == 2
        return
    join(store, "a", begun, WRONG)
    head = store.head("a")
    assert head is not None
    assert head.checksums == ({"crc64nvme": RIGHT} if HAVE[kind] else {})


def test_another_process_learns_it_from_the_list_of_parts(servers: Servers, kind: str) -> None:
    """The one that joins need not be the one that has begun."""
    with bucket_of_kind(servers, kind) as bucket:
        first, second = s3_store(bucket.server, bucket.name), s3_store(bucket.server, bucket.name)
        begun = sent(first, "a")
        assert second.capabilities.crc64_of_parts is None
        second.parts("a", begun)
        assert second.capabilities.crc64_of_parts in {HAVE[kind] or None, None}
        join(second, "a", begun, RIGHT)
        head = second.head("a")
        assert head is not None
        assert head.checksums == ({"crc64nvme": RIGHT} if HAVE[kind] else {})
