"""Resuming an interrupted upload proves that it is of the same file.

Reported of others: resumable uploads know a file by its name, size and time stamp (tus-js-client's fingerprint, as
in livepeer/ui-kit 37), and what is sent again is appended to what is there (ankitpokhrel/tus-php 444). Ours: after an
upload that was interrupted behind part 1 of A, a file B of the same name, size and time stamp was confirmed: it began
as A and ended as B. The browser client's are in `frontend/client/tests/same-file.test.ts`.
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha1
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.field.hushed import Hushed, Mishap, hushed

from valetkey.cli import main
from valetkey.core.access.callers import ProfileTicket
from valetkey.core.access.tickets import Tickets

MIB = 1024**2
STAMP = 1_700_000_000
DEAD = Mishap(keeps=False, status=403, body=b"<Error><Code>AllAccessDisabled</Code></Error>")
"""An answer that ends the first run."""


def content(seed: bytes, size: int) -> bytes:
    return (seed * (size // len(seed) + 1))[:size]


def put(play: Hushed, folder: Path, data: bytes, token: str | None = None) -> tuple[int, dict[str, Any]]:
    """`data` by `valetkey put`, always under one name and date; the exit code and the row."""
    path = folder / "film.mp4"
    path.write_bytes(data)
    os.utime(path, (STAMP, STAMP))
    options = ["--json", "--endpoint", play.address, "--state-home", str(folder), "-c", "1", "--retry-for", "1"]
    options += ["--token", token] if token else []
    done = CliRunner().invoke(main, ["put", str(path), *options, "--wait", "1"])
    return done.exit_code, json.loads(done.stdout)


def joined(play: Hushed) -> bytes:
    return b"".join(part for _, part in sorted(play.stored.items()))


def opaque(data: bytes) -> str:
    """An ETag that looks like an MD5, and is none: as with SSE-KMS."""
    return sha1(data, usedforsecurity=False).hexdigest()[:32]


def strange(data: bytes) -> str:
    return f'W/"{sha1(data, usedforsecurity=False).hexdigest()}'


ETAGS: list[Callable[[bytes], str]] = [lambda data: md5(data, usedforsecurity=False).hexdigest(), opaque, strange]


@pytest.mark.parametrize("etag_of", ETAGS, ids=["md5", "kms", "strange"])
@pytest.mark.parametrize("where", [0, 1_500_000, 3_999_999])
def test_another_file_begins_anew(tmp_path: Path, etag_of: Callable[[bytes], str], where: int) -> None:
    """B differs from A in one byte: where that is in a part that is there, A's upload is ended, and B is sent whole."""
    a = content(b"abcdefg", 4_000_000)
    b = a[:where] + b"!" + a[where + 1 :]
    with hushed("MULTIPART", len(a), MIB) as play:
        play.etag_of = etag_of
        play.mishaps = [None, None, DEAD]
        assert put(play, tmp_path, a)[0] == 4
        there = sorted(play.stored)
        code, row = put(play, tmp_path, b)
        assert code == 0, row
        assert joined(play) == b
        differs = where // MIB + 1 in there
        assert (play.uploads, play.aborted, row["resumed"]) == ((2, 1, False) if differs else (1, 0, True))


@pytest.mark.parametrize("etag_of", ETAGS, ids=["md5", "kms", "strange"])
def test_the_same_file_goes_on(tmp_path: Path, etag_of: Callable[[bytes], str]) -> None:
    """What is there stays there, whatever the store's ETags are."""
    a = content(b"abcdefg", 4_000_000)
    with hushed("MULTIPART", len(a), MIB) as play:
        play.etag_of = etag_of
        play.mishaps = [None, None, DEAD]
        put(play, tmp_path, a)
        code, row = put(play, tmp_path, a)
        assert (code, row["resumed"], play.uploads, joined(play) == a) == (0, True, 1, True), row
        assert len(play.bodies) == 5


REFUSALS = {
    "refused": (403, b"<Error><Code>AllAccessDisabled</Code></Error>"),
    "fresh": (403, b"<Error><Code>AccessDenied</Code></Error>"),
    "placement": (400, b"<Error><Code>KMS.DisabledException</Code></Error>"),
    "unsupported": (501, b"<Error><Code>NotImplemented</Code></Error>"),
    "file": (400, b"<Error><Code>EntityTooLarge</Code></Error>"),
}


@pytest.mark.parametrize("means", REFUSALS)
def test_what_a_store_refuses_is_no_reason_to_begin_anew(tmp_path: Path, means: str) -> None:
    """No other attempt helps, and another upload is one: what was sent stays until the operator mended it."""
    a = content(b"abcdefg", 4_000_000)
    status, body = REFUSALS[means]
    with hushed("MULTIPART", len(a), MIB) as play:
        play.mishaps = [None, None, DEAD]
        assert put(play, tmp_path, a)[0] == 4
        there = dict(play.stored)
        play.mishaps = [Mishap(keeps=False, status=status, body=body)] * 20
        code, row = put(play, tmp_path, a)
        assert (code, row["error"]["code"], play.uploads, play.aborted) == (4, f"store_{status}", 1, 0), row
        assert play.stored == there
        play.mishaps = []
        code, row = put(play, tmp_path, a)
        assert (code, row["resumed"], play.uploads, joined(play) == a) == (0, True, 1, True), row


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("size", [1000, 3_000_000])
@pytest.mark.parametrize("same", [True, False])
def test_bytes_that_arrived_whole_are_confirmed_for_their_own_file(
    tmp_path: Path, method: str, size: int, same: bool
) -> None:
    """A run that was killed between the last byte and the completion: another file is not told that it is there."""
    a = content(b"abcdefg", size)
    b = a if same else a[: size // 3] + b"!" + a[size // 3 + 1 :]
    with hushed(method, size) as play:
        play.service = without_completion(play)  # type: ignore[method-assign, assignment]
        assert put(play, tmp_path, a)[0] == 7
        del play.service
        code, row = put(play, tmp_path, b)
        assert (code, joined(play) == b) == (0, True), row
        assert (play.uploads, len(play.bodies)) == ((1, 1) if same else (2, 2))


def without_completion(play: Hushed) -> Callable[[str, str, bytes], tuple[int, Any]]:
    """A service that never finds what arrived."""
    usual = play.service

    def service(method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path.endswith("/complete"):
            return 202, play.upload()
        return usual(method, path, body)

    return service


def test_a_record_of_an_earlier_version_proves_by_etags(tmp_path: Path) -> None:
    """A memory file without digests, as put kept them before, is of use where ETags are MD5s."""
    a = content(b"abcdefg", 4_000_000)
    with hushed("MULTIPART", len(a), MIB) as play:
        play.mishaps = [None, None, DEAD]
        put(play, tmp_path, a)
        [kept] = (tmp_path / "valetkey" / "uploads").iterdir()
        record = json.loads(kept.read_bytes())
        kept.write_text(json.dumps({name: record[name] for name in ("upload_id", "ticket", "method")}))
        code, row = put(play, tmp_path, a)
        assert (code, row["resumed"], len(play.bodies)) == (0, True, 5), row


@pytest.mark.parametrize("late", ["before the list", "before the completion", "while its own is unknown"])
@pytest.mark.parametrize("etag_of", ETAGS, ids=["md5", "kms", "strange"])
def test_a_part_of_another_file_that_arrives_late(tmp_path: Path, etag_of: Callable[[bytes], str], late: str) -> None:
    """A's part 1 was on its way when its run was killed: whenever it arrives, what is confirmed is B."""
    a = content(b"abcdefg", 4_000_000)
    b = a[:500_000] + b"!" * 1000 + a[501_000:]
    with hushed("MULTIPART", len(a), MIB) as play:
        play.etag_of = etag_of
        play.mishaps = [DEAD]
        assert put(play, tmp_path, a)[0] == 4
        usual, lists = play.service, iter(range(9))

        def arrives() -> None:
            play.stored[1] = a[:MIB]
            play.service = usual  # type: ignore[method-assign]

        def service(method: str, path: str, body: bytes) -> tuple[int, Any]:
            if path.endswith("/complete") and late == "before the completion":
                arrives()
            elif method == "GET" and path.endswith("/parts") and late != "before the completion":
                arrives_now = next(lists) == (1 if late == "before the list" else 2)
                if arrives_now:
                    arrives()
            return usual(method, path, body)

        play.service = service  # type: ignore[method-assign]
        if late == "while its own is unknown":
            play.mishaps = [Mishap(keeps=False, status=502)]
        code, row = put(play, tmp_path, b)
        assert (code, play.service, joined(play) == b) == (0, usual, True), row


def test_more_parts_than_a_call_may_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are compared with the store's list."""
    monkeypatch.setattr("valetkey.client.sending.file_upload.MAX_NAMED", 100)
    a = content(b"abcdefg", 4_000_000)
    with hushed("MULTIPART", len(a), MIB) as play:
        usual = play.service

        def service(method: str, path: str, body: bytes) -> tuple[int, Any]:
            if method == "GET" and path.endswith("/parts") and len(play.bodies) == play.count:
                play.stored[1] = b"!" * MIB
            return usual(method, path, body)

        play.service = service  # type: ignore[method-assign]
        code, row = put(play, tmp_path, a)
        assert (code, joined(play) == a, len(play.bodies)) == (0, True, 5), row


@pytest.mark.parametrize("method", ["POST", "PUT", "MULTIPART"])
def test_a_file_that_changes_while_it_is_sent(tmp_path: Path, method: str) -> None:
    """In place, and its time stamp is set back: nothing of it is confirmed."""
    a = content(b"abcdefg", 4_000_000)
    with hushed(method, len(a), MIB) as play:
        keep = play.keep

        def change(number: int, taken: bytes) -> str:
            path = tmp_path / "film.mp4"
            with path.open("r+b") as file:
                file.write(b"!" * len(a))
            os.utime(path, (STAMP, STAMP))
            return keep(number, taken)

        play.keep = change  # type: ignore[method-assign, assignment]
        code, row = put(play, tmp_path, a)
        assert (code, row["error"]["code"], play.confirmed) == (6, "file_changed", False), row


@pytest.mark.parametrize("method", ["MULTIPART", "POST"])
def test_another_key_begins_anew(tmp_path: Path, method: str) -> None:
    """Who sees that he has taken the key of another account, and begins again with the right one: the file goes to
    that. The upload of the first one is left alone, and its key goes on with it."""
    a = content(b"abcdefg", 3_000_000)
    with hushed(method, len(a), MIB) as play:
        play.mishaps = [None, DEAD] if method == "MULTIPART" else [DEAD]
        assert put(play, tmp_path, a, "vk_wrong")[0] == 4
        again = dict(play.stored)
        code, row = put(play, tmp_path, a, "vk_right")
        assert (code, row["resumed"], play.uploads, play.aborted) == (0, False, 2, 0), row
        play.stored, play.confirmed = again, False
        code, row = put(play, tmp_path, a, "vk_wrong")
        assert (code, row["resumed"], play.uploads, joined(play) == a) == (0, True, 2, True), row


TICKETS = Tickets(["s" * 32])


def ticket(number: int, owner: str) -> str:
    end = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=number)
    return TICKETS.sign_profile_ticket(ProfileTicket(f"ticket-{number}", "shop", owner, "default", end, number))


@pytest.mark.parametrize(
    ("second", "goes_on"),
    [(ticket(2, "ann"), True), (ticket(2, "bob"), False), (ticket(2, "änn"), False), ("vk_shop", False)],
    ids=["her next ticket", "another user's", "nearly hers", "a key"],
)
def test_a_ticket_goes_on_for_the_same_user(second: str, goes_on: bool, tmp_path: Path) -> None:
    """It ends sooner than a large upload, so that the next one is another; what it shows tells whose it is."""
    a = content(b"abcdefg", 3_000_000)
    with hushed("MULTIPART", len(a), MIB) as play:
        play.mishaps = [None, DEAD]
        assert put(play, tmp_path, a, ticket(1, "ann"))[0] == 4
        code, row = put(play, tmp_path, a, second)
        assert (code, row["resumed"], play.uploads, play.aborted) == (0, goes_on, 1 if goes_on else 2, 0), row
