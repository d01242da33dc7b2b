"""An erasure: the job that removes everything kept of one owner, with its progress and result."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from uuid_utils import uuid7

from valetkey.core.model.upload import UploadId

ALL_ACCOUNTS = ""
"""Stands for every account: no API key has this name."""


class ErasureState(StrEnum):
    """The state of a job. `INCOMPLETE`: it has finished, but the store keeps something that cannot be removed."""

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

    ``owner`` is None once the job has finished: the name is not kept longer than needed. ``uploads`` counts the erased
    ones, ``objects`` the confirmed objects removed with them; ``remaining`` counts uploads of which the store keeps
    something, the first of which are in ``kept``; ``newer`` counts those created after ``requested_at``, which are left
    alone. ``detail`` says why the job has to wait.

    It works in passes: ``passed`` is the last upload that the current pass has handled, ``postponed`` how many it has
    left to the next pass.
    ``due_at`` is when a worker continues, or the end of the current worker's lease; None once the job has finished.
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
    """A job that has not been started; its id is a UUIDv7."""
    return Erasure(str(uuid7()), owner, account, now, now)
