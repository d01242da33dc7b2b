"""Digests of a file's pieces: what the store wants with a part, and by which a file is known again."""

import hashlib
from collections.abc import Callable

from valetkey.client.errors import FileChanged
from valetkey.client.sources import Source

STEP = 1024 * 1024
"""Bytes between two looks at whether to go on."""

WHOLE = 1024 * 1024
"""Files up to this, in bytes, are their own sample."""

SAMPLES, SAMPLE = 8, 64 * 1024
"""How many pieces of a larger file are one, and how many bytes each of them has."""

Check = Callable[[], None]
"""Called before each step; it ends the work by raising."""


def digest_of(source: Source, algorithm: str, offset: int, count: int, check: Check) -> bytes:
    """The digest of ``count`` bytes from ``offset``. Raises `FileError`, and `FileChanged` where it is not as found."""
    return _digest(source, algorithm, [(offset, count)], check)


def sample_of(source: Source, check: Check) -> str:
    """What a file is known again by, at the cost of a few reads: another sample is another file.

    Of a small file it is all of it: then the same sample is the same file, too (`is_whole`). Raises like `digest_of`.
    """
    if source.size <= WHOLE:
        return f"whole:{_digest(source, 'sha256', [(0, source.size)], check).hex()}"
    step = (source.size - SAMPLE) // (SAMPLES - 1)
    pieces = [(number * step, SAMPLE) for number in range(SAMPLES - 1)] + [(source.size - SAMPLE, SAMPLE)]
    return f"sample:{_digest(source, 'sha256', pieces, check).hex()}"


def is_whole(sample: str) -> bool:
    """Whether ``sample`` is of the whole file."""
    return sample.startswith("whole:")


def _digest(source: Source, algorithm: str, pieces: list[tuple[int, int]], check: Check) -> bytes:
    digest = hashlib.new(algorithm, usedforsecurity=False)
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
