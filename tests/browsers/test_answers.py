"""The browser client in Chromium with a store that does not respond, responds late, or refuses, over real sockets.

The reports are those of `tests/field/test_answers.py` and `test_stalls.py`: "timeout awaiting response headers" after
the last byte (Altinity/clickhouse-backup 36), a file that S3 has and a page that never hears of it (transloadit/uppy
1699).
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.browsers.site import client_site
from tests.field.hushed import Hushed, Mishap, hushed

SIZE = 3_000_000
PART = 2_000_000
METHODS = ["POST", "PUT", "MULTIPART"]

UPLOAD = """async ([endpoint, size, stall]) => {
  const { createUploader } = await import("/index.js");
  const bytes = Uint8Array.from({ length: size }, (_, at) => at % 251);
  const uploader = createUploader({
    endpoint, records: null, connections: 1,
    retry: { delay: 50, maxDelay: 100, patience: 60000 },
    timing: { stall, answer: 4000, digest: 0 },
  });
  return uploader.upload(new File([bytes], "a.bin")).done.then(({ state }) => state, ({ code }) => code);
}"""

STALL = 2_500
"""A stall in milliseconds, where a test is about it."""
NO_STALL = 60_000
"""The same where none is to be seen, however busy the machine is."""

CONTENT = bytes(at % 251 for at in range(SIZE))
GATEWAY = b"<html><title>504 Gateway Time-out</title></html>"


LATE = Mishap(silent=3, status=200)
"""Silent for longer than `STALL`."""


def answer(status: int, code: str) -> Mishap:
    return Mishap(keeps=False, status=status, body=f"<Error><Code>{code}</Code></Error>".encode())


@pytest.fixture(scope="module")
def page(shared_chromium: Browser) -> Iterator[Page]:
    """An empty page of the origin that has the built client."""
    with client_site() as port, shared_chromium.new_page() as page:
        page.goto(f"http://127.0.0.1:{port}/")
        yield page


def uploaded(page: Page, play: Hushed, stall: int = NO_STALL) -> Any:
    return page.evaluate(UPLOAD, [play.address, SIZE, stall])


def part_size(method: str) -> int:
    return PART if method == "MULTIPART" else 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("mishap", "bodies"),
    [
        pytest.param(LATE, 1, id="late"),
        pytest.param(Mishap(silent=5), 1, id="silence"),
        pytest.param(Mishap(trickle=0.1), 1, id="trickle"),
        pytest.param(Mishap(), 1, id="closed"),
        pytest.param(Mishap(status=504, body=GATEWAY), 1, id="504"),
        pytest.param(Mishap(keeps=False, status=504, body=GATEWAY), 2, id="504-lost"),
        pytest.param(Mishap(keeps=False, silent=5), 2, id="silence-lost"),
        pytest.param(answer(400, "ExpiredToken"), 2, id="token"),
        pytest.param(answer(409, "ConditionalRequestConflict"), 2, id="conflict"),
        pytest.param(answer(409, "OperationAborted"), 2, id="aborted"),
        pytest.param(answer(400, "IncompleteBody"), 2, id="incomplete"),
        pytest.param(answer(200, "InternalError"), 2, id="200"),
    ],
)
def test_it_is_confirmed_and_sent_no_more_than_needed(page: Page, method: str, mishap: Mishap, bodies: int) -> None:
    """What had arrived is not sent again, what had not is, and the bytes are those of the file."""
    with hushed(method, SIZE, part_size(method), mishap) as play:
        assert uploaded(page, play, STALL if mishap is LATE else NO_STALL) == "confirmed"
        assert play.bodies.count(play.bodies[0]) == bodies
        assert b"".join(content for _, content in sorted(play.stored.items())) == CONTENT


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("code", ["InvalidArgument", "QuotaExceeded", "InvalidStorageClass"])
def test_what_stays_is_the_end(page: Page, method: str, code: str) -> None:
    """The operator has to mend it: one body, and the storage's own words."""
    mishaps = [answer(400, code)] * 3
    with hushed(method, SIZE, part_size(method), *mishaps) as play:
        assert uploaded(page, play) == "storage_refused"
        assert len(play.bodies) == 1
