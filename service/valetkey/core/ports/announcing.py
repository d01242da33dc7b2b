"""Announcing the ends of uploads: receivers, and the outbox between the ledger and them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from valetkey.core.model.announcement import Announcement, HookTypes, Status
from valetkey.core.model.upload import Upload


class Notifier(Protocol):
    """Is notified of every end, once it is durable."""

    def ended(self, upload: Upload) -> None: ...


class Outbox(Protocol):
    """The announcements that a `Ledger` wrote. Raises `LedgerUnavailable` like it."""

    def claim(self, now: datetime, until: datetime, limit: int) -> list[Announcement]:
        """Claims up to ``limit`` waiting announcements that are due at ``now``, the oldest first; they are due again at
        ``until``.

        By compare-and-set: each goes to one caller only.
        """

    def settle(self, before: Announcement, after: Announcement) -> bool:
        """Compare-and-set: writes ``after`` if the row still has the version of ``before``; returns whether it did."""

    def prune(self, now: datetime, limit: int) -> int:
        """Removes up to ``limit`` delivered announcements that are due at ``now``; returns how many."""

    def announcements(self, status: Status | None, limit: int) -> list[Announcement]:
        """Announcements, the newest first; ``status`` None does not filter."""

    def late(self, before: datetime, limit: int) -> list[Announcement]:
        """Waiting announcements that have been due since ``before`` or longer, the longest due first."""

    def replay(self, ids: Sequence[str] | None, now: datetime) -> list[str]:
        """Resets the dead or delivered announcements among ``ids`` (None: all dead ones) to waiting, due at ``now``,
        with no attempts; returns their ids."""


@dataclass(frozen=True, slots=True)
class KnownHook:
    """A hook that a ledger writes announcements for: its types, since when it is known, and how many announcements are
    waiting or dead."""

    name: str
    types: Collection[str]
    recorded_at: datetime
    waiting: int
    dead: int


class HookBook(Protocol):
    """The hooks that a `Ledger` announces to, and their announcements. Raises `LedgerUnavailable` like it."""

    def record_hooks(self, hooks: HookTypes, now: datetime) -> None:
        """Records hooks: ends of these types are announced to them from now on, whichever process writes the ends.

        Keeps other hooks, and other types of these hooks: a process of an older version removes nothing of a newer one.
        """

    def hooks(self) -> list[KnownHook]:
        """All known hooks, ordered by name."""

    def forget_hook(self, name: str) -> bool:
        """Removes a hook with all its announcements; returns whether it was known."""

    def calls(self, hook: str, types: Collection[str] | None = None) -> Outbox:
        """The outbox of one hook; with ``types`` its `Outbox.claim` leaves calls of other types to other processes."""


class DeliveryOutcome(StrEnum):
    """The result of an attempt. ``gone``: the receiver wants no more announcements."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """The outcome, a short detail, and the seconds to wait that the receiver asked for."""

    outcome: DeliveryOutcome
    detail: str
    retry_after: float | None = None


class Receiver(Protocol):
    """Where announcements go."""

    def deliver(self, announcement: Announcement, at: datetime) -> DeliveryReceipt:
        """Makes one attempt, as of ``at``. A failure at the receiver is a receipt, not an exception."""
