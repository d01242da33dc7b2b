"""Who is told of the ends of uploads, and the outbox in between."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from valetkey.core.model.announcement import Announcement, HookTypes, Status
from valetkey.core.model.upload import Upload


class Notifier(Protocol):
    """Told of every end, after it is durable."""

    def ended(self, upload: Upload) -> None: ...


class Outbox(Protocol):
    """The announcements that a `Ledger` wrote. Raises `LedgerUnavailable` like it."""

    def claim(self, now: datetime, until: datetime, limit: int) -> list[Announcement]:
        """Up to ``limit`` that wait and are due at ``now``, the oldest first, as they are then: due again at ``until``.

        By compare-and-set: each goes to one caller.
        """

    def settle(self, before: Announcement, after: Announcement) -> bool:
        """Compare-and-set: writes ``after`` if the row still has the version of ``before``; says whether."""

    def prune(self, now: datetime, limit: int) -> int:
        """Removes up to ``limit`` delivered ones that were due at ``now``; says how many."""

    def announcements(self, status: Status | None, limit: int) -> list[Announcement]:
        """The newest first; None does not filter."""

    def replay(self, ids: Sequence[str] | None, now: datetime) -> list[str]:
        """Makes dead or delivered ones of ``ids`` (None: all that are dead) wait again, due at ``now``, with no attempt
        made; says which."""


@dataclass(frozen=True, slots=True)
class KnownHook:
    """A hook that a ledger writes announcements for: what of, since when it is known, and how many of them wait or are
    dead."""

    name: str
    types: Collection[str]
    recorded_at: datetime
    waiting: int
    dead: int


class HookBook(Protocol):
    """The hooks that a `Ledger` announces to, and what it has for each. Raises `LedgerUnavailable` like it."""

    def record_hooks(self, hooks: HookTypes, now: datetime) -> None:
        """Ends of these types are announced to these hooks from now on, whichever process writes them.

        Other hooks stay, and other types of these, too: a process of an older version takes nothing from a newer one.
        """

    def hooks(self) -> list[KnownHook]:
        """All that are known, by name."""

    def forget_hook(self, name: str) -> bool:
        """Removes a hook with all that was announced to it; says whether it was known."""

    def calls(self, hook: str, types: Collection[str] | None = None) -> Outbox:
        """What is announced to that hook; with ``types`` its `Outbox.claim` leaves calls of others to other
        processes."""


class DeliveryOutcome(StrEnum):
    """How an attempt went. ``gone``: the receiver wants nothing any more."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """The outcome, a few words on it, and how many seconds the receiver asked to be left alone."""

    outcome: DeliveryOutcome
    detail: str
    retry_after: float | None = None


class Receiver(Protocol):
    """Where announcements go."""

    def deliver(self, announcement: Announcement, at: datetime) -> DeliveryReceipt:
        """One attempt, as of ``at``. What goes wrong at the receiver is a receipt, not an exception."""
