"""How many requests may wait for the store at once.

A store may call us back while we wait for it: Ceph RGW holds a copy until the notification of that very copy is
answered (measured on 16.2). With every thread in such a copy nobody would be left to answer, for ever.
"""

from threading import BoundedSemaphore

from valetkey.core.errors import StoreUnavailable

RETRY_AFTER = 1
"""When to try again where all slots are taken, in seconds."""


class StoreSlots:
    """``with slots:`` around work at the store. Raises `StoreUnavailable` at once when all ``count`` are taken."""

    def __init__(self, count: int) -> None:
        self._free = BoundedSemaphore(count)

    def __enter__(self) -> None:
        if not self._free.acquire(blocking=False):
            raise StoreUnavailable("Too many uploads are being checked at this moment.", RETRY_AFTER)

    def __exit__(self, *_: object) -> None:
        self._free.release()
