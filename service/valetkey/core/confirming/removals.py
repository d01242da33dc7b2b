"""Removes objects that are no longer needed, many at a time and in the background.

Confirmation does not wait for that. If a process is killed or the store is unavailable for long, the objects stay in
staging or quarantine, where the sweep finds them.
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
"""How long keys are collected before they are removed together, in seconds."""

OVERDUE = 5.0
"""How long after that a caller of `add` removes all keys itself: a server may not run other threads than its own."""

TRIES, PAUSE = 4, 5.0
"""How many times removals are tried while the store is unavailable, and the seconds between the tries."""

MAX_WAITING = 20_000
"""The maximum number of queued keys; any more are left to the sweep."""


class Removals:
    """A queue of keys to remove. Thread-safe; a forked child starts with an empty one, as the keys are its parent's.

    Keys are removed about `WAIT` seconds after they were added, and at the end of the process. At most one thread waits
    for the store; keys added meanwhile are removed after that.
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
        """Queues keys for removal. Never fails, and takes almost no time."""
        look()
        with self._lock:
            self._keep(keys)
            overdue = self._timer is not None and monotonic() > self._due + OVERDUE
            self._wait(WAIT)
        if overdue:
            self._come_back()

    def flush(self) -> None:
        """Removes all queued keys now, and waits for removals in progress. Keys that the store cannot remove yet are
        tried again."""
        self._removing.acquire()
        self._remove()

    def _come_back(self) -> None:
        """Like `flush`, unless another thread is removing keys: that one also handles those added meanwhile."""
        with self._lock:
            is_free = self._removing.acquire(blocking=False)
        if is_free:
            self._remove()

    def _remove(self) -> None:
        """Removes the queued keys. The caller holds `_removing`, which is released afterwards."""
        with self._lock:
            taken, self._waiting = [*self._waiting], {}
        left: list[str] = []
        try:
            left = self._left_of(taken)
        finally:
            with self._lock:
                self._removing.release()  # within the lock: a thread that `_come_back` starts must not find it taken
                self._keep(left)
                if self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
                atexit.unregister(self.flush)
                self._wait(PAUSE if left else WAIT)

    def _left_of(self, taken: list[str]) -> list[str]:
        """Removes them; returns the keys to try again."""
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
            except Exception:  # it must not affect later confirmations
                log.exception("removing objects has failed")
                _leave_to_sweep(min(MAX_BATCH, len(taken) - start), "an unexpected failure")
        return []

    def _keep(self, keys: Iterable[str]) -> None:
        """Queues as many keys as allowed; called with the lock held."""
        more = [key for key in dict.fromkeys(keys) if key not in self._waiting]
        room = max(0, MAX_WAITING - len(self._waiting))
        self._waiting.update(dict.fromkeys(more[:room]))
        if len(more) > room:
            _leave_to_sweep(len(more) - room, "the queue is full")

    def _wait(self, seconds: float) -> None:
        """Schedules the next run; called with the lock held."""
        if self._timer is not None or not self._waiting:
            return
        self._due = monotonic() + seconds
        self._timer = Timer(seconds, self._come_back)
        self._timer.daemon = True
        self._timer.name = "valetkey-removals"
        atexit.register(self.flush)
        try:
            self._timer.start()
        except RuntimeError:  # the process is ending: its exit handler removes them
            log.debug("no thread for removals")


def _leave_to_sweep(count: int, why: str) -> None:
    log.warning("%d objects in staging or quarantine are left to the sweep: %s", count, why)
