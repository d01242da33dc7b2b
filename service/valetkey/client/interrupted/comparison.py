"""Whether an interrupted upload belongs to the present file: name, size and date do not prove it.

An ETag is opaque. If it looks like an MD5 and is that of the bytes, the bytes are the same; otherwise the store may
have encrypted them. For such stores, the client records digests of what it sent (`part_digests`). An upload that is not
proven to be of this file is started again.
"""

import hashlib
import re
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

from valetkey.client.files.digests import (
    Check,
    PartRange,
    covers_whole_file,
    digest_range,
    digest_sample,
    part_ranges,
)
from valetkey.client.files.source import Source
from valetkey.client.interrupted.records import StartedUpload

MD5 = re.compile(r"[0-9a-f]{32}")
JOINED_MD5 = re.compile(r"([0-9a-f]{32})-\d+")


class FileComparison:
    """Compares ``source`` with the interrupted upload ``started``. ``pool`` computes digests in parallel.

    Every method raises `FileError` when the file cannot be read.
    """

    def __init__(self, source: Source, started: StartedUpload, pool: Executor, check: Check) -> None:
        self._source = source
        self._started = started
        self._pool = pool
        self._check = check
        self._sample = digest_sample(source, check) if started.sample else ""

    @property
    def is_different(self) -> bool:
        """Whether the upload is certainly of another file."""
        return self._sample != self._started.sample

    @property
    def is_same(self) -> bool:
        """Whether the upload is certainly of this file. Both may be False: more has to be compared then."""
        return bool(self._sample) and not self.is_different and covers_whole_file(self._sample)

    def matches_parts(self, stored: Sequence[dict[str, Any]], part_size: int) -> bool:
        """Whether each stored part that has the planned size is this file's."""
        ranges = part_ranges(self._source, part_size)
        whole = [part for part in stored if part["size"] == ranges(part["number"])[1]]
        return all(self._pool.map(lambda part: self._matches_part(part["number"], part["etag"], ranges), whole))

    def matches_object(self, etag: str, part_size: int | None) -> bool:
        """Whether the object with this ETag is this file; ``part_size`` is None when it was not sent in parts.

        An object that was checked in quarantine was copied: its ETag may then be that of the whole.
        """
        if part_size is None:
            return self._matches_whole(etag)
        ranges = part_ranges(self._source, part_size)
        numbers = range(1, -(-self._source.size // part_size) + 1)
        if all(str(number) in self._started.digests for number in numbers):
            return all(self._pool.map(lambda number: self._matches_recorded(number, ranges), numbers))
        found = JOINED_MD5.fullmatch(etag.lower())
        if found is None:
            return self._matches_whole(etag)
        sums = b"".join(self._pool.map(lambda number: self._md5(*ranges(number)), numbers))
        return hashlib.md5(sums, usedforsecurity=False).hexdigest() == found[1]

    def _matches_whole(self, etag: str) -> bool:
        return is_md5(etag) and etag.lower() == self._md5(0, self._source.size).hex()

    def _matches_part(self, number: int, etag: str, ranges: PartRange) -> bool:
        if str(number) in self._started.digests:
            return self._matches_recorded(number, ranges)
        return is_md5(etag) and etag.lower() == self._md5(*ranges(number)).hex()

    def _matches_recorded(self, number: int, ranges: PartRange) -> bool:
        digest = digest_range(self._source, "sha256", *ranges(number), self._check)
        return self._started.digests[str(number)] == digest.hex()

    def _md5(self, offset: int, count: int) -> bytes:
        return digest_range(self._source, "md5", offset, count, self._check)


def is_md5(etag: str) -> bool:
    """Whether ``etag`` looks like an MD5."""
    return MD5.fullmatch(etag.lower()) is not None
