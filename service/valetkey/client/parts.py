"""A file in parts: signed just before they are sent, several at once, and only those that the store has not."""

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, wait
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from valetkey.client.api import Api, Json
from valetkey.client.digests import digest_of
from valetkey.client.errors import Doubtful, FileError, Interrupted, Refused, Stale
from valetkey.client.meter import Meter
from valetkey.client.resume import Begun
from valetkey.client.retry import Patience
from valetkey.client.sameness import Evidence, Range, part_ranges
from valetkey.client.slots import Slots
from valetkey.client.sources import Source
from valetkey.client.store import Store

T = TypeVar("T")

BATCH = 32
"""How many parts are signed by one call."""

RENEWALS = 3
"""How often one part gets another signature where the store does not take it."""

SPARE_SECONDS = 2.0
"""A signature that lives for less is not used."""


class Signatures:
    """Signed parts of one upload, asked for in batches by whichever thread is the first to need one.

    Where the store wants a checksum of each part, ``checksum_of`` computes it, and each part is asked for by itself.
    """

    def __init__(
        self,
        api: Api,
        begun: Begun,
        numbers: Sequence[int],
        signed: Sequence[dict[str, Any]],
        checksum_of: Callable[[int], str] | None = None,
    ) -> None:
        self._checksum_of = checksum_of
        self._api = api
        self._begun = begun
        self._lock = threading.Lock()
        self._ready = {part["number"]: part for part in signed}
        self._ahead = [number for number in numbers if number not in self._ready]

    def take(self, number: int, *, fresh: bool = False) -> dict[str, Any]:
        """A signature for this part, once; where it has to be ``fresh``, one that is signed now."""
        if self._checksum_of is not None:
            checksums = {number: self._checksum_of(number)}
            [signed] = self._api.sign_parts(self._begun.upload_id, self._begun.ticket, [number], checksums)
            return signed
        with self._lock:
            ready = self._ready.pop(number, None)
            if ready is None or fresh or dying(ready):
                self._sign(number)
                ready = self._ready.pop(number)
            return ready

    def _sign(self, number: int) -> None:
        others = [ahead for ahead in self._ahead if ahead != number]
        batch, self._ahead = [number, *others[: BATCH - 1]], others[BATCH - 1 :]
        for part in self._api.sign_parts(self._begun.upload_id, self._begun.ticket, batch):
            self._ready[part["number"]] = part


def dying(signed: dict[str, Any]) -> bool:
    """Whether it is not worth a try. Where our clock is wrong, the store says it."""
    left = datetime.fromisoformat(signed["expires_at"]).timestamp() - time.time()
    return left < SPARE_SECONDS


@dataclass(frozen=True)
class Sending:
    """One file on its way, for those who send its parts."""

    source: Source
    begun: Begun
    meter: Meter
    evidence: Evidence


@dataclass(frozen=True)
class Sender:
    """Sends parts by ``pool``; ``slots`` bound how many bodies are on their way in the whole run."""

    api: Api
    store: Store
    patience: Patience
    pool: Executor
    slots: Slots

    def send(self, file: Sending, grant: Json, *, again: bool) -> None:
        """All parts, or where it is ``again`` those that the store has not.

        Raises what a part raised that could not be sent, and `Gone`.
        """
        ranges = part_ranges(file.source, grant["part_size"])
        there = self._there(file, ranges) if again else {}
        file.meter.there(sum(ranges(number)[1] for number in there))
        numbers = [number for number in range(1, grant["part_count"] + 1) if number not in there]
        usable = [part for part in grant["parts"] if part["number"] not in there]
        checksum_of = self._checksum_of(file.source, ranges) if grant.get("part_checksum") else None
        signatures = Signatures(self.api, file.begun, numbers, usable, checksum_of)
        given_up = threading.Event()

        def one(number: int) -> None:
            if not given_up.is_set():
                offset, size = ranges(number)
                etag = self._part(file, number, offset, size, signatures)
                file.evidence.sent(number, etag, ranges)

        parts = [self.pool.submit(one, number) for number in numbers]
        _, rest = wait(parts, return_when=FIRST_EXCEPTION)
        given_up.set()
        wait(rest)
        failures = [error for part in parts if (error := part.exception())]
        if failures:
            raise min(failures, key=_weight)

    def _checksum_of(self, source: Source, ranges: Range) -> Callable[[int], str]:
        """What computes the checksum of a part that the store wants with it: there is one algorithm."""
        return lambda number: b64encode(digest_of(source, "sha256", *ranges(number), self.patience.check)).decode()

    def _there(self, file: Sending, ranges: Range) -> dict[int, str]:
        """The parts that the store has in the size of the plan, with their ETags."""
        stored = self.api.stored_parts(file.begun.upload_id, file.begun.ticket)["parts"]
        return {part["number"]: part["etag"] for part in stored if part["size"] == ranges(part["number"])[1]}

    def _part(self, file: Sending, number: int, offset: int, size: int, signatures: Signatures) -> str:
        """Sends one part; its ETag. Where it may have arrived already, the service is asked before it is sent again."""

        def look() -> str | None:
            etag = self._there(file, lambda _: (offset, size)).get(number)
            if etag is not None:
                file.meter.there(size)
            return etag

        stale: Stale | None = None
        for renewals in range(RENEWALS):
            try:
                with self.slots.one(size):
                    signed = signatures.take(number, fresh=renewals > 0)
                    send = partial(self.store.part, signed, file.source, offset, size, file.meter.moved)
                    return self.patience.persist(careful(send, look))
            except Stale as error:
                stale = error
        raise refused(stale)


def careful(send: Callable[[], str], look: Callable[[], T | None]) -> Callable[[], str | T]:
    """``send``, to be repeated: after a doubtful end ``look`` says first whether there is anything to be repeated."""
    doubtful = False

    def attempt() -> str | T:
        nonlocal doubtful
        if doubtful and (found := look()) is not None:
            return found
        doubtful = False
        try:
            return send()
        except Doubtful as doubt:
            doubtful = True
            if doubt.answered and (found := look()) is not None:
                return found
            raise

    return attempt


def refused(stale: Stale | None) -> Refused:
    """What it is when no fresh signature is taken either."""
    return Refused(f"store_{stale.status if stale else 403}", str(stale))


def _weight(error: BaseException) -> int:
    """Which of several errors explains the others best: the file's, then what the parts met, then that we stopped."""
    return 0 if isinstance(error, FileError) else 2 if isinstance(error, Interrupted) else 1
