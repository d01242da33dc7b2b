"""Mobile clients as programs: what became of an app that ran to its end, and of one that the system ended."""

import json
import signal
from subprocess import CompletedProcess
from typing import Any


def only_row(done: CompletedProcess[str]) -> dict[str, Any]:
    """The one upload that an app says has ended; AssertionError where it failed, or says more."""
    assert done.returncode == 0, done.stderr
    [row] = [json.loads(line) for line in done.stdout.splitlines()]
    return dict(row)


def require_killed(done: CompletedProcess[str]) -> None:
    """AssertionError unless the system ended the app."""
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
