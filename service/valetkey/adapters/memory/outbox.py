"""The outbox in memory: what the application is still to be told."""

from collections.abc import Sequence
from datetime import datetime

from valetkey.adapters.memory.hooks import Hook, Hooked
from valetkey.core.model.announcement import Announcement, Status


class MemoryOutbox(Hooked):
    """`Outbox` in memory; a `MemoryLedger` writes to it."""

    def __init__(self, before: Hook | None = None) -> None:
        super().__init__(before)
        self._outbox: dict[str, Announcement] = {}

    def claim(self, now: datetime, until: datetime, limit: int) -> list[Announcement]:
        self._call("claim")
        with self._lock:
            due = [one for one in self._outbox.values() if one.status is Status.WAITING and one.due_at <= now]
            due = sorted(due, key=lambda one: one.due_at)[:limit]
            claimed = [one.changed(due_at=until) for one in due]
            self._outbox |= {one.id: one for one in claimed}
            return claimed

    def settle(self, before: Announcement, after: Announcement) -> bool:
        self._call("settle", before.id)
        with self._lock:
            now = self._outbox.get(before.id)
            if now is None or now.version != before.version:
                return False
            self._outbox[before.id] = after
            return True

    def prune(self, now: datetime, limit: int) -> int:
        self._call("prune")
        with self._lock:
            done = [one.id for one in self._outbox.values() if one.status is Status.DELIVERED and one.due_at <= now]
            for name in done[:limit]:
                del self._outbox[name]
            return len(done[:limit])

    def announcements(self, status: Status | None, limit: int) -> list[Announcement]:
        self._call("announcements")
        with self._lock:
            found = [one for one in self._outbox.values() if status in {None, one.status}]
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)[:limit]

    def replay(self, ids: Sequence[str] | None, now: datetime) -> list[str]:
        self._call("replay")
        with self._lock:
            every = self._outbox.values()
            if ids is None:
                chosen = [one for one in every if one.status is Status.DEAD]
            else:
                chosen = [one for one in every if one.status is not Status.WAITING and one.id in ids]
            again = [one.changed(status=Status.WAITING, attempts=0, due_at=now) for one in chosen]
            self._outbox |= {one.id: one for one in again}
            return [one.id for one in again]
