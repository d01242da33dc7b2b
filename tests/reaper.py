"""Ends what a test run has started when the run has ended, however it did: SIGKILL runs no clean-up.

    python -m tests.reaper PID NAME=VALUE DIRECTORY

waits for the end of process PID, gives all that was started with the environment variable some seconds to end by
itself (PostgreSQL and Ceph have watchers of their own), kills what is left, and removes the run's directory.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.processes import of_run

ROOT = Path(__file__).parents[1]
GRACE = 8.0
"""Seconds that processes have to end by themselves."""


def watch(pid: int, mark: str, directory: Path) -> None:
    """Start the reaper for process `pid`; it holds no stream of ours open, and ends soon after that process."""
    command = [sys.executable, "-m", "tests.reaper", str(pid), mark, str(directory)]
    nowhere = subprocess.DEVNULL
    subprocess.Popen(command, cwd=ROOT, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)


def reap(mark: str) -> list[str]:
    """Wait until all of the run's processes have ended, then kill what has not; the command lines of these."""
    deadline = time.monotonic() + GRACE
    while (left := of_run(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return sorted(left.values())


def main() -> None:
    pid, mark, directory = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    with suppress(ProcessLookupError):
        select.select([os.pidfd_open(pid)], [], [])
    for _ in range(5):  # what is killed may have started another
        if not reap(mark):
            break
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
