"""A bash that lives as long as a page, so that its variables do."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.support import processes

PATIENCE = 180
"""Seconds that one command may take."""

SERVES = re.compile(
    r"(valetkey (serve|dev|worker)|flask .*\brun|gunicorn|granian|uwsgi|uvicorn|python manage\.py runserver"
    r"|redis-server|celery .*\bworker|rq worker)\b"
)
"""Commands that do not end by themselves: they run in the background, and the page goes on when they listen."""


class Failed(Exception):
    """A command that did not do what the page says."""


@dataclass
class Shell:
    """A bash that begins in ``directory``; all that it starts ends with it."""

    directory: Path
    given: IO[bytes]
    process: "subprocess.Popen[bytes]"
    _count: int = field(default=0)

    def run(self, command: str, status: int = 0) -> str:
        """What ``command`` printed, errors as well. Raises `Failed` where it exits with another status."""
        out, ended = self._begin(command, "")
        deadline = time.monotonic() + PATIENCE
        while not ended.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{command}\ndoes not end; so far:\n{out.read_text(errors='replace')}")
            time.sleep(0.01)
        printed = out.read_text(errors="replace")
        if int(ended.read_text()) != status:
            raise Failed(f"{command}\nexits with {ended.read_text().strip()}:\n{printed}")
        return printed

    def start(self, command: str, port: int | None) -> None:
        """Begins ``command`` in the background, and waits until somebody listens on ``port``. Raises `Failed`."""
        out, ended = self._begin(command, "&")
        deadline = time.monotonic() + PATIENCE
        while port is not None and not _listens(port):
            if ended.exists() or time.monotonic() > deadline:
                raise Failed(f"{command}\ndoes not listen on {port}:\n{out.read_text(errors='replace')}")
            time.sleep(0.05)

    @property
    def here(self) -> Path:
        """The working directory, which commands may have left for another."""
        said = self.directory / ".here"
        return Path(said.read_text().strip()) if said.exists() else self.directory

    def _begin(self, command: str, how: str) -> tuple[Path, Path]:
        """Has bash read it from a file: no quoting, and here-documents are as they were written."""
        self._count += 1
        script, out, ended = (self.directory / f".{self._count}.{kind}" for kind in ("sh", "out", "ended"))
        script.write_text(command + "\n")
        here = f'pwd >"{self.directory}/.here"; ' if not how else ""
        say = f'echo $? >"{ended}.part"; {here}mv "{ended}.part" "{ended}"'
        whole = f'{{ . "{script}" >"{out}" 2>&1 </dev/null; {say}; }} {how}\n'
        self.given.write(whole.encode())
        self.given.flush()
        return out, ended


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running_shell(directory: Path, env: Mapping[str, str]) -> Iterator[Shell]:
    """A bash in ``directory`` that knows ``env`` and no start files."""
    command = ["bash", "--norc", "--noprofile"]
    with processes.running(command, stdin=subprocess.PIPE, cwd=directory, env=dict(env)) as process:
        assert process.stdin is not None
        yield Shell(directory, process.stdin, process)
