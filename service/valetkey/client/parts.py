"""A file in parts: signed just before they are sent, several at once, and only those that the store has not."""

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from valetkey.client.api import Api
from valetkey.client.digests import digest_of
from valetkey.client.errors import FileError, Interrupted, Refused, Stale
from valetkey.client.meter import Meter
from valetkey.client.resume import Begun
from valetkey.client.retry import Patience
from valetkey.client.slots import Slots
from valetkey.client.sources import Source
from valetkey.client.store import Store

BATCH = 32
"""How many parts are signed by one call."""

RENEWALS = 3
"""How often one part gets another signature after a 403."""

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
class Sender:
    """Sends parts by ``pool``; ``slots`` bound how many bodies are on their way in the whole run."""

    api: Api
    store: Store
    patience: Patience
    pool: Executor
    slots: Slots

    def check(self) -> None:
        """Raises `Interrupted` when the user wants no more."""
        self.patience.check()

    def send(self, source: Source, begun: Begun, grant: dict[str, Any], meter: Meter, *, again: bool) -> None:
        """All parts, or where it is ``again`` those that the store has not.

        Raises what a part raised that could not be sent, and `Gone`.
        """
        numbers, there = self._missing(source, begun, grant) if again else (range(1, grant["part_count"] + 1), 0)
        meter.there(there)
        usable = [part for part in grant["parts"] if part["number"] in set(numbers)]
        checksum_of = self._checksum_of(source, grant) if grant.get("part_checksum") else None
        signatures = Signatures(self.api, begun, numbers, usable, checksum_of)
        given_up = threading.Event()

        def one(number: int) -> None:
            if not given_up.is_set():
                self._part(source, grant["part_size"], number, signatures, meter)

        parts = [self.pool.submit(one, number) for number in numbers]
        _, rest = wait(parts, return_when=FIRST_EXCEPTION)
        given_up.set()
        wait(rest)
        failures = [error for part in parts if (error := part.exception())]
        if failures:
            raise min(failures, key=_weight)

    def _checksum_of(self, source: Source, grant: dict[str, Any]) -> Callable[[int], str]:
        """What computes the checksum of a part that the store wants with it: there is one algorithm."""
        part_size = grant["part_size"]

        def checksum_of(number: int) -> str:
            digest = digest_of(source, "sha256", (number - 1) * part_size, _size(source, part_size, number), self.check)
            return b64encode(digest).decode()

        return checksum_of

    def _missing(self, source: Source, begun: Begun, grant: dict[str, Any]) -> tuple[Sequence[int], int]:
        """Which parts to send, and how many bytes are there: what the store lists, if it has the size of the plan."""
        size, count = grant["part_size"], grant["part_count"]
        there = {
            part["number"]: part["size"]
            for part in self.api.stored_parts(begun.upload_id, begun.ticket)
            if part["size"] == _size(source, size, part["number"])
        }
        return [number for number in range(1, count + 1) if number not in there], sum(there.values())

    def _part(self, source: Source, part_size: int, number: int, signatures: Signatures, meter: Meter) -> None:
        offset, size = (number - 1) * part_size, _size(source, part_size, number)
        problem = ""
        for renewals in range(RENEWALS):
            try:
                with self.slots.one(size):
                    signed = signatures.take(number, fresh=renewals > 0)
                    self.patience.persist(lambda: self.store.part(signed, source, offset, size, meter.moved))  # noqa: B023
            except Stale as error:
                problem = str(error)
            else:
                return
        raise Refused("store_403", problem)


def _weight(error: BaseException) -> int:
    """Which of several errors explains the others best: the file's, then what the parts met, then that we stopped."""
    return 0 if isinstance(error, FileError) else 2 if isinstance(error, Interrupted) else 1


def _size(source: Source, part_size: int, number: int) -> int:
    return min(part_size, source.size - (number - 1) * part_size)
