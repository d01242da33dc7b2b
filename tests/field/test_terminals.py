"""Output of the command line to terminals and files that are small, full, closed, or lack letters.

Reported: a command that has done its work ends with a stack trace, as the encoding of the terminal has not all letters
(buckket/twtxt #196, dbcli/pgcli #628). Looked for by ourselves: a full disk, and a stream that is closed.
"""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tests.support import ledgers, processes
from tests.support.servers import environment

VALETKEY = Path(sys.executable).with_name("valetkey")
NAME = "naïve 文"
Shell = Callable[..., CompletedProcess[str]]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs a line of bash where `vk` is the command, on a ledger with a key."""
    env = environment(tmp_path, None)
    ledgers.migrate(env["VALETKEY_DATABASE_URL"], tmp_path)
    ledgers.create_key(env["VALETKEY_DATABASE_URL"], NAME)

    def run(line: str, **more: str) -> CompletedProcess[str]:
        command = f'vk() {{ {shlex.quote(str(VALETKEY))} "$@"; }}; {line}'
        done = processes.run(["bash", "-c", command], env={**env, **more}, cwd=tmp_path, timeout=120)
        assert "Traceback" not in done.stderr, done.stderr
        assert "Exception ignored" not in done.stderr, done.stderr
        return done

    return run


def test_letters_that_the_terminal_has_not(shell: Shell) -> None:
    """They are escaped; JSON stays JSON."""
    plain = shell("vk keys list", PYTHONIOENCODING="latin-1")
    assert plain.returncode == 0
    assert "na\udcefve \\u6587" in plain.stdout
    as_json = shell("vk keys list --json", PYTHONIOENCODING="latin-1")
    assert json.loads(as_json.stdout)["keys"][0]["name"] == NAME


WRITES = ["keys list", "keys list --json", "keys create other", "openapi", "uploads list"]
HELPS = ["--help", "--version", "keys --help", "keys create -h"]


@pytest.mark.parametrize("command", [*WRITES, *HELPS])
def test_a_full_disk(command: str, shell: Shell) -> None:
    """It is said in a sentence, once."""
    done = shell(f"vk {command} >/dev/full")
    assert (done.returncode, done.stderr.count("No space left on device")) == (1, 1)


@pytest.mark.parametrize("command", ["keys list", "keys list --json", "openapi", "uploads list"])
def test_a_stream_that_is_closed(command: str, shell: Shell) -> None:
    """Nobody wants to read it: that is no error."""
    assert shell(f"vk {command} >&-").returncode == 0


UNREAD = "{ trap '' PIPE; while echo 2>/dev/null; do :; done; %s; } | true"
"""Runs a command as soon as nobody reads what it writes."""


@pytest.mark.parametrize("line", ["%s >/dev/full", "%s >&-", UNREAD], ids=["full", "closed", "unread"])
def test_a_key_that_nobody_has_seen_is_good_for_nothing(line: str, shell: Shell) -> None:
    """It is revoked again, or was never made; its id is said where there is one."""
    done = shell("set -o pipefail; " + line % "vk keys create other --json")
    kept = json.loads(shell("vk keys list --json").stdout)["keys"]
    others = [one for one in kept if one["name"] == "other"]
    assert done.returncode == 1
    assert [one["revoked_at"] is None for one in others] == ([] if ">&-" in line else [False])
    assert all(one["id"] in done.stderr for one in others)
