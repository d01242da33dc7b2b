"""Multipart plans: the parts that a file is sent in, and whether the parts at the store make up the file.

S3's limits, by its user guide: parts of 5 MiB to 5 GiB, the last one may be smaller; 10,000 parts; 50 TB in all (since
December 2025), of which parts can make up 48.8 TiB.
"""

from collections.abc import Sequence
from typing import NamedTuple

from valetkey.core.errors import ChecksumNotSupported, MethodNotSupported, PartsMismatch, PartsMissing
from valetkey.core.model.capabilities import Capabilities
from valetkey.core.model.upload import CRC64NVME, Checksum, Method, Reason

MIB = 1024**2
MIN_PART_SIZE = 5 * MIB
MAX_PART_SIZE = 5 * 1024**3
MAX_PARTS = 10_000
MAX_OBJECT_SIZE = MAX_PARTS * MAX_PART_SIZE
MAX_SINGLE_SIZE = 5 * 1024**3
"""The largest object that S3 takes by one POST or PUT, in bytes."""

WHOLE_COPY = 1024**3
"""The largest object, in bytes, that is copied by one call: a larger one is copied in parts, by the worker.

CopyObject copies up to 5 GiB, but responds only when all is copied, and some stores need minutes for that.
"""

AT_ONCE = 6
"""How many parts a browser sends at once: the number of connections that it opens to a host."""

MANY_PARTS = 60
"""From this many parts on, it hardly matters if the last few leave connections unused."""

ALIGNMENT = 64 * 1024
"""Of planned part sizes, in bytes: files are read in whole blocks."""

NAMED = 5
"""How many missing parts an error names."""


class Part(NamedTuple):
    """A part as the store has it: ``size`` in bytes, ``etag`` without quotes."""

    number: int
    size: int
    etag: str


class NamedPart(NamedTuple):
    """A part as a client names it when it completes its upload."""

    number: int
    etag: str


class Plan(NamedTuple):
    """The parts of a file of ``size`` bytes: all of ``part_size`` except the last. Their number is open if ``size`` is
    None."""

    size: int | None
    part_size: int

    @property
    def part_count(self) -> int:
        """The number of parts; the maximum if the size is open."""
        return MAX_PARTS if self.size is None else -(-self.size // self.part_size)

    def size_of(self, number: int) -> int | None:
        """The size of part ``number`` in bytes; None if it is open."""
        if self.size is None:
            return None
        return min(self.part_size, self.size - (number - 1) * self.part_size)


def part_headers(size: int | None, checksum: str | None) -> dict[str, str]:
    """The signed headers of a part: its ``size`` in bytes if known, and its SHA-256 in base64 if there is one."""
    length = {} if size is None else {"Content-Length": str(size)}
    return length if checksum is None else length | {"x-amz-checksum-sha256": checksum}


def part_size_for(size: int | None, wanted: int) -> int:
    """``wanted`` bytes; or more, in whole MiB, if S3's maximum number of parts requires it; or less.

    Up to `MANY_PARTS` parts, their number is made a multiple of `AT_ONCE` with equal sizes, as far as S3's smallest
    part allows, so that parallel transfers end together. 16 parts over six connections take as long as 18 of the same
    size.
    """
    if size is None:
        return wanted
    fewest = -(-size // wanted)
    if fewest > MAX_PARTS:
        return -(-size // MAX_PARTS // MIB) * MIB
    if fewest > MANY_PARTS:
        return wanted
    count = max(fewest, min(-(-fewest // AT_ONCE) * AT_ONCE, size // MIN_PART_SIZE), 1)
    even = -(-size // count // ALIGNMENT) * ALIGNMENT
    return min(wanted, max(even, MIN_PART_SIZE))


def choose_method(
    asked: Method | None, size: int | None, checksum: Checksum | None, *, multipart_from: int, store: Capabilities
) -> Method:
    """The method for a file of ``size`` bytes; chosen here if ``asked`` is None.

    A file with a checksum is sent in one request if possible: only then does S3 have a checksum of the whole object,
    except for CRC64NVME. A file without one is sent in parts if the store requires checksums, as those of parts are
    signed just before they are sent. Raises `MethodNotSupported` and `ChecksumNotSupported`.
    """
    keeps_whole = checksum is None or (checksum.algorithm == CRC64NVME and may_keep_crc64(store))
    bare = store.part_checksums and checksum is None and size != 0
    if asked is None:
        in_parts_from = (
            min(multipart_from, MAX_SINGLE_SIZE + 1) if keeps_whole and store.list_parts else MAX_SINGLE_SIZE + 1
        )
        if (size or 0) < in_parts_from and not bare and (store.post or store.put):
            return Method.POST if store.post else Method.PUT
        asked = Method.MULTIPART
    if asked is Method.POST and not store.post:
        raise MethodNotSupported("The store does not accept POST: request 'put', 'multipart' or 'auto'.", "/method")
    if asked is Method.PUT and not store.put:
        raise MethodNotSupported(
            "The bucket has Object Lock, and the store obeys unsigned headers: a client with a PUT grant could lock "
            "its object for years. Request 'auto' or 'multipart'.",
            "/method",
        )
    if asked is Method.MULTIPART and not store.list_parts:
        raise MethodNotSupported("The store cannot list parts, so they cannot be verified: request 'auto'.", "/method")
    if asked is not Method.MULTIPART and bare:
        raise MethodNotSupported(
            "The bucket requires a checksum with each request: declare one, or request 'auto'.", "/method"
        )
    if asked is Method.MULTIPART and checksum is not None:
        _require_whole(checksum, store)
    if asked is Method.MULTIPART and size == 0:
        raise MethodNotSupported("An empty file has no parts: request 'auto'.", "/method")
    if asked is not Method.MULTIPART and (size or 0) > MAX_SINGLE_SIZE:
        raise MethodNotSupported(
            f"S3 accepts at most {MAX_SINGLE_SIZE} bytes in one request: request 'auto'.", "/method"
        )
    return asked


def may_keep_crc64(store: Capabilities) -> bool:
    """Whether the store may compute the CRC64NVME of a whole multipart upload, which is known once one was started.

    A store that requires the SHA-256 of each part does not.
    """
    return store.crc64_of_parts is not False and not store.part_checksums


def _require_whole(checksum: Checksum, store: Capabilities) -> None:
    if checksum.algorithm != CRC64NVME:
        detail = "S3 has no such checksum of an object that was sent in parts: declare its crc64nvme."
        raise ChecksumNotSupported(detail, "/checksum")
    if store.part_checksums:
        detail = "The bucket requires the SHA-256 of each part, and then has no crc64nvme of the whole: declare none."
        raise ChecksumNotSupported(detail, "/checksum")


def excess(plan: Plan, found: Sequence[Part], smallest: int, largest: int, *, whole: bool) -> Reason | None:
    """Why the parts ``found`` can never become the granted file of ``smallest`` to ``largest`` bytes by ``plan``; None
    if they can. ``whole``: no more parts will be added."""
    total = sum(part.size for part in found)
    for part in found:
        planned = plan.size_of(part.number) if part.number <= plan.part_count else 0
        if planned is not None and part.size > planned:
            return Reason("size_mismatch", f"Part {part.number} has {part.size} bytes, {planned} were granted.")
    if total > largest or (whole and total < smallest):
        return Reason("size_mismatch", f"{smallest} to {largest} bytes were granted, {total} arrived.")
    return None


def require_whole(plan: Plan, found: Sequence[Part], named: Sequence[NamedPart] | None) -> None:
    """Raises `PartsMissing` if parts of the plan are missing, and `PartsMismatch` if they differ from those ``named``.

    If the size is open, only the client knows all parts, so it has to name them.
    """
    if plan.size is None and not named:
        raise PartsMissing("Name the parts: if the size of the file was not declared, only the client knows them all.")
    if plan.size is not None and (missing := missing_parts(plan, found)):
        some = ", ".join(str(number) for number in missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")
        raise PartsMissing(f"{len(missing)} of {plan.part_count} parts are not at the store yet: {some}.")
    if named is not None and not are_all(found, named):
        raise PartsMismatch("The named parts are not those that the store has; GET .../parts lists them.")


def are_all(found: Sequence[Part], named: Sequence[NamedPart]) -> bool:
    """Whether the parts named by a client are exactly those at the store."""
    return sorted(named) == [NamedPart(part.number, part.etag) for part in sorted(found)]


def missing_parts(plan: Plan, found: Sequence[Part]) -> list[int]:
    """The numbers of the parts of ``plan`` that are missing or incomplete."""
    there = {part.number for part in found if part.size == plan.size_of(part.number)}
    return [number for number in range(1, plan.part_count + 1) if number not in there]
