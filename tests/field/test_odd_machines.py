"""H. Containers that lack what other machines have: a home, an entry in /etc/passwd, a temporary directory.

Reported: a container's user without an entry, so that no home is known (phusion/passenger #1849,
rustdesk/rustdesk-server #612). Tried: a read-only root without a writable /tmp, where `serve`, `worker`, `migrate` and
`doctor` run as they are.
"""

import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from valetkey.cli import main

NOWHERE = "http://127.0.0.1:9"


def test_a_home_that_nobody_knows(tmp_path: Path) -> None:
    """`put` goes on, and says what it cannot do; a stack trace before."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"bytes")
    args = ["put", str(file), "--endpoint", NOWHERE, "--retry-for", "0", "--state-home", "~nobody-of-this-name/state"]
    done = CliRunner().invoke(main, args)
    assert "Set XDG_STATE_HOME" in done.stderr
    assert isinstance(done.exception, SystemExit), done.exception  # the service is not there


def test_no_temporary_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`dev`, which keeps all it has in one, says what to set; a stack trace before."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["dev", "--port", "0"])
    assert (done.exit_code, "TMPDIR" in done.output) == (1, True), done.output
