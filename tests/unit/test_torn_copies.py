"""Stores that do not copy atomically: condition, bytes and ETag of a copy may be of three objects.

So it was measured on the JuiceFS gateway 1.4.2, where these are three looks at a path.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.memory_world import FIRST, PROVEN, SECOND, THIRD, World, md5

from valetkey.adapters.memory import MemoryObject
from valetkey.core.errors import CopyUnproven, LedgerUnavailable, ObjectChanged, StoreUnavailable
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.ports.store import CopyAnswer, ObjectHead, ObjectHeaders

TORN = replace(PROVEN, atomic_copy=False)
"""What doctor proves of such a store."""

KNOWN = pytest.mark.parametrize("capabilities", [Capabilities(), PROVEN, TORN], ids=["new", "believed", "known"])


class InSteps:
    """A copy in three steps. What ``writes`` has for it is sent after its condition was compared, and after its bytes
    were read; None sends nothing. Copies of other sources than staging are made undisturbed."""

    def __init__(self, world: World, upload: Upload, *writes: Sequence[bytes | None]) -> None:
        self._world, self._upload, self._writes = world, upload, list(writes)
        world.store.copy = self  # type: ignore[method-assign]

    def __call__(self, source: ObjectHead, key: str, headers: ObjectHeaders) -> CopyAnswer:
        store = self._world.store
        store._call("copy", key)
        before, after = self._writes.pop(0) if self._writes and source.key.startswith("staging/") else (None, None)
        store._require(source)
        self._send(before)
        found = store.read(source.key)
        assert found is not None
        self._send(after)
        shown = store.read(source.key)
        assert shown is not None
        head = replace(found.head, key=key, etag=shown.head.etag, content_type=headers.content_type)
        metadata = {"upload-id": headers.upload_id}
        made = store._write(MemoryObject(head, found.content, metadata, headers.placement, store._clock(), headers))
        return CopyAnswer(made.etag, made.version_id, made.checksums)

    def _send(self, content: bytes | None) -> None:
        if content is not None:
            self._world.post(self._upload, content)


def arrived(world: World) -> Upload:
    upload = world.create()
    world.post(upload)
    return upload


def check_confirmed(world: World, upload: Upload, content: bytes, pins: int) -> None:
    """Confirmed with ``content``, which is what the ledger pinned as the one of that number, and nothing is left."""
    after = world.now(upload)
    assert after.object is not None
    kept = world.store.read(after.object.key)
    assert kept is not None
    assert (after.state, kept.content, after.object.etag) == (UploadState.CONFIRMED, content, md5(content))
    assert after.pins == pins
    assert world.store.keys() == [after.object.key]
    world.check_settled()


@KNOWN
@pytest.mark.parametrize("scan", [False, True])
@pytest.mark.parametrize("writes", [(SECOND, None), (None, SECOND), (THIRD, SECOND)], ids=["bytes", "etag", "both"])
def test_one_write_while_it_is_copied(
    capabilities: Capabilities, scan: bool, writes: tuple[bytes | None, bytes | None]
) -> None:
    """The copy has other bytes than were pinned, or an ETag that is not that of its bytes: what is there now is pinned
    and copied instead (a copy whose ETag was another was believed, as the condition had held)."""
    world = World(profile=Profile("default", scan=scan), capabilities=capabilities)
    upload = arrived(world)
    InSteps(world, upload, writes)
    now = world.run(upload)
    if scan:
        assert now.object is not None
        world.judge(upload, SECOND, clean=True)
    check_confirmed(world, upload, SECOND, 2)


@pytest.mark.parametrize("scan", [False, True])
def test_bytes_that_come_back(scan: bool) -> None:
    """A form is sent with other bytes, and again with the first ones: the ETag of the copy is the one that was pinned,
    and its bytes are not. Where the store is known to copy so, its bytes are what counts."""
    world = World(profile=Profile("default", scan=scan), capabilities=TORN)
    upload = arrived(world)
    InSteps(world, upload, (SECOND, FIRST))
    world.run(upload)
    if scan:
        world.judge(upload, FIRST, clean=True)
    check_confirmed(world, upload, FIRST, 2)


def test_what_was_seen_once_is_not_believed_again() -> None:
    """A copy that has the ETag of its own bytes, and of others than it was asked for: nothing that copies in one step
    makes it. From then on copies of this process are read back, though nobody has said so of the store."""
    world = World(capabilities=PROVEN)
    upload = arrived(world)
    InSteps(world, upload, (SECOND, None))
    world.run(upload)
    again = arrived(world)
    InSteps(world, again, (SECOND, FIRST))
    world.run(again)
    for one, content in ((upload, SECOND), (again, FIRST)):
        after = world.now(one)
        assert after.object is not None
        kept = world.store.read(after.object.key)
        assert kept is not None
        assert (after.state, kept.content) == (UploadState.CONFIRMED, content)
    world.check_settled()


def test_what_it_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the copy and its bytes, in pieces; out of quarantine nothing is read back, as no grant writes there."""
    monkeypatch.setattr("valetkey.core.confirming.copying.PIECE", 6)
    world = World(profile=Profile("default", scan=True), capabilities=TORN)
    upload = arrived(world)
    world.operations.clear()
    world.run(upload)
    into_quarantine = ["head staging", "replace", "copy quarantine", "head quarantine", "read_range", "read_range"]
    assert world.operations == [*into_quarantine, "replace"]
    world.operations.clear()
    world.judge(upload, FIRST, clean=True)
    assert "copy final" in world.operations
    assert "read_range" not in world.operations


@pytest.mark.parametrize("capabilities", [Capabilities(), PROVEN])
def test_nothing_is_read_of_others(capabilities: Capabilities) -> None:
    """Stores that copy in one step, also where somebody overwrites what is being confirmed."""
    world = World(capabilities=capabilities)
    for at in ("replace", "copy final"):
        upload = arrived(world)
        world.once(at, lambda upload=upload: world.post(upload, SECOND))  # type: ignore[misc]
        assert world.run(upload).state is UploadState.CONFIRMED
    assert "read_range" not in world.operations


def test_what_takes_long_to_read_is_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """`complete` answers 202 meanwhile; on a store that copies in one step nobody waits for the worker."""
    monkeypatch.setattr("valetkey.core.confirming.copying.READ_BACK", len(FIRST) - 1)
    for capabilities, state in ((PROVEN, UploadState.CONFIRMED), (TORN, UploadState.STORED)):
        world = World(capabilities=capabilities)
        upload = arrived(world)
        assert world.run(upload).state is state
        assert world.work(upload).state is UploadState.CONFIRMED
        world.check_settled()


def killed_before_the_end(world: World, upload: Upload) -> None:
    """A signal copies, and is stopped before the ledger has it; the next one comes when it counts as dead."""

    def die() -> None:
        raise LedgerUnavailable("Killed.")

    world.once("copy final", lambda: world.once("replace", die))
    with suppress(LedgerUnavailable):
        world.run(upload)
    assert world.now(upload).state is UploadState.STORED
    world.time += timedelta(hours=1)


@pytest.mark.parametrize("writes", [(None, None), (SECOND, FIRST), (SECOND, None), (None, SECOND)])
def test_a_copy_that_somebody_has_left(writes: tuple[bytes | None, bytes | None]) -> None:
    """It is read, too, by whoever finds it: used where it is good, else what is there is pinned once more."""
    world = World(capabilities=TORN)
    upload = arrived(world)
    InSteps(world, upload, writes)
    killed_before_the_end(world, upload)
    world.run(upload)
    is_good = writes == (None, None)
    check_confirmed(world, upload, FIRST if is_good or writes[1] == FIRST else SECOND, 1 if is_good else 2)


def test_a_torn_copy_whose_source_is_gone_is_kept() -> None:
    """Nothing is confirmed by it, and nobody says that it is missing."""
    world = World(capabilities=TORN)
    upload = arrived(world)
    InSteps(world, upload, (SECOND, FIRST))
    killed_before_the_end(world, upload)
    world.store.delete(upload.staging_key)
    with pytest.raises(CopyUnproven):
        world.run(upload)
    assert world.now(upload).state is UploadState.STORED
    assert world.store.keys() == world.final_keys() != []


@pytest.mark.parametrize("gone", [False, True])
def test_a_copy_that_cannot_be_looked_at(gone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no ETag, as one on JuiceFS whose source was removed right then, and its copier is dead: the bytes are
    copied again where they are there, and else it is kept (each signal failed, for ever)."""
    world = World(capabilities=TORN)
    upload = arrived(world)
    killed_before_the_end(world, upload)
    if gone:
        world.store.delete(upload.staging_key)
    real = world.store.head

    def head(key: str, version_id: str | None = None) -> ObjectHead | None:
        if key == upload.key:
            raise StoreUnavailable("The store's HEAD has no ETag.", 60, refused=True)
        return real(key, version_id)

    monkeypatch.setattr(world.store, "head", head)
    if gone:
        with pytest.raises(CopyUnproven):
            world.run(upload)
        assert world.store.keys() == [upload.key]
    else:
        world.run(upload)
        check_confirmed(world, upload, FIRST, 2)


@KNOWN
def test_a_copy_of_earlier_bytes_holds_up_nobody(capabilities: Capabilities) -> None:
    """Bytes that were overwritten have left a copy, and whoever copied the next ones is dead: they are copied again
    (they stayed `stored` for ever, as the copy of the earlier ones may have been one of them)."""
    world = World(capabilities=capabilities)
    upload = arrived(world)
    found = world.store.head(upload.staging_key)
    assert found is not None
    world.store.copy(found, upload.key, ObjectHeaders("image/png", upload.id))
    world.post(upload, SECOND)
    found = world.store.head(upload.staging_key)
    assert found is not None
    pinned = found.as_object(upload.staging_key)
    after = upload.moved(UploadState.STORED, object=pinned, pins=2, copying_since=world.time)
    assert world.ledger.replace(upload, after)
    world.time += timedelta(hours=1)
    world.run(upload)
    check_confirmed(world, upload, SECOND, 3)


class Joined:
    """A store that gives copies an ETag as of an object in parts, as it copies large objects so."""

    def __init__(self, copy: Callable[[ObjectHead, str, ObjectHeaders], CopyAnswer | None], world: World) -> None:
        self._copy, self._world = copy, world

    def __call__(self, source: ObjectHead, key: str, headers: ObjectHeaders) -> None:
        self._copy(source, key, headers)
        made = self._world.store.read(key)
        assert made is not None
        self._world.store._write(replace(made, head=replace(made.head, etag=f"{'0' * 32}-1")))


def test_the_bytes_of_a_copy_in_parts_count() -> None:
    """Its ETag is no MD5 of its bytes, and says none."""
    world = World(capabilities=TORN)
    world.store.copy = Joined(world.store.copy, world)  # type: ignore[method-assign]
    after = world.run(arrived(world))
    assert after.object is not None
    assert (after.state, after.object.etag) == (UploadState.CONFIRMED, f"{'0' * 32}-1")


def test_etags_that_are_no_md5_destroy_nothing() -> None:
    """Where all ETags are made up nothing can be proven on such a store: the upload waits, and says why."""
    world = World(capabilities=TORN)
    upload = world.create()
    world.post(upload)
    found = world.store.read(upload.staging_key)
    assert found is not None
    world.store._write(replace(found, head=replace(found.head, etag="0" * 32)))
    for _ in range(3):
        with pytest.raises(CopyUnproven):
            world.run(upload)
        world.time += timedelta(hours=1)
    now = world.now(upload)
    assert now.reason is not None
    assert (now.state, now.reason.code) == (UploadState.STORED, "copy_unproven")


@pytest.mark.parametrize("same", [True, False])
def test_a_look_at_two_objects_rejects_nothing(same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one object takes the place of another the store shows the size of the one and the type of none: who sees
    that looks once more (bytes that were sent twice were rejected as of another type)."""
    world = World()
    upload = arrived(world)
    real, looks = world.store.head, 0

    def head(key: str, version_id: str | None = None) -> ObjectHead | None:
        nonlocal looks
        looks += 1
        found = real(key, version_id)
        between = looks == 1 and found is not None
        if between and not same:
            world.post(upload, SECOND)
        return replace(found, content_type="application/octet-stream", upload_id=None) if between and found else found

    monkeypatch.setattr(world.store, "head", head)
    world.run(upload)
    check_confirmed(world, upload, FIRST if same else SECOND, 1)


def test_the_condition_is_compared_first() -> None:
    """`InSteps` refuses what has changed before, as the gateway does."""
    world = World()
    upload = arrived(world)
    copy = InSteps(world, upload)
    found = world.store.head(upload.staging_key)
    assert found is not None
    world.post(upload, SECOND)
    with pytest.raises(ObjectChanged):
        copy(found, "a", ObjectHeaders("image/png", upload.id))
