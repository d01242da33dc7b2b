"""`valetkey serve` and `worker` without what their imports take: forked from a process in which these are done.

A run starts hundreds of them, and importing took more CPU than what was tested. Each worker of the run has one process
that has imported what the commands need; it forks for each that is wanted, which has an environment, a folder, a
session and streams of its own and runs `valetkey.cli.main`, as the installed command does, or a module of the tests.
Tests of how a process starts execute the installed command.

    python -m tests.support.prepared DESCRIPTOR

is that process; it listens on the socket DESCRIPTOR, and ends with whoever holds the other end.
"""

import ctypes
import functools
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from runpy import run_module
from threading import Lock
from typing import IO

from tests.support.processes import BY_DEFAULT

ROOT = Path(__file__).parents[2]
VALETKEY = Path(sys.executable).with_name("valetkey")
MODULES = ("valetkey.cli", "valetkey.commands.server", "valetkey.serve", "valetkey.background", "psycopg")
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
LENGTH = 1 << 20
"""How long a message may be, in bytes; it is mostly an environment."""


class Forked(subprocess.Popen[bytes]):
    """A child of the prepared process, as `subprocess.Popen` has one of its own."""

    _sigint_wait_secs = 0.0  # read by Popen where Ctrl-C ends its block

    def __init__(self, pid: int, args: Sequence[str | Path], ended: int) -> None:
        """``ended`` is a pipe that gives its exit code."""
        self.pid, self.args, self._ended = pid, list(args), ended
        self.returncode: int | None = None
        self.stdin = self.stdout = self.stderr = None
        self._looking = Lock()

    def poll(self) -> int | None:
        """As of Popen."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """As of Popen."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _look(self, timeout: float | None) -> int | None:
        with self._looking:
            if self.returncode is None and select.select([self._ended], [], [], timeout)[0]:
                code = os.read(self._ended, 16)
                os.close(self._ended)
                self.returncode = int(code) if code else -signal.SIGKILL  # with the prepared process itself
            return self.returncode

    def __del__(self) -> None:
        """It is no child of this process, which need not wait for it."""


def can_start(env: Mapping[str, str]) -> bool:
    """Whether Python reads the same from this environment as from ours: it does so before it imports anything."""
    names = {name for name in (*env, *os.environ) if name.startswith("PYTHON")}
    return all(env.get(name) == os.environ.get(name) for name in names)


def start(
    args: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: IO[bytes],
    dies_by: str,
    module: str = "",
    errors: IO[bytes] | None = None,
) -> Forked:
    """`valetkey`, or ``module`` as a program, with these arguments; it writes to ``log``, or its standard error to
    ``errors``, and gets the signal ``dies_by`` when the run is killed."""
    wanted = {"args": list(args), "env": dict(env), "cwd": str(cwd), "dies_by": dies_by, "module": module}
    reader, writer = os.pipe()
    try:
        with _Prepared.lock:
            there = _prepared()
            socket.send_fds(there, [json.dumps(wanted).encode()], [log.fileno(), (errors or log).fileno(), writer])
            pid = int(there.recv(16))
    finally:
        os.close(writer)
    return Forked(pid, [module or VALETKEY, *args], reader)


class _Prepared:
    lock = Lock()


@functools.cache
def _prepared() -> socket.socket:
    """Whoever forks for us. It is not a child of the test that needs it first."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        command = [*BY_DEFAULT, sys.executable, "-m", "tests.support.prepared", str(its.fileno())]
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True, pass_fds=[its.fileno()])
    return ours


def stop() -> None:
    """Lets the process that forks end, if there is one; to be called at the end of the run."""
    if _prepared.cache_info().currsize:
        _prepared().close()
        _prepared.cache_clear()


def _fork_for(there: socket.socket) -> tuple[str, list[str]]:
    """Forks for each that is wanted; returns in the child, with its module and arguments. Ends when nobody listens any
    more."""
    watched = select.poll()
    watched.register(there, select.POLLIN)
    children: dict[int, tuple[int, int]] = {}
    while True:
        for descriptor, _ in watched.poll():
            if descriptor in children:
                watched.unregister(descriptor)
                pid, ended = children.pop(descriptor)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with suppress(BrokenPipeError):
                    os.write(ended, str(code).encode())
                os.close(ended)
                os.close(descriptor)
                continue
            message, given, _, _ = socket.recv_fds(there, LENGTH, 3)
            if not message:
                sys.exit()
            *streams, ended = given
            if (pid := os.fork()) == 0:
                return _begin(json.loads(message), streams)
            for stream in streams:
                os.close(stream)
            child = os.pidfd_open(pid)
            watched.register(child, select.POLLIN)
            children[child] = pid, ended
            there.send(str(pid).encode())


def _begin(wanted: dict[str, object], streams: Sequence[int]) -> tuple[str, list[str]]:
    """What exec and `processes.start` would have done for a process of its own; ``streams`` are what it writes to."""
    os.setsid()
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
    os.closerange(3, 4_096)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.Signals[f"SIG{wanted['dies_by']}"])
    os.chdir(str(wanted["cwd"]))
    os.environ.clear()
    env, args = wanted["env"], wanted["args"]
    assert isinstance(env, dict)
    assert isinstance(args, list)
    os.environ.update(env)
    time.tzset()
    module = str(wanted["module"])
    sys.path[0] = str(ROOT if module else VALETKEY.parent)
    return module, args


def main(descriptor: int) -> None:
    """Imports, and forks; each child is `valetkey`, or a module, from here on."""
    for name in MODULES:
        import_module(name)
    gc.collect()
    gc.freeze()
    module, args = _fork_for(socket.socket(fileno=descriptor))
    sys.argv = [str(VALETKEY), *args]
    if module:
        run_module(module, run_name="__main__", alter_sys=True)
    else:
        import_module("valetkey.cli").main()


if __name__ == "__main__":
    main(int(sys.argv[1]))
