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
    """An upload to be created once for ``account`` and ``key``; ``fingerprint`` tells whether the body is the same."""

    upload: Upload
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Query:
    """Which uploads to list: ``account`` sees its own; ``before`` is the id to go on from; None does not filter.
    ``claimed`` leaves out what is not."""

    account: str | None
    limit: int
    state: UploadState | None = None
    profile: str | None = None
    before: UploadId | None = None
    claimed: bool = False


class Written(Protocol):
    """New uploads that are about to be durable."""

    def wait(self) -> None:
        """Returns when they are, once. Raises `LedgerUnavailable` where they are not going to be."""

    def call_after(self, then: Callable[[Exception | None], None]) -> bool:
        """Has ``then`` called when `wait` would return, with what it would raise, by another thread, which must not be
        kept waiting. False where `wait` would return at once: nothing is called then. Either of the two, once."""


Subject = Literal["profiles", "stores", "settings"]
"""What processes of one ledger tell each other of."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a process of the ledger said of a profile, a store or a setting, and when it started."""

    terms: str
    at: datetime


class Uploads(Protocol):
    """Uploads to read and to change, several at a time."""

    def get(self, upload_id: UploadId) -> Upload | None: ...

    def replace_all(self, changes: Sequence[tuple[Upload, Upload]]) -> bool:
        """Compare-and-set of several uploads, each named once: writes those after, if each still has the version of
        the one before it. All are written in one commit, or none is; says which.

        Nobody's call waits for another for ever, in whatever order both name the same uploads.
        """


class Ledger(Uploads, Erasures, EventProbes, Protocol):
    """The durable record of uploads. What a method has returned from survives a crash.

    Every method raises `LedgerUnavailable` when the record cannot be read or written; nothing is half done then.
    """

    def add(self, uploads: Sequence[Upload], unwritten: list[Written] | None = None) -> None:
        """Records new uploads, all in one commit.

        Where ``unwritten`` is given it may return before they are durable, and adds there what to wait for.
        """

    def add_once(self, entries: Sequence[Once]) -> list[Once]:
        """Like `add`, but an entry whose account and key are known is not added: what was recorded comes back."""

    def joined(self, transaction: object) -> Uploads:
        """Its uploads within a transaction of the application's, as its kind of database has them: what is changed
        there is durable when that is committed. Raises `ConfigurationError` for one of another database, and for what
        is none."""

    def replace(self, before: Upload, after: Upload) -> bool:
        """Compare-and-set: writes ``after`` if the upload still has the version of ``before``; says whether.

        A ledger that was given an `Announcer` writes its announcement in the same transaction, or neither.
        """

    def get_all(self, ids: Collection[UploadId]) -> Mapping[UploadId, Upload]:
        """Those of up to 1,000 that there are, by id."""

    def page(self, query: Query) -> list[Upload]:
        """The newest uploads first."""

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
        """Those whose ``due_at`` is ``at`` or earlier, the longest due first; those behind ``after`` where it is given.

        ``state`` and ``store`` leave others out.

        What it costs grows with what is due, not with the ledger.
        """

    def reschedule(self, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
        """Gives each upload another ``due_at`` if its version and its ``due_at`` are still as given, all in one commit.

        Returns those that were moved, as they are then. The version stays: nobody else is disturbed by it.
        """

    def add_within(self, uploads: Sequence[Upload], allowance: Allowance) -> bool:
        """Like `add`, if so many are left of ``allowance``; otherwise nothing is recorded. Says which.

        However many services ask at once, no more than its limit are ever recorded.
        """

    def add_once_within(self, entry: Once, allowance: Allowance) -> Once | None:
        """Like `add_once` for one entry; a new one takes one of ``allowance``, and is None when none is left."""

    def declare(self, terms: Mapping[str, str], now: datetime, subject: Subject = "profiles") -> Mapping[str, Declared]:
        """Records what the profiles (or stores, or settings) of this process say, by name; returns what was said of
        each name before."""

    def open_by_store(self) -> Mapping[StoreUploads, int]:
        """How many uploads may still change by a signal, by their store. What it costs grows with what is
        due at some time, not with the ledger."""

    def forget_allowances(self, before: datetime, limit: int) -> int:
        """Removes what was counted for up to ``limit`` tickets that expired before then; says how many."""

    def forget_keys(
        self, before: UploadId, now: datetime, limit: int, after: UploadId | None = None
    ) -> UploadId | None:
        """Looks at ``limit`` idempotency keys of uploads whose ids are less than ``before``, the least id first; those
        behind ``after`` where it is given. Returns behind which to go on, and None when it has come to the end.

        It removes those whose upload is gone, or has ended and cannot be renewed any more at ``now`` (what is open is
        looked for, or may be: `due_at`), and no upload. Whoever sends such a key again gets a new upload.
        """
