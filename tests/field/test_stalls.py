"""A stall ends with the last byte; then the response has time, and a client without one checks before sending again.

Reported of others: "timeout awaiting response headers" after a part was sent, and all of it sent again
(Altinity/clickhouse-backup 36); a file that S3 has, and a page that never hears of it (transloadit/uppy 1699). Ours: a
store that was silent for 75 s after the last byte got 3 bodies of `put`, 5 of the browser. All times are short here.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.field.hushed import Hushed, Mishap, hushed

from valetkey.cli import main

METHODS = ["POST", "PUT", "MULTIPART"]
CONTENT = b"0123456789" * 10
GATEWAY = b"<html><head><title>504 Gateway Time-out</title></head></html>"


def put(play: Hushed, folder: Path, *args: str) -> tuple[int, dict[str, Any]]:
    """One file by `valetkey put`, with two seconds for an answer; its exit code and row."""
    path = folder / "file.bin"
    path.write_bytes(CONTENT)
    common = ["--json", "--endpoint", play.address, "--state-home", str(folder), "-c", "1"]
    short = ["--stall-timeout", "1", "--answer-timeout", "2", "--retry-for", "60"]
    done = CliRunner().invoke(main, ["put", str(path), *common, *short, *args])
    return done.exit_code, json.loads(done.stdout)


def part_size(method: str) -> int:
    return 40 if method == "MULTIPART" else 0


def first_bodies(play: Hushed) -> int:
    """How often the store got the body to which the first mishap came."""
    return play.bodies.count(play.bodies[0])


@pytest.mark.parametrize("method", METHODS)
def test_silence_longer_than_a_stall(tmp_path: Path, method: str) -> None:
    """The store digests: its answer is waited for, and the body is sent once."""
    with hushed(method, len(CONTENT), part_size(method), Mishap(silent=1.5, status=200)) as play:
        code, row = put(play, tmp_path)
        assert (code, row["outcome"]) == (0, "confirmed"), row
        assert first_bodies(play) == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "mishap",
    [
        pytest.param(Mishap(silent=2.6), id="silence"),
        pytest.param(Mishap(), id="closed"),
        pytest.param(Mishap(trickle=0.1), id="trickle"),
        pytest.param(Mishap(status=504, body=GATEWAY), id="504"),
        pytest.param(Mishap(status=502, body=GATEWAY), id="502"),
        pytest.param(Mishap(status=524), id="524"),
    ],
)
def test_no_answer_to_bytes_that_arrived(tmp_path: Path, method: str, mishap: Mishap) -> None:
    """Whatever becomes of the answer, the service is asked what is there: nothing is sent twice."""
    with hushed(method, len(CONTENT), part_size(method), mishap) as play:
        code, row = put(play, tmp_path)
        assert (code, row["outcome"]) == (0, "confirmed"), row
        assert first_bodies(play) == 1
        assert b"".join(content for _, content in sorted(play.stored.items())) == CONTENT


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "mishap",
    [
        pytest.param(Mishap(keeps=False), id="closed"),
        pytest.param(Mishap(keeps=False, status=504, body=GATEWAY), id="504"),
        pytest.param(Mishap(keeps=False, silent=2.6), id="silence"),
        pytest.param(Mishap(keeps=False, read=10), id="reset"),
    ],
)
def test_no_answer_to_bytes_that_did_not_arrive(tmp_path: Path, method: str, mishap: Mishap) -> None:
    """Then it is sent again, once."""
    with hushed(method, len(CONTENT), part_size(method), mishap) as play:
        code, row = put(play, tmp_path)
        assert (code, row["outcome"]) == (0, "confirmed"), row
        assert first_bodies(play) == 2
        assert b"".join(content for _, content in sorted(play.stored.items())) == CONTENT


def test_something_is_there_already(tmp_path: Path) -> None:
    """412 to a PUT with If-None-Match: the service says whether it is this file, before anything is sent again."""
    for keeps in (True, False):
        with hushed("PUT", len(CONTENT), 0, Mishap(keeps=keeps, status=412)) as play:
            code, row = put(play, tmp_path, "--no-resume")
            assert (code, row["outcome"]) == (0, "confirmed"), row
            assert first_bodies(play) == (1 if keeps else 2)
