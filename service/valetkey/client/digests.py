"""Digests of a file's pieces: what the store wants with a part, and by which a file is known again."""

import hashlib
from collections.abc import Callable

from valetkey.client.errors import FileChanged
from valetkey.client.sources import Source

STEP = 1024 * 1024
"""Bytes between two looks at whether to go on."""


def digest_of(source: Source, algorithm: str, offset: int, count: int, check: Callable[[], None]) -> bytes:
    """The digest of ``count`` bytes from ``offset``; ``check`` is called before each step, and ends it by raising.

    Raises `FileError`, and `FileChanged` where the file is not as it was found.
    """
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with source.open() as file:
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
