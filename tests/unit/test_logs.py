"""The log of a process: threads that must not wait do not wait for its reader."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from select import select
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
        while len(found) < size and (left := until - monotonic()) > 0:
            if select([self.reading], [], [], left)[0]:
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


def is_being_written(pipe: Log) -> bool:
    """Whether a thread has gone to write a line: what comes now is left for later."""
    assert pipe.handler.lock is not None
    if pipe.handler.lock.acquire(blocking=False):
        pipe.handler.lock.release()
        return False
    return True


def test_a_log_that_is_too_slow_is_waited_for(pipe: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """By who may: what is not written yet does not grow for ever."""
    monkeypatch.setattr(logs, "MAX_UNWRITTEN", 3)
    pipe.fill()
    waiting.without(pipe.log.warning, "the writer waits with this one")
    while not is_being_written(pipe):
        sleep(logs.PAUSE)
    for _ in range(3):
        waiting.without(pipe.log.warning, "and these wait")
    with pytest.raises(waiting.WouldWait):
        waiting.without(pipe.log.warning, "one too many")


class NoThread(Thread):
    """What a system gives that has none."""

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_a_thread_that_could_not_be_started_is_tried_again(pipe: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is written all the same, by who logs; and so are those after it, by the thread that there is then."""
    with monkeypatch.context() as changed:
        changed.setattr(logs, "Thread", NoThread)
        waiting.without(pipe.log.warning, "first")
    assert pipe.read(6) == b"first\n"
    pipe.fill()
    waiting.without(pipe.log.warning, "second")
    while b"x" in (found := pipe.read(1)):
        pass
    assert found + pipe.read(6) == b"second\n"


def test_a_line_that_fails_ends_no_log(pipe: Log) -> None:
    """A filter of somebody else's may raise anything: the lines after it are written."""

    def refuse(record: logging.LogRecord) -> bool:
        if record.msg == "bad":
            raise ValueError("no")
        return True

    pipe.handler.addFilter(refuse)
    waiting.without(pipe.log.warning, "bad")
    waiting.without(pipe.log.warning, "good")
    assert pipe.read(5) == b"good\n"
    waiting.without(pipe.log.warning, "bad")
    pipe.handler.drain()
    waiting.without(pipe.log.warning, "good")
    assert pipe.read(5) == b"good\n"


def test_no_log_takes_the_place_of_an_answer() -> None:
    """What is done at the end may fail: what was found is found, and what was raised is raised."""

    def end() -> None:
        raise RuntimeError("can't start new thread")

    ended: list[str] = []

    def answer(error: Exception | None) -> str:
        assert waiting.at_end(end)
        assert waiting.at_end(lambda: ended.append("one"))
        if error is not None:
            raise error
        return "the answer"

    assert waiting.without(answer, None) == "the answer"
    with pytest.raises(ValueError, match="no"):
        waiting.without(answer, ValueError("no"))
    assert ended == ["one", "one"]


AS_GRANIAN_DOES = 'logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})'

ENDS = {
    "a process": f"""
import logging.config
from valetkey import logs, waiting

logs.log_to_stderr()
{AS_GRANIAN_DOES}
waiting.without(logging.getLogger("valetkey").warning, "the last line")
""",
    "granian's": f"""
import logging.config, multiprocessing
from granian import Granian
from valetkey import logs, serve, waiting

def serves(*_):
    {AS_GRANIAN_DOES}
    waiting.without(logging.getLogger("valetkey").warning, "the last line")

Granian._spawn_rsgi_worker = staticmethod(serves)
logs.log_to_stderr()
process = multiprocessing.get_context("fork").Process(target=serve.begin_process)
process.start()
process.join()
""",
}


@pytest.mark.parametrize("process", ENDS)
def test_the_last_lines_are_written_too(process: str) -> None:
    """Of a process that ends as Python has it, and of one that granian has forked, which calls no `atexit`."""
    ran = subprocess.run([sys.executable, "-c", ENDS[process]], capture_output=True, text=True, timeout=300, check=True)
    assert "the last line" in ran.stderr


def test_an_end_does_not_wait_for_a_log_that_nobody_reads(pipe: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LAST_SECONDS", 0.2)
    pipe.fill()
    waiting.without(pipe.log.warning, "never read")
    begun = monotonic()
    pipe.handler.drain()
    assert monotonic() - begun >= 0.2
