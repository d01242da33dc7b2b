"""Background work with several stores: sweeps, leftovers, erasures."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from tests.unit.memory_world import OWNER
from tests.unit.two_stores import Installation

from valetkey.core.errors import (
    StoreUnavailable,
)
from valetkey.core.model.erasure import ErasureState
from valetkey.core.model.profile import Profile
from valetkey.core.model.upload import UploadState
from valetkey.core.stores import NamedStore
from valetkey.core.sweeping.findings import Action, Finding
from valetkey.core.sweeping.sweeps import Sweeps


@pytest.fixture
def both() -> Installation:
    return Installation()


def test_each_store_has_its_own_sweep(both: Installation) -> None:
    """That of one that is down gives up for a while; that of the other finds what nobody reported."""
    lost = [both.arrived("docs") for _ in range(7)]
    found = both.arrived("default")
    both.time += timedelta(minutes=2)
    both.down = {"us"}
    default, us = both.core.sweeps
    with pytest.raises(StoreUnavailable):
        list(us.look())
    assert [one.subject for one in default.look()] == [found.id]
    assert both.state(found) is UploadState.CONFIRMED
    both.down, both.time = set(), both.time + timedelta(minutes=10)
    assert {one.subject for one in us.look()} == {one.id for one in lost}


def test_a_sweep_by_hand_takes_every_store(both: Installation) -> None:
    """One that does not answer is a finding after those of the others; an error only where none does."""
    both.arrived("docs")
    found = both.arrived("default")
    both.time += timedelta(minutes=2)
    both.down = {"us"}
    both.restart(NamedStore("us", both.us), NamedStore("default", both.eu))
    *_, last = seen = list(Sweeps(both.core.sweeps, both.core.retention, both.ledger).run())
    assert found.id in [one.subject for one in seen]
    assert (last.action, last.subject) == (Action.FAIL, "us")
    assert both.state(found) is UploadState.CONFIRMED
    both.down = {"us", "default"}
    with pytest.raises(StoreUnavailable):
        list(Sweeps(both.core.sweeps, both.core.retention, both.ledger).run())


@pytest.mark.parametrize("by_hand", [Sweeps.run, Sweeps.clean])
def test_the_ledger_forgets_whatever_the_stores_do(
    both: Installation, by_hand: Callable[[Sweeps], Iterator[Finding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where none of them can be swept."""
    both.down = {"us", "default"}
    ran: list[str] = []
    monkeypatch.setattr(both.core.retention, "run", lambda *_: ran.append("retention"))
    with pytest.raises(StoreUnavailable):
        list(by_hand(Sweeps(both.core.sweeps, both.core.retention, both.ledger)))
    assert ran == ["retention"]


def test_leftovers_are_looked_for_in_each_store(both: Installation) -> None:
    """Below the prefixes of each, and never what belongs to an upload that is open, whatever its store is called."""
    theirs = NamedStore("us", both.us, prefix="acme/", staging_prefix="acme/")
    both.profiles = {"default": Profile("default"), "docs": Profile("docs", store="us")}
    both.restart(NamedStore("default", both.eu), theirs)
    pending = both.create("docs")
    both.us.put("acme/staging/nobodys", b"x")
    both.us.put("staging/anothers", b"x")
    both.eu.put("staging/nobodys", b"x")
    both.us.put(pending.staging_key, b"x")
    both.time += timedelta(days=2)
    both.ledger._uploads[pending.id] = both.ledger._uploads[pending.id]._replace(due_at=None)
    both.profiles = {"default": Profile("default", store="default")}
    both.restart(NamedStore("default", both.eu), NamedStore("renamed", both.us, prefix="acme/", staging_prefix="acme/"))
    removed = [one.subject for sweep in both.core.sweeps for one in sweep.clean() if one.action is Action.REMOVE]
    assert sorted(removed) == ["acme/staging/nobodys", "staging/nobodys"]
    assert both.us.keys() == [pending.staging_key, "staging/anothers"]


def test_an_owner_is_erased_in_every_store(both: Installation) -> None:
    """One that is down delays the end of the job, and what is in the others is gone before."""
    here, there = both.arrived("default", owner="ann"), both.arrived("docs", owner="ann")
    for one in (here, there):
        both.service.complete(OWNER, one.id)
    both.down = {"us"}
    job = both.service.erase(OWNER, "ann")
    for _ in range(3):
        list(both.core.eraser.run())
        both.time += timedelta(minutes=2)
    assert both.eu.keys() == []
    assert both.service.erasure(OWNER, job.id).state is ErasureState.RUNNING
    both.down = set()
    for _ in range(3):
        list(both.core.eraser.run())
        both.time += timedelta(minutes=2)
    assert both.us.keys() == []
    assert both.service.erasure(OWNER, job.id).state is ErasureState.DONE


def test_erasing_waits_seldom_for_a_store_that_hangs(both: Installation) -> None:
    """What else is to be erased does not stand behind each of its uploads."""
    for owner, profile in [("ann", "docs")] * 20 + [("bob", "default")]:
        both.service.complete(OWNER, both.arrived(profile, owner=owner).id)
    waited: list[datetime] = []

    def hang(operation: str, subject: str) -> None:
        waited.append(both.time)
        both.time += timedelta(seconds=33)
        raise StoreUnavailable("It does not answer.")

    both.us.before = hang
    both.service.erase(OWNER, "ann")
    bobs = both.service.erase(OWNER, "bob")
    steps = list(both.core.eraser.run())
    assert both.service.erasure(OWNER, bobs.id).state is ErasureState.DONE
    assert len(waited) <= 2
    assert len(steps) < 10
