"""The ledger: the durable record of uploads."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from valetkey.core.access.callers import Allowance
from valetkey.core.model.upload import StoreUploads, Upload, UploadId, UploadState
from valetkey.core.ports.erasures import Erasures
from valetkey.core.ports.health import EventProbes


@dataclass(frozen=True, slots=True)
class Once:
    """An upload to create once for ``account`` and ``key``; ``fingerprint`` tells whether the request is the same."""

    upload: Upload
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Query:
    """Which uploads to list: those of ``account``; ``before`` is the id to continue from; None does not filter.
    ``claimed`` leaves out unclaimed ones."""

    account: str | None
    limit: int
    state: UploadState | None = None
    profile: str | None = None
    before: UploadId | None = None
    claimed: bool = False


class Written(Protocol):
    """A pending write of new uploads."""

    def wait(self) -> None:
        """Waits until the write is durable; may be called once. Raises `LedgerUnavailable` if it fails."""

    def call_after(self, then: Callable[[Exception | None], None]) -> bool:
        """Arranges for another thread, which must not be blocked, to call ``then`` when `wait` would return, with the
        error that it would raise. Returns False without a call if `wait` would return at once. Use either method, and
        only once."""


Subject = Literal["profiles", "stores", "settings"]
"""The kinds of settings that processes of one ledger declare to each other."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A process's declaration of a profile, a store or a setting, and when that process started."""

    terms: str
    at: datetime


class Uploads(Protocol):
    """Reads uploads, and changes several at a time."""

    def get(self, upload_id: UploadId) -> Upload | None: ...

    def replace_all(self, changes: Sequence[tuple[Upload, Upload]]) -> bool:
        """Compare-and-set of several distinct uploads: writes the second of each pair if every upload still has the
        version of the first. All are written in one commit, or none; returns whether they were.

        Two calls never deadlock, in whatever order they name the same uploads.
        """


class Ledger(Uploads, Erasures, EventProbes, Protocol):
    """The durable record of uploads. A change survives a crash once its method has returned.

    Every method raises `LedgerUnavailable` if the record cannot be read or written, and then has changed nothing. One
    that returns uploads raises `RecordUnknown` for those that only a newer version of valetkey can read.
    """

    def add(self, uploads: Sequence[Upload], unwritten: list[Written] | None = None) -> None:
        """Records new uploads, all in one commit.

        With ``unwritten`` it may return before they are durable, and adds there what to wait for.
        """

    def add_once(self, entries: Sequence[Once]) -> list[Once]:
        """Like `add`, but does not add an entry whose account and key are known: returns the recorded entry instead."""

    def joined(self, transaction: object) -> Uploads:
        """The ledger's uploads within a transaction of the application: changes are durable once that is committed.
        Raises `ConfigurationError` for a transaction of another database, and for an object that is not one."""

    def replace(self, before: Upload, after: Upload) -> bool:
        """Compare-and-set: writes ``after`` if the upload still has the version of ``before``; returns whether it did.

        A ledger with an `Announcer` writes the announcement in the same transaction.
        """

    def get_all(self, ids: Collection[UploadId]) -> Mapping[UploadId, Upload]:
        """The existing ones of up to 1,000 uploads, by id."""

    def page(self, query: Query, unreadable: list[UploadId] | None = None) -> list[Upload]:
        """The uploads that match ``query``, the newest first.

        ``unreadable`` gets the ids of those among them that only a newer version can read; they count for the limit.
        Without it they raise `RecordUnknown`.
        """

    def check(self) -> None:
        """Raises `LedgerUnavailable` unless it can be read and has the schema this version needs."""

    def due(
        self,
        at: datetime,
        limit: int,
        after: Upload | None = None,
        *,
        state: UploadState | None = None,
        store: StoreUploads | None = None,
    ) -> list[Upload]:
        """Uploads whose ``due_at`` is ``at`` or earlier, the longest due first; only those after ``after``, if given.

        ``state`` and ``store`` filter. The cost grows with the due uploads, not with the ledger. Uploads that only a
        newer version can read are passed over.
        """

    def reschedule(self, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
        """Gives each upload another ``due_at`` if its version and its ``due_at`` are still as given, all in one commit.

        Returns those that were moved, as they are then. The version stays the same, so no other change is affected.
        """

    def add_within(self, uploads: Sequence[Upload], allowance: Allowance) -> bool:
        """Like `add`, if ``allowance`` has that many left; otherwise records nothing. Returns whether it did.

        No more than its limit are ever recorded, however many processes add at once.
        """

    def add_once_within(self, entry: Once, allowance: Allowance) -> Once | None:
        """Like `add_once` for one entry; a new one uses up one of ``allowance``. Returns None if none is left."""

    def declare(self, terms: Mapping[str, str], now: datetime, subject: Subject = "profiles") -> Mapping[str, Declared]:
        """Records this process's profiles (or stores, or settings) by name; returns the earlier declaration of each."""

    def open_by_store(self, known: Collection[StoreUploads] = ()) -> Mapping[StoreUploads, int]:
        """How many uploads a signal may still change, by store, without the ``known`` ones: these cost nothing, however
        many uploads they have."""

    def forget_allowances(self, before: datetime, limit: int) -> int:
        """Removes the counts of up to ``limit`` tickets that expired before ``before``; returns how many."""

    def forget_keys(
        self, before: UploadId, now: datetime, limit: int, after: UploadId | None = None
    ) -> UploadId | None:
        """Examines ``limit`` idempotency keys of uploads whose ids are less than ``before``, the least id first; only
        those after ``after``, if given. Returns the id to continue after, and None at the end.

        Removes a key if its upload is gone, or has ended and cannot be renewed at ``now`` (open uploads are skipped, as
        the sweep still checks them: `due_at`). Removes no upload. A request that repeats a removed key creates a new
        upload.
        """
