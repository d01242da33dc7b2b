"""Clocks that are set while valetkey runs, or differ from the store's: no endless loops, and nothing good is
removed."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from tests.unit.memory_world import World

from valetkey.adapters.s3 import roles
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import Upload, UploadState
from valetkey.core.sweeping.findings import Action

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def confirmed(world: World) -> Upload:
    upload = world.create()
    world.post(upload)
    return world.run(upload)


def test_a_clock_that_is_set_back_during_a_sweep() -> None:
    """Each due upload is checked once: what is due again soon by the new time is not due now by the old one."""
    world = World()
    uploads = {world.create().id for _ in range(3)}
    world.time += HOUR
    findings = world.sweep.look()
    seen = [next(findings)]
    world.time -= HOUR / 2
    seen += islice(findings, 20)
    assert len(seen) == len(uploads)
    assert {one.subject for one in seen} == uploads


@pytest.mark.parametrize("rule", ["claim_within", "keep_for"])
def test_nothing_is_removed_by_one_clock_alone(
    rule: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker's clock is an hour ahead of the store's, and of everybody's: it says so, and removes a confirmed object
    when the time has come by both."""
    world = World(profile=Profile("default", **{rule: HOUR}))  # type: ignore[arg-type]
    monkeypatch.setattr(world.store, "_clock", lambda: world.time - HOUR)
    upload = confirmed(world)
    world.time += HOUR  # as the worker sees it: for the store no time has passed
    assert [one.action for one in world.sweep.foresee()] == [Action.WAIT]
    assert [one.action for one in world.sweep.run()] == [Action.WAIT]
    assert world.now(upload).state is UploadState.CONFIRMED
    assert world.final_keys()
    assert "60 minutes ahead of the store's" in caplog.text
    world.time += HOUR
    assert [one.action for one in world.sweep.run()] == [Action.REMOVE]
    assert world.now(upload).state is UploadState.DELETED


@pytest.mark.parametrize("says", [True, False])
def test_a_second_of_difference_is_none(monkeypatch: pytest.MonkeyPatch, *, says: bool) -> None:
    """The store's answer says whole seconds, and takes a while; where it says no time, ours counts."""
    world = World(profile=Profile("default", keep_for=HOUR))
    monkeypatch.setattr(world.store, "now", lambda: world.time - timedelta(seconds=2) if says else None)
    upload = confirmed(world)
    world.time += HOUR
    assert [one.action for one in world.sweep.run()] == [Action.REMOVE]
    assert world.now(upload).state is UploadState.DELETED


def test_a_clock_that_is_set_back_is_noticed_at_once() -> None:
    """The two clocks are compared again, though it has been a minute at most since."""
    world = World(profile=Profile("default", keep_for=HOUR))
    asked: list[datetime] = []
    world.before = lambda name: asked.append(world.time) if name == "now" else None
    for _ in range(2):
        confirmed(world)
    world.time += HOUR
    assert len(list(world.sweep.run())) == 2
    assert len(asked) == 1
    world.time -= 2 * HOUR
    confirmed(world)
    world.time += HOUR
    assert [one.action for one in world.sweep.look()].count(Action.REMOVE) == 1
    assert len(asked) == 2


def test_sts_is_asked_again_though_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure STS is left alone for seconds, and not for as long as the clock was set back."""
    told: list[Any] = [EndpointConnectionError(endpoint_url="https://sts.example"), {"access_key": "a"}]

    def fetch() -> Any:
        answer = told.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    fetched = roles._Fetched(fetch, "arn:aws:iam::1:role/r")
    passed = 0.0
    monkeypatch.setattr(roles, "monotonic", lambda: passed)
    for _ in range(2):
        with pytest.raises(roles.CannotAssumeRole):
            fetched()
    passed = roles.LEFT_ALONE
    assert fetched() == {"access_key": "a"}
