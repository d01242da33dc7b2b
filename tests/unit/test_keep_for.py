"""`keep_for` on memory adapters: confirmed uploads are removed when it ends, claimed or not, and not before."""

from datetime import timedelta

import pytest
from tests.unit.memory_world import FIRST, OWNER, World

from valetkey.core.errors import ConfigurationError, StoreUnavailable
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.model.announcement import event_type
from valetkey.core.model.profile import Profile
from valetkey.core.model.rules import read_rules
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.sweeping.findings import Action
from valetkey.core.taking.claims import Terms

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def world() -> World:
    """Its default profile keeps confirmed uploads for 30 days."""
    return World(profile=Profile("default", keep_for=30 * DAY))


def confirmed(world: World) -> Upload:
    upload = world.create()
    world.post(upload)
    return world.run(upload)


def claim(world: World, upload: Upload) -> None:
    world.service.claim(OWNER, [upload.id], Terms(), "post:17")


def swept(world: World, later: timedelta = timedelta(0)) -> list[tuple[Action, str]]:
    world.time += later
    return [(finding.action, finding.subject) for finding in world.sweep.run()]


@pytest.mark.parametrize("claimed", [False, True])
def test_what_was_kept_for_long_enough_is_removed(world: World, *, claimed: bool) -> None:
    """Not a second before; then the object is removed, and the end is announced as `upload.deleted` with its reason. A
    claim does not extend the time."""
    upload = confirmed(world)
    if claimed:
        claim(world, upload)
    assert swept(world, 30 * DAY - SECOND) == []
    assert swept(world, SECOND) == [(Action.REMOVE, upload.id)]
    after = world.now(upload)
    assert after.state is UploadState.DELETED
    assert after.reason is not None
    assert (after.reason.code, event_type(after)) == ("retention_ended", "upload.deleted")
    assert world.store.keys() == []
    assert swept(world, DAY) == [(Action.CLEAR, upload.id)]
    world.check_settled()


def test_a_release_does_not_prolong_it(world: World) -> None:
    """The time counts from the confirmation, whatever happened since."""
    upload = confirmed(world)
    claim(world, upload)
    world.time += 20 * DAY
    world.service.release(OWNER, [upload.id], "post:17")
    assert swept(world, 10 * DAY - SECOND) == []
    assert swept(world, SECOND) == [(Action.REMOVE, upload.id)]


def test_what_comes_first_counts() -> None:
    """With both rules an unclaimed upload is removed by `claim_within`, a claimed one by `keep_for`."""
    world = World(profile=Profile("default", claim_within=DAY, keep_for=30 * DAY))
    left, taken = confirmed(world), confirmed(world)
    claim(world, taken)
    assert swept(world, DAY) == [(Action.REMOVE, left.id)]
    assert event_type(world.now(left)) == "upload.unclaimed"
    assert swept(world, 29 * DAY) == [(Action.CLEAR, left.id), (Action.REMOVE, taken.id)]
    assert event_type(world.now(taken)) == "upload.deleted"


def test_the_rule_is_the_one_that_was_granted(world: World) -> None:
    """A profile that is changed later, or removed, neither keeps an upload nor removes it."""
    kept_for, kept = (
        confirmed(world),
        world.service.create(OWNER, UploadRequest("a.png", "image/png", len(FIRST), profile="avatar")).upload,
    )
    world.post(kept)
    world.run(kept)
    world.profiles["default"], world.profiles["avatar"] = Profile("default"), Profile("avatar", keep_for=DAY)
    assert swept(world, 30 * DAY) == [(Action.REMOVE, kept_for.id)]
    assert world.now(kept).state is UploadState.CONFIRMED


def test_a_store_that_is_away_is_asked_again(world: World) -> None:
    """The ledger says `deleted` at once; the object is removed when the store is available again."""
    upload = confirmed(world)
    world.time += 30 * DAY

    def away(name: str) -> None:
        if name == "delete final":
            raise StoreUnavailable("away")

    world.before = away
    assert swept(world) == [(Action.FAIL, upload.id)]
    world.before = None
    assert swept(world, DAY) == [(Action.CLEAR, upload.id)]
    world.check_settled()


def test_what_several_pins_left_is_cleared_before_and_after(world: World) -> None:
    """An upload that was sent twice is checked for leftovers; neither check cancels the other."""
    upload = world.create()
    world.post(upload)
    world.once("copy final", lambda: world.post(upload, b"other bytes"))
    assert world.run(upload).pins == 2
    claim(world, upload)
    assert swept(world, DAY) == [(Action.CLEAR, upload.id)]
    assert world.now(upload).due_at == world.now(upload).keep_until
    assert swept(world, 29 * DAY) == [(Action.REMOVE, upload.id)]
    world.check_settled()


def test_keep_for_is_a_rule_with_bounds() -> None:
    """It is stored with the upload, and read again; none stays none. Times out of range are refused."""
    for keep_for in (None, SECOND, 36_500 * DAY):
        assert read_rules(Profile("p", keep_for=keep_for).rules.text).keep_for == keep_for
    assert "keep_for" not in Profile("p").rules.text
    for wrong in (timedelta(0), -SECOND, 36_501 * DAY):
        with pytest.raises(ConfigurationError, match="keep_for"):
            Profile("p", keep_for=wrong)
