"""Erasure jobs in memory, and the removal of ledger rows by them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from valetkey.adapters.memory.hooks import Hook
from valetkey.adapters.memory.outbox import MemoryHookBook, MemoryOutbox
from valetkey.core.model.announcement import Announcer, announced_ids
from valetkey.core.model.erasure import ALL_ACCOUNTS, Erasure
from valetkey.core.model.upload import OVER_STATES, StoreUploads, Upload, UploadId


class MemoryErasures(MemoryOutbox, MemoryHookBook):
    """`Erasures` in memory; a `MemoryLedger` is one."""

    def __init__(self, before: Hook | None = None) -> None:
        super().__init__(before)
        self._announce: Announcer | None = None
        self._uploads: dict[UploadId, Upload] = {}
        self._once: dict[tuple[str, str], tuple[UploadId, str]] = {}
        self._erasures: dict[str, Erasure] = {}

    def begin_erasure(self, job: Erasure) -> Erasure:
        self._call("begin_erasure", job.id)
        with self._lock:
            wanted = (job.owner, job.account)
            known = next((one for one in self._erasures.values() if (one.owner, one.account) == wanted), None)
            if known is not None:
                at = max(known.requested_at, job.requested_at)
                job = known.changed(requested_at=at, due_at=job.due_at, passed=None, postponed=0, remaining=0, kept=())
            self._erasures[job.id] = job
            return job

    def get_erasure(self, erasure_id: str) -> Erasure | None:
        self._call("get_erasure", erasure_id)
        return self._erasures.get(erasure_id)

    def due_erasures(self, at: datetime, limit: int) -> list[Erasure]:
        self._call("due_erasures")
        with self._lock:
            found = [(one.due_at, one.id, one) for one in self._erasures.values() if one.due_at and one.due_at <= at]
        return [job for _, _, job in sorted(found, key=lambda one: one[:2])][:limit]

    def save_erasure(self, before: Erasure, after: Erasure) -> bool:
        self._call("save_erasure", before.id)
        with self._lock:
            return self._save(before, after)

    def _save(self, before: Erasure, after: Erasure) -> bool:
        now = self._erasures.get(before.id)
        if now is None or now.version != before.version:
            return False
        announcement = self._announce.erased(before, after) if self._announce else None
        if announcement is not None:
            self._outbox[announcement.id] = announcement
        self._erasures[before.id] = after
        return True

    def forget_erasures(self, before: datetime, limit: int) -> int:
        self._call("forget_erasures")
        with self._lock:
            over = [one.id for one in self._erasures.values() if one.finished_at and one.finished_at < before][:limit]
            for name in over:
                del self._erasures[name]
            return len(over)

    def belonging(self, job: Erasure, limit: int) -> list[Upload]:
        self._call("belonging", job.id)
        found = [one for one in self._of(job) if one.created_at <= job.requested_at]
        found = [one for one in found if job.passed is None or one.id > job.passed]
        return sorted(found, key=lambda one: one.id)[:limit]

    def newer(self, job: Erasure) -> int:
        self._call("newer", job.id)
        return sum(one.created_at > job.requested_at for one in self._of(job))

    def _of(self, job: Erasure) -> list[Upload]:
        with self._lock:
            mine = [one for one in self._uploads.values() if one.owner == job.owner]
        return [one for one in mine if job.account in {ALL_ACCOUNTS, one.account}]

    def erase(self, changes: Sequence[tuple[Upload, Upload]], before: Erasure, after: Erasure) -> bool:
        for old, _ in changes:
            self._call("erase", old.id)
        with self._lock:
            current = [self._uploads.get(old.id) for old, _ in changes]
            if [one and one.version for one in current] != [old.version for old, _ in changes]:
                return False
            if not self._save(before, after):
                return False
            for old, new in changes:
                self._uploads[old.id] = new
            self._forget_keys(old.id for old, _ in changes)
            for _, new in changes:
                self._forget_announced(new)
            return True

    def _forget_announced(self, upload: Upload) -> None:
        names, announcer = announced_ids(upload.id), self._announce
        for box in self._outboxes():
            box.drop_delivered(names)
            for one in [one for one in box.kept() if one.id in names]:
                if announcer is None or (box is self and not announcer.has_webhook):
                    box.drop(one.id)
                else:
                    box.keep(replace(announcer.rewritten(one, upload), version=one.version + 1))

    def _outboxes(self) -> list[MemoryOutbox]:
        return [self, *self._calls.values()]

    def _forget_keys(self, ids: Iterable[UploadId]) -> None:
        gone = set(ids)
        self._once = {name: kept for name, kept in self._once.items() if kept[0] not in gone}

    def over(
        self, before: datetime, limit: int, after: Upload | None = None, *, store: StoreUploads | None = None
    ) -> list[Upload]:
        self._call("over")
        with self._lock:
            found = [one for one in self._uploads.values() if one.state in OVER_STATES and one.due_at is None]
            found = [one for one in found if not self._is_called_for(one.id)]
            found = [one for one in found if store is None or one in store]
        places = [((one.ended_at, one.id), one) for one in found if one.ended_at is not None]
        last = (after.ended_at, after.id) if after is not None and after.ended_at is not None else None
        return [one for place, one in sorted(places) if place[0] <= before and (last is None or place > last)][:limit]

    def forget(self, uploads: Sequence[Upload]) -> int:
        self._call("forget")
        with self._lock:
            gone = [one.id for one in uploads if self._uploads.get(one.id) == one and not self._is_called_for(one.id)]
            for name in gone:
                del self._uploads[name]
            self._forget_keys(gone)
            for box in self._outboxes():
                box.drop_delivered(name for one in gone for name in announced_ids(one))
            return len(gone)
