"""Ends what a test run has started when the run has ended, however it did: SIGKILL runs no clean-up.

    python -m tests.support.reaper watch PID NAME=VALUE DIRECTORY

waits for the end of process PID, gives all that was started with the environment variable some seconds to end by
itself (PostgreSQL and Ceph have watchers of their own), kills what is left, and removes the run's directory.

    python -m tests.support.reaper within SECONDS COMMAND...

runs a command that may take so long at most, and is its own reaper: for test runs that are not pytest's.
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
"""Seconds that processes have to end by themselves when the run is over; they have done so as a rule by then."""

KILLED = 8.0
"""The same where the run was killed, and nobody has told them to."""

TOO_LONG = 124
"""Our exit code for a command that we have ended, as that of timeout(1)."""


def watch(pid: int, mark: str, directory: Path) -> None:
    """Start the reaper for process `pid`; it holds no stream of ours open, and ends soon after that process.

    It is part of no run: that of an outer one, which is killed, would end it together with the run that it watches.
    """
    command = [sys.executable, "-m", "tests.support.reaper", "watch", str(pid), mark, str(directory)]
    nowhere = subprocess.DEVNULL
    env = {name: value for name, value in os.environ.items() if name != MARK}
    subprocess.Popen(command, cwd=ROOT, env=env, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)


def reap(mark: str, seconds: float | None = None) -> list[str]:
    """Wait until all of the run's processes have ended, then kill what has not; the command lines of these."""
    deadline = time.monotonic() + (GRACE if seconds is None else seconds)
    while (left := of_run(mark) or _on_a_second_look(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return sorted(left.values())


def _on_a_second_look(mark: str) -> dict[int, str]:
    """What was in the middle of exec at the first look: for a moment such a process shows no environment."""
    time.sleep(0.2)
    return of_run(mark)


def within(seconds: float, command: list[str]) -> int:
    """Run `command`, and return its exit code: 124 where it took longer, 1 where it left something running."""
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
    """Wait for the end of that process, and tidy up."""
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
