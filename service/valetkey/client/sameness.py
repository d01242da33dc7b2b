"""Whether what an earlier run sent is of the file that is here now: name, size and date prove nothing.

An ETag is opaque. Where it looks like an MD5, and is that of the bytes, the bytes are the same; where it is another, or
none, the store may have encrypted them. For such stores digests of what was sent are kept. What nobody can prove is
begun anew.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

from valetkey.client.digests import Check, digest_of, is_whole, sample_of
from valetkey.client.resume import Begun, Memory
from valetkey.client.sources import Source

MD5 = re.compile(r"[0-9a-f]{32}")
JOINED = re.compile(r"([0-9a-f]{32})-\d+")

Json = dict[str, Any]
Range = Callable[[int], tuple[int, int]]


def part_ranges(source: Source, part_size: int) -> Range:
    """Where a part is in ``source``, by its number: its offset, and how many bytes it has."""
    return lambda number: ((number - 1) * part_size, min(part_size, source.size - (number - 1) * part_size))


class Sameness:
    """Compares ``source`` with what was ``begun`` of a file that had its name. ``pool`` computes digests side by side.

    Every method raises `FileError` where the file cannot be read.
    """

    def __init__(self, source: Source, begun: Begun, pool: Executor, check: Check) -> None:
        self._source = source
        self._begun = begun
        self._pool = pool
        self._check = check
        self._sampled = sample_of(source, check) if begun.sample else ""

    @property
    def is_excluded(self) -> bool:
        """Whether it is another file for certain."""
        return self._sampled != self._begun.sample

    @property
    def is_proven(self) -> bool:
        """Whether all of it was compared already."""
        return bool(self._sampled) and not self.is_excluded and is_whole(self._sampled)

    def of_parts(self, stored: Sequence[Json], part_size: int) -> bool:
        """Whether each part of the plan's size that is there is this file's."""
        ranges = part_ranges(self._source, part_size)
        whole = [part for part in stored if part["size"] == ranges(part["number"])[1]]
        return all(self._pool.map(lambda part: self._is_part(part["number"], part["etag"], ranges), whole))

    def of_object(self, etag: str, part_size: int | None) -> bool:
        """Whether an object with this ETag is this file; joined of parts of ``part_size`` where there were any.

        What was checked in quarantine has been copied since: its ETag may be that of the whole, then.
        """
        if part_size is None:
            return self._is_whole_of(etag)
        ranges = part_ranges(self._source, part_size)
        numbers = range(1, -(-self._source.size // part_size) + 1)
        if all(str(number) in self._begun.digests for number in numbers):
            return all(self._pool.map(lambda number: self._is_kept(number, ranges), numbers))
        found = JOINED.fullmatch(etag.lower())
        if found is None:
            return self._is_whole_of(etag)
        sums = b"".join(self._pool.map(lambda number: self._md5(*ranges(number)), numbers))
        return hashlib.md5(sums, usedforsecurity=False).hexdigest() == found[1]

    def _is_whole_of(self, etag: str) -> bool:
        return MD5.fullmatch(etag.lower()) is not None and etag.lower() == self._md5(0, self._source.size).hex()

    def _is_part(self, number: int, etag: str, ranges: Range) -> bool:
        if str(number) in self._begun.digests:
            return self._is_kept(number, ranges)
        return MD5.fullmatch(etag.lower()) is not None and etag.lower() == self._md5(*ranges(number)).hex()

    def _is_kept(self, number: int, ranges: Range) -> bool:
        digest = digest_of(self._source, "sha256", *ranges(number), self._check)
        return self._begun.digests[str(number)] == digest.hex()

    def _md5(self, offset: int, count: int) -> bytes:
        return digest_of(self._source, "md5", offset, count, self._check)


class Evidence:
    """Keeps digests of parts that were sent, where the store's ETags turn out to be no MD5s; else it costs one MD5."""

    def __init__(self, memory: Memory, key: str, begun: Begun, source: Source, check: Check) -> None:
        self._memory = memory
        self._key = key
        self._begun = begun
        self._source = source
        self._check = check
        self._lock = threading.Lock()
        self._digests: dict[str, str] = dict(begun.digests)
        self._undecided: list[int] | None = [] if memory.keeps and source.lasting else None
        self._opaque = False

    def sent(self, number: int, etag: str, ranges: Range) -> None:
        """Part ``number`` was sent, and the store calls it ``etag``. The first one decides, the others don't wait."""
        with self._lock:
            first = self._undecided is not None and not self._undecided
            if self._undecided is not None:
                self._undecided.append(number)
        if first:
            self._decide(number, etag, ranges)
        elif self._undecided is None and self._opaque:
            self._keep([number], ranges)

    def _decide(self, number: int, etag: str, ranges: Range) -> None:
        looks = MD5.fullmatch(etag.lower()) is not None
        md5 = digest_of(self._source, "md5", *ranges(number), self._check).hex() if looks else ""
        with self._lock:
            waiting, self._undecided = self._undecided or [], None
            self._opaque = md5 != etag.lower() or not looks
        if self._opaque:
            self._keep(waiting, ranges)

    def _keep(self, numbers: Sequence[int], ranges: Range) -> None:
        sums = {str(n): digest_of(self._source, "sha256", *ranges(n), self._check).hex() for n in numbers}
        with self._lock:
            self._digests |= sums
            self._memory.keep(self._key, replace(self._begun, digests=dict(self._digests)))
