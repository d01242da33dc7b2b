"""`valetkey put` on a real S3: the uploaded objects, repeated requests, and exit codes for scripts."""

import os
import pty
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer

import pytest
from tests.e2e.api import wait_for
from tests.e2e.conftest import service_on
from tests.e2e.proxy import CountingProxy, StoreProxy
from tests.e2e.putting import MIB, NO_RIGHTS, PROFILES, Terminal, ended
from tests.support import processes
from tests.support.servers import VALETKEY, running_valetkey
from tests.support.stores import Rgw, fresh_bucket

BIG = os.urandom(40 * MIB)


@pytest.fixture(scope="module")
def house(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A service on a bucket of its own; its grants lead through a proxy."""
    directory = tmp_path_factory.mktemp("put")
    (directory / "valetkey.toml").write_text(PROFILES)
    with fresh_bucket(rgw) as bucket, StoreProxy(rgw.endpoint_url) as network:
        env = {"VALETKEY_CONFIG": str(directory / "valetkey.toml"), "VALETKEY_S3_PUBLIC_ENDPOINT_URL": network.url}
        with running_valetkey(directory, bucket, env=env) as server:
            yield Terminal(service_on(server, bucket), network, directory)


@pytest.fixture
def terminal(house: Terminal, tmp_path: Path) -> Iterator[Terminal]:
    yield Terminal(house.service, house.network, tmp_path)
    house.network.heal()
    assert wait_for(house.network.idle)
    house.network.heal()
    for upload in house.open_uploads():
        house.service.api.http.delete(f"/v1/uploads/{upload['id']}")


def test_one_small_file(terminal: Terminal) -> None:
    """A line for a person, the bytes at the store, the type by its name, nothing recorded."""
    done = terminal.put(terminal.file("naïve 文.txt", b"hello"))
    assert done.code == 0, done.err
    name, _, said = done.out.strip().partition(": ")
    assert name == "naïve 文.txt"
    state, upload_id = said.split()
    assert state == "confirmed"
    upload = terminal.service.api.upload(upload_id)
    assert (upload["filename"], upload["content_type"], upload["size"]) == (name, "text/plain", 5)
    assert terminal.content(upload) == b"hello"
    assert terminal.recorded() == []
    assert terminal.put("naïve 文.txt", "--quiet").out == ""


def test_an_empty_file(terminal: Terminal) -> None:
    """It is sent where the profile takes it, also where that sends in parts, and else refused by its size."""
    terminal.file("nothing", b"")
    taken = terminal.put("nothing", "--json", "--profile", "empty")
    assert taken.code == 0, taken.out
    assert terminal.content(taken.row["upload"]) == b""
    whole = terminal.put("nothing", "--json", "--profile", "parts")
    assert (whole.code, terminal.content(whole.row["upload"])) == (0, b"")
    refused = terminal.put("nothing", "--json")
    assert (refused.code, refused.row["error"]["code"]) == (3, "size_out_of_range")


def test_several_files_with_options(terminal: Terminal) -> None:
    """One JSON object for each, with the metadata and the type that were given, on behalf of a ticket."""
    files = [terminal.file(f"{number}.png", b"%d" % number) for number in range(10)]
    wanted = {"profile": "images", "owner": "user-1"}
    ticket = terminal.service.api.http.post("/v1/tickets", json=wanted).json()["ticket"]
    options = ["-m", "album=summer", "-m", "note=a=b", "--content-type", "image/x-thing", "--concurrency", "4"]
    done = terminal.put(*files, *options, "--json", env={"VALETKEY_TOKEN": ticket})
    assert done.code == 0, done.out
    assert {row["file"] for row in done.rows} == set(files)
    for row in done.rows:
        upload = row["upload"]
        assert (upload["profile"], upload["owner"], upload["content_type"]) == ("images", "user-1", "image/x-thing")
        assert upload["metadata"] == {"album": "summer", "note": "a=b"}
        assert terminal.content(upload) == row["file"].removesuffix(".png").encode()
        assert (row["outcome"], row["error"], row["sent_bytes"], row["resumed"]) == ("confirmed", None, 1, False)


def test_a_directory(terminal: Terminal) -> None:
    """All below it, whatever the names; their paths are kept, unless the user wants none."""
    names = ["a b.txt", "ü/你好/x.txt", "q'\"%;&.bin", "line\nbreak", "--json"]
    for name in names:
        terminal.file(f"top/{name}", name.encode())
    (terminal.directory / "top" / os.fsdecode(b"raw-\xff")).write_bytes(b"raw")
    (terminal.directory / "top" / "dangling").symlink_to("nowhere")
    done = terminal.put("top", "--json")
    assert done.code == 6
    rows = done.rows
    [lost] = [row for row in rows if row["outcome"] != "confirmed"]
    assert (lost["file"], lost["error"]["code"]) == ("top/dangling", "unreadable")
    arrived = {row["upload"]["path"]: row["upload"] for row in rows if row is not lost}
    assert set(arrived) == {*(name.replace("\n", "\ufffd") for name in names), "raw-\ufffd"}
    for name in names:
        found = arrived[name.replace("\n", "\ufffd")]
        assert (found["filename"], found["metadata"]) == (Path(name).name, {})
        assert terminal.content(found) == name.encode()
    (terminal.directory / "top" / "dangling").unlink()
    bare = terminal.put("top", "--json", "--no-paths", "--profile", "bare")
    assert (bare.code, {row["upload"]["path"] for row in bare.rows}) == (0, {None})


def test_a_large_file_in_parts(terminal: Terminal) -> None:
    """Each part is sent once, and the object is the file."""
    done = terminal.put(terminal.file("big", BIG), "--profile", "parts", "--json")
    assert done.code == 0, done.out
    assert terminal.content(done.row["upload"]) == BIG
    assert sorted(terminal.network.parts) == list(range(1, 9))
    assert (done.row["sent_bytes"], terminal.recorded()) == (len(BIG), [])


def test_standard_input(terminal: Terminal) -> None:
    """It is sent under the name that was given; what is too large for the spool is refused before anything is sent."""
    done = terminal.put("-", "--filename", "notes.html", "--json", given=b"<p>")
    assert done.code == 0, done.out
    upload = done.row["upload"]
    assert (upload["filename"], upload["content_type"], terminal.content(upload)) == ("notes.html", "text/html", b"<p>")
    large = terminal.put("-", "--spool-limit", "10", given=b"x" * 11)
    assert large.code == 6
    assert "--spool-limit" in large.err
    assert terminal.recorded() == []


def test_killed_in_the_middle(terminal: Terminal) -> None:
    """The next run sends only the parts that the store has not; another file that was done is not sent again."""
    terminal.file("small", b"done")
    terminal.file("big", BIG)
    command = ["small", "big", "--profile", "parts", "--concurrency", "2"]
    terminal.network.pace = 0.08
    with terminal.putting(*command) as process:
        assert wait_for(lambda: len(terminal.parts_at_store()) >= 3 and len(terminal.recorded()) == 2)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert {path.stat().st_mode & 0o777 for path in terminal.recorded()} == {0o600}
    assert terminal.recorded()[0].parent.stat().st_mode & 0o777 == 0o700
    [interrupted] = terminal.open_uploads()
    assert wait_for(terminal.network.idle)  # what was on its way has arrived, or never will
    there = terminal.parts_at_store()
    terminal.network.heal()
    again = terminal.put(*command, "--json")
    assert again.code == 0, again.out
    by_name = {row["file"]: row for row in again.rows}
    assert sorted(terminal.network.parts) == sorted(set(range(1, 9)) - there)
    assert (by_name["big"]["upload"]["id"], by_name["big"]["resumed"]) == (interrupted["id"], True)
    assert by_name["big"]["sent_bytes"] == len(BIG) - 5 * MIB * len(there)
    assert (by_name["small"]["sent_bytes"], by_name["small"]["resumed"]) == (0, True)
    assert terminal.content(by_name["big"]["upload"]) == BIG
    assert terminal.recorded() == []
    terminal.network.heal()
    fresh = terminal.put("big", "--profile", "parts", "--json")
    assert (fresh.row["resumed"], len(terminal.network.parts)) == (False, 8)


def test_interrupted_by_the_user(terminal: Terminal) -> None:
    """Ctrl-C ends it at once with 130; --no-resume begins anew, and without it the run goes on."""
    terminal.file("big", BIG)
    terminal.network.pace = 0.1
    with terminal.putting("big", "--profile", "parts", "-c", "2") as process:
        assert wait_for(lambda: bool(terminal.parts_at_store()))
        process.send_signal(signal.SIGINT)
        done = ended(process)
    assert done.code == 130
    assert "interrupted" in done.err
    assert "Traceback" not in done.err
    [interrupted] = terminal.open_uploads()
    assert wait_for(terminal.network.idle)  # what was on its way counts for no later run
    terminal.network.heal()
    anew = terminal.put("big", "--profile", "parts", "--no-resume", "--json")
    assert (anew.code, anew.row["resumed"], len(terminal.network.parts)) == (0, False, 8)
    again = terminal.put("big", "--profile", "parts", "--json")
    assert (again.code, again.row["upload"]["id"]) == (0, interrupted["id"])


def test_another_file_under_the_same_name(terminal: Terminal) -> None:
    """What was changed since the interruption is sent from its beginning, as another upload."""
    terminal.file("big", BIG)
    terminal.network.pace = 0.1
    with terminal.putting("big", "--profile", "parts", "-c", "2"):
        assert wait_for(lambda: bool(terminal.parts_at_store()))
    [interrupted] = terminal.open_uploads()
    terminal.network.heal()
    other = os.urandom(len(BIG))
    terminal.file("big", other)
    done = terminal.put("big", "--profile", "parts", "--json")
    assert (done.code, done.row["resumed"]) == (0, False)
    assert done.row["upload"]["id"] != interrupted["id"]
    assert terminal.content(done.row["upload"]) == other


def test_the_upload_was_aborted_meanwhile(terminal: Terminal) -> None:
    """There is nothing to go on with: it begins anew."""
    terminal.file("big", BIG)
    terminal.network.pace = 0.1
    with terminal.putting("big", "--profile", "parts", "-c", "2"):
        assert wait_for(lambda: bool(terminal.parts_at_store()))
    [interrupted] = terminal.open_uploads()
    terminal.service.api.http.delete(f"/v1/uploads/{interrupted['id']}")
    assert wait_for(terminal.network.idle)  # what was on its way counts for no later run
    terminal.network.heal()
    done = terminal.put("big", "--profile", "parts", "--json")
    assert (done.code, done.row["resumed"], len(terminal.network.parts)) == (0, False, 8)


def test_a_connection_is_cut(terminal: Terminal) -> None:
    """In the middle of a part, and of a form: it is sent again, and nothing else is."""
    terminal.network.cut_after = 13 * MIB
    done = terminal.put(terminal.file("big", BIG), "--profile", "parts", "--json", "--concurrency", "2")
    assert done.code == 0, done.out
    assert terminal.content(done.row["upload"]) == BIG
    assert len(terminal.network.parts) == 9
    assert set(terminal.network.parts) == set(range(1, 9))
    terminal.network.cut_after = 3 * MIB
    form = terminal.put("big", "--json")
    assert form.code == 0, form.out
    assert form.row["sent_bytes"] > len(BIG)
    assert terminal.content(form.row["upload"]) == BIG


def test_signatures_expire(terminal: Terminal) -> None:
    """Parts that were signed long ago are signed again; what is there is not sent again."""
    terminal.network.pace = 0.09
    done = terminal.put(terminal.file("big", BIG), "--profile", "brief", "--json", "--concurrency", "2")
    assert done.code == 0, done.out
    assert terminal.content(done.row["upload"]) == BIG


def test_the_store_is_away(terminal: Terminal) -> None:
    """For long: exit code 5. The next run goes on."""
    terminal.file("big", BIG)
    terminal.network.stop()
    try:
        away = terminal.put("big", "--profile", "parts", "--json", "--retry-for", "1")
    finally:
        terminal.network.start()
    assert (away.code, away.row["error"]["code"]) == (5, "unreachable")
    again = terminal.put("big", "--profile", "parts", "--json")
    assert (again.code, again.row["resumed"]) == (0, True)
    assert again.row["upload"]["id"] == away.row["upload"]["id"]


def test_the_service_is_away_for_a_while(terminal: Terminal) -> None:
    """It waits for the service and goes on."""
    terminal.file("a", b"a")
    with CountingProxy(terminal.service.server.base_url) as way:
        way.stop()
        later = Timer(2, way.start)
        later.start()
        done = terminal.put("a", "--json", env={"VALETKEY_ENDPOINT": way.url})
        later.join()
    assert done.code == 0, done.out
    assert terminal.content(done.row["upload"]) == b"a"


@pytest.mark.parametrize("profile", ["default", "parts"])
@pytest.mark.parametrize("change", ["shorter", "rewritten", "longer", "removed"])
def test_the_file_changes_while_it_is_sent(terminal: Terminal, profile: str, change: str) -> None:
    """It says so with code 6; the upload is aborted, and nothing of it stays at the store."""
    path = terminal.directory / terminal.file("big", BIG)
    terminal.network.pace = 0.06
    with terminal.putting("big", "--profile", profile, "--json", "--concurrency", "2") as process:
        assert wait_for(lambda: len(terminal.open_uploads()) == 1 and terminal.network.bytes > 0)
        [started] = terminal.open_uploads()
        if change == "shorter":
            os.truncate(path, MIB)
        elif change == "longer":
            os.truncate(path, len(BIG) + 1)
        elif change == "removed":
            path.unlink()
        else:
            path.write_bytes(os.urandom(len(BIG)))
        done = ended(process)
    code, said = ("unreadable", "No such file") if change == "removed" else ("file_changed", "it is not confirmed")
    assert (done.code, done.row["error"]["code"]) == (6, code)
    assert said in done.row["error"]["detail"]
    assert terminal.service.api.upload(started["id"])["state"] == "aborted"
    assert terminal.service.object_keys(f"staging/{started['id']}") == []
    assert terminal.service.final_keys(started["id"]) == []
    assert terminal.parts_at_store() == set()


@pytest.mark.parametrize(
    ("args", "env", "code", "said"),
    [
        (["good.txt"], {}, 0, ""),
        (["good.txt", "--metadata", "novalue"], {}, 2, "KEY=VALUE"),
        ([], {}, 2, "FILE"),
        (["-", "-"], {}, 2, "once only"),
        (["good.txt"], {"VALETKEY_ENDPOINT": "localhost:8000"}, 2, "https://uploads.example"),
        (["good.txt", "--profile", "images"], {}, 3, "accepts image/*, not text/plain"),
        (["large.png", "--profile", "images"], {}, 3, "accepts 0 to 1000 bytes, not 1001"),
        (["good.txt", "--profile", "nothing"], {}, 4, "There is no profile 'nothing'"),
        (["good.txt"], {"VALETKEY_TOKEN": ""}, 4, "VALETKEY_TOKEN takes an API key"),
        (["good.txt"], {"VALETKEY_TOKEN": "vk_wrong"}, 4, "VALETKEY_TOKEN takes an API key"),
        (["good.txt", "--retry-for", "0"], {"VALETKEY_ENDPOINT": "http://127.0.0.1:9"}, 5, "cannot be reached"),
        (["nowhere"], {}, 6, "No such file"),
        (["pipe"], {}, 6, "not a regular file"),
        (["hollow"], {}, 6, "no file in hollow"),
        (["secret", "good.txt"], {}, 6, "secret cannot be read: permission denied"),
        (["nowhere", "large.png", "--profile", "images"], {}, 3, "not 1001"),
    ],
)
def test_exit_codes(terminal: Terminal, args: list[str], env: dict[str, str], code: int, said: str) -> None:
    """Each failure has its code and a sentence; the lowest code counts."""
    terminal.file("good.txt", b"good")
    terminal.file("large.png", b"x" * 1001)
    (terminal.directory / terminal.file("secret", b"x")).chmod(0)
    (terminal.directory / "hollow").mkdir()
    os.mkfifo(terminal.directory / "pipe")
    done = terminal.put(*args, before=NO_RIGHTS, env=env)
    assert done.code == code, done.err
    assert said in done.err
    assert "Traceback" not in done.err
    assert terminal.recorded() == []


@pytest.mark.parametrize("profile", ["default", "parts"])
def test_two_runs_at_once(terminal: Terminal, profile: str) -> None:
    """Of the same file: the later one resumes the upload of the other, or creates its own; both end confirmed."""
    terminal.file("big", BIG)
    terminal.network.pace = 0.02
    with terminal.putting("big", "--profile", profile, "--json", "-c", "2") as first:
        assert wait_for(lambda: bool(terminal.recorded()))
        with terminal.putting("big", "--profile", profile, "--json", "-c", "2") as second:
            ends = [ended(process) for process in (first, second)]
    assert [done.code for done in ends] == [0, 0], ends
    for done in ends:
        assert terminal.content(done.row["upload"]) == BIG
    assert terminal.recorded() == []
    assert terminal.open_uploads() == []


def test_a_state_directory_that_cannot_be_written(terminal: Terminal) -> None:
    """The file is sent all the same; it says that it could not be resumed."""
    terminal.file("state", b"a file, no directory")
    done = terminal.put(terminal.file("a", b"a"))
    assert done.code == 0, done.err
    assert "cannot be resumed" in done.err


def test_bars_on_a_terminal(terminal: Terminal) -> None:
    """On a terminal there is a bar with the file's name while it is sent; what it prints for pipes stays plain."""
    terminal.file("big", BIG)
    terminal.network.pace = 0.01
    shown, tty = pty.openpty()
    env = terminal.env | {"TERM": "xterm", "COLUMNS": "100"}
    command: list[str | Path] = [VALETKEY, "put", "big", "--profile", "parts"]
    seen = b""
    with (
        (terminal.directory / "out").open("wb") as out,
        processes.running(command, env=env, cwd=terminal.directory, stdout=out, stderr=tty) as process,
    ):
        os.close(tty)
        with suppress(OSError):  # Linux says so when the other side is closed
            while piece := os.read(shown, 65536):
                seen += piece
        process.wait(60)
    os.close(shown)
    assert process.returncode == 0, seen
    assert b"big" in seen
    assert b"/40.0 MiB" in seen
    assert (terminal.directory / "out").read_text().startswith("big: confirmed ")
