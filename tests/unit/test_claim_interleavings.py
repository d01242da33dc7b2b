"""A claim and the removal of what nobody claimed, in every order of their steps: one of the two happens, never both."""

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations
from threading import current_thread

import pytest
from tests.unit.memory_world import OWNER, World
from tests.unit.test_interleavings import Actor

from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.taking.claims import Terms

DAY = timedelta(days=1)
STEPS = 7
"""More than either of two actors needs: the last of them runs to its end."""


def overdue(count: int = 1) -> tuple[World, list[Upload]]:
    """Uploads that the next sweep removes unless they are claimed, where actors wait before each operation."""
    world = World(profile=Profile("default", claim_within=DAY))
    made = []
    for _ in range(count):
        upload = world.create()
        world.post(upload)
        made.append(world.run(upload))
    world.time += DAY

    def pause(_: str) -> None:
        actor = current_thread()
        if isinstance(actor, Actor):
            actor.before()

    world.before = pause
    return world, made


def play(works: tuple[Callable[[], object], Callable[[], object]], turns: frozenset[int]) -> None:
    """Both at once: in the turns that are named the second one makes a step, in the others the first one."""
    actors = [Actor(work) for work in works]
    for turn in range(2 * STEPS):
        actor = actors[turn in turns]
        if not actor.done:
            actor.step()
    for actor in actors:
        while not actor.done:
            actor.step()
        assert actor.error is None


ORDERS = [frozenset(turns) for turns in combinations(range(2 * STEPS), STEPS)]


@pytest.mark.parametrize("again", [False, True], ids=["a claim", "a claim, released and claimed"])
def test_either_claimed_or_removed(again: bool) -> None:
    """In any order: a claim that was given keeps the bytes, one that was refused finds it deleted and announced."""
    outcomes = set()
    for turns in ORDERS:
        world, [upload] = overdue()
        if again:
            world.service.claim(OWNER, [upload.id], Terms(), "post:1")
            world.service.release(OWNER, [upload.id], "post:1")
            world.time += DAY
        given: list[Upload] = []

        def take(world: World = world, upload: Upload = upload, given: list[Upload] = given) -> None:
            given += world.service.claim(OWNER, [upload.id], Terms(), "post:17")

        play((take, lambda world=world: list(world.sweep.look())), turns)
        world.before = None
        after = world.now(upload)
        outcomes.add((bool(given), after.state, after.claim is not None))
        list(world.sweep.look())
        world.check_settled()
    assert outcomes == {(True, UploadState.CONFIRMED, True), (False, UploadState.DELETED, False)}


def test_two_are_claimed_together_or_one_may_be_removed() -> None:
    """All or nothing holds against a sweep that has come to the first of them, or to the second."""
    outcomes = set()
    for turns in ORDERS:
        world, made = overdue(2)
        given: list[Upload] = []

        def take(world: World = world, made: list[Upload] = made, given: list[Upload] = given) -> None:
            given += world.service.claim(OWNER, [one.id for one in made], Terms(), "post:17")

        play((take, lambda world=world: list(world.sweep.look())), turns)
        world.before = None
        after = [world.now(one) for one in made]
        assert [one.claim is not None for one in after] == [bool(given)] * 2
        assert all((one.state is UploadState.CONFIRMED) is bool(given) for one in after)
        outcomes.add(bool(given))
        world.check_settled()
    assert outcomes == {True, False}


def test_a_deletion_beside_a_claim() -> None:
    """The application deletes and claims at once: what is deleted has no bytes, whoever was first, and no other end."""
    for turns in ORDERS[::7]:
        world, [upload] = overdue()
        play(
            (
                lambda world=world, upload=upload: world.service.claim(OWNER, [upload.id], Terms(), "post:17"),
                lambda world=world, upload=upload: world.service.remove(OWNER, upload.id),
            ),
            turns,
        )
        world.before = None
        assert world.now(upload).state in {UploadState.CONFIRMED, UploadState.DELETED}
        world.check_settled()
