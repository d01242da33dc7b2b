"""The log of a process: nobody who must not wait waits for who reads it."""

import logging
import os
from collections.abc import Iterator
from threading import Thread
from time import monotonic, sleep

import pytest

from valetkey import logs, waiting
from valetkey.logs import PatientHandler


class Log:
    """One that writes into a pipe."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.handler = PatientHandler()
        self.handler.setStream(os.fdopen(self.writing, "w"))
        self.log = logging.Logger("test")
        self.log.addHandler(self.handler)

    def fill(self) -> None:
        """Until not a byte more fits in."""
        os.set_blocking(self.writing, False)
        try:
            while True:
                os.write(self.writing, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(self.writing, True)

    def read(self, size: int) -> bytes:
        """The next so many bytes, within a minute."""
        found, until = b"", monotonic() + 60
        while len(found) < size and monotonic() < until:
            found += os.read(self.reading, size - len(found))
        return found


@pytest.fixture
def pipe() -> Iterator[Log]:
    made = Log()
    yield made
    Thread(target=made.read, args=(10**7,), daemon=True).start()  # whoever writes yet, comes to an end


def test_who_may_wait_writes_at_once(pipe: Log) -> None:
    pipe.log.warning("a %s", "line")
    assert pipe.read(7) == b"a line\n"


def test_who_must_not_wait_writes_to_no_full_pipe(pipe: Log) -> None:
    """Another thread does, line by line, when somebody reads."""
    pipe.fill()
    waiting.without(pipe.log.warning, "first")
    waiting.without(pipe.log.warning, "second")
    while b"x" in (found := pipe.read(1)):
        pass
    assert found + pipe.read(12) == b"first\nsecond\n"


def test_what_is_begun_anew_is_logged_once(pipe: Log) -> None:
    """By whoever does it then, and what fails for another reason is logged as ever."""

    def look() -> None:
        pipe.log.warning("seen")
        waiting.look()

    def fail() -> None:
        pipe.log.warning("failed")
        raise ValueError("no")

    with pytest.raises(waiting.WouldWait):
        waiting.without(look)
    with pytest.raises(ValueError, match="no"):
        waiting.without(fail)
    assert pipe.read(7) == b"failed\n"
    look()
    assert pipe.read(5) == b"seen\n"


def test_a_log_that_is_too_slow_is_waited_for(pipe: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """By who may: what is not written yet does not grow for ever."""
    monkeypatch.setattr(logs, "MAX_UNWRITTEN", 3)
    pipe.fill()
    waiting.without(pipe.log.warning, "the writer waits with this one")
    sleep(5 * logs.PAUSE)
    for _ in range(3):
        waiting.without(pipe.log.warning, "and these wait")
    with pytest.raises(waiting.WouldWait):
        waiting.without(pipe.log.warning, "one too many")
