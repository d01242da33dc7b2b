"""Processes that tests start: what they inherit does not depend on how the run was started, and none outlives it.

The shell starts a script's background jobs (`make test &`) with SIGINT ignored, and `nohup` ignores SIGHUP; every
child inherits that through exec, and would never notice that a test interrupts it.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

Command = Sequence[str | Path]

RESOURCE_TRACKER = "multiprocessing.resource_tracker"
BY_DEFAULT = ("env", "--default-signal=HUP,INT,QUIT,TERM,PIPE,ALRM,USR1,USR2,CHLD")

WITHOUT_OTHERS = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:anyio")
"""Options of a pytest that a test starts: to import these plugins, which it has no use for, takes nine tenths of it."""


def start(command: Command, *, dies_by: str = "KILL", **options: Any) -> "subprocess.Popen[bytes]":
    """A process in a session of its own, with the system's own meaning of each signal and nothing on standard input.

    It gets the signal `dies_by` when the thread that starts it ends, be it that the test run is killed. ``options`` are
    those of `subprocess.Popen`. Use `running`, which also ends it, wherever a block can hold it.
    """
    options = {"stdin": subprocess.DEVNULL, "start_new_session": True} | options
    whole = [*BY_DEFAULT, "setpriv", "--pdeathsig", dies_by, *command]
    return cast("subprocess.Popen[bytes]", subprocess.Popen(whole, **options))


@contextmanager
def running(
    command: Command, *, ends_by: signal.Signals = signal.SIGKILL, **options: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """The process runs beside the block; after it, `end` is sure to have been called."""
    with ended(start(command, **options), ends_by) as process:
        yield process


@contextmanager
def ended(process: "subprocess.Popen[bytes]", by: signal.Signals) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that was started already runs beside the block; after it, `end` is sure to have been called."""
    with process:
        try:
            yield process
        finally:
            end(process, by)


def end(process: "subprocess.Popen[bytes]", first: signal.Signals = signal.SIGTERM, seconds: float = 10) -> None:
    """Send `first` where it still runs; SIGKILL to what is left of its session after so many seconds."""
    if first != signal.SIGKILL and process.poll() is None:
        process.send_signal(first)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(
    command: Command, *, timeout: float, given: bytes | None = None, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end and return what it printed; `given` is its standard input.

    Raises `subprocess.TimeoutExpired` when it takes longer than `timeout` seconds; it has been ended then, with all
    that it started in its session.
    """
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    streams |= {"stdin": subprocess.DEVNULL if given is None else subprocess.PIPE}
    with running(command, **(streams | options)) as process:
        out, err = process.communicate(given, timeout)
    printed = [(text or b"").decode(errors="surrogateescape") for text in (out, err)]
    return subprocess.CompletedProcess(list(command), process.returncode, *printed)


def of_run(mark: str) -> dict[int, str]:
    """The command lines, by pid, of all processes but this one that were started with the environment variable `mark`.

    ``mark`` is NAME=VALUE. What Python's multiprocessing keeps for as long as its caller lives is left out.
    """
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile, or is another user's
            if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    found.pop(os.getpid(), None)
    return {pid: command for pid, command in found.items() if command and RESOURCE_TRACKER not in command}
