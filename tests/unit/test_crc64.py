"""The CRC64NVME of the whole of a multipart upload: requested, compared, and refused if a store has none."""

from base64 import b64encode
from dataclasses import replace

import pytest
from anycrc import Model
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.memory_world import OWNER, World

from valetkey.adapters.memory.crc64 import crc64nvme
from valetkey.core.errors import ChecksumNotSupported
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.multipart import MAX_SINGLE_SIZE, MIB, MIN_PART_SIZE, choose_method
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import CRC64NVME, Checksum, Method, Upload, UploadState

CONTENT = b"x" * MIN_PART_SIZE + b"123456789"
SIZE = 8 * MIB


def declared(content: bytes) -> Checksum:
    return Checksum(CRC64NVME, b64encode(Model("CRC64-NVME").calc(content).to_bytes(8, "big")).decode())


def in_parts(world: World, checksum: Checksum) -> Upload:
    """All of its parts are at the store."""
    asked = UploadRequest("a.bin", "image/png", len(CONTENT), checksum=checksum, method=Method.MULTIPART)
    upload = world.service.create(OWNER, asked).upload
    for part in world.multiparts.sign(upload, [1, 2], world.time):
        start = (part.number - 1) * MIN_PART_SIZE
        assert world.store.send(part.url, part.headers, CONTENT[start:][: part.size]).status == 200
    return upload


def small_parts(*, required: bool = False) -> Profile:
    return Profile("default", part_size=MIN_PART_SIZE, checksum_required=required)


@given(st.binary(max_size=300))
def test_the_table_is_the_standards(content: bytes) -> None:
    """Amazon's own library says the same."""
    assert crc64nvme(content) == Model("CRC64-NVME").calc(content).to_bytes(8, "big")


@pytest.mark.parametrize(
    ("content", "crc"),
    [(b"", "0000000000000000"), (b"123456789", "ae8b14860a799888"), (b"\0" * 32, "cf3473434d4ecf3b")],
)
def test_known_values(content: bytes, crc: str) -> None:
    """Of the catalogue of CRCs, and of the NVM Command Set specification."""
    assert crc64nvme(content).hex() == crc


@pytest.mark.parametrize("required", [False, True])
def test_the_declared_one_is_compared(required: bool) -> None:
    """Parts that make it are confirmed, and the upload says that it was seen; also where the profile insists."""
    world = World(profile=small_parts(required=required))
    after = world.run(in_parts(world, declared(CONTENT)))
    assert (after.state, after.checksum_verified) == (UploadState.CONFIRMED, True)
    world.check_settled()


@pytest.mark.parametrize("scan", [False, True])
def test_parts_that_make_another_object(scan: bool) -> None:
    """They are joined and compared in quarantine: no other bytes are ever under a final key. All are removed."""
    world = World(profile=replace(small_parts(), scan=scan))
    upload = in_parts(world, declared(b"other"))
    after = world.run(upload)
    assert after.reason is not None
    assert (after.state, after.reason.code) == (UploadState.REJECTED, "checksum_mismatch")
    assert "copy" not in world.operations
    assert upload.arrival_key != upload.key
    assert world.store.keys() == []
    assert upload.multipart is not None
    assert upload.multipart.id is not None
    assert world.store.parts(upload.multipart.key, upload.multipart.id) is None


def without_crc64(world: World) -> None:
    world.store._capabilities = Capabilities(crc64_of_parts=False)


def test_a_store_that_has_none() -> None:
    """The upload is confirmed, and says that nobody has seen its checksum."""
    world = World(profile=small_parts())
    without_crc64(world)
    after = world.run(in_parts(world, declared(CONTENT)))
    assert (after.state, after.checksum_verified) == (UploadState.CONFIRMED, False)


@pytest.mark.parametrize("known", [False, True])
def test_a_store_that_has_none_where_the_profile_insists(known: bool) -> None:
    """Refused before a byte is sent; the first time the store has to be asked, and nothing is left there."""
    world = World(profile=small_parts(required=True))
    if known:
        without_crc64(world)
    else:
        world.once("start_multipart", lambda: without_crc64(world))
    with pytest.raises(ChecksumNotSupported) as caught:
        in_parts(world, declared(CONTENT))
    assert caught.value.pointer == "/checksum"
    assert list(world.store.old_multiparts("", world.time.replace(year=2100))) == []
    assert ("start_multipart" in world.operations) is not known


@pytest.mark.parametrize(
    ("asked", "size", "algorithm", "store", "chosen"),
    [
        (None, SIZE, "crc64nvme", Capabilities(), Method.MULTIPART),
        (None, SIZE - 1, "crc64nvme", Capabilities(), Method.POST),
        (None, SIZE, "crc64nvme", Capabilities(crc64_of_parts=True), Method.MULTIPART),
        (None, SIZE, "crc64nvme", Capabilities(crc64_of_parts=False), Method.POST),
        (None, SIZE, "crc64nvme", Capabilities(part_checksums=True), Method.POST),
        (None, SIZE, "crc64nvme", Capabilities(list_parts=False), Method.POST),
        (None, SIZE, "sha256", Capabilities(), Method.POST),
        (None, MAX_SINGLE_SIZE + 1, "crc64nvme", Capabilities(crc64_of_parts=False), Method.MULTIPART),
        (Method.PUT, SIZE, "crc64nvme", Capabilities(), Method.PUT),
        (Method.MULTIPART, 1, "crc64nvme", Capabilities(), Method.MULTIPART),
    ],
)
def test_how_a_file_with_one_travels(
    asked: Method | None, size: int, algorithm: str, store: Capabilities, chosen: Method
) -> None:
    """In parts as one without, unless the store is known to have none; then in one piece as long as that goes."""
    assert choose_method(asked, size, Checksum(algorithm, ""), multipart_from=SIZE, store=store) is chosen


@pytest.mark.parametrize(
    ("algorithm", "store"), [("sha256", Capabilities()), ("crc64nvme", Capabilities(part_checksums=True))]
)
def test_parts_that_cannot_have_it(algorithm: str, store: Capabilities) -> None:
    """Another checksum, and a bucket that wants the SHA-256 of each part: said when it is asked for."""
    with pytest.raises(ChecksumNotSupported):
        choose_method(Method.MULTIPART, SIZE, Checksum(algorithm, ""), multipart_from=SIZE, store=store)
