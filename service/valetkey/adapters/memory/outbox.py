"""The outbox in memory: announcements by webhook and by hooks that are still to be delivered."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from valetkey.adapters.memory.hooks import Hook, Hooked
from valetkey.core.model.announcement import Announcement, Announcer, HookTypes, Status, announced_ids
from valetkey.core.model.upload import UploadId
from valetkey.core.ports.announcing import KnownHook, Outbox


class MemoryOutbox(Hooked):
    """`Outbox` in memory; a `MemoryLedger` writes to it."""

    def __init__(self, before: Hook | None = None) -> None:
        super().__init__(before)
        self._outbox: dict[str, Announcement] = {}
        self._takes: frozenset[str] | None = None

    def taking(self, types: Collection[str]) -> "MemoryOutbox":
        """The same outbox, whose `claim` takes only announcements of ``types``."""
        other = MemoryOutbox(self._call)
        other._outbox, other._lock, other._takes = self._outbox, self._lock, frozenset(types)
        return other

    def keep(self, announcement: Announcement) -> None:
        """Adds an announcement."""
        with self._lock:
            self._outbox[announcement.id] = announcement

    def drop(self, name: str) -> None:
        """Removes the announcement with that id."""
        with self._lock:
            del self._outbox[name]

    def drop_delivered(self, names: Iterable[str]) -> None:
        """Removes the delivered ones of these ids."""
        with self._lock:
            for name in names:
                if name in self._outbox and self._outbox[name].status is Status.DELIVERED:
                    del self._outbox[name]

    def has_undelivered(self, names: Iterable[str]) -> bool:
        """Whether an announcement with one of these ids is waiting or dead."""
        with self._lock:
            found = [self._outbox[name] for name in names if name in self._outbox]
        return any(one.status is not Status.DELIVERED for one in found)

    def kept(self) -> list[Announcement]:
        """All announcements."""
        with self._lock:
            return list(self._outbox.values())

    def claim(self, now: datetime, until: datetime, limit: int) -> list[Announcement]:
        self._call("claim")
        with self._lock:
            due = [one for one in self._outbox.values() if one.status is Status.WAITING and one.due_at <= now]
            due = [one for one in due if self._takes is None or one.type in self._takes]
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

    def late(self, before: datetime, limit: int) -> list[Announcement]:
        self._call("late")
        with self._lock:
            found = [one for one in self._outbox.values() if one.status is Status.WAITING and one.due_at <= before]
        return sorted(found, key=lambda one: one.due_at)[:limit]

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


class MemoryHookBook(Hooked):
    """`HookBook` in memory; a `MemoryLedger` writes to it."""

    def __init__(self, before: Hook | None = None) -> None:
        super().__init__(before)
        self._known: dict[str, tuple[frozenset[str], datetime]] = {}
        self._calls: dict[str, MemoryOutbox] = {}

    def record_hooks(self, hooks: HookTypes, now: datetime) -> None:
        self._call("record_hooks")
        with self._lock:
            self._record(hooks, now)

    def hooks(self) -> list[KnownHook]:
        self._call("hooks")
        with self._lock:
            return [
                KnownHook(name, *self._known[name], self._count(name, Status.WAITING), self._count(name, Status.DEAD))
                for name in sorted(self._known)
            ]

    def forget_hook(self, name: str) -> bool:
        self._call("forget_hook", name)
        with self._lock:
            self._calls.pop(name, None)
            return self._known.pop(name, None) is not None

    def calls(self, hook: str, types: Collection[str] | None = None) -> Outbox:
        with self._lock:
            calls = self._calls_of(hook)
        return calls if types is None else calls.taking(types)

    def _calls_of(self, hook: str) -> MemoryOutbox:
        return self._calls.setdefault(hook, MemoryOutbox(self._call))

    def _is_called_for(self, upload_id: UploadId) -> bool:
        """Whether an undelivered call needs it."""
        names = announced_ids(upload_id)
        return any(calls.has_undelivered(names) for calls in self._calls.values())

    def _count(self, hook: str, status: Status) -> int:
        return sum(one.status is status for one in self._calls_of(hook).kept())

    def _tell(self, announcer: Announcer, announced: Announcement) -> None:
        self._record(announcer.hooks(), announced.created_at)
        for name, (types, _) in self._known.items():
            if announced.type in types:
                self._calls_of(name).keep(announced.calling(name))

    def _record(self, hooks: HookTypes, now: datetime) -> None:
        for name, types in hooks.items():
            known, since = self._known.get(name, (frozenset(), now))
            self._known[name] = (known | frozenset(types), since)
