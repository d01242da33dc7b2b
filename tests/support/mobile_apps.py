"""Mobile clients as programs: checks of an app that ran to its end, and of one that was killed."""

import json
import signal
from subprocess import CompletedProcess
from typing import Any


def only_row(done: CompletedProcess[str]) -> dict[str, Any]:
    """The only upload in the app's output. Raises `AssertionError` if the app failed, or its output has more."""
    assert done.returncode == 0, done.stderr
    [row] = [json.loads(line) for line in done.stdout.splitlines()]
    return dict(row)


def require_killed(done: CompletedProcess[str]) -> None:
    """Raises `AssertionError` unless the app was killed."""
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
