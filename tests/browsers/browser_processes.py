"""Processes of browsers, with a log that says where they listen."""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import processes


@dataclass(frozen=True)
class Logged:
    """A running process and the file that it prints to."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def says(self, pattern: str, seconds: float = 60) -> str:
        """The first group of `pattern` in what it printed, waiting for it; RuntimeError when it ends without."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.log.read_text(errors="replace"))):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"{self.process.args!r} did not start:\n{self.log.read_text(errors='replace')[-4000:]}"
                )
            time.sleep(0.05)
        return found[1]


@contextmanager
def running(command: Sequence[str | Path], directory: Path, env: Mapping[str, str]) -> Iterator[Logged]:
    """Start `command` in `directory`; it ends with the block, or with us."""
    log = directory / f"{Path(command[0]).name}.log"
    with log.open("wb") as output:
        process = processes.start(
            command, dies_by="TERM", cwd=directory, env=env, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield Logged(process, log)
    finally:
        processes.end(process)
