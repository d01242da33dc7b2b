"""The Kotlin client and stores that differ from RGW: lost or unusual responses, ETags that are not MD5s.

A server plays service and store, as for `valetkey put` in `tests/field`.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.field.hushed import Hushed, Mishap, hushed
from tests.field.test_same_file import DEAD, ETAGS, joined
from tests.kotlin.conftest import MIB
from tests.kotlin.driver import Application, Event

STAMP = 1_700_000_000
PART = 5 * MIB
LARGE = random.Random(17).randbytes(20 * MIB)
"""More than the client recognises by each byte."""

KEPT_BUT_LOST = Mishap(keeps=True, status=0)


def error(code: str, status: int, **how: Any) -> Mishap:
    return Mishap(keeps=False, status=status, body=f"<Error><Code>{code}</Code></Error>".encode(), **how)


def ends(play: Hushed, folder: Path, data: bytes, **options: Any) -> Event:
    """How a run ends for `data`, always under one name and date; the largest part count is 4."""
    path = folder / "film.mp4"
    path.write_bytes(data)
    os.utime(path, (STAMP, STAMP))
    (folder / "token").write_text("")
    application = Application(play.address, folder / "token", folder / "records")
    return application.ends(path, parallel=1, patience=5, settle=3, **options)


@pytest.mark.parametrize("etag_of", ETAGS, ids=["md5", "kms", "strange"])
def test_the_same_file_goes_on(tmp_path: Path, etag_of: Callable[[bytes], str]) -> None:
    """What is there stays there, whatever the store's ETags are: digests were recorded."""
    with hushed("MULTIPART", len(LARGE), PART) as play:
        play.etag_of = etag_of
        play.mishaps = [None, None, DEAD]
        assert ends(play, tmp_path, LARGE)[2] == "store_refused"
        assert ends(play, tmp_path, LARGE)[0] == "confirmed"
        assert (play.uploads, joined(play) == LARGE, len(play.bodies)) == (1, True, 5)


@pytest.mark.parametrize("etag_of", ETAGS, ids=["md5", "kms", "strange"])
@pytest.mark.parametrize("where", [1_000_000, 6_500_000, 13_000_000])
def test_another_file_begins_anew(tmp_path: Path, etag_of: Callable[[bytes], str], where: int) -> None:
    """One byte differs: where that is in a part that is there, the upload is ended, and the file is sent whole."""
    other = LARGE[:where] + bytes([LARGE[where] ^ 1]) + LARGE[where + 1 :]
    with hushed("MULTIPART", len(LARGE), PART) as play:
        play.etag_of = etag_of
        play.mishaps = [None, None, DEAD]
        ends(play, tmp_path, LARGE)
        there = sorted(play.stored)
        assert there == [1, 2]
        assert ends(play, tmp_path, other)[0] == "confirmed"
        assert joined(play) == other
        assert (play.uploads, play.aborted) == ((2, 1) if where // PART + 1 in there else (1, 0))


@pytest.mark.parametrize("etag_of", ETAGS, ids=["md5", "kms", "strange"])
def test_a_part_that_nobody_recorded(tmp_path: Path, etag_of: Callable[[bytes], str]) -> None:
    """Killed between the store's answer and the line in the journal: an MD5 proves the part, else it is sent again."""
    with hushed("MULTIPART", len(LARGE), PART) as play:
        play.etag_of = etag_of
        play.mishaps = [None, None, DEAD]
        ends(play, tmp_path, LARGE)
        for journal in (tmp_path / "records").glob("*.parts"):
            journal.unlink()
        assert ends(play, tmp_path, LARGE)[0] == "confirmed"
        sent_again = 0 if etag_of is ETAGS[0] else 2
        assert (play.uploads, joined(play) == LARGE, len(play.bodies)) == (1, True, 5 + sent_again)


@pytest.mark.parametrize("method", ["PUT", "POST", "MULTIPART"])
def test_a_lost_answer(tmp_path: Path, method: str) -> None:
    """The bytes are there: it is looked for them, and they are not sent again."""
    data = LARGE[:9_000_000]
    with hushed(method, len(data), PART, KEPT_BUT_LOST) as play:
        assert ends(play, tmp_path, data)[0] == "confirmed"
        assert joined(play) == data
        assert len(play.bodies) == (2 if method == "MULTIPART" else 1)


@pytest.mark.parametrize("method", ["PUT", "POST", "MULTIPART"])
@pytest.mark.parametrize(
    "mishap",
    [
        Mishap(keeps=False, status=0),
        Mishap(keeps=False, status=0, read=100_000),
        error("SlowDown", 503),
        error("AccessDenied", 403),
        error("AccessDenied", 401),
        error("ExpiredToken", 400, read=0),
        error("BadDigest", 400),
        error("SomethingNew", 200),
    ],
    ids=["closed", "cut", "busy", "expired", "unauthorized", "early", "garbled", "success-with-error"],
)
def test_a_body_that_has_to_be_sent_again(tmp_path: Path, method: str, mishap: Mishap) -> None:
    """Whatever the reason: it arrives the next time."""
    data = LARGE[:6_000_000]
    with hushed(method, len(data), PART, mishap) as play:
        assert ends(play, tmp_path, data)[0] == "confirmed"
        assert joined(play) == data
        assert len(play.bodies) == (3 if method == "MULTIPART" else 2)


@pytest.mark.parametrize("method", ["PUT", "POST", "MULTIPART"])
def test_a_refused_signature_is_replaced(tmp_path: Path, method: str) -> None:
    """By another grant, or another signature of the part: the same one would be refused again."""
    with hushed(method, 5, PART, error("AccessDenied", 403)) as play:
        asked: list[str] = []
        usual = play.service

        def noting(verb: str, path: str, body: bytes) -> tuple[int, Any]:
            asked.append(f"{verb} {path.rpartition('/')[2]}")
            return usual(verb, path, body)

        play.service = noting  # type: ignore[method-assign, assignment]
        assert ends(play, tmp_path, b"hello")[0] == "confirmed"
        assert asked.count("POST grant") == (0 if method == "MULTIPART" else 1)
        assert asked.count("POST parts") == (2 if method == "MULTIPART" else 0)


@pytest.mark.parametrize("method", ["PUT", "POST", "MULTIPART"])
@pytest.mark.parametrize("code", ["EntityTooLarge", "InvalidStorageClass", "NotImplemented", "NoSuchBucket"])
def test_a_body_that_nothing_helps(tmp_path: Path, method: str, code: str) -> None:
    """It is said at once, with what the store said, and nothing is sent again."""
    with hushed(method, 5, PART, error(code, 400)) as play:
        end, _, said, detail, again = ends(play, tmp_path, b"hello")
        assert (end, said, again, len(play.bodies)) == ("failed", "store_refused", "false", 1)
        assert code in detail


@pytest.mark.parametrize("size", [1000, 18 * MIB])
@pytest.mark.parametrize("same", [True, False])
def test_bytes_that_arrived_whole_are_confirmed_for_their_own_file(tmp_path: Path, size: int, *, same: bool) -> None:
    """Killed before the answer to the last byte: another file is not told that it is there."""
    a = LARGE[:size]
    where = size // 3  # in no sample of a large file
    b = a if same else a[:where] + bytes([a[where] ^ 1]) + a[where + 1 :]
    with hushed("PUT", size, 0, KEPT_BUT_LOST) as play:
        usual = play.service

        def silent(method: str, path: str, body: bytes) -> tuple[int, Any]:
            return (
                (503, {"code": "unavailable", "status": 503})
                if path.endswith("/complete")
                else usual(method, path, body)
            )

        play.service = silent  # type: ignore[method-assign]
        assert ends(play, tmp_path, a)[2] == "service_unreachable"
        del play.service
        assert ends(play, tmp_path, b)[0] == "confirmed"
        assert joined(play) == b
        assert (play.uploads, len(play.bodies)) == ((1, 1) if same else (2, 2))
