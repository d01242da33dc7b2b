"""The gate to the store: how many requests may wait for it at once, and for uploads of which bucket.

A store may call us back while we wait for it: Ceph RGW holds a copy until the notification of that very copy is
answered (measured on 16.2). With every thread in such a copy nobody would be left to answer, for ever.
"""

from contextlib import AbstractContextManager
from threading import BoundedSemaphore

from valetkey.core.errors import StoreUnavailable
from valetkey.core.model.upload import Upload
from valetkey.forks import renew_in_child

RETRY_AFTER = 1
"""When to try again where as many wait as may, in seconds."""

OTHER_BUCKET_RETRY_AFTER = 60
"""When to try again where the upload is in another bucket, in seconds: somebody has to change the settings."""


class StoreGate:
    """Around work at the store on an upload's objects: ``with gate.open_for(upload):``. Threads may share it.

    At most ``limit`` are within at once.
    """

    def __init__(self, bucket: str, limit: int) -> None:
        self._bucket = bucket
        self._within = Bounded(limit, "Too many uploads are being checked at this moment.")

    def open_for(self, upload: Upload) -> AbstractContextManager[None]:
        """Raises `StoreUnavailable` for an upload of another bucket; entered, where as many are within as may be."""
        if upload.bucket != self._bucket:
            detail = f"The upload is in bucket {upload.bucket!r}, which is not the one in use."
            raise StoreUnavailable(detail, OTHER_BUCKET_RETRY_AFTER)
        return self._within


class Bounded(AbstractContextManager[None]):
    """Lets ``limit`` in at once, and refuses where a semaphore would wait: with `StoreUnavailable`, which says
    ``detail``."""

    def __init__(self, limit: int, detail: str) -> None:
        self._limit = limit
        self._detail = detail
        self._renew()
        renew_in_child(self, Bounded._renew)

    def _renew(self) -> None:
        self._free = BoundedSemaphore(self._limit)

    def __enter__(self) -> None:
        if not self._free.acquire(blocking=False):
            raise StoreUnavailable(self._detail, RETRY_AFTER)

    def __exit__(self, *_: object) -> None:
        self._free.release()
