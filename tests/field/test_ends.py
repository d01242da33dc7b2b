"""A run that is ended from outside: by `kill`, by a time limit, by a closed terminal.

Reported of others: the copy of what came by a pipe stays in the temporary directory (melihbirim/csvql 177,
diazoxide/charter 434), and the terminal is left without its cursor (omacom/ttfx pull request 9). Ours: `put -` left up
to 5 GiB there, and said nothing.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.field.hushed import Mishap, hushed
from tests.support import processes
from tests.support.servers import VALETKEY

STANDING = [Mishap(silent=30.0)]


def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tmp").mkdir()
    return os.environ | {"XDG_STATE_HOME": str(tmp_path / "state"), "TMPDIR": str(tmp_path / "tmp")}


def until(done: Callable[[], object]) -> None:
    ends = time.monotonic() + 60
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_copy_of_standard_input_is_removed(tmp_path: Path, how: signal.Signals) -> None:
    """However the run ends: it says so, with a code of its own."""
    with hushed("PUT", 5, 0) as play:
        play.mishaps = list(STANDING)
        command: processes.Command = [VALETKEY, "put", "-", "--endpoint", play.address]
        with processes.running(
            command,
            env=environment(tmp_path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdin is not None
            process.stdin.write(b"hello")
            process.stdin.close()
            until(lambda: play.bodies)
            assert any((tmp_path / "tmp").iterdir())
            process.send_signal(how)
            assert process.wait(60) == 130
            assert process.stdout is not None
            assert b"interrupted" in process.stdout.read()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_is_to_go_on_without_a_terminal_goes_on(tmp_path: Path) -> None:
    """`nohup` has a command ignore SIGHUP."""
    (tmp_path / "a").write_bytes(b"hello")
    with hushed("PUT", 5, 0) as play:
        play.mishaps = [Mishap(silent=2.0, status=200)]
        command: processes.Command = ["nohup", VALETKEY, "put", str(tmp_path / "a"), "--endpoint", play.address]
        with processes.running(command, env=environment(tmp_path), stdout=subprocess.PIPE) as process:
            until(lambda: play.bodies)
            process.send_signal(signal.SIGHUP)
            assert process.wait(60) == 0
