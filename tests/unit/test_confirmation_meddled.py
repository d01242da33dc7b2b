"""Confirmation while others write, confirm or abort between its steps, or while it is stopped there."""

from contextlib import suppress
from itertools import product

import pytest
from tests.unit.confirming import SHORT_PATH, STEPS, at_step, both, refuse
from tests.unit.memory_world import FIRST, OWNER, PROVEN, SECOND, THIRD, World, md5

from valetkey.core.confirming.steps import MAX_PINS
from valetkey.core.errors import (
    StateConflict,
    StoreUnavailable,
)
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.upload import Signal, UploadState


@pytest.fixture(params=[Capabilities(), PROVEN], ids=["looks", "believes"])
def world(request: pytest.FixtureRequest) -> World:
    return World(capabilities=request.param)


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
