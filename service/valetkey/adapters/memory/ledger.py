"""The ledger in memory."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Self

from valetkey.adapters.memory.erasures import MemoryErasures
from valetkey.adapters.memory.health import MemoryHealth
from valetkey.adapters.memory.hooks import Hook
from valetkey.adapters.memory.keys import MemoryKeyRing
from valetkey.core.access.callers import Allowance
from valetkey.core.errors import LedgerUnavailable
from valetkey.core.model.announcement import Announcer
from valetkey.core.model.upload import StoreUploads, Upload, UploadId, UploadState
from valetkey.core.ports.ledger import Declared, Once, Query, Subject, Written


class MemoryLedger(MemoryKeyRing, MemoryErasures, MemoryHealth):
    """`Ledger`, `KeyRing`, `Outbox`, `HookBook` and `Health` in memory. ``before`` may be set at any time.

    Without ``announce`` nothing is announced.
    """

    def __init__(self, before: Hook | None = None, announce: Announcer | None = None) -> None:
        super().__init__(before)
        self._announce = announce
        self._used: dict[str, tuple[int, datetime]] = {}
        self._declared: dict[Subject, dict[str, Declared]] = {"profiles": {}, "stores": {}, "settings": {}}

    def add(self, uploads: Sequence[Upload], unwritten: list[Written] | None = None) -> None:  # noqa: ARG002
        for upload in uploads:
            self._call("add", upload.id)
        self._insert(uploads)

    def add_once(self, entries: Sequence[Once]) -> list[Once]:
        for entry in entries:
            self._call("add_once", entry.upload.id)
        with self._lock:
            first: dict[tuple[str, str], Once] = {}
            for entry in entries:
                first.setdefault((entry.upload.account, entry.key), entry)
            fresh = {name: entry for name, entry in first.items() if name not in self._once}
            self._insert([entry.upload for entry in fresh.values()])
            self._once |= {name: (entry.upload.id, entry.fingerprint) for name, entry in fresh.items()}
            return [self._kept(entry.upload.account, entry.key) for entry in entries]

    def add_within(self, uploads: Sequence[Upload], allowance: Allowance) -> bool:
        for upload in uploads:
            self._call("add_within", upload.id)
        with self._lock:
            if not self._has_left(allowance, len(uploads)):
                return False
            self._insert(uploads)
            self._spend(allowance, len(uploads))
            return True

    def add_once_within(self, entry: Once, allowance: Allowance) -> Once | None:
        self._call("add_once_within", entry.upload.id)
        with self._lock:
            name = (entry.upload.account, entry.key)
            if name not in self._once:
                if not self._has_left(allowance, 1):
                    return None
                self._insert([entry.upload])
                self._spend(allowance, 1)
                self._once[name] = (entry.upload.id, entry.fingerprint)
            return self._kept(*name)

    def forget_allowances(self, before: datetime, limit: int) -> int:
        self._call("forget_allowances")
        with self._lock:
            expired = [ticket for ticket, (_, expires_at) in self._used.items() if expires_at < before][:limit]
            for ticket in expired:
                del self._used[ticket]
            return len(expired)

    def forget_keys(
        self, before: UploadId, now: datetime, limit: int, after: UploadId | None = None
    ) -> UploadId | None:
        self._call("forget_keys")
        with self._lock:
            named = [(upload_id, name) for name, (upload_id, _) in self._once.items()]
            old = sorted(one for one in named if (after or "") < one[0] < before)[:limit]
            for upload_id, name in old:
                upload = self._uploads.get(upload_id)
                if upload is None or not (upload.renewable_until > now or _may_change(upload)):
                    del self._once[name]
            return old[-1][0] if len(old) == limit else None

    def get(self, upload_id: UploadId) -> Upload | None:
        self._call("get", upload_id)
        return self._uploads.get(upload_id)

    def get_all(self, ids: Collection[UploadId]) -> Mapping[UploadId, Upload]:
        self._call("get_all")
        with self._lock:
            return {one: self._uploads[one] for one in ids if one in self._uploads}

    def replace(self, before: Upload, after: Upload) -> bool:
        self._call("replace", before.id)
        with self._lock:
            now = self._uploads.get(before.id)
            if now is None or now.version != before.version:
                return False
            self._write(before, after)
            return True

    def _write(self, before: Upload, after: Upload) -> None:
        if self._announce is not None and (announcement := self._announce(before, after)) is not None:
            if self._announce.has_webhook:
                self.keep(announcement)
            self._tell(self._announce, announcement)
        self._uploads[before.id] = after

    def joined(self, transaction: object) -> Self:  # noqa: ARG002
        """Returns itself: a rollback does not undo its changes."""
        return self

    def replace_all(self, changes: Sequence[tuple[Upload, Upload]]) -> bool:
        for before, _ in changes:
            self._call("replace_all", before.id)
        with self._lock:
            current = [self._uploads.get(before.id) for before, _ in changes]
            if [one and one.version for one in current] != [before.version for before, _ in changes]:
                return False
            for before, after in changes:
                self._write(before, after)
            return True

    def due(
        self,
        at: datetime,
        limit: int,
        after: Upload | None = None,
        *,
        state: UploadState | None = None,
        store: StoreUploads | None = None,
    ) -> list[Upload]:
        self._call("due")
        with self._lock:
            asked = [upload for upload in self._uploads.values() if state in {None, upload.state}]
            asked = [upload for upload in asked if store is None or upload in store]
        found = [((upload.due_at, upload.id), upload) for upload in asked if upload.due_at]
        last = (after.due_at, after.id) if after is not None and after.due_at is not None else None
        return [upload for place, upload in sorted(found) if place[0] <= at and (last is None or place > last)][:limit]

    def declare(self, terms: Mapping[str, str], now: datetime, subject: Subject = "profiles") -> Mapping[str, Declared]:
        self._call("declare")
        with self._lock:
            declared = self._declared[subject]
            before = dict(declared)
            declared |= {name: Declared(text, now) for name, text in terms.items()}
            return before

    def open_by_store(self, known: Collection[StoreUploads] = ()) -> Mapping[StoreUploads, int]:
        self._call("open_by_store")
        with self._lock:
            waiting = [one for one in self._uploads.values() if _may_change(one)]
            places = [StoreUploads(one.store, one.bucket) for one in waiting]
        return Counter(place for place in places if place not in known)

    def reschedule(self, moves: Sequence[tuple[Upload, datetime | None]]) -> list[Upload]:
        self._call("reschedule")
        moved = []
        with self._lock:
            for upload, due_at in moves:
                now = self._uploads.get(upload.id)
                if now is not None and (now.version, now.due_at) == (upload.version, upload.due_at):
                    self._uploads[upload.id] = now._replace(due_at=due_at)
                    moved.append(upload._replace(due_at=due_at))
        return moved

    def page(self, query: Query, unreadable: list[UploadId] | None = None) -> list[Upload]:  # noqa: ARG002
        self._call("page")
        with self._lock:
            found = [upload for upload in self._uploads.values() if _is_asked_for(upload, query)]
        return sorted(found, key=lambda upload: upload.id, reverse=True)[: query.limit]

    def check(self) -> None:
        self._call("check")

    def _insert(self, uploads: Sequence[Upload]) -> None:
        with self._lock:
            new = {upload.id: upload for upload in uploads}
            if len(new) < len(uploads) or new.keys() & self._uploads.keys():
                raise LedgerUnavailable("The ledger has an upload of that id already.")
            self._uploads |= new

    def _kept(self, account: str, key: str) -> Once:
        upload_id, fingerprint = self._once[account, key]
        return Once(self._uploads[upload_id], key, fingerprint)

    def _has_left(self, allowance: Allowance, count: int) -> bool:
        return self._used.get(allowance.ticket, (0,))[0] + count <= allowance.limit

    def _spend(self, allowance: Allowance, count: int) -> None:
        used = self._used.get(allowance.ticket, (0,))[0]
        if count:
            self._used[allowance.ticket] = (used + count, allowance.expires_at)


def _may_change(upload: Upload) -> bool:
    """Whether a signal may still change it."""
    return not upload.ended and upload.due_at is not None


def _is_asked_for(upload: Upload, query: Query) -> bool:
    return (
        query.account in {None, upload.account}
        and query.state in {None, upload.state}
        and query.profile in {None, upload.profile}
        and not (query.claimed and upload.claim is None)
        and (query.before is None or upload.id < query.before)
    )
