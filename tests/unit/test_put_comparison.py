"""Whether an interrupted upload is of this file: what an ETag proves about an object that was sent in parts."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from valetkey.client.files.find import FileOptions, inspect_file
from valetkey.client.interrupted.comparison import FileComparison
from valetkey.client.interrupted.records import StartedUpload

PART = 5
CONTENT = b"the file that is here"


def md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def joined(content: bytes) -> str:
    pieces = [content[at : at + PART] for at in range(0, len(content), PART)]
    return f"{md5(b''.join(map(md5, pieces))).hex()}-{len(pieces)}"


@pytest.mark.parametrize("etag_of", [joined, lambda content: md5(content).hex()], ids=["joined", "copied since"])
@pytest.mark.parametrize("content", [CONTENT, CONTENT[::-1]], ids=["this file", "another"])
def test_an_object_that_was_sent_in_parts(content: bytes, etag_of: Callable[[bytes], str], tmp_path: Path) -> None:
    """By its parts; or by its whole, where it was checked in quarantine and copied to its final key then."""
    (tmp_path / "a").write_bytes(CONTENT)
    source = inspect_file(str(tmp_path / "a"), FileOptions())
    with ThreadPoolExecutor(1) as pool:
        comparison = FileComparison(source, StartedUpload("id", "ticket", "MULTIPART"), pool, lambda: None)
        assert comparison.matches_object(etag_of(content), PART) is (content == CONTENT)
