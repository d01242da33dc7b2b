"""What a store's responses to copies prove, and what they do not."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from tests.unit.confirming import HAPPY_PATH, SHORT_PATH, refuse, sha256
from tests.unit.memory_world import FIRST, PROVEN, SECOND, World, md5

from valetkey.core.errors import (
    CopyUnproven,
)
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Checksum, UploadState
from valetkey.core.ports.store import CopyAnswer, ObjectHead, ObjectHeaders


@pytest.fixture(params=[Capabilities(), PROVEN], ids=["looks", "believes"])
def world(request: pytest.FixtureRequest) -> World:
    return World(capabilities=request.param)


def test_what_was_seen_once_is_believed() -> None:
    """The second confirmation of a process asks twice, and removes; another way of keeping objects is looked at."""
    world = World()
    for path in (HAPPY_PATH, SHORT_PATH, SHORT_PATH):
        upload = world.create()
        world.post(upload)
        world.operations.clear()
        assert world.run(upload).state is UploadState.CONFIRMED
        assert world.operations == path
    world.profiles["default"] = Profile("default", storage_class="STANDARD_IA")
    upload = world.create()
    world.post(upload)
    world.operations.clear()
    world.run(upload)
    assert world.operations == HAPPY_PATH


@dataclass
class Answering:
    """A store whose answers to copies are other ones than what it made."""

    copy: Callable[[ObjectHead, str, ObjectHeaders], CopyAnswer | None]
    change: Callable[[CopyAnswer], CopyAnswer | None]

    def __call__(self, source: ObjectHead, key: str, headers: ObjectHeaders) -> CopyAnswer | None:
        answer = self.copy(source, key, headers)
        assert answer is not None
        return self.change(answer)


@pytest.mark.parametrize(
    ("checksum", "change"),
    [
        (None, lambda _: None),
        (None, lambda answer: replace(answer, etag="another")),
        (sha256(FIRST), lambda answer: replace(answer, checksums={})),
        (sha256(FIRST), lambda answer: replace(answer, checksums={"sha256": "another"})),
        (sha256(FIRST), lambda answer: replace(answer, checksums={"crc32": "AAAAAA=="})),
    ],
    ids=["nothing", "another ETag", "no checksum", "another checksum", "one of another kind"],
)
def test_an_answer_that_says_anything_else_is_no_proof(
    checksum: Checksum | None, change: Callable[[CopyAnswer], CopyAnswer | None]
) -> None:
    """The copy is looked at then, also where answers are believed; what it says itself is what counts."""
    world = World(capabilities=PROVEN)
    world.store.copy = Answering(world.store.copy, change)  # type: ignore[method-assign]
    upload = world.create(checksum)
    world.post(upload)
    after = world.run(upload)
    assert after.object is not None
    assert (after.state, after.object.etag) == (UploadState.CONFIRMED, md5(FIRST))
    assert "head final" in world.operations
    world.check_settled()


def test_an_answer_without_a_version_is_no_proof() -> None:
    """Ceph RGW 16 does not say which version it has made: a look does."""
    world = World(versioned=True, capabilities=PROVEN)
    world.store.copy = Answering(world.store.copy, lambda answer: replace(answer, version_id=None))  # type: ignore[method-assign]
    upload = world.create()
    world.post(upload)
    after = world.run(upload)
    assert after.object is not None
    assert after.object.version_id is not None
    assert "head final" in world.operations
    world.check_settled()


def test_a_store_that_ignores_conditions_is_never_believed() -> None:
    """Each copy is looked at, for ever."""
    world = World()
    world.store.proves_copies = lambda source: source is None  # type: ignore[method-assign]
    for _ in range(3):
        upload = world.create()
        world.post(upload)
        world.operations.clear()
        assert world.run(upload).state is UploadState.CONFIRMED
        assert "head final" in world.operations


def test_a_proof_that_fails_hinders_nothing() -> None:
    """What is being confirmed is confirmed; the next one tries again."""
    world = World()
    upload = world.create()
    world.post(upload)
    world.once("proves_copies", refuse)
    assert world.run(upload).state is UploadState.CONFIRMED
    assert not world.store.capabilities.conditional_copy


def test_a_copy_of_other_bytes_is_not_confirmed_and_not_kept(world: World) -> None:
    """On a store that ignores the copy's condition (moto): what was copied is compared, and wrong bytes are removed."""
    upload = world.create()
    world.post(upload)
    copy = world.store.copy

    def careless(source: ObjectHead, key: str, headers: ObjectHeaders) -> CopyAnswer | None:
        world.store.copy = copy  # type: ignore[method-assign]
        world.post(upload, SECOND)
        found = world.store.read(upload.staging_key)
        assert found is not None
        return copy(found.head, key, headers)

    world.store.copy = careless  # type: ignore[method-assign]
    after = world.run(upload)
    assert after.object is not None
    assert after.object.etag == md5(SECOND)
    world.check_settled()


@pytest.mark.parametrize("profile", [Profile("default"), Profile("default", scan=True)])
@pytest.mark.parametrize("lost", [True, False])
def test_a_store_whose_copies_are_no_copies(profile: Profile, lost: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps another type than it was given, or nothing: one copy for each signal, and the upload says why."""
    world = World(profile=profile)
    real = world.store.copy

    def copy(source: ObjectHead, key: str, headers: ObjectHeaders) -> None:
        real(source, key, replace(headers, content_type="application/octet-stream"))
        if lost:
            world.store.delete(key)

    monkeypatch.setattr(world.store, "copy", copy)
    upload = world.create()
    world.post(upload)
    for _ in range(3):
        world.operations.clear()
        with pytest.raises(CopyUnproven):
            world.run(upload)
        assert [name.partition(" ")[0] for name in world.operations].count("copy") == 1
        now = world.now(upload)
        assert now.reason is not None
        assert (now.state, now.reason.code) == (UploadState.STORED, "copy_unproven")
        world.time += timedelta(hours=1)
    assert world.store.read(upload.staging_key) is not None
