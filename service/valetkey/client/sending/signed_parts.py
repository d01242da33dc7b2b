"""Part URLs of one upload, requested just before the parts are sent."""

import threading
from collections.abc import Callable, Sequence

from valetkey.client.interrupted.records import StartedUpload
from valetkey.client.remote.calls import Json
from valetkey.client.remote.service import Service
from valetkey.client.sending.resend import expires_soon

BATCH_SIZE = 32
"""The number of parts that one call signs."""


class SignedParts:
    """Signed parts, requested in batches by whichever thread is the first to need one.

    If the store requires a checksum of each part, ``checksum_of`` computes it, and each part is signed by a separate
    call.
    """

    def __init__(
        self,
        service: Service,
        started: StartedUpload,
        numbers: Sequence[int],
        signed: Sequence[Json],
        checksum_of: Callable[[int], str] | None = None,
    ) -> None:
        self._service = service
        self._started = started
        self._checksum_of = checksum_of
        self._lock = threading.Lock()
        self._ready = {part["number"]: part for part in signed}
        self._unsigned = [number for number in numbers if number not in self._ready]

    def take(self, number: int, *, fresh: bool = False) -> Json:
        """A signature for this part, which is returned only once; a ``fresh`` one is requested now."""
        if self._checksum_of is not None:
            checksums = {number: self._checksum_of(number)}
            [signed] = self._service.sign_parts(self._started.upload_id, self._started.ticket, [number], checksums)
            return signed
        with self._lock:
            ready = self._ready.pop(number, None)
            if ready is None or fresh or expires_soon(ready):
                self._sign(number)
                ready = self._ready.pop(number)
            return ready

    def _sign(self, number: int) -> None:
        others = [other for other in self._unsigned if other != number]
        batch, self._unsigned = [number, *others[: BATCH_SIZE - 1]], others[BATCH_SIZE - 1 :]
        for part in self._service.sign_parts(self._started.upload_id, self._started.ticket, batch):
            self._ready[part["number"]] = part
