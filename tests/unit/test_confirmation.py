"""Confirmation on memory adapters: what it decides, whoever meddles and whenever it is stopped."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count, product

import pytest
from tests.unit.memory_world import FIRST, NOW, OWNER, PROVEN, SECOND, THIRD, World, md5

from valetkey.adapters.memory import MemoryObject
from valetkey.core.confirming.confirmation import SHOWN_TO_NOBODY
from valetkey.core.confirming.steps import MAX_PINS
from valetkey.core.errors import (
    CopyUnproven,
    LedgerUnavailable,
    ObjectUnreadable,
    PlacementRefused,
    StateConflict,
    StoreUnavailable,
)
from valetkey.core.events.event import EventCounts, ObjectEvent
from valetkey.core.gate import StoreGate
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import Placement
from valetkey.core.model.upload import Checksum, Reason, Signal, Upload, UploadState
from valetkey.core.ports.store import CopyAnswer, ObjectHead, ObjectHeaders

HAPPY_PATH = [
    "head staging",
    "replace",  # the pin
    "copy final",
    "head final",
    "proves_copies",  # the first time
    "replace",  # the end
    "delete staging",
]
"""Every operation of one undisturbed confirmation: the moments at which the tests below meddle."""

SHORT_PATH = [one for one in HAPPY_PATH if one not in {"head final", "proves_copies"}]
"""The same where the answer to the copy is believed."""

STEPS = range(len(HAPPY_PATH))


@pytest.fixture(params=[Capabilities(), PROVEN], ids=["looks", "believes"])
def world(request: pytest.FixtureRequest) -> World:
    return World(capabilities=request.param)


def sha256(content: bytes) -> Checksum:
    return Checksum("sha256", b64encode(hashlib.sha256(content).digest()).decode())


def at_step(step: int, act: Callable[[], object]) -> Callable[[str], None]:
    """A hook that acts once, before the operation of that number; its own operations are not counted."""
    seen = -1
    done = False

    def before(_: str) -> None:
        nonlocal seen, done
        seen += not done
        if seen == step and not done:
            done = True
            act()

    return before


def both(*hooks: Callable[[str], None]) -> Callable[[str], None]:
    """A hook that calls each of ``hooks`` on every operation of the outermost run only."""
    busy = False

    def before(name: str) -> None:
        nonlocal busy
        if not busy:
            busy = True
            try:
                for hook in hooks:
                    hook(name)
            finally:
                busy = False

    return before


def refuse() -> None:
    raise StoreUnavailable("The store is away.")


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


def confirmed(world: World) -> tuple[MemoryObject, Upload]:
    """What is under the final key of an upload that nothing disturbed."""
    upload = world.create()
    world.post(upload)
    stored = world.run(upload).object
    assert stored is not None
    kept = world.store.read(stored.key)
    assert kept is not None
    return kept, upload


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


def test_a_re_post_between_check_and_copy(world: World) -> None:
    """The copy is refused, the new bytes are checked and pinned, and end under a key of their own."""
    upload = world.create()
    world.post(upload)
    world.before = at_step(SHORT_PATH.index("copy final"), lambda: world.post(upload, SECOND))
    after = world.run(upload)
    assert after.object is not None
    assert (after.state, after.object.etag, after.pins) == (UploadState.CONFIRMED, md5(SECOND), 2)
    assert after.object.key == f"uploads/{upload.id}-2/a_photo.png"
    assert world.store.keys() == [after.object.key]
    world.check_settled()


@pytest.mark.parametrize("operation", ["replace", "delete staging"])
def test_a_re_post_after_the_copy_changes_nothing(world: World, operation: str) -> None:
    """Once the pinned bytes are copied they are the ones that are confirmed, and the late ones are removed."""
    upload = world.create()
    world.post(upload)
    world.once("copy final", lambda: world.once(operation, lambda: world.post(upload, SECOND)))
    after = world.run(upload)
    assert after.object is not None
    assert (after.state, after.object.etag) == (UploadState.CONFIRMED, md5(FIRST))
    assert world.store.keys() == [after.object.key]
    world.check_settled()


def test_re_posts_without_end_are_rejected(world: World) -> None:
    """A client that writes again before every copy gets `overwritten` after `MAX_PINS` pins, and nothing is kept."""
    upload = world.create()
    world.post(upload)
    contents = (f"{number:>{len(FIRST)}}".encode() for number in range(100))

    def rewrite(name: str) -> None:
        if name == "copy final":
            world.post(upload, next(contents))

    world.before = rewrite
    after = world.run(upload)
    assert (after.state, after.pins) == (UploadState.REJECTED, MAX_PINS)
    assert after.reason is not None
    assert after.reason.code == "overwritten"
    assert world.operations.count("copy final") == MAX_PINS
    assert world.store.keys() == []
    world.check_settled()


@pytest.mark.parametrize("posts", range(1, MAX_PINS + 1))
def test_some_re_posts_are_forgiven(world: World, posts: int) -> None:
    """Up to `MAX_PINS` different bytes may come; the last ones that stay are confirmed, and no others are kept."""
    upload = world.create()
    world.post(upload)
    contents = iter([f"{number:>{len(FIRST)}}".encode() for number in range(posts - 1)])

    def rewrite(name: str) -> None:
        if name == "copy final" and (content := next(contents, None)):
            world.post(upload, content)

    world.before = rewrite
    assert (world.run(upload).state, world.now(upload).pins) == (UploadState.CONFIRMED, posts)
    world.check_settled()


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


@pytest.mark.parametrize("stale", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_a_second_confirmer_at_every_step(world: World, step: int, stale: bool) -> None:
    """Two signals at once, the second from start to end between two steps of the first: one end, announced once.

    ``stale``: the second one read the ledger before the first one began.
    """
    upload = world.create()
    world.post(upload)
    before = world.now(upload)
    world.before = at_step(step, lambda: world.confirmation.run(before if stale else world.now(upload), Signal.EVENT))
    after = world.run(upload)
    assert (after, after.state) == (world.now(upload), UploadState.CONFIRMED)
    assert world.store.keys() == world.final_keys()
    world.check_settled()


@pytest.mark.parametrize(("written", "confirmed"), list(product(STEPS, STEPS)))
def test_a_re_post_and_a_second_confirmer(world: World, written: int, confirmed: int) -> None:
    """A re-POST at any step and another signal at any step: one end, and nothing but its bytes is kept."""
    upload = world.create()
    world.post(upload)
    world.before = both(
        at_step(written, lambda: world.post(upload, SECOND)),
        at_step(confirmed, lambda: world.run(upload, Signal.EVENT)),
    )
    world.run(upload)
    assert world.now(upload).state is UploadState.CONFIRMED
    world.check_settled()


@pytest.mark.parametrize(("step", "granted"), list(product(STEPS, [True, False])))
def test_stopped_at_any_step_the_next_signal_ends_it(world: World, step: int, granted: bool) -> None:
    """The store goes away at step n; the next signal ends it as if nothing had been, rejected or confirmed."""
    upload = world.create()
    content_type = "image/png" if granted else "image/gif"
    world.store.put(upload.staging_key, FIRST, content_type, {"upload-id": upload.id})
    world.before = at_step(step, refuse)
    with suppress(StoreUnavailable):
        world.run(upload)
    world.check_confirmed()
    world.before = None
    after = world.run(upload)
    assert after.state is (UploadState.CONFIRMED if granted else UploadState.REJECTED)
    world.check_settled()


@pytest.mark.parametrize("step", STEPS)
def test_stopped_and_then_written_again(world: World, step: int) -> None:
    """Between the failure and the next signal the client sends other bytes: one of the two is kept, not both."""
    upload = world.create()
    world.post(upload)
    world.before = at_step(step, refuse)
    with suppress(StoreUnavailable):
        world.run(upload)
    world.before = None
    world.post(upload, SECOND)
    assert world.run(upload).state is UploadState.CONFIRMED
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


def stored(world: World) -> Upload:
    """An upload whose bytes are pinned, by a signal that was stopped then."""
    upload = world.create()
    world.post(upload)
    world.before = at_step(SHORT_PATH.index("copy final"), refuse)
    with pytest.raises(StoreUnavailable):
        world.run(upload)
    world.before = None
    assert world.now(upload).state is UploadState.STORED
    return world.now(upload)


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


@pytest.mark.parametrize("step", STEPS)
def test_an_abort_at_any_step(world: World, step: int) -> None:
    """The owner aborts while a signal is at work: either wins, and nothing unannounced or unconfirmed is left."""
    upload = world.create()
    world.post(upload)

    def abort() -> None:
        with suppress(StateConflict):  # when the signal was faster
            world.service.remove(OWNER, upload.id)

    world.before = at_step(step, abort)
    assert world.run(upload).ended
    assert world.now(upload).ended
    assert world.store.keys() == world.final_keys()
    world.check_settled()


@pytest.mark.parametrize("step", STEPS)
def test_versions_pin_for_good(step: int) -> None:
    """Where the bucket keeps versions, a re-POST after the first look cannot take the first bytes' place."""
    world = World(versioned=True)
    upload = world.create()
    world.post(upload)
    world.before = at_step(step, lambda: world.post(upload, SECOND))
    after = world.run(upload)
    assert after.object is not None
    assert after.state is UploadState.CONFIRMED
    assert after.object.etag == md5(SECOND if step == 0 else FIRST)
    assert after.object.version_id is not None
    world.check_settled()


def test_what_is_written_later_leaves_the_confirmed_version_alone() -> None:
    """In a bucket with versions the ledger points at a version, which an overwritten final key does not change."""
    world = World(versioned=True)
    upload = world.create()
    world.post(upload)
    kept = world.run(upload).object
    assert kept is not None
    world.store.put(kept.key, THIRD)
    world.check_confirmed()


@pytest.mark.parametrize(("first", "second"), list(product(Signal, repeat=2)))
def test_the_first_signal_that_confirms_is_kept(world: World, first: Signal, second: Signal) -> None:
    """``confirmed_by`` is the signal that led to the end; a second one does not change it."""
    upload = world.create()
    world.post(upload)
    world.run(upload, first)
    world.run(upload, second)
    assert world.now(upload).confirmed_by is first


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
