"""Digests of parts of a file: those that the store requires, and those by which a later run recognizes the file."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Protocol

from valetkey.client.errors import FileChanged
from valetkey.client.files.source import Source

STEP = 1024 * 1024
"""The bytes that are read between two calls of the check."""

WHOLE_FILE = 1024 * 1024
"""Files up to this size, in bytes, are sampled as a whole."""

SAMPLES, SAMPLE_SIZE = 8, 64 * 1024
"""The number of pieces that are sampled from a larger file, and the bytes of each."""

Check = Callable[[], None]
"""Called before each step; it stops the work by raising."""

PartRange = Callable[[int], tuple[int, int]]
"""The offset and the size in bytes of a part in the file, by its number."""


def part_ranges(source: Source, part_size: int) -> PartRange:
    """The ranges of the parts of ``source``, each of ``part_size`` bytes but for the last."""
    return lambda number: ((number - 1) * part_size, min(part_size, source.size - (number - 1) * part_size))


def digest_range(source: Source, algorithm: str, offset: int, count: int, check: Check) -> bytes:
    """The digest of ``count`` bytes from ``offset``. Raises `FileError`, and `FileChanged` when the file changed."""
    return _digest(source, algorithm, [(offset, count)], check)


def digest_sample(source: Source, check: Check) -> str:
    """A digest by which a later run recognizes the file with a few reads: if it differs, the file is another one.

    A small file is sampled as a whole: then an equal sample means an equal file (`covers_whole_file`). Raises like
    `digest_range`.
    """
    if source.size <= WHOLE_FILE:
        return f"whole:{_digest(source, 'sha256', [(0, source.size)], check).hex()}"
    step = (source.size - SAMPLE_SIZE) // (SAMPLES - 1)
    pieces = [(number * step, SAMPLE_SIZE) for number in range(SAMPLES - 1)]
    pieces.append((source.size - SAMPLE_SIZE, SAMPLE_SIZE))
    return f"sample:{_digest(source, 'sha256', pieces, check).hex()}"


def covers_whole_file(sample: str) -> bool:
    """Whether ``sample`` is a digest of the whole file."""
    return sample.startswith("whole:")


def digest_crc64nvme(source: Source, check: Check) -> str:
    """The CRC64NVME of the whole file, in base64. Raises like `digest_range`, and ImportError without `anycrc`."""
    return b64encode(_read_into(_Crc64Nvme(), source, [(0, source.size)], check)).decode()


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Crc64Nvme:
    """A digest with the interface of hashlib's; its library is imported only when needed.

    Not Amazon's own (awscrt): where that is there, botocore signs by it, and differently.
    """

    def __init__(self) -> None:
        from anycrc import Model

        self._update = Model("CRC64-NVME").calc
        self._crc = 0

    def update(self, data: bytes, /) -> None:
        self._crc = self._update(data, self._crc)

    def digest(self) -> bytes:
        return self._crc.to_bytes(8, "big")


def _digest(source: Source, algorithm: str, pieces: list[tuple[int, int]], check: Check) -> bytes:
    return _read_into(hashlib.new(algorithm, usedforsecurity=False), source, pieces, check)


def _read_into(digest: _Digest, source: Source, pieces: list[tuple[int, int]], check: Check) -> bytes:
    with source.open() as file:
        for offset, count in pieces:
            file.seek(offset)
            left = count
            while left:
                check()
                chunk = file.read(min(STEP, left))
                if not chunk:
                    raise FileChanged(source.name)
                digest.update(chunk)
                left -= len(chunk)
        source.require_unchanged(file)
    return digest.digest()
