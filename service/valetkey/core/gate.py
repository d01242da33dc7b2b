"""The gate to the store: how many requests may wait for it at once, and for uploads of which bucket.

A store may call us back while we wait for it: Ceph RGW holds a copy until the notification of that very copy is
answered (measured on 16.2). If every thread waited for such a copy, none would be left to answer the notifications.
"""

from collections import Counter
from contextlib import AbstractContextManager
from threading import Condition, Lock

from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.upload import Upload
from valetkey.forks import renew_in_child

RETRY_AFTER = 1
"""When to retry if the limit is reached, in seconds."""

OTHER_BUCKET_RETRY_AFTER = 60
"""When to retry if the upload is in another bucket, in seconds: an operator has to change the settings."""


class SharedLimit:
    """At most ``limit`` threads wait for all stores together. Thread-safe.

    Half of the places are reserved, in equal shares for each of the ``stores``. Any store may take from the other half,
    but no more than it leaves free for the others (the dynamic threshold of shared buffers: Choudhury and Hahne,
    IEEE/ACM Transactions on Networking, 1998). So a slow store holds about half of all places at most, however many
    stores there are, and a busy one gets more than its share while others are idle. A single store has all places.
    """

    def __init__(self, limit: int, stores: int = 1) -> None:
        self._limit = limit
        self._stores = stores
        self._kept = 0 if stores == 1 else limit // (2 * stores)
        self._renew()
        renew_in_child(self, SharedLimit._renew)

    def _renew(self) -> None:
        self._changed = Condition(Lock())
        self._held: Counter[str] = Counter()
        self._free = self._limit - self._kept * self._stores

    def enter(self, store: str, wait: float = 0.0) -> bool:
        """Takes a place for this store; returns whether one was free within ``wait`` seconds."""
        with self._changed:
            return self._take(store) or (wait > 0 and self._changed.wait_for(lambda: self._take(store), wait))

    def leave(self, store: str) -> None:
        """Gives a taken place back."""
        with self._changed:
            if self._held[store] > self._kept:
                self._free += 1
            self._held[store] -= 1
            self._changed.notify_all()

    def _take(self, store: str) -> bool:
        beyond = self._held[store] - self._kept
        if beyond >= 0:
            if self._free < 1 or (self._stores > 1 and self._free <= beyond):
                return False
            self._free -= 1
        self._held[store] += 1
        return True


class StoreLimit(AbstractContextManager[None]):
    """A context manager around work that waits for ``store``: takes a place of ``room``, or raises `StoreUnavailable`
    with ``detail``."""

    def __init__(self, room: SharedLimit, store: str, detail: str) -> None:
        self._room = room
        self._store = store
        self._detail = detail

    def __enter__(self) -> None:
        if not self._room.enter(self._store):
            raise StoreUnavailable(self._detail, RETRY_AFTER)

    def __exit__(self, *_: object) -> None:
        self._room.leave(self._store)


class StoreGate:
    """Guards work at the store on an upload's objects: ``with gate.open_for(upload):``. Thread-safe.

    ``within`` limits how many threads do so at once.
    """

    def __init__(self, bucket: str, within: AbstractContextManager[None]) -> None:
        self._bucket = bucket
        self._within = within

    def open_for(self, upload: Upload) -> AbstractContextManager[None]:
        """Raises `StoreUnavailable` if the upload is in another bucket; entering raises it if the limit is reached."""
        if upload.bucket != self._bucket:
            detail = f"The upload is in bucket {upload.bucket!r}, which is not the one in use."
            raise StoreUnavailable(detail, OTHER_BUCKET_RETRY_AFTER)
        return self._within
