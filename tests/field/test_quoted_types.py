"""Types of browsers and systems get the quotes that they need from the clients; the API accepts one type only.

Chromium's `MediaRecorder` types its Blob "video/webm;codecs=vp8,opus": the API answered 422, and no recording could be
uploaded. The browser client is asked the same in `frontend/client/tests/file-types.test.ts`.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.field.hushed import hushed

from valetkey.cli import main
from valetkey.core.model.media_types import media_type
from valetkey.reference.media_types import with_quotes

QUOTED = {
    "video/webm;codecs=vp8,opus": 'video/webm;codecs="vp8,opus"',
    "video/mp4; codecs=avc1.42000a, mp4a.40.2 ": 'video/mp4; codecs="avc1.42000a, mp4a.40.2"',
    "video/webm;codecs=vp9,opus;x=1": 'video/webm;codecs="vp9,opus";x=1',
    "text/plain;name=my file.txt": 'text/plain;name="my file.txt"',
    "multipart/related;type=text/html": 'multipart/related;type="text/html"',
}
GOOD = ["image/png", "text/plain;charset=utf-8", 'video/webm;codecs="vp8,opus"', 'a/b;x="c;d=e,f;g"']
BAD = ["image/png;,text/html", "image/png;a=b,text/html", "image/png,text/html", 'a/b;c=d"e,f', "a/b;c="]


@pytest.mark.parametrize("given", QUOTED)
def test_values_that_are_no_words_get_quotes(given: str) -> None:
    """What comes out is one type for the service, which did not take what came in."""
    with pytest.raises(ValueError, match="exactly one"):
        media_type(given)
    assert media_type(with_quotes(given)) == QUOTED[given]


@pytest.mark.parametrize("given", GOOD)
def test_a_good_type_stays(given: str) -> None:
    """Whatever its quotes hold."""
    assert with_quotes(given) == media_type(given) == given


@pytest.mark.parametrize("given", BAD)
def test_two_types_stay_two(given: str) -> None:
    """Quotes do not hide the second one from the service."""
    assert with_quotes(given) == given
    with pytest.raises(ValueError, match="exactly one"):
        media_type(given)


def test_put_sends_it_with_quotes(tmp_path: Path) -> None:
    """The type that the user gives, which may be what a browser said."""
    path = tmp_path / "film.webm"
    path.write_bytes(b"abc")
    with hushed("POST", 3) as play:
        asked: list[Any] = []
        usual = play.service

        def service(method: str, call: str, body: bytes) -> tuple[int, Any]:
            asked.extend([json.loads(body)] if call == "/v1/uploads" else [])
            return usual(method, call, body)

        play.service = service  # type: ignore[method-assign, assignment]
        options = ["--endpoint", play.address, "--no-resume", "--content-type", "video/webm;codecs=vp8,opus"]
        assert CliRunner().invoke(main, ["put", str(path), *options]).exit_code == 0
        assert [one["content_type"] for one in asked] == ['video/webm;codecs="vp8,opus"']
