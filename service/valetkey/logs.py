"""The log of valetkey's processes: lines on stderr."""

import atexit
import logging
import os
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Event, Lock, Thread
from time import sleep

from valetkey import waiting

MAX_UNWRITTEN = 1_000
"""How many lines are queued for a slow log: beyond that, threads that may wait do so."""

PAUSE = 0.02
"""How long lines are collected, in seconds: waking another thread for each costs as much as writing it."""

LAST_SECONDS = 2.0
"""How long a process that ends waits for the reader of its log, in seconds."""


class PatientHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to stderr, which may be a pipe that nobody reads: lines of threads that must not wait
    (`valetkey.waiting`) are written by a separate thread."""

    def __init__(self) -> None:
        super().__init__()
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._unwritten: SimpleQueue[logging.LogRecord | Event] = SimpleQueue()
        self._starting = Lock()
        self._thread: Thread | None = None

    def handle(self, record: logging.LogRecord) -> bool:
        if self._unwritten.qsize() >= MAX_UNWRITTEN:
            waiting.look()
        return waiting.at_end(partial(self._leave, record)) or super().handle(record)

    def drain(self) -> None:
        """Waits until the thread has written all its lines, for `LAST_SECONDS` at most."""
        if self._thread is not None:
            written = Event()
            self._unwritten.put(written)
            written.wait(LAST_SECONDS)

    def _leave(self, record: logging.LogRecord) -> None:
        if self._has_thread():
            self._unwritten.put(record)
        else:
            super().handle(record)

    def _has_thread(self) -> bool:
        """Starts the thread with the first line. Returns False if the system cannot start one now; the next line tries
        again."""
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    thread = Thread(target=self._write, name="valetkey-log", daemon=True)
                    try:
                        thread.start()
                    except RuntimeError:
                        return False
                    self._thread = thread
        return True

    def _write(self) -> None:
        while True:
            left = [self._unwritten.get()]
            sleep(PAUSE)
            left += [self._unwritten.get() for _ in range(self._unwritten.qsize())]
            for one in left:
                if isinstance(one, Event):
                    one.set()
                    continue
                with suppress(Exception):  # one line that cannot be written must not stop the others
                    super().handle(one)


def drain() -> None:
    """Writes the queued lines of this process before it ends. A process in which `atexit` does not run, such as one
    forked by `multiprocessing`, has to call this."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PatientHandler):
            handler.drain()


def log_to_stderr() -> None:
    """Logs our messages from INFO on, and warnings of others."""
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.WARNING, format=form, handlers=[PatientHandler()])
    logging.getLogger("valetkey").setLevel(logging.INFO)
    atexit.register(drain)  # granian removes handlers from the list of those that `logging` closes
