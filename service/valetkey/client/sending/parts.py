"""Sending a file in parts: several at once, and only those missing at the store."""

import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Executor, wait
from dataclasses import dataclass, field
from functools import partial

from valetkey.client.errors import FileError, Interrupted, SignatureRejected
from valetkey.client.files.digests import PartRange, digest_range, part_ranges
from valetkey.client.files.source import Source
from valetkey.client.interrupted.comparison import is_md5
from valetkey.client.interrupted.part_digests import PartDigests
from valetkey.client.interrupted.records import StartedUpload
from valetkey.client.remote.calls import Json
from valetkey.client.remote.retry import Retrier
from valetkey.client.remote.service import Service
from valetkey.client.remote.store import Store
from valetkey.client.sending.concurrency import ConcurrencyLimit
from valetkey.client.sending.progress import Progress
from valetkey.client.sending.resend import MAX_SIGNATURES, check_before_resending, refused_by_store
from valetkey.client.sending.signed_parts import SignedParts


@dataclass
class KnownParts:
    """The parts at the store that are known to be this file's."""

    etags: dict[int, str] = field(default_factory=dict)
    """The ETags, by number, of the parts that this run has sent, found or compared."""
    shared: bool = False
    """Whether the store may have, or still get, parts of another file, which an interrupted run sent."""
    count: int | None = None
    """The number of parts of the complete upload; None before it is known."""

    def accepts(self, number: int, etag: str) -> bool:
        """Whether a stored part is this file's."""
        known = self.etags.get(number) or ("" if self.shared else etag)  # some stores give none with a part
        return _plain(known) == _plain(etag)

    def named(self) -> list[Json] | None:
        """The parts to list at the completion; None if a part is not known, or has no ETag."""
        if len(self.etags) != self.count or not all(self.etags.values()):
            return None
        return [{"number": number, "etag": _plain(etag)} for number, etag in sorted(self.etags.items())]


@dataclass(frozen=True)
class FileInParts:
    """A file that is being sent in parts."""

    source: Source
    started: StartedUpload
    progress: Progress
    digests: PartDigests
    known: KnownParts


@dataclass(frozen=True)
class PartUploader:
    """Sends parts, for any number of files at once."""

    service: Service
    store: Store
    retrier: Retrier
    """For the calls to the store."""
    pool: Executor
    """The threads that send parts and compute digests."""
    concurrency: ConcurrencyLimit
    """How many bodies the whole run sends at once."""

    def send(self, file: FileInParts, grant: Json, *, only_missing: bool) -> None:
        """Sends all parts, or with ``only_missing`` those that the store does not have.

        Raises the error that best explains why parts could not be sent, and `MultipartUploadGone`.
        """
        ranges = part_ranges(file.source, grant["part_size"])
        stored = self._stored(file, ranges) if only_missing else {}
        stored = {number: etag for number, etag in stored.items() if file.known.accepts(number, etag)}
        file.known.etags, file.known.count = dict(stored), grant["part_count"]
        file.progress.add_stored(sum(ranges(number)[1] for number in stored))
        numbers = [number for number in range(1, grant["part_count"] + 1) if number not in stored]
        usable = [part for part in grant["parts"] if part["number"] not in stored]
        checksum_of = self._checksum_of(file.source, ranges) if grant.get("part_checksum") else None
        signed_parts = SignedParts(self.service, file.started, numbers, usable, checksum_of)
        failed = threading.Event()

        def send_one(number: int) -> None:
            if not failed.is_set():
                offset, size = ranges(number)
                etag = self._send_part(file, number, offset, size, signed_parts)
                file.known.etags[number] = etag
                file.digests.part_sent(number, etag, ranges)

        parts = [self.pool.submit(send_one, number) for number in numbers]
        _, rest = wait(parts, return_when=FIRST_EXCEPTION)
        failed.set()
        wait(rest)
        errors = [error for part in parts if (error := part.exception())]
        if errors:
            raise min(errors, key=_rank)

    def _checksum_of(self, source: Source, ranges: PartRange) -> Callable[[int], str]:
        """Computes the checksum that the store requires with a part. Only one algorithm is used."""
        return lambda number: b64encode(digest_range(source, "sha256", *ranges(number), self.retrier.check)).decode()

    def _stored(self, file: FileInParts, ranges: PartRange) -> dict[int, str]:
        """The ETags, by number, of the parts that the store has in the planned size."""
        stored = self.service.list_parts(file.started.upload_id, file.started.ticket)["parts"]
        return {part["number"]: part["etag"] for part in stored if part["size"] == ranges(part["number"])[1]}

    def _is_ours(self, file: FileInParts, etag: str, offset: int, size: int) -> bool:
        """Whether a part that was found is this file's; an ETag that is not an MD5 proves nothing."""
        if not file.known.shared:
            return True
        return is_md5(etag) and etag.lower() == digest_range(file.source, "md5", offset, size, self.retrier.check).hex()

    def _send_part(self, file: FileInParts, number: int, offset: int, size: int, signed_parts: SignedParts) -> str:
        """Sends one part and returns its ETag."""

        def find() -> str | None:
            etag = self._stored(file, lambda _: (offset, size)).get(number)
            if etag is None or not self._is_ours(file, etag, offset, size):
                return None
            file.progress.add_stored(size)
            return etag

        on_sent = self.concurrency.counting(file.progress.add_sent)
        last: SignatureRejected | None = None
        for signatures in range(MAX_SIGNATURES):
            try:
                with self.concurrency.slot(size):
                    signed = signed_parts.take(number, fresh=signatures > 0)
                    send = partial(self.store.put_part, signed, file.source, offset, size, on_sent)
                    return self.retrier.call(check_before_resending(self.concurrency.watching(send), find))
            except SignatureRejected as error:
                last = error
        raise refused_by_store(last)


def _plain(etag: str) -> str:
    """An ETag as S3 returned it: some proxies make ETags weak."""
    return etag.strip().removeprefix("W/").strip('"')


def _rank(error: BaseException) -> int:
    """The rank of an error by how well it explains the others: the file's, then those of parts, then an
    interruption."""
    return 0 if isinstance(error, FileError) else 2 if isinstance(error, Interrupted) else 1
