#!/usr/bin/env python3
"""Runs an S3 server on this machine (JuiceFS, LocalStack, rclone, SeaweedFS, Swift), or a proxy in front of one.

For tests: on loopback only, and `stop` removes all data. `infra/stores/install.py` installs the servers, and
`recipes.py` defines how each starts. Ceph is started by `infra/ceph/rgw`.
"""

# ruff: noqa: S310, S603, S607, T201 -- it starts the servers' own commands, asks its own URL, and prints for a shell

import argparse
import contextlib
import fcntl
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from recipes import RECIPES, Recipe
from setting import Process, Setting

STATE = "store.json"  # also the sign that a directory is ours to delete


class Failure(Exception):
    """An error message for the terminal."""


def start(args: argparse.Namespace) -> None:
    directory: Path = args.dir.resolve()
    with lock(directory):
        if running(directory) is None:
            remove(directory)
            directory.mkdir(mode=0o700)
            supervise(directory, args)
        state = json.loads((directory / STATE).read_text())
    print(json.dumps(state) if args.json else "\n".join(f"{name}={value}" for name, value in state.items()))


@contextlib.contextmanager
def lock(directory: Path) -> Iterator[None]:
    """Serializes commands on directories with the same parent. The lock needs no file."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    parent = os.open(directory.parent, os.O_RDONLY)
    try:
        fcntl.flock(parent, fcntl.LOCK_EX)
        yield
    finally:
        os.close(parent)


def running(directory: Path) -> int | None:
    """The pid of the supervisor whose working directory this is; None if there is none."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        pid = int(json.loads((directory / STATE).read_text())["pid"])
        if (Path("/proc") / str(pid) / "cwd").readlink() == directory:
            return pid
    return None


def supervise(directory: Path, args: argparse.Namespace) -> None:
    """Starts the supervisor of the store, and returns when the store responds."""
    command = [sys.executable, __file__, "supervise", args.store, "--installed", args.installed.resolve()]
    command += ["--timeout", str(args.timeout), "--port", str(args.port or free_port())]
    command += ["--behind", args.behind] if args.behind else []
    command += ["--while-pid", str(args.while_pid)] if args.while_pid else []
    for given in args.set:
        command += ["--set", given]
    with (directory / "store.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        while process.poll() is None and not (directory / STATE).exists():
            time.sleep(0.05)
    except BaseException:  # Ctrl-C too
        process.terminate()
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)
        raise
    if process.poll() is not None:
        said = tail(directory)
        shutil.rmtree(directory, ignore_errors=True)
        raise Failure(f"{args.store} did not start:\n{said}")


def supervisor(args: argparse.Namespace) -> None:
    """The supervisor, which runs in the store's directory. When it ends, the store ends, and its data is removed."""
    for number in (signal.SIGTERM, signal.SIGINT):  # a script may have started us deaf to it
        signal.signal(number, lambda *_: sys.exit(0))
    directory, recipe = Path.cwd(), RECIPES[args.store]
    setting = Setting(
        directory, args.installed, args.port, behind(args.behind), dict(one.split("=", 1) for one in args.set)
    )
    children: list[subprocess.Popen[bytes]] = []
    try:
        deadline = time.monotonic() + args.timeout
        for step in recipe.prepare(setting):
            subprocess.run(step.argv, env=environment(step), check=True, timeout=args.timeout)
        children += [spawn(process) for process in recipe.processes(setting)]
        wait_until_ready(recipe, setting, children, deadline)
        write_state(directory, recipe.credentials(setting), args.port)
        wait_for_an_end(children, args.while_pid)
        if any(child.poll() is not None for child in children):
            print("a process has ended by itself", file=sys.stderr)
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        if (directory / STATE).exists():  # else `start` shows the log first
            shutil.rmtree(directory, ignore_errors=True)


def behind(given: str | None) -> dict[str, str]:
    return dict(json.loads(given)) if given else {}


def environment(process: Process) -> dict[str, str]:
    """Our environment without variables that would point the store to a cloud account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MINIO_", "RCLONE_"))}
    return kept | process.env


def spawn(process: Process) -> "subprocess.Popen[bytes]":
    """With setpriv, so that it also ends when this process is killed."""
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *process.argv],
        env=environment(process),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_until_ready(
    recipe: Recipe, setting: Setting, children: list["subprocess.Popen[bytes]"], deadline: float
) -> None:
    while True:
        if any(child.poll() is not None for child in children):
            raise Failure("a process has ended at its start")
        if time.monotonic() > deadline:
            raise Failure("it does not answer")
        with contextlib.suppress(OSError):
            try:
                with urllib.request.urlopen(setting.url + recipe.ready, timeout=5) as answer:
                    answer.read()
                    return
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    return
        time.sleep(0.05)


def write_state(directory: Path, credentials: dict[str, str], port: int) -> None:
    state = {"endpoint_url": f"http://127.0.0.1:{port}", **credentials, "pid": os.getpid()}
    new = directory / (STATE + ".new")
    new.write_text(json.dumps(state))
    new.rename(directory / STATE)


def wait_for_an_end(children: list["subprocess.Popen[bytes]"], owner: int | None) -> None:
    ends = [os.pidfd_open(child.pid) for child in children]
    if owner:
        try:
            ends.append(os.pidfd_open(owner))
        except ProcessLookupError:
            return
    select.select(ends, [], [])


def stop(args: argparse.Namespace) -> None:
    directory: Path = args.dir.resolve()
    with lock(directory):
        if pid := running(directory):
            end = os.pidfd_open(pid)
            os.kill(pid, signal.SIGTERM)
            if not select.select([end], [], [], 20)[0]:
                os.kill(pid, signal.SIGKILL)
                select.select([end], [], [], 20)
        remove(directory)


def remove(directory: Path) -> None:
    if not directory.exists():
        return
    if any(directory.iterdir()) and not (directory / STATE).exists() and not (directory / "store.log").exists():
        raise Failure(f"{directory} holds other files: not touching it")
    shutil.rmtree(directory)


def tail(directory: Path) -> str:
    return "\n".join((directory / "store.log").read_text(errors="replace").splitlines()[-25:])


def free_port() -> int:
    """A free port below the range of ephemeral ports."""
    while True:
        port = 10000 + secrets.randbelow(22000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    begin = commands.add_parser("start", help="start it, or say where it runs")
    inner = commands.add_parser("supervise", help="used by start")
    end = commands.add_parser("stop", help="stop it and delete its data")
    begin.set_defaults(run=start)
    inner.set_defaults(run=supervisor)
    end.set_defaults(run=stop)
    for one in (begin, inner):
        one.add_argument("store", choices=sorted(RECIPES))
        one.add_argument("--installed", type=Path, default=Path(".stores"), help="where install.py put things")
        one.add_argument("--behind", metavar="JSON", help="for a proxy: what `start --json` printed of its store")
        one.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the recipe")
        one.add_argument("--while-pid", type=int, metavar="PID", help="stop when this process ends")
        one.add_argument("--timeout", type=float, default=60, help="seconds (%(default)s)")
        one.add_argument("--port", type=int, help="of the S3 API on 127.0.0.1 (a free one)")
    for one in (begin, end):
        one.add_argument("--dir", type=Path, required=True, help="its files")
    begin.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    try:
        given.run(given)
    except (Failure, OSError, subprocess.SubprocessError) as failure:
        sys.exit(f"stores: {failure}")
