"""Requests for parts of a plan, as JSON."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
import pytest

from valetkey.api.grants import grant_body, read_sign_parts
from valetkey.api.problems import InvalidBody
from valetkey.core.granting.grants import MultipartGrant
from valetkey.core.model.multipart import Plan

CHECKSUM = b64encode(sha256(b"a part").digest()).decode()


def test_parts_with_their_checksums() -> None:
    """A checksum belongs to the number that it is under; nobody has to send one."""
    assert read_sign_parts(b'{"numbers": [2, 1, 2]}') == ([2, 1], {})
    body = orjson.dumps({"numbers": [1, 2], "checksums": {"2": CHECKSUM}})
    assert read_sign_parts(body) == ([1, 2], {2: CHECKSUM})


@pytest.mark.parametrize(
    "checksums",
    [
        {"1": ""},
        {"1": CHECKSUM[:-1]},
        {"1": CHECKSUM + "\n"},
        {"1": b64encode(b"x" * 31).decode()},
        {"1": b64encode(b"x" * 33).decode()},
        {"1": CHECKSUM.replace("=", "!")},
        {"1": CHECKSUM[:-2] + "B="},  # bits that belong to no byte
        {"0": CHECKSUM},
        {"-1": CHECKSUM},
        {"one": CHECKSUM},
        {"1\n": CHECKSUM},
        {"1": 5},
        [CHECKSUM],
    ],
)
def test_what_is_no_checksum(checksums: Any) -> None:
    """32 bytes in base64 by the number of a part, or a 422: what is signed becomes a header."""
    with pytest.raises(InvalidBody):
        read_sign_parts(orjson.dumps({"numbers": [1], "checksums": checksums}))


@pytest.mark.parametrize("algorithm", [None, "sha256"])
def test_a_grant_says_that_it_wants_checksums(algorithm: Any) -> None:
    """By the algorithm's name; else the field is not there, as the document says."""
    body = grant_body(MultipartGrant(Plan(10, 5), [], datetime.now(UTC), algorithm))
    assert body["method"] == "MULTIPART"
    assert body.get("part_checksum", "not there") == (algorithm or "not there")
