"""A claim and the removal of an unclaimed upload, in every order of their steps: exactly one of them happens."""

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
TURNS, STEPS = 14, 4
"""How many steps two actors make in turn, and how many of these the second one: both then run to their ends."""


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
    for turn in range(TURNS):
        actor = actors[turn in turns]
        if not actor.done:
            actor.step()
    for actor in actors:
        while not actor.done:
            actor.step()
        assert actor.error is None


ORDERS = [frozenset(turns) for turns in combinations(range(TURNS), STEPS)]


class Claiming:
    """Somebody who claims these uploads; ``given`` is what they were told."""

    def __init__(self, world: World, uploads: list[Upload]) -> None:
        self._world, self._ids = world, [one.id for one in uploads]
        self.given: list[Upload] = []

    def __call__(self) -> None:
        self.given = self._world.service.claim(OWNER, self._ids, Terms(), "post:17")


def sweeping(world: World) -> Callable[[], object]:
    return lambda: list(world.sweep.look())


def removing(world: World, upload: Upload) -> Callable[[], object]:
    return lambda: world.service.remove(OWNER, upload.id)


@pytest.mark.parametrize("again", [False, True], ids=["a claim", "a claim, released and claimed"])
def test_either_claimed_or_removed(again: bool) -> None:
    """In any order: a claim that was given keeps the bytes, one that was refused finds it deleted and announced."""
    outcomes = set()
    for turns in ORDERS:
        world, made = overdue()
        [upload] = made
        if again:
            world.service.claim(OWNER, [upload.id], Terms(), "post:1")
            world.service.release(OWNER, [upload.id], "post:1")
            world.time += DAY
        claiming = Claiming(world, made)
        play((sweeping(world), claiming), turns)
        world.before = None
        after = world.now(upload)
        outcomes.add((bool(claiming.given), after.state, after.claim is not None))
        list(world.sweep.look())
        world.check_settled()
    assert outcomes == {(True, UploadState.CONFIRMED, True), (False, UploadState.DELETED, False)}


def test_two_are_claimed_together_or_one_may_be_removed() -> None:
    """All or nothing holds against a sweep that has come to the first of them, or to the second."""
    outcomes = set()
    for turns in ORDERS:
        world, made = overdue(2)
        claiming = Claiming(world, made)
        play((sweeping(world), claiming), turns)
        world.before = None
        after = [world.now(one) for one in made]
        assert [one.claim is not None for one in after] == [bool(claiming.given)] * 2
        assert all((one.state is UploadState.CONFIRMED) is bool(claiming.given) for one in after)
        outcomes.add(bool(claiming.given))
        world.check_settled()
    assert outcomes == {True, False}


def test_a_deletion_beside_a_claim() -> None:
    """The application deletes and claims at once: it is deleted in any order, and has no other end."""
    for turns in ORDERS:
        world, made = overdue()
        play((removing(world, made[0]), Claiming(world, made)), turns)
        world.before = None
        # who lost to the claim is told to look again
        world.service.remove(OWNER, made[0].id)
        assert world.now(made[0]).state is UploadState.DELETED
        world.check_settled()
