"""The retention of the ledger on memory adapters: old rows are removed, and nothing at the store is overlooked."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.memory_world import FIRST, OWNER, World

from valetkey.core.errors import StoreUnavailable
from valetkey.core.events.event import ObjectEvent
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.profile import Profile
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import Method, Signal, Upload, UploadState
from valetkey.core.sweeping.findings import Action
from valetkey.core.sweeping.sweep import BATCH

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
KEPT = 30 * DAY


@pytest.fixture
def world() -> World:
    return World(schedule=Schedule(ledger_retention=KEPT))


def ended(world: World, state: UploadState) -> Upload:
    """An upload that has come to ``state``."""
    upload = world.create()
    if state is UploadState.ABORTED:
        world.service.abort(OWNER, upload.id)
    elif state is UploadState.REJECTED:
        world.store.put(upload.staging_key, b"others", "image/png", {"upload-id": upload.id})
        world.run(upload)
    elif state is UploadState.EXPIRED:
        world.time += timedelta(minutes=31)
        list(world.sweep.look())
    else:
        world.post(upload)
        world.run(upload)
        if state is UploadState.DELETED:
            world.service.remove(OWNER, upload.id)
    assert world.now(upload).state is state
    return world.now(upload)


def swept(world: World, later: timedelta = timedelta(0)) -> list[Action]:
    world.time += later
    found = [finding.action for finding in world.sweep.run()]
    world.core.retention.run()
    return found


ENDS = [UploadState.ABORTED, UploadState.REJECTED, UploadState.DELETED, UploadState.EXPIRED]


@pytest.mark.parametrize("state", ENDS)
def test_what_ended_long_ago_is_forgotten(world: World, state: UploadState) -> None:
    """With its row its key of a request goes; an expired one counts from when no grant is given for it any more."""
    upload = ended(world, state)
    over = upload.renewable_until if state is UploadState.EXPIRED else world.time
    swept(world, DAY)
    swept(world, DAY)
    assert swept(world, over + KEPT - SECOND - world.time) == []
    assert [(one.action, one.subject) for one in world.sweep.foresee()] == []
    world.time += SECOND
    assert [(one.action, one.subject) for one in world.sweep.foresee()] == [(Action.FORGET, upload.id)]
    assert world.now(upload).state is state
    assert swept(world) == [Action.FORGET]
    assert world.ledger.get(upload.id) is None
    assert world.store.written() == []
    assert swept(world) == []


def test_what_is_confirmed_or_open_stays(world: World) -> None:
    """However old it is; and without the setting all stays."""
    confirmed, pending = ended(world, UploadState.CONFIRMED), world.create()
    world.time += 999 * DAY
    assert Action.FORGET not in swept(world)
    assert world.now(confirmed) == confirmed
    assert world.now(pending).state is UploadState.EXPIRED
    for_ever = World()
    ended(for_ever, UploadState.ABORTED)
    for_ever.time += 9999 * DAY
    assert Action.FORGET not in swept(for_ever)
    assert Action.FORGET not in swept(for_ever, DAY)


def test_an_expired_one_that_is_confirmed_after_all_stays(world: World) -> None:
    """Late bytes make it one like any other."""
    upload = ended(world, UploadState.EXPIRED)
    world.store.put(upload.staging_key, FIRST, "image/png", {"upload-id": upload.id})
    assert world.run(upload).ended_at is None
    assert Action.FORGET not in swept(world, 999 * DAY)
    world.check_confirmed()


def test_it_is_never_shorter_than_what_removes_orphans_takes() -> None:
    """With a second to keep them, rows stay as long as a grant, a late POST or an orphan may need them."""
    world = World(schedule=Schedule(ledger_retention=SECOND))
    upload = ended(world, UploadState.ABORTED)
    for _ in range(20):
        if world.ledger.get(upload.id) is None:
            break
        swept(world, timedelta(hours=2))
    assert world.time - upload.ended_at >= timedelta(days=1, minutes=15)  # type: ignore[operator]


def test_a_form_that_is_sent_again_is_known_as_long_as_it_is_good() -> None:
    """A grant that lives for a week: the row is there as long as the policy is, whatever the retention says."""
    week = Profile("default", expires_in=7 * DAY, renewable_for=7 * DAY)
    world = World(profile=week, schedule=Schedule(ledger_retention=SECOND))
    upload = ended(world, UploadState.DELETED)
    for _ in range(6):
        swept(world, DAY)
        assert world.post(world.now(upload)).status == 201
        world.service.observe([ObjectEvent(world.store.bucket, upload.staging_key)])
        assert world.store.keys() == []
    swept(world, 2 * DAY)
    swept(world)
    assert world.ledger.get(upload.id) is None


@pytest.mark.parametrize("state", ENDS)
def test_bytes_that_come_after_the_row_has_gone_are_removed(world: World, state: UploadState) -> None:
    """An event of them is ignored; the look for orphans removes them a day later."""
    upload = ended(world, state)
    for _ in range(4):
        swept(world, 20 * DAY)
    assert world.ledger.get(upload.id) is None
    world.store.put(upload.staging_key, FIRST, "image/png", {"upload-id": upload.id})
    assert world.service.observe([ObjectEvent(world.store.bucket, upload.staging_key)]).ignored == 1
    assert swept(world) == []
    assert swept(world, DAY + SECOND) == [Action.REMOVE]
    assert world.store.written() == []


def test_a_last_look_confirms_what_was_overlooked(world: World) -> None:
    """Bytes of an expired upload that nobody has seen: they are confirmed, and it is not forgotten."""
    upload = ended(world, UploadState.EXPIRED)
    world.time += KEPT + 2 * DAY
    list(world.sweep.look())
    assert world.now(upload).due_at is None
    world.store.put(upload.staging_key, FIRST, "image/png", {"upload-id": upload.id})
    swept(world)
    assert world.now(upload).state is UploadState.CONFIRMED
    world.check_settled()


def test_parts_that_are_open_go_before_the_row(world: World) -> None:
    """Nobody would know whose they are."""
    request = UploadRequest("a.bin", "image/png", 20_000_000, method=Method.MULTIPART)
    upload = world.service.create(OWNER, request).upload
    world.time += timedelta(minutes=31)
    list(world.sweep.look())
    world.time += 2 * KEPT
    list(world.sweep.look())
    list(world.sweep._forget(lambda: False))
    assert world.ledger.get(upload.id) is None
    assert list(world.store.old_multiparts("", world.time + DAY)) == []


def test_a_store_that_is_away_forgets_nothing(world: World) -> None:
    """Nobody has seen that nothing is there; the next sweep looks again."""
    upload = ended(world, UploadState.ABORTED)
    swept(world, DAY)

    def away(name: str) -> None:
        if name == "delete staging":
            raise StoreUnavailable("away")

    world.before = away
    assert swept(world, KEPT) == [Action.FAIL]
    assert world.now(upload) is not None
    world.before = None
    assert swept(world) == [Action.FORGET]


def test_what_the_store_keeps_is_not_forgotten(world: World) -> None:
    """An object under retention: the row stays as long as it does."""
    upload = ended(world, UploadState.CONFIRMED)
    world.store.retain(upload.key)
    world.service.remove(OWNER, upload.id)
    swept(world, KEPT)
    assert swept(world, DAY) == [Action.SKIP]
    world.store.retain(upload.key, held=False)
    assert swept(world) == [Action.FORGET]
    assert world.store.written() == []


def test_many_are_forgotten_batch_by_batch(world: World) -> None:
    """One of another bucket, which another process may have, stays; and a stop comes between two of them."""
    made = [ended(world, UploadState.ABORTED) for _ in range(2 * BATCH + 3)]
    swept(world, DAY)
    other = world.now(made[BATCH]).changed(bucket="other")
    assert world.ledger.replace(world.now(other), other)
    world.time += KEPT
    answers = iter([False] * 3 + [True] * 999)
    assert [one.action for one in world.sweep._forget(lambda: next(answers))] == [Action.FORGET] * 3
    assert len(world.ledger._uploads) == 2 * BATCH
    assert swept(world) == [Action.FORGET] * (2 * BATCH - 1)
    assert list(world.ledger._uploads) == [other.id]


def test_a_key_of_a_request_is_forgotten_with_its_upload(world: World) -> None:
    """It creates a new upload then; nothing points at a row that is gone."""
    request = UploadRequest("a photo.png", "image/png", len(FIRST))
    upload = world.service.create(OWNER, request, "key").upload
    world.service.abort(OWNER, upload.id)
    assert world.service.create(OWNER, request, "key").upload.id == upload.id
    swept(world, KEPT)
    swept(world, DAY)
    again = world.service.create(OWNER, request, "key")
    assert again.upload.id != upload.id
    assert world.ledger.get(again.upload.id) == again.upload


def test_an_erasure_is_forgotten_too(world: World) -> None:
    """When it has been over for as long; the rows that it has left go with it."""
    upload = ended(world, UploadState.CONFIRMED)
    job = world.service.erase(OWNER, upload.owner)
    list(world.eraser.run())
    swept(world, DAY)
    assert world.service.erasure(OWNER, job.id).uploads == 1
    swept(world, KEPT)
    assert world.ledger._erasures == {}
    assert world.ledger._uploads == {}


def test_a_signal_that_comes_between_look_and_removal(world: World) -> None:
    """The row is removed as it was seen, or not at all."""
    upload = ended(world, UploadState.EXPIRED)
    world.time += KEPT + 2 * DAY
    list(world.sweep.look())

    def meddle() -> None:
        world.store.put(upload.staging_key, FIRST, "image/png", {"upload-id": upload.id})
        assert world.run(upload, Signal.EVENT).state is UploadState.CONFIRMED

    world.once("forget", meddle)
    swept(world)
    assert world.now(upload).state is UploadState.CONFIRMED
    world.check_settled()


def test_keys_of_confirmed_uploads_are_forgotten() -> None:
    """Their rows stay; whoever still repeats the request after so long gets another upload."""
    world = World(schedule=Schedule(ledger_retention=KEPT))
    world.time = datetime.now(UTC)  # of which an id is made
    request = UploadRequest("a photo.png", "image/png", len(FIRST))
    first = world.service.create(OWNER, request, "key").upload
    world.post(first)
    world.run(first)
    for later, same in ((KEPT - DAY, True), (2 * DAY, False)):
        swept(world, later)
        again = world.service.create(OWNER, request, "key").upload
        assert (again.id == first.id) is same
    assert world.now(first).state is UploadState.CONFIRMED


WEEK = Profile("default", renewable_for=7 * DAY)
ONCE = UploadRequest("a photo.png", "image/png", len(FIRST))


def test_a_key_stays_as_long_as_its_upload_can_be_resumed() -> None:
    """A phone that was off for days repeats its request and goes on, however short the retention is."""
    world = World(profile=WEEK, schedule=Schedule(ledger_retention=DAY))
    world.time = datetime.now(UTC)
    first = world.service.create(OWNER, ONCE, "key").upload
    for _ in range(6):
        swept(world, DAY)
        assert world.service.create(OWNER, ONCE, "key").upload.id == first.id
    swept(world, 3 * DAY)
    assert world.service.create(OWNER, ONCE, "key").upload.id != first.id


def test_a_key_stays_whose_profile_is_another_by_now() -> None:
    """It was promised a week; and one that nobody has checked yet is open, whenever that will be."""
    world = World(profile=WEEK, schedule=Schedule(ledger_retention=DAY))
    world.time = datetime.now(UTC)
    promised = world.service.create(OWNER, ONCE, "promised").upload
    waiting = world.service.create(OWNER, ONCE, "waiting").upload
    assert world.ledger.replace(promised, promised.moved(UploadState.ABORTED)._replace(due_at=None))
    assert world.ledger.replace(waiting, waiting.moved(UploadState.STORED))
    later = World(schedule=Schedule(ledger_retention=DAY))
    later.ledger._uploads, later.ledger._once = world.ledger._uploads, world.ledger._once
    for days, kept in ((3, {promised.id, waiting.id}), (9, {waiting.id})):
        later.time = world.time + days * DAY
        later.core.retention.run()
        assert {upload_id for upload_id, _ in later.ledger._once.values()} == kept
