"""Recording digests of the parts that were sent, for stores whose ETags are not MD5s of the bytes."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from valetkey.client.files.digests import Check, PartRange, digest_range
from valetkey.client.files.source import Source
from valetkey.client.interrupted.comparison import is_md5
from valetkey.client.interrupted.records import StartedUpload, UploadRecords


class PartDigests:
    """Records digests of sent parts, if the store's ETags turn out not to be MD5s; otherwise it computes one MD5
    only."""

    def __init__(self, records: UploadRecords, key: str, started: StartedUpload, source: Source, check: Check) -> None:
        self._records = records
        self._key = key
        self._started = started
        self._source = source
        self._check = check
        self._lock = threading.Lock()
        self._digests: dict[str, str] = dict(started.digests)
        self._undecided: list[int] | None = [] if records.enabled and source.lasting else None
        self._needed = False

    def part_sent(self, number: int, etag: str, ranges: PartRange) -> None:
        """Records that the store returned this ETag for part ``number``. The first part decides; others do not wait.

        Raises `FileError` if the file cannot be read.
        """
        with self._lock:
            first = self._undecided is not None and not self._undecided
            if self._undecided is not None:
                self._undecided.append(number)
        if first:
            self._decide(number, etag, ranges)
        elif self._undecided is None and self._needed:
            self._record([number], ranges)

    def _decide(self, number: int, etag: str, ranges: PartRange) -> None:
        md5 = digest_range(self._source, "md5", *ranges(number), self._check).hex() if is_md5(etag) else None
        with self._lock:
            waiting, self._undecided = self._undecided or [], None
            self._needed = md5 != etag.lower()
        if self._needed:
            self._record(waiting, ranges)

    def _record(self, numbers: Sequence[int], ranges: PartRange) -> None:
        sums = {str(n): digest_range(self._source, "sha256", *ranges(n), self._check).hex() for n in numbers}
        with self._lock:
            self._digests |= sums
            self._records.save(self._key, replace(self._started, digests=dict(self._digests)))
