"""An erasure: the job that removes all that is kept of one owner, and what came of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from uuid_utils import uuid7

from valetkey.core.model.upload import UploadId

ALL_ACCOUNTS = ""
"""Stands for every account: no API key has this name."""


class ErasureState(StrEnum):
    """How far a job has come. `INCOMPLETE`: it is over, and something that the store does not let go is still there."""

    RUNNING = "running"
    DONE = "done"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class KeptObject:
    """An object of which the store keeps something, and why."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases what ``owner`` had at ``requested_at`` in ``account``.

    ``owner`` is None when the job is over: it keeps no name for longer than it needs it. ``uploads`` counts those that
    were erased, ``objects`` the confirmed ones that were removed with them; ``remaining`` those of which the store
    keeps something, the first of them in ``kept``; ``newer`` those that were created after ``requested_at`` and are
    left alone. ``detail`` says why it has to wait.

    It works in passes: ``passed`` is the last upload that this one has dealt with, ``postponed`` how many it has left
    to the next one.
    ``due_at`` is when a worker goes on with it, or the end of the lease of the one that does; None when it is over.
    ``version`` counts its changes, for compare-and-set.
    """

    id: str
    owner: str | None
    account: str
    requested_at: datetime
    due_at: datetime | None
    state: ErasureState = ErasureState.RUNNING
    version: int = 1
    passed: UploadId | None = None
    postponed: int = 0
    uploads: int = 0
    objects: int = 0
    remaining: int = 0
    kept: tuple[KeptObject, ...] = ()
    newer: int = 0
    detail: str | None = None
    finished_at: datetime | None = None

    def changed(self, **changes: Any) -> "Erasure":
        """This one with other values, one version on."""
        return replace(self, version=self.version + 1, **changes)


def new_erasure(account: str, owner: str, now: datetime) -> Erasure:
    """A job that nobody has begun; its id is a UUIDv7."""
    return Erasure(str(uuid7()), owner, account, now, now)
