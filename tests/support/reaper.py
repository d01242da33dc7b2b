"""Ends what a test run has started, however the run ended: after SIGKILL there is no clean-up.

    python -m tests.support.reaper watch PID NAME=VALUE DIRECTORY

waits for the end of process PID, gives all processes that were started with the environment variable some seconds to
end (PostgreSQL and Ceph have their own watchers), kills the others, and removes the run's directory.

    python -m tests.support.reaper within SECONDS COMMAND...

runs a command with a time limit, and ends what it has started: for test runs without pytest.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.support.processes import of_run

ROOT = Path(__file__).parents[2]
MARK = "RUN_OF_TESTS"
"""The environment variable that all processes of a run have; its value is the run's directory."""

GRACE = float(os.environ.get("VALETKEY_TEST_GRACE", "60"))
"""The seconds that processes have to end by themselves after the run; usually they have already ended."""

KILLED = 8.0
"""The same if the run was killed, so that nothing has told them to end."""

TOO_LONG = 124
"""The exit code for a command that exceeded its time, as that of timeout(1)."""


def watch(pid: int, mark: str, directory: Path) -> None:
    """Starts the reaper for process `pid`. It keeps none of our streams open, and ends soon after that process.

    It does not belong to any run: if it belonged to an outer run, the end of that would end it, too.
    """
    command = [sys.executable, "-m", "tests.support.reaper", "watch", str(pid), mark, str(directory)]
    nowhere = subprocess.DEVNULL
    env = {name: value for name, value in os.environ.items() if name != MARK}
    subprocess.Popen(command, cwd=ROOT, env=env, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)


def reap(mark: str, seconds: float | None = None) -> list[str]:
    """Waits for the run's processes to end, and kills the others; returns the command lines of those."""
    deadline = time.monotonic() + (GRACE if seconds is None else seconds)
    while (left := of_run(mark) or _on_a_second_look(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return sorted(left.values())


def _on_a_second_look(mark: str) -> dict[int, str]:
    """Checks again for processes that were within exec at the first check: for a moment they have no environment."""
    time.sleep(0.2)
    return of_run(mark)


def within(seconds: float, command: list[str]) -> int:
    """Runs `command`, and returns its exit code: 124 if it took longer, 1 if it left processes running."""
    directory = Path(tempfile.mkdtemp(prefix="valetkey-"))
    mark = f"{MARK}={directory}"
    watch(os.getpid(), mark, directory)
    process = subprocess.Popen(command, env=os.environ | {MARK: str(directory)})
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        code = TOO_LONG
    if left := reap(mark):
        print(f"After {' '.join(command)} these were killed:", *left, sep="\n  ", file=sys.stderr)
        code = code or 1
    return code


def main(pid: int, mark: str, directory: Path) -> None:
    """Waits for the end of that process, and cleans up."""
    with suppress(ProcessLookupError):
        select.select([os.pidfd_open(pid)], [], [])
    for _ in range(5):  # what is killed may have started another
        if not reap(mark, KILLED):
            break
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    role, *given = sys.argv[1:]
    if role == "within":
        sys.exit(within(float(given[0]), given[1:]))
    main(int(given[0]), given[1], Path(given[2]))
