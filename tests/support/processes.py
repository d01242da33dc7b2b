"""Processes that tests start: they do not depend on how the run was started, and none outlives it.

A shell starts a script's background jobs (`make test &`) with SIGINT ignored, and `nohup` ignores SIGHUP. Children
inherit that through exec, and would ignore a test's interrupt.
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
"""Options for a pytest that a test starts: importing these unused plugins would take nine tenths of its time."""


def start(command: Command, *, dies_by: str = "KILL", **options: Any) -> "subprocess.Popen[bytes]":
    """Starts a process in its own session, with default signal handling and an empty standard input.

    It gets the signal `dies_by` when the thread that starts it ends, also if the test run is killed. ``options`` are
    those of `subprocess.Popen`. Prefer `running`, which also ends the process, wherever a block is possible.
    """
    options = {"stdin": subprocess.DEVNULL, "start_new_session": True} | options
    whole = [*BY_DEFAULT, "setpriv", "--pdeathsig", dies_by, *command]
    return cast("subprocess.Popen[bytes]", subprocess.Popen(whole, **options))


@contextmanager
def running(
    command: Command, *, ends_by: signal.Signals = signal.SIGKILL, **options: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs the process during the block, and calls `end` afterwards."""
    with ended(start(command, **options), ends_by) as process:
        yield process


@contextmanager
def ended(process: "subprocess.Popen[bytes]", by: signal.Signals) -> Iterator["subprocess.Popen[bytes]"]:
    """Calls `end` after the block, for a process that was already started."""
    with process:
        try:
            yield process
        finally:
            end(process, by)


def end(process: "subprocess.Popen[bytes]", first: signal.Signals = signal.SIGTERM, seconds: float = 10) -> None:
    """Sends `first` to the process if it still runs, and SIGKILL to the rest of its session after so many seconds."""
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
    """Runs a command, and returns its output; `given` is its standard input.

    Raises `subprocess.TimeoutExpired` if it takes longer than `timeout` seconds, after ending it with all processes of
    its session.
    """
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    streams |= {"stdin": subprocess.DEVNULL if given is None else subprocess.PIPE}
    with running(command, **(streams | options)) as process:
        out, err = process.communicate(given, timeout)
    printed = [(text or b"").decode(errors="surrogateescape") for text in (out, err)]
    return subprocess.CompletedProcess(list(command), process.returncode, *printed)


def of_run(mark: str) -> dict[int, str]:
    """The command lines, by pid, of all other processes that were started with the environment variable `mark`.

    ``mark`` is NAME=VALUE. Helper processes of Python's multiprocessing, which live as long as their caller, are left
    out.
    """
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile, or is another user's
            if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    found.pop(os.getpid(), None)
    return {pid: command for pid, command in found.items() if command and RESOURCE_TRACKER not in command}
