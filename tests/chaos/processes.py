"""The services and the workers as processes that are started again whatever ended them."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread

from tests.servers import VALETKEY


class Supervised:
    """Any number of services and workers: ``wanted`` has the environment of each by its name, "serve …" or "worker …".

    One thread starts them all and lives as long as they: they end with the thread that started them (`setpriv`).
    """

    def __init__(self, wanted: Mapping[str, Mapping[str, str]], directory: Path) -> None:
        self._wanted = wanted
        self._directory = directory
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = Lock()
        self._stop = Event()
        self._thread = Thread(target=self._supervise, daemon=True)

    @property
    def names(self) -> list[str]:
        return sorted(self._wanted)

    def kill(self, name: str) -> bool:
        """SIGKILL to it and all its children; False where it was not running."""
        with self._lock:
            process = self._running.get(name)
            if process is None or process.poll() is not None:
                return False
            _kill(process)
        return True

    def logs(self) -> dict[str, str]:
        """All that each of them printed."""
        return {name: self._log(name).read_text(errors="replace") for name in self._wanted}

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
            _kill(process)

    def _start(self, name: str) -> "subprocess.Popen[bytes]":
        with self._log(name).open("ab") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", VALETKEY, role(name)],
                env=self._wanted[name],
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}.log"


@contextmanager
def supervised(wanted: Mapping[str, Mapping[str, str]], directory: Path) -> Iterator[Supervised]:
    """All of them running when yielded, and ended afterwards."""
    processes = Supervised(wanted, directory)
    processes.start()
    try:
        _wait_until_begun(processes)
        yield processes
    finally:
        processes.stop()


def role(name: str) -> str:
    """The command that it runs."""
    return name.partition(" ")[0]


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait_until_begun(processes: Supervised, seconds: float = 60) -> None:
    """A service says "Started worker", a worker "the worker has begun"."""
    deadline = time.monotonic() + seconds
    time.sleep(0.2)
    while not all("worker has begun" in log or "Started worker" in log for log in processes.logs().values()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"they did not begin: {processes.logs()}")
        time.sleep(0.1)
