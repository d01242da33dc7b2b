"""Objects that nobody needs any more, removed many at a time and beside the requests.

What is confirmed does not wait for that. What is lost of it, as a process is killed or the store is away for long, lies
in staging or quarantine, where the sweep finds it.
"""

import atexit
import logging
from collections.abc import Iterable
from threading import Lock, Timer
from time import monotonic

from valetkey.core.errors import StoreUnavailable
from valetkey.core.ports.store import MAX_BATCH, ObjectStore
from valetkey.forks import look, renew_in_child

log = logging.getLogger("valetkey")

WAIT = 0.5
"""How long removals wait for more of them, in seconds."""

OVERDUE = 5.0
"""How long after that whoever has something to add removes all himself: a server may run no threads but its own."""

TRIES, PAUSE = 4, 5.0
"""How often the same are tried where the store is away, and how many seconds lie between."""

MAX_WAITING = 20_000
"""How many keys wait at most; what is more is left to the sweep."""


class Removals:
    """Keys that wait to be removed. Threads may share it; a forked child begins with none, as they are its parent's.

    They are gone about `WAIT` seconds after they were added, and at the end of the process. One thread at most waits
    for the store; what is added meanwhile is removed after that.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._renew()
        renew_in_child(self, Removals._renew)

    def _renew(self) -> None:
        self._lock = Lock()
        self._removing = Lock()
        self._waiting: dict[str, None] = {}
        self._timer: Timer | None = None
        self._due = 0.0
        self._tries = 0

    def add(self, keys: Iterable[str]) -> None:
        """They will be removed. Nothing fails, and next to no time is taken."""
        look()
        with self._lock:
            self._keep(keys)
            overdue = self._timer is not None and monotonic() > self._due + OVERDUE
            self._wait(WAIT)
        if overdue:
            self._come_back()

    def flush(self) -> None:
        """Removes all that waits, now, and waits for what is just being removed. What the store cannot remove yet is
        tried again."""
        self._removing.acquire()
        self._remove()

    def _come_back(self) -> None:
        """The same, unless somebody is at it: he sees to what is added meanwhile."""
        with self._lock:
            is_free = self._removing.acquire(blocking=False)
        if is_free:
            self._remove()

    def _remove(self) -> None:
        """`_removing` is ours, and free afterwards."""
        with self._lock:
            taken, self._waiting = [*self._waiting], {}
        left: list[str] = []
        try:
            left = self._left_of(taken)
        finally:
            with self._lock:
                self._removing.release()  # within the lock: who is asked to come back must not find it taken, and go
                self._keep(left)
                if self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
                atexit.unregister(self.flush)
                self._wait(PAUSE if left else WAIT)

    def _left_of(self, taken: list[str]) -> list[str]:
        """Removes them; returns what is to be tried again."""
        for start in range(0, len(taken), MAX_BATCH):
            try:
                self._store.delete_batch(taken[start : start + MAX_BATCH])
                self._tries = 0
            except StoreUnavailable as error:
                self._tries += 1
                if self._tries < TRIES:
                    return taken[start:]
                self._tries = 0
                _leave_to_sweep(len(taken) - start, error.detail)
                return []
            except Exception:  # it must not hinder what is confirmed next
                log.exception("removing objects has failed")
                _leave_to_sweep(min(MAX_BATCH, len(taken) - start), "an unexpected failure")
        return []

    def _keep(self, keys: Iterable[str]) -> None:
        """Has them wait, as many as may; the lock is ours."""
        more = [key for key in dict.fromkeys(keys) if key not in self._waiting]
        room = max(0, MAX_WAITING - len(self._waiting))
        self._waiting.update(dict.fromkeys(more[:room]))
        if len(more) > room:
            _leave_to_sweep(len(more) - room, "too many wait already")

    def _wait(self, seconds: float) -> None:
        """Has somebody come back; the lock is ours."""
        if self._timer is not None or not self._waiting:
            return
        self._due = monotonic() + seconds
        self._timer = Timer(seconds, self._come_back)
        self._timer.daemon = True
        self._timer.name = "valetkey-removals"
        atexit.register(self.flush)
        try:
            self._timer.start()
        except RuntimeError:  # the process ends: it is done there
            log.debug("no thread for removals")


def _leave_to_sweep(count: int, why: str) -> None:
    log.warning("%d objects in staging or quarantine are left to the sweep: %s", count, why)
