"""Hooks called by the worker's loop from a ledger on disk: long ones, slow ones, and one whose process is killed."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest
from flask import Flask
from tests.support import processes
from tests.support.ledgers import migrated

from valetkey import Upload
from valetkey.adapters.sql import SqlLedger
from valetkey.api.hooks import HookCaller, HookDecorator, Hooks
from valetkey.core.announcing.dispatcher import Dispatcher
from valetkey.core.model.announcement import Announcer, Status
from valetkey.testing.contracts.hooks import abort
from valetkey.worker import OutboxLoop

BOUND = 60
"""How long anything here may take, in seconds."""

LEASE = timedelta(seconds=5)
"""Whoever works extends it when a third of it is over: a machine may stand still for the rest."""

KILLED = """
import os, signal, sys
from pathlib import Path
from flask import Flask
from tests.integration.test_hook_delivery import loop_of
from valetkey.adapters.sql import SqlLedger
from valetkey.api.hooks import HookDecorator, Hooks

hooks = Hooks()

def hook(upload):
    Path("began").write_text(upload.id)
    os.kill(os.getpid(), signal.SIGKILL)

HookDecorator(hooks, "upload.aborted")(name="hook")(hook)
[caller] = hooks.of(Flask("shop"), SqlLedger(sys.argv[1])).callers()
loop_of(caller).run()
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


@pytest.fixture
def ledger(url: str, hooks: Hooks) -> Iterator[SqlLedger]:
    """One whose process has these hooks."""
    with migrated(url, Announcer(None, hooks=lambda: hooks.types)) as made:
        yield made


def loop_of(caller: HookCaller) -> OutboxLoop:
    """As a worker has it, but for the lease."""
    return OutboxLoop(Dispatcher(caller.outbox, caller, name=caller.name, counts_starts=True, lease=LEASE))


@contextmanager
def working(hooks: Hooks, ledger: SqlLedger, workers: int = 1) -> Iterator[None]:
    """So many workers of one application, each with a loop for each hook; they have to end when they are stopped."""
    made = hooks.of(Flask("shop"), ledger)
    loops = [loop_of(caller) for _ in range(workers) for caller in made.callers()]
    threads = [Thread(target=loop.run, daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
        for thread in threads:
            thread.join(BOUND)
            assert not thread.is_alive()


def wait_for_delivery(ledger: SqlLedger, hook: str) -> int:
    """How many attempts the only call of that hook took."""
    deadline = monotonic() + BOUND
    while ledger.calls(hook).announcements(Status.WAITING, 1):
        assert monotonic() < deadline
        sleep(0.02)
    [delivered] = ledger.calls(hook).announcements(Status.DELIVERED, 9)
    return delivered.attempts


def test_a_hook_that_takes_longer_than_its_lease_is_called_once(hooks: Hooks, ledger: SqlLedger) -> None:
    """Two workers: the one that has begun keeps the call, also while it is being stopped."""
    called: list[str] = []

    @HookDecorator(hooks, "upload.aborted")(name="long")
    def long(upload: Upload) -> None:
        called.append(upload.id)
        sleep(2 * LEASE.total_seconds())

    upload = abort(ledger)
    with working(hooks, ledger, workers=2):
        deadline = monotonic() + BOUND
        while not called:
            assert monotonic() < deadline
            sleep(0.02)
    assert called == [upload.id]
    assert wait_for_delivery(ledger, "long") == 1


def test_a_hook_that_does_not_return_holds_up_no_other(hooks: Hooks, ledger: SqlLedger) -> None:
    """All of its places are taken; the other's calls are made."""
    release, called = Event(), list[str]()
    HookDecorator(hooks, "upload.aborted")(name="stuck")(lambda upload: release.wait(BOUND))
    HookDecorator(hooks, "upload.aborted")(name="quick")(lambda upload: called.append(upload.id))
    ids = [abort(ledger).id for _ in range(20)]
    with working(hooks, ledger):
        deadline = monotonic() + BOUND
        while len(called) < 20 and monotonic() < deadline:
            sleep(0.02)
        release.set()
    assert sorted(called) == sorted(ids)


def test_a_process_that_is_killed_in_a_hook(hooks: Hooks, ledger: SqlLedger, url: str, tmp_path: Path) -> None:
    """Its lease is over soon, and the next worker calls the hook again."""
    called: list[str] = []
    HookDecorator(hooks, "upload.aborted")(name="hook")(lambda upload: called.append(upload.id))
    upload = abort(ledger)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = processes.run([sys.executable, "-c", KILLED, url], timeout=BOUND, cwd=tmp_path, env=env)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (tmp_path / "began").read_text() == upload.id
    with working(hooks, ledger):
        assert wait_for_delivery(ledger, "hook") == 2
    assert called == [upload.id]
