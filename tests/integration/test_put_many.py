"""`valetkey put` with many files: batches, and the outcome of each file. One server plays service and store."""

import json
import os
import signal
import subprocess
import threading
import time
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from anycrc import Model
from click.testing import CliRunner
from tests.e2e.api import wait_for
from tests.support import processes
from tests.support.played_service import BATCH, CREATE, OVER, Desk, Json, problem
from tests.support.servers import VALETKEY

from valetkey.cli import main
from valetkey.client.errors import FileChanged
from valetkey.client.files.digests import digest_crc64nvme
from valetkey.client.files.find import FileOptions, inspect_file
from valetkey.client.sending.file_queue import MAX_WAITING, FileQueue
from valetkey.client.sending.options import UploadOptions


def files(tmp_path: Path, count: int) -> Path:
    """A directory with so many small files."""
    top = tmp_path / "top"
    top.mkdir()
    for number in range(count):
        (top / f"{number}.bin").write_bytes(b"abc")
    return top


def put(desk: Desk, *args: str | Path, state: Path | None = None, token: str = "vk_1") -> tuple[int, dict[str, Json]]:
    """The exit code, and the rows by their files' names."""
    where = ["--state-home", str(state)] if state else ["--no-resume"]
    options = ["--json", "--endpoint", desk.address, "--token", token, *where]
    done = CliRunner().invoke(main, ["put", *map(str, args), *options])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return done.exit_code, {Path(row["file"]).name: row for row in rows}


def test_many_files_are_asked_for_together(desk: Desk, tmp_path: Path) -> None:
    """Far fewer calls than files create their uploads; each file is sent once, and confirmed."""
    code, rows = put(desk, files(tmp_path, 450), state=tmp_path)
    assert (code, len(rows)) == (0, 450)
    assert {row["outcome"] for row in rows.values()} == {"confirmed"}
    assert desk.sent == Counter(rows.keys())
    assert desk.calls.count(BATCH) >= 4
    assert desk.calls.count(BATCH) + desk.calls.count(CREATE) < 150
    assert list((tmp_path / "valetkey" / "uploads").iterdir()) == []


def test_large_files_ask_for_themselves(desk: Desk, tmp_path: Path) -> None:
    """Their grants would grow old while others are sent."""
    top = files(tmp_path, 3)
    for path in top.iterdir():
        path.write_bytes(bytes(256 * 1024 + 1))
    assert put(desk, top)[0] == 0
    assert (desk.calls.count(BATCH), desk.calls.count(CREATE)) == (0, 3)


def test_a_ticket_is_not_used_up_by_repetitions(desk: Desk, tmp_path: Path) -> None:
    """A batch has no Idempotency-Key, and a ticket may be good for an exact number: each asks for itself."""
    assert put(desk, files(tmp_path, 20), token="vt_p1")[0] == 0
    assert (desk.calls.count(BATCH), desk.calls.count(CREATE)) == (0, 20)


def test_the_first_files_do_not_wait_for_the_last(desk: Desk, tmp_path: Path) -> None:
    """While standard input is still coming, the file before it is confirmed."""
    (tmp_path / "a.bin").write_bytes(b"abc")
    command = [str(VALETKEY), "put", "a.bin", "-", "--endpoint", desk.address, "--no-resume"]
    with processes.running(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline().startswith(b"a.bin: confirmed")
        process.stdin.write(b"late")
        process.stdin.close()
        assert process.stdout.readline().startswith(b"-: confirmed")
        process.wait(60)
    assert process.returncode == 0


@pytest.mark.parametrize("status", [429, 503])
def test_a_batch_that_has_to_wait(desk: Desk, tmp_path: Path, status: int) -> None:
    """It waits as long as it is asked to, and is one call again."""
    desk.trouble = {BATCH: [(status, 1), (0, 0)]}
    began = time.monotonic()
    code, rows = put(desk, files(tmp_path, 200))
    assert (code, len(rows)) == (0, 200)
    assert time.monotonic() - began >= 1
    assert desk.calls.count(CREATE) < 100
    assert set(desk.sent.values()) == {1}


def test_an_interruption_while_it_waits(desk: Desk, tmp_path: Path) -> None:
    """Ctrl-C ends it at once, while a batch waits for its turn and the search for files is held up."""
    desk.trouble = {BATCH: [(503, 300)]}
    command = [str(VALETKEY), "put", str(files(tmp_path, MAX_WAITING + 500)), "--endpoint", desk.address, "--no-resume"]
    with processes.running(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert wait_for(lambda: BATCH in desk.calls)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)  # of the 300 that it would wait
    assert process.returncode == 130
    assert b"Traceback" not in err


@pytest.mark.parametrize("status", [403, 404, 413])
def test_a_batch_that_is_refused(desk: Desk, tmp_path: Path, status: int) -> None:
    """Each file asks for itself."""
    desk.trouble = {BATCH: [(status, 0)]}
    code, rows = put(desk, files(tmp_path, 30))
    assert (code, len(rows), desk.calls.count(CREATE)) == (0, 30, 30)


def test_a_batch_that_is_answered_by_something_else(desk: Desk, tmp_path: Path) -> None:
    """A success that says nothing to some of them is none: each file asks for itself."""
    desk.trouble = {BATCH: [(200, 0)]}
    code, rows = put(desk, files(tmp_path, 30))
    assert (code, len(rows), desk.calls.count(CREATE)) == (0, 30, 30)


def test_one_that_is_refused_harms_no_other(desk: Desk, tmp_path: Path) -> None:
    """It has its own error; what the service could not do at the moment is asked for again."""
    desk.refused = {f"{number}.bin": problem(422, "size_out_of_range") for number in range(0, 40, 2)}
    desk.refused |= {f"{number}.bin": problem(503, "busy") for number in range(1, 40, 4)}
    top = files(tmp_path, 60)
    code, rows = put(desk, top)
    assert len(rows) == 60
    lost = {name: row["error"]["code"] for name, row in rows.items() if row["outcome"] != "confirmed"}
    assert set(lost.values()) == {"size_out_of_range"}
    assert code == 3
    assert lost.keys() <= {name for name, said in desk.refused.items() if said["status"] == 422}
    assert desk.sent == Counter(rows.keys() - lost.keys())


@pytest.mark.parametrize("renews", [True, False])
def test_a_grant_that_ended_before_its_turn(desk: Desk, tmp_path: Path, renews: bool) -> None:
    """It is renewed, and where it is too late for that, the file asks for another upload. Nothing is sent in vain."""
    desk.together_until, desk.renews = OVER, renews
    code, rows = put(desk, files(tmp_path, 40))
    assert (code, len(rows), set(desk.sent.values())) == (0, 40, {1})
    renewed = sum(call.endswith("/grant") for call in desk.calls)
    assert renewed > 0
    assert desk.calls.count(CREATE) == (40 - renewed if renews else 40)


def test_interrupted_uploads_are_resumed(desk: Desk, tmp_path: Path) -> None:
    """An upload of an earlier run is resumed, and not created again."""
    top = files(tmp_path, 30)
    desk.trouble = {f"POST /v1/uploads/u{number}/complete": [(403, 0)] for number in range(30)}
    assert put(desk, top, state=tmp_path)[0] == 4
    desk.trouble, created = {}, len(desk.names)
    code, rows = put(desk, top, state=tmp_path)
    assert (code, len(desk.names), set(desk.sent.values())) == (0, created, {1})
    assert {row["resumed"] for row in rows.values()} == {True}


@pytest.mark.parametrize("pipe", [True, False])
def test_a_file_that_vanishes_before_its_turn(desk: Desk, tmp_path: Path, pipe: bool) -> None:
    """Its upload is aborted; a pipe in its place is not waited for."""
    top = files(tmp_path, 60)

    def vanish(names: list[str]) -> None:
        if "59.bin" in names:
            (top / "59.bin").unlink()
            if pipe:
                os.mkfifo(top / "59.bin")

    waited_for: list[Path] = []

    def write() -> None:
        """Frees whoever waits for a writer, so that this test ends."""
        waited_for.append(top / "59.bin")
        os.close(os.open(top / "59.bin", os.O_RDWR))

    desk.on_create = vanish
    timer = threading.Timer(120, write)
    timer.start()
    code, rows = put(desk, top)
    timer.cancel()
    assert not waited_for
    bad = [name for name, row in rows.items() if row["outcome"] != "confirmed"]
    assert (code, bad) == (6, ["59.bin"])
    assert rows["59.bin"]["error"]["code"] == ("file_changed" if pipe else "unreadable")
    asked = [upload_id for upload_id, name in desk.names.items() if name == "59.bin"]
    assert [call for call in desk.calls if call.startswith("DELETE")] == [f"DELETE /v1/uploads/{one}" for one in asked]


def test_a_service_that_is_away_for_long(desk: Desk, tmp_path: Path) -> None:
    """When one file has waited for it in vain, the others do not wait as long, one after the other."""
    desk.trouble = {BATCH: [(503, 0)], CREATE: [(503, 0)]}
    code, rows = put(desk, files(tmp_path, 300), "--retry-for", "1", "-c", "2")
    assert (code, len(rows)) == (5, 300)
    assert desk.calls.count(CREATE) < 330  # who waits as long makes three


def test_a_file_that_is_named_twice(desk: Desk, tmp_path: Path) -> None:
    """Is sent once, in whatever way it is named; below a directory it has another path, and is another upload."""
    top = files(tmp_path, 1)
    again = top / ".." / "top" / "0.bin"
    code, rows = put(desk, top / "0.bin", top / "0.bin", top, top)
    assert (code, len(rows), desk.sent) == (0, 1, {"0.bin": 2})
    assert put(desk, again)[0] == 0


def test_who_finds_files_is_held_up(tmp_path: Path) -> None:
    """No more than a thousand wait; the next goes in when one is taken, and none after the end."""
    (tmp_path / "a").write_bytes(b"a")
    source, queue = inspect_file(str(tmp_path / "a"), FileOptions()), FileQueue()
    for _ in range(MAX_WAITING):
        queue.add(source)
    adding = threading.Thread(target=queue.add, args=(source,))
    adding.start()
    adding.join(0.2)
    assert adding.is_alive()
    assert len(queue.take(1)) == 1
    adding.join(60)
    assert not adding.is_alive()
    queue.close()
    assert len(queue.take(2 * MAX_WAITING)) == MAX_WAITING
    queue.add(source)
    assert queue.take(1) == []


def test_a_file_is_read_for_its_checksum(tmp_path: Path) -> None:
    """Each of its bytes, in their order; and one that changes meanwhile is noticed."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 3_000_000 + b"123456789")
    source = inspect_file(str(path), FileOptions(None))
    seen: list[int] = []
    expected = Model("CRC64-NVME").calc(path.read_bytes()).to_bytes(8, "big")
    assert b64decode(digest_crc64nvme(source, lambda: seen.append(1))) == expected
    assert len(seen) == 3
    path.write_bytes(b"x")
    with pytest.raises(FileChanged):
        digest_crc64nvme(source, lambda: None)


def test_an_upload_without_the_checksum_is_not_gone_on_with() -> None:
    """Where one is asked for, another upload is begun."""
    source = inspect_file(__file__, FileOptions(None))
    plain = UploadOptions("http://x")
    assert plain.record_key(source) != replace(plain, checksum=True).record_key(source)
    assert "checksum" not in plain.request(source)
    assert replace(plain, checksum=True).request(source, "AA==")["checksum"] == {
        "algorithm": "crc64nvme",
        "value": "AA==",
    }


def test_a_checksum_that_cannot_be_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is sent, with what to install."""
    monkeypatch.setattr("valetkey.commands.put.find_spec", lambda name: None)
    done = CliRunner().invoke(main, ["put", __file__, "--checksum", "crc64nvme"])
    assert done.exit_code == 2
    assert "valetkey[crc64]" in done.output
