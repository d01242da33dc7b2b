"""`valetkey serve` and `worker` without the cost of imports: forked from a process that has imported them.

A run starts hundreds of these processes, and their imports took more CPU time than the tests. Each worker of the run
has one process that has imported what the commands need. It forks a child for each start, with its own environment,
working directory, session and streams; the child runs `valetkey.cli.main`, as the installed command does, or a module
of the tests. Tests of the start itself execute the installed command.

    python -m tests.support.prepared DESCRIPTOR

is that process; it listens on the socket DESCRIPTOR, and ends when the other end is closed.
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
"""The maximum length of a message in bytes; most of it is an environment."""


class Forked(subprocess.Popen[bytes]):
    """A child of the prepared process, with an interface like that of `subprocess.Popen`."""

    _sigint_wait_secs = 0.0  # read by Popen where Ctrl-C ends its block

    def __init__(self, pid: int, args: Sequence[str | Path], ended: int) -> None:
        """``ended`` is a pipe from which its exit code is read."""
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
        """It is not a child of this process, so nothing has to wait for it."""


def can_start(env: Mapping[str, str]) -> bool:
    """Whether this environment has the same variables for Python itself as ours: Python reads them when it starts."""
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
    """Starts `valetkey`, or ``module`` as a program, with these arguments. Its output goes to ``log``, standard error
    to ``errors`` if given. It gets the signal ``dies_by`` if the run is killed."""
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
    """The process that forks. It is not a child of the test that needs it first."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        command = [*BY_DEFAULT, sys.executable, "-m", "tests.support.prepared", str(its.fileno())]
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True, pass_fds=[its.fileno()])
    return ours


def stop() -> None:
    """Stops the process that forks, if there is one, at the end of the run."""
    if _prepared.cache_info().currsize:
        _prepared().close()
        _prepared.cache_clear()


def _fork_for(there: socket.socket) -> tuple[str, list[str]]:
    """Forks for each request; returns in the child, with its module and arguments. Ends when the socket is closed."""
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
    """Sets up the child as exec and `processes.start` would; ``streams`` are its outputs."""
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
    """Imports valetkey, and forks; each child continues as `valetkey`, or as a module."""
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
