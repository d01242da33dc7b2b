"""Something else responds in the service's place: a portal, a firewall, a proxy whose backend is being replaced.

Reported of others: "Unexpected token '<'" ends what was under way (telerik/nativescript-cloud pull request 86,
fisharebest/webtrees 4785). Ours: a 404 of an ingress, or a 403 of a firewall, was taken for "there is no such upload",
and all that the store had of an interrupted one was sent again. The browser client's are in
`frontend/client/tests/strangers.test.ts`.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.field.hushed import Hushed, Mishap, hushed

from valetkey.cli import main

CONTENT = b"0123456789" * 10
REFUSED = Mishap(keeps=False, status=400, body=b"<Error><Code>InvalidArgument</Code></Error>")
PAGE = b"<!doctype html><title>Log in to the network</title>"


def put(play: Hushed, folder: Path) -> tuple[int, dict[str, Any]]:
    path = folder / "file.bin"
    if not path.exists():
        path.write_bytes(CONTENT)
    options = ["--json", "--endpoint", play.address, "-c", "1", "--retry-for", "3", "--state-home", str(folder)]
    done = CliRunner().invoke(main, ["put", str(path), *options])
    return done.exit_code, json.loads(done.stdout)


def stand_in(status: int, said: Any, times: int, usual: Callable[..., tuple[int, Any]]) -> Callable[..., Any]:
    """Answers in the place of the service, so many times."""
    left = [None] * times

    def answer(*asked: Any) -> tuple[int, Any]:
        return (status, left.pop() or said) if left else usual(*asked)

    return answer


@pytest.mark.parametrize(
    ("status", "said"),
    [(200, PAGE), (401, PAGE), (403, PAGE), (404, PAGE), (404, {"error": "not found"}), (409, PAGE)],
)
def test_what_was_interrupted_stays_as_it_is(tmp_path: Path, status: int, said: Any) -> None:
    """It is gone on with once the service answers again: what the store has is not sent a second time."""
    with hushed("MULTIPART", len(CONTENT), 40) as play:
        play.mishaps = [None, REFUSED]
        assert put(play, tmp_path)[0] == 4
        usual, play.service = play.service, stand_in(status, said, 9, play.service)  # type: ignore[method-assign]
        code, row = put(play, tmp_path)
        assert (code, row["error"]["code"]) == (4, f"http_{status}")
        play.service = usual  # type: ignore[method-assign]
        code, row = put(play, tmp_path)
        assert (code, row["resumed"], play.uploads, play.aborted) == (0, True, 1, 0)
        assert play.bodies.count("/s3/1") == 1


def test_one_page_is_a_lost_answer(tmp_path: Path) -> None:
    """Under the status of a success: it may be gone in a moment."""
    with hushed("PUT", len(CONTENT)) as play:
        play.service = stand_in(200, PAGE, 2, play.service)  # type: ignore[method-assign]
        assert put(play, tmp_path)[0] == 0
