"""`valetkey put` as a process with unusual files and streams, and a state directory that is not writable."""

import json
import os
import shlex
import socket
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from tests.e2e.putting import NO_RIGHTS
from tests.support import processes
from tests.support.played_service import Desk, problem
from tests.support.servers import VALETKEY


def environment(desk: Desk, tmp_path: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VALETKEY_")}
    return inherited | {"VALETKEY_ENDPOINT": desk.address, "XDG_STATE_HOME": str(tmp_path / "state")}


def shell(desk: Desk, tmp_path: Path, line: str, **env: str) -> CompletedProcess[str]:
    """Run a line of sh, where `put` is the command, in the directory of the test."""
    done = processes.run(
        ["bash", "-c", f'put() {{ {shlex.quote(str(VALETKEY))} put "$@"; }}; {line}'],
        env=environment(desk, tmp_path) | env,
        cwd=tmp_path,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    return done


def files(tmp_path: Path, count: int) -> list[str]:
    """So many small files."""
    names = [f"{number}.bin" for number in range(count)]
    for name in names:
        (tmp_path / name).write_bytes(b"abc")
    return names


@pytest.mark.parametrize(("refused", "code"), [({}, 0), ({"39.bin": problem(422, "size_out_of_range")}, 3)])
def test_a_reader_that_has_gone(desk: Desk, tmp_path: Path, refused: dict[str, Any], code: int) -> None:
    """`... | head -1`: all files are sent all the same, without a word, and the code says how that went."""
    desk.refused, desk.refuses_singly = refused, True
    files(tmp_path, 40)
    done = shell(desk, tmp_path, "(put {0..39}.bin --json; echo $? >code) | head -1; cat code")
    row, said = done.stdout.splitlines()
    assert json.loads(row)["outcome"] == "confirmed"
    assert (said, done.stderr) == (str(code), "")
    assert len(desk.sent) == 40 - len(refused)


@pytest.mark.parametrize(
    ("how", "out", "err"),
    [
        (">&-", "", "nowhere: file_error"),
        ("2>&-", "a: confirmed", ""),
        (">&- 2>&-", "", ""),
        ("2>/dev/full", "a: confirmed", ""),
        ("<&-", "a: confirmed", "nowhere: file_error"),
        ("- <&-", "a: confirmed", "Standard input is closed."),
    ],
)
def test_streams_that_are_closed(desk: Desk, tmp_path: Path, how: str, out: str, err: str) -> None:
    """What belongs on the others is there, what has no place is nowhere, and the file is sent."""
    (tmp_path / "a").write_bytes(b"abc")
    done = shell(desk, tmp_path, f"put a nowhere {how}")
    assert (done.returncode, desk.sent) == (6, {"a": 1})
    for said, expected in ((done.stdout, out), (done.stderr, err)):
        assert expected in said
        assert bool(expected) == bool(said)


def test_output_that_does_not_fit(desk: Desk, tmp_path: Path) -> None:
    """All is sent; as a script reads of it what is not all, the code is 1."""
    files(tmp_path, 10)
    done = shell(desk, tmp_path, "put {0..9}.bin --json >/dev/full")
    assert (done.returncode, len(desk.sent)) == (1, 10)
    assert done.stderr == "The output cannot be written: No space left on device.\n"


def test_a_terminal_without_the_letters(desk: Desk, tmp_path: Path) -> None:
    """A name that the encoding has not is escaped, and JSON stays JSON."""
    name = "naïve 文 🎈"
    (tmp_path / name).write_bytes(b"abc")
    plain = shell(desk, tmp_path, f"put '{name}'", PYTHONIOENCODING="latin-1")
    assert plain.returncode == 0
    assert plain.stdout.encode(errors="surrogateescape").startswith(
        "naïve ".encode("latin-1") + b"\\u6587 \\U0001f388: "
    )
    as_json = shell(desk, tmp_path, f"put '{name}' --json", PYTHONIOENCODING="latin-1")
    assert json.loads(as_json.stdout)["file"] == name


def test_what_is_no_file(desk: Desk, tmp_path: Path) -> None:
    """Each is an outcome of its own, and what is a file is sent; a directory behind a link is not left out silently."""
    top = tmp_path / "top"
    (top / "closed" / "in").mkdir(parents=True)
    (top / "closed" / "in" / "x").write_bytes(b"abc")
    (top / "closed").chmod(0)
    (top / "elsewhere").symlink_to("..")
    (top / "loop").symlink_to("loop")
    (top / "good").write_bytes(b"abc")
    os.mkfifo(top / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(top / "socket"))  # a path of a socket has at most 107 bytes
    long = "x" * 300
    before = " ".join(NO_RIGHTS)
    line = f"{before} {shlex.quote(str(VALETKEY))} put top /dev/null top/closed/in/x {long} --json"
    done = shell(desk, tmp_path, line)
    (top / "closed").chmod(0o700)
    rows = {row["file"]: row["error"] for row in map(json.loads, done.stdout.splitlines())}
    assert (done.returncode, desk.sent) == (6, {"good": 1})
    assert rows.pop("top/good") is None
    assert {name: error["code"] for name, error in rows.items()} == {
        "top/closed": "unreadable",
        "top/elsewhere": "linked_directory",
        "top/loop": "unreadable",
        "top/pipe": "not_a_file",
        "top/socket": "not_a_file",
        "/dev/null": "not_a_file",
        "top/closed/in/x": "unreadable",
        long: "unreadable",
    }


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("--filename $'bad\\xff'", 0, ""),
        ("-m $'k=\\xff'", 0, ""),
        ("-p $'\\xff' --content-type $'text/\\xff'", 0, ""),
        ("--token $'vk_1\\nX: y'", 2, "neither an API key nor a ticket"),
        ("--token naïve", 2, "neither an API key nor a ticket"),
        ("--endpoint http://[::1", 2, "https://uploads.example"),
        ("--endpoint http://host:port", 2, "https://uploads.example"),
        ("--endpoint http://host/ü", 2, "https://uploads.example"),
    ],
)
def test_a_command_line_with_odd_bytes(desk: Desk, tmp_path: Path, options: str, code: int, said: str) -> None:
    """Text is made UTF-8 as files' names are; what cannot work is a wrong command line."""
    done = shell(desk, tmp_path, f"printf abc | put - {options}")
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert all("\udcff" not in name for name in desk.names.values())


@pytest.mark.parametrize("how", ["read-only", "full"])
def test_nothing_can_be_recorded(desk: Desk, tmp_path: Path, how: str) -> None:
    """All files are sent; it says once that this run cannot be resumed, and leaves nothing behind."""
    state = tmp_path / "state"
    state.mkdir(0o500)
    before = " ".join(NO_RIGHTS)
    if how == "full":
        state.chmod(0o700)
        before = "prlimit --fsize=0"  # no file may have a byte
    names = " ".join(files(tmp_path, 20))
    done = shell(desk, tmp_path, f"{before} {shlex.quote(str(VALETKEY))} put {names} -q | cat; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, len(desk.sent)) == (0, 20)
    assert done.stderr.count("this run cannot be resumed") == 1
    assert [path for path in state.rglob("*") if path.is_file()] == []
