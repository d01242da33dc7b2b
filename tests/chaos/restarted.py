"""The services and the workers as processes that are started again whatever ended them."""

import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from types import MappingProxyType
from typing import TYPE_CHECKING

from tests.support import processes, servers

if TYPE_CHECKING:
    import subprocess

BEGUN = "at work"
"""What a program prints when it may be killed: it has begun."""


class Supervised:
    """Any number of services and workers: ``wanted`` has the environment of each by its name, "serve …" or "worker …".

    ``programs`` has the modules and arguments of other names, which print `BEGUN` when they are at work. One thread
    starts them all and lives as long as they: they end with the thread that started them.
    """

    def __init__(
        self, wanted: Mapping[str, Mapping[str, str]], directory: Path, programs: Mapping[str, Sequence[str]]
    ) -> None:
        self._wanted = wanted
        self._directory = directory
        self._programs = programs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._begin: dict[str, int] = {}  # where the log of its present process begins
        self._lock = Lock()
        self._stop = Event()
        self._thread = Thread(target=self._supervise, daemon=True)

    @property
    def names(self) -> list[str]:
        return sorted(self._wanted)

    def kill(self, name: str) -> bool:
        """SIGKILL to it and all its children; False where it has not begun to work since its last end.

        A machine that is so busy that a start takes longer than the time between two kills would see no work at all.
        """
        with self._lock:
            if self._has_begun(name):
                processes.end(self._running[name], signal.SIGKILL)
                return True
        return False

    def is_surprised(self, name: str) -> bool:
        """Whether we logged a stack trace. Granian prints its own when the ledger goes away as its process starts."""
        return re.search(r" ERROR valetkey[^\n]*\nTraceback", self.logs()[name]) is not None

    def logs(self) -> dict[str, str]:
        """All that each of them printed."""
        return {name: self._log(name).read_text(errors="replace") for name in self._wanted}

    def wait_until_begun(self, seconds: float = 120) -> None:
        """Until all of them are at work. Raises RuntimeError when they are not after so long."""
        deadline = time.monotonic() + seconds
        while not all(self._has_begun(name) for name in self._wanted):
            if time.monotonic() > deadline:
                raise RuntimeError(f"they did not begin: {self.logs()}")
            time.sleep(0.1)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def _supervise(self) -> None:
        while not self._stop.wait(0.05):
            with self._lock:
                for name in self._wanted:
                    process = self._running.get(name)
                    if process is None or process.poll() is not None:
                        self._running[name] = self._start(name)
        for process in self._running.values():
            processes.end(process, signal.SIGKILL)

    def _has_begun(self, name: str) -> bool:
        process = self._running.get(name)
        if process is None or process.poll() is not None:
            return False
        printed = self._log(name).read_text(errors="replace")[self._begin[name] :]
        return any(words in printed for words in ("Started worker", "the worker has started", BEGUN))  # granian's, ours

    def _start(self, name: str) -> "subprocess.Popen[bytes]":
        with self._log(name).open("ab") as log:
            self._begin[name] = len(self._log(name).read_text(errors="replace"))
            module, *args = self._programs.get(name, ("", role(name)))
            return servers.start(args, self._wanted[name], self._directory, log, module=module)

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}.log"


@contextmanager
def supervised(
    wanted: Mapping[str, Mapping[str, str]],
    directory: Path,
    programs: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[Supervised]:
    """All of them running when yielded, and ended afterwards."""
    all_of_them = Supervised(wanted, directory, programs)
    all_of_them.start()
    try:
        all_of_them.wait_until_begun()
        yield all_of_them
    finally:
        all_of_them.stop()


def role(name: str) -> str:
    """The command that it runs."""
    return name.partition(" ")[0]
