"""The log of a process of ours: lines on stderr."""

import logging
import os
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from time import sleep

from valetkey import waiting

MAX_UNWRITTEN = 1_000
"""How many lines wait for a log that is slow: with more, whoever logs waits for it, in a thread that may."""

PAUSE = 0.02
"""How long lines are collected, in seconds: to wake another thread for each costs as much as to write it."""


class PatientHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to stderr, which may be a pipe that nobody reads: what a thread logs that must not wait
    (`valetkey.waiting`) is written by a thread that does nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._unwritten: SimpleQueue[logging.LogRecord] = SimpleQueue()
        self._starting = Lock()
        self._thread: Thread | None = None

    def handle(self, record: logging.LogRecord) -> bool:
        if self._unwritten.qsize() >= MAX_UNWRITTEN:
            waiting.look()
        return waiting.at_end(partial(self._leave, record)) or super().handle(record)

    def _leave(self, record: logging.LogRecord) -> None:
        self._unwritten.put(record)
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = Thread(target=self._write, name="valetkey-log", daemon=True)
                    self._thread.start()

    def _write(self) -> None:
        while True:
            record = self._unwritten.get()
            sleep(PAUSE)
            for _ in range(self._unwritten.qsize()):
                super().handle(record)
                record = self._unwritten.get()
            super().handle(record)


def log_to_stderr() -> None:
    """What is ours from INFO on, and warnings of others."""
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.WARNING, format=form, handlers=[PatientHandler()])
    logging.getLogger("valetkey").setLevel(logging.INFO)
