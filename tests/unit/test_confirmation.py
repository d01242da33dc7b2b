"""The decisions of a confirmation, on memory adapters."""

from datetime import timedelta
from itertools import count, product

import pytest
from tests.unit.confirming import HAPPY_PATH, SHORT_PATH, at_step, confirmed, sha256, stored
from tests.unit.memory_world import FIRST, NOW, OWNER, PROVEN, SECOND, World, md5

from valetkey.core.confirming.confirmation import SHOWN_TO_NOBODY
from valetkey.core.errors import (
    LedgerUnavailable,
    ObjectUnreadable,
    PlacementRefused,
    StoreUnavailable,
)
from valetkey.core.events.event import EventCounts, ObjectEvent
from valetkey.core.gate import StoreGate
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import Reason, Signal, UploadState
from valetkey.core.ports.store import ObjectHead, ObjectHeaders


@pytest.fixture(params=[Capabilities(), PROVEN], ids=["looks", "believes"])
def world(request: pytest.FixtureRequest) -> World:
    return World(capabilities=request.param)


def test_bytes_as_granted_are_confirmed(world: World) -> None:
    """The object moves from staging to the profile's key, and the ledger says what is there and who told."""
    upload = world.create()
    assert world.post(upload).status == 201
    after = world.run(upload, Signal.EVENT)
    assert after == world.now(upload)
    assert (after.state, after.confirmed_by, after.confirmed_at) == (UploadState.CONFIRMED, Signal.EVENT, NOW)
    assert after.object is not None
    assert after.object.key == f"uploads/{upload.id}/a_photo.png"
    assert (after.object.etag, after.object.size) == (md5(FIRST), len(FIRST))
    assert world.store.keys() == [after.object.key]
    world.check_settled()


def test_the_steps_are_the_ones_the_tests_meddle_with(world: World) -> None:
    """An undisturbed confirmation does what its path says: the tests by step cover all of it."""
    upload = world.create()
    world.post(upload)
    believes = world.store.capabilities == PROVEN
    world.operations.clear()
    world.run(upload)
    assert world.operations == (SHORT_PATH if believes else HAPPY_PATH)


def test_metadata_and_type_go_along(world: World) -> None:
    """The confirmed object still carries its upload's id and its type."""
    kept, upload = confirmed(world)
    assert kept.metadata == {"upload-id": upload.id}
    assert kept.head.content_type == "image/png"


def test_the_profile_places_the_confirmed_object() -> None:
    """Storage class and encryption of the profile are asked for with the copy."""
    world = World(profile=Profile("default", storage_class="STANDARD_IA", sse="aws:kms", sse_kms_key_id="k"))
    kept, _ = confirmed(world)
    assert kept.placement == Placement("STANDARD_IA", "aws:kms", "k")


def test_a_profile_that_was_removed_meanwhile_hinders_nothing(world: World) -> None:
    """Its uploads under way are confirmed where it said."""
    upload = world.create()
    world.post(upload)
    world.profiles.clear()
    after = world.run(upload)
    assert after.object is not None
    assert (after.state, after.object.key) == (UploadState.CONFIRMED, f"uploads/{upload.id}/a_photo.png")
    world.check_settled()


@pytest.mark.parametrize("state", [UploadState.PENDING, UploadState.EXPIRED])
def test_without_an_object_it_stays_as_it_was(world: World, state: UploadState) -> None:
    """A signal is a hint: nothing there, nothing changed, nobody told."""
    upload = world.create()
    world.ledger.replace(upload, upload._replace(state=state))
    assert world.run(upload) == upload._replace(state=state)
    world.check_settled()


def test_bytes_that_come_after_the_expiry_are_not_lost(world: World) -> None:
    """An upload that expired while its bytes were on the way is confirmed when they are there."""
    upload = world.create()
    world.post(upload)
    world.ledger.replace(upload, upload.moved(UploadState.EXPIRED))
    assert world.run(upload, Signal.SWEEP).state is UploadState.CONFIRMED
    world.check_settled()


@pytest.mark.parametrize(
    ("code", "arrived"),
    [
        ("size_mismatch", (FIRST + b"!", "image/png", "")),
        ("size_mismatch", (b"", "image/png", "")),
        ("type_mismatch", (FIRST, "image/gif", "")),
        ("type_mismatch", (FIRST, "", "")),
        ("upload_id_mismatch", (FIRST, "image/png", "x")),
        ("checksum_mismatch", (SECOND, "image/png", "")),
    ],
)
def test_other_bytes_are_rejected_and_removed(world: World, code: str, arrived: tuple[bytes, str, str]) -> None:
    """What is not as granted ends as rejected with its reason, wherever it came from, and leaves nothing behind."""
    upload = world.create(sha256(FIRST))
    content, content_type, id_suffix = arrived
    sums = {"sha256": sha256(content).value}
    world.store.put(upload.staging_key, content, content_type, {"upload-id": upload.id + id_suffix}, sums)
    after = world.run(upload)
    assert after.state is UploadState.REJECTED
    assert after.reason is not None
    assert after.reason.code == code
    assert after.object is None
    assert world.store.keys() == []
    world.check_settled()


def test_an_object_without_an_upload_id_is_not_ours(world: World) -> None:
    """Somebody who writes to staging past our grants does not get it confirmed."""
    upload = world.create()
    world.store.put(upload.staging_key, FIRST, "image/png")
    reason = world.run(upload).reason
    assert reason is not None
    assert reason.code == "upload_id_mismatch"
    world.check_settled()


@pytest.mark.parametrize("checksums", [{}, {"sha256": sha256(FIRST).value}, {"crc32": "AAAAAA=="}])
def test_a_checksum_counts_only_where_the_store_has_it(world: World, checksums: dict[str, str]) -> None:
    """The same one confirms; none (RGW 16), or only one of another algorithm, proves nothing and is no fault."""
    upload = world.create(sha256(FIRST))
    world.store.put(upload.staging_key, FIRST, "image/png", {"upload-id": upload.id}, checksums)
    assert world.run(upload).state is UploadState.CONFIRMED
    world.check_settled()


def test_an_end_is_an_end(world: World) -> None:
    """More signals after it do not ask the store, change nothing and announce nothing."""
    upload = world.create()
    world.post(upload)
    after = world.run(upload)
    world.post(upload, SECOND)
    world.operations.clear()
    for signal in Signal:
        assert world.run(upload, signal) == after
    assert world.operations == []
    world.check_settled()


@pytest.mark.parametrize(("scan", "step"), [(False, "copy final"), (True, "copy quarantine"), (True, "copy final")])
def test_a_placement_that_the_store_refuses(scan: bool, step: str) -> None:
    """Asking again is of no use, so the upload ends at once, at whichever copy it was."""
    world = World(profile=Profile("default", scan=scan, storage_class="NONE"))
    upload = world.create()
    world.post(upload)

    def refuse_placement() -> None:
        raise PlacementRefused("The store has no storage class NONE.", refused=True)

    world.once(step, refuse_placement)
    after = world.run(upload)
    if after.state is UploadState.STORED:
        after = world.judge(upload, FIRST, clean=True)
    assert (after.state, after.reason) == (
        UploadState.REJECTED,
        Reason("placement_refused", "The store has no storage class NONE."),
    )
    world.check_settled()


def test_a_ledger_that_is_away_loses_nothing(world: World) -> None:
    """`LedgerUnavailable` at the pin and at the end: the signal fails, the next one confirms."""
    upload = world.create()
    world.post(upload)

    def away() -> None:
        raise LedgerUnavailable("The ledger is away.")

    for step in (1, 3):  # the second run begins with its pin made
        world.before = at_step(step, away)
        with pytest.raises(LedgerUnavailable):
            world.run(upload)
    world.before = None
    assert world.run(upload).state is UploadState.CONFIRMED
    world.check_settled()


def test_pinned_bytes_that_vanished_are_missing(world: World) -> None:
    """Staging was emptied before the copy: rejected, as nothing can be confirmed any more."""
    upload = stored(world)
    world.store.delete(upload.staging_key)
    reason = world.run(upload).reason
    assert reason is not None
    assert reason.code == "missing"
    world.check_settled()


def test_a_finished_copy_is_enough(world: World) -> None:
    """Staging was emptied after the copy by a signal that was stopped then: the copy is confirmed."""
    upload = stored(world)
    source = world.store.head(upload.staging_key)
    assert source is not None
    assert upload.object is not None
    world.store.copy(source, upload.key, ObjectHeaders("image/png", upload.id))
    world.store.delete(upload.staging_key)
    assert world.run(upload, Signal.SWEEP).state is UploadState.CONFIRMED
    world.check_settled()


def test_a_bucket_that_is_gone_rejects_nothing(world: World) -> None:
    """An operator's mistake looks like a missing object; it is an outage, and the upload waits."""
    upload = stored(world)
    world.store.remove_bucket()
    with pytest.raises(StoreUnavailable):
        world.run(upload)
    assert world.now(upload) == upload


def test_an_upload_of_another_bucket_waits(world: World) -> None:
    """After a change of `VALETKEY_BUCKET` old uploads are not judged by what is in the new one."""
    upload = world.create()._replace(bucket="elsewhere")
    with pytest.raises(StoreUnavailable, match="elsewhere"):
        world.confirmation.run(upload, Signal.CLIENT)


def test_an_object_that_arrives_after_the_abort_is_removed(world: World) -> None:
    """An aborted upload stays aborted, and the store's event has its bytes removed."""
    upload = world.create()
    world.service.remove(OWNER, upload.id)
    world.post(upload)
    event = ObjectEvent(upload.bucket, upload.staging_key)
    assert world.service.observe([event]) == EventCounts(ignored=1)
    assert world.now(upload).state is UploadState.ABORTED
    assert world.store.keys() == []
    world.check_settled()


@pytest.mark.parametrize(("first", "second"), list(product(Signal, repeat=2)))
def test_the_first_signal_that_confirms_is_kept(world: World, first: Signal, second: Signal) -> None:
    """``confirmed_by`` is the signal that led to the end; a second one does not change it."""
    upload = world.create()
    world.post(upload)
    world.run(upload, first)
    world.run(upload, second)
    assert world.now(upload).confirmed_by is first


def test_a_full_house_does_not_decide_about_an_abort(world: World) -> None:
    """The upload is aborted, and what has arrived is removed by the sweep."""
    upload = world.create()
    world.post(upload)

    def busy(*_: object) -> None:
        raise StoreUnavailable("Too many uploads are being checked at this moment.", 1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StoreGate, "open_for", busy)
        world.service.remove(OWNER, upload.id)
    assert world.now(upload).state is UploadState.ABORTED
    world.time += timedelta(hours=1)
    list(world.sweep.look())
    assert world.store.keys() == []


@pytest.mark.parametrize("of", ["it alone", "it once", "every key"])
def test_an_object_that_the_store_shows_to_nobody(of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PUT with a key of the client's own (SSE-C), by headers that nobody signed: no HEAD will ever say what it is."""
    world = World()
    upload = world.create()
    world.post(upload)
    head, refused = world.store.head, count(1)

    def bad_request(key: str) -> ObjectHead | None:
        if of == "every key" or (key == upload.staging_key and (of == "it alone" or next(refused) == 1)):
            raise ObjectUnreadable("The store refused HeadObject: 400.", refused=True)
        return head(key)

    monkeypatch.setattr(world.store, "head", bad_request)
    if of == "it alone":
        assert world.run(upload).reason == Reason("upload_id_mismatch", SHOWN_TO_NOBODY)
    else:
        with pytest.raises(ObjectUnreadable):
            world.run(upload)
        assert world.now(upload).state is UploadState.PENDING
    monkeypatch.undo()
    assert world.store.keys() == ([] if of == "it alone" else [upload.staging_key])
    if of == "it once":
        assert world.run(upload).state is UploadState.CONFIRMED
