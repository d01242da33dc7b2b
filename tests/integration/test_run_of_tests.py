"""The test run itself, with a few tests of its own: it ends, and nothing that it started keeps running.

Whatever the shell has it ignore, whatever hangs in it, and whoever kills it.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from subprocess import CompletedProcess
from typing import cast

import pytest
from tests.support import order, processes

ROOT = Path(__file__).parents[2]
HEAD = """
import os, signal, subprocess, sys, threading, time
from pathlib import Path
import pytest
from tests.support import bounds
from tests.support import order, processes
from tests.support import reaper
reaper.GRACE = 3

def forever(**options):
    process = subprocess.Popen(["sleep", "600"], **options)
    Path(os.environ["PIDS"]).open("a").write(f"{process.pid}\\n")
    return process
"""

ROOMS = [
    "browsers/test_a",
    "chaos/test_b",
    "docs/test_blocks",
    "docs/test_c",
    "e2e/test_d",
    "e2e/test_e",
    "unit/test_f",
]

Starting = Callable[..., list[str | Path]]


@pytest.fixture
def starting(tmp_path: Path) -> Starting:
    """The command that runs pytest, as this run was set up, on a module of this text, and `before` that."""

    def command(text: str, *options: str, before: tuple[str, ...] = ()) -> list[str | Path]:
        (tmp_path / "test_them.py").write_text(HEAD + text)
        setup = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
        setup += processes.WITHOUT_OTHERS
        return [*before, sys.executable, "-m", "pytest", *setup, *options, tmp_path / "test_them.py"]

    return command


def ran(command: list[str | Path], tmp_path: Path, timeout: float = 150) -> CompletedProcess[str]:
    return processes.run(command, cwd=ROOT, env=environment(tmp_path), timeout=timeout)


def environment(tmp_path: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return ours | {"PIDS": str(tmp_path / "pids"), "VALETKEY_TEST_GRACE": "8"}


def alive(tmp_path: Path) -> list[int]:
    """Those of its processes that run still; they all write their ids down first."""
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert pids
    return [pid for pid in pids if Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()]


INTERRUPTS = """
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
@pytest.mark.parametrize("start", [forever, lambda: processes.start(["sleep", "600"])])
def test_interrupts(start, how):
    process = start()
    process.send_signal(how)
    assert process.wait(60) == -how

def test_keeps_out_of_it():
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getppid(), signal.SIGINT)
"""


@pytest.mark.parametrize("options", [("-n", "2"), ("-n", "0", "--deselect", "test_keeps_out_of_it")])
def test_a_background_job_of_a_script(starting: Starting, tmp_path: Path, options: tuple[str, ...]) -> None:
    """SIGINT and SIGQUIT are ignored, and for the run they stay so; what its tests start takes them all the same."""
    ignoring = ("env", "--ignore-signal=INT,QUIT,HUP")
    text = INTERRUPTS if "2" in options else INTERRUPTS.replace("    os.kill(os.getppid(), signal.SIGINT)\n", "")
    done = ran(starting(text, *options, before=ignoring), tmp_path)
    assert (done.returncode, "5 passed" in done.stdout) == (0, True), done.stdout + done.stderr


HANGS = """
def test_waits():
    threading.Event().wait()

def test_waits_for_a_thread():
    over = threading.Event()
    threading.Thread(target=over.wait).start()
    try:
        over.wait()
    finally:
        over.set()

@pytest.mark.timeout(60)
def test_takes_its_time():
    time.sleep(2)
"""


def test_a_test_that_hangs(starting: Starting, tmp_path: Path) -> None:
    """It fails at its bound and says where it was; the others run, with bounds of their own."""
    done = ran(starting(HANGS, "-n", "0", "--timeout", "1"), tmp_path)
    assert (done.returncode, "2 failed, 1 passed" in done.stdout) == (1, True), done.stdout + done.stderr
    assert "threading.Event().wait()" in done.stdout


HANGS_IN_CLEAN_UP = """
bounds.GRACE = 3
@pytest.fixture
def thing():
    yield
    threading.Event().wait()

def test_whose_clean_up_hangs(thing):
    forever()
    threading.Event().wait()

@pytest.mark.timeout(60)
def test_beside_it():
    time.sleep(1)
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_clean_up_that_hangs(starting: Starting, tmp_path: Path, workers: str) -> None:
    """The process is ended and says where it was; with workers, another one does what is left."""
    done = ran(starting(HANGS_IN_CLEAN_UP, "-n", workers, "--timeout", "1"), tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "in thing" in done.stderr
    if workers != "0":
        assert " failed, 1 passed" in done.stdout
    assert wait_for_none(tmp_path)


LEAVES_A_THREAD = """
bounds.GRACE = 3
def test_leaves_a_thread():
    threading.Thread(target=threading.Event().wait).start()
"""


def test_an_end_that_hangs(starting: Starting, tmp_path: Path) -> None:
    """A thread that never ends does not keep the run: it fails, and says where the thread is."""
    done = ran(starting(LEAVES_A_THREAD, "-n", "0"), tmp_path)
    assert ("1 passed" in done.stdout, done.returncode) == (True, 1), done.stdout + done.stderr
    assert "in wait" in done.stderr


ENDS_BEFORE_THE_OTHER = """
bounds.GRACE = 1
@pytest.mark.parametrize("seconds", [0, 8])
def test_takes(seconds):
    time.sleep(seconds)
"""


def test_a_worker_that_has_nothing_left_to_do(starting: Starting, tmp_path: Path) -> None:
    """It waits for the others, however long they take, and nothing is said of it."""
    done = ran(starting(ENDS_BEFORE_THE_OTHER, "-n", "2", "--dist", "worksteal"), tmp_path)
    assert (done.returncode, "2 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    assert "Timeout" not in done.stdout + done.stderr


LEAVES_A_PROCESS = """
def test_leaves_a_process():
    forever(start_new_session=True)
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_process_that_a_test_leaves(starting: Starting, tmp_path: Path, workers: str) -> None:
    """It is killed, also in a session of its own; the run has failed and names it."""
    done = ran(starting(LEAVES_A_PROCESS, "-n", workers), tmp_path)
    assert ("1 passed" in done.stdout, done.returncode) == (True, 1), done.stdout + done.stderr
    assert "sleep 600" in done.stderr
    assert alive(tmp_path) == []


KILLED = """
def test_is_killed():
    processes.start(["setsid", "sleep", "600"])
    forever(start_new_session=True)
    time.sleep(60)
"""


WITHIN = (sys.executable, "-m", "tests.support.reaper", "within", "600")


@pytest.mark.parametrize(("workers", "before"), [("0", ()), ("1", ()), ("0", WITHIN)], ids=["alone", "workers", "make"])
def test_a_run_that_is_killed(starting: Starting, tmp_path: Path, workers: str, before: tuple[str, ...]) -> None:
    """SIGKILL runs no clean-up: what it started ends all the same, and its directory goes. So it is where what make
    began the run by is killed."""
    env = environment(tmp_path) | {"TMPDIR": str(tmp_path)}
    with processes.running(starting(KILLED, "-n", workers, before=before), cwd=ROOT, env=env) as run:
        deadline = time.monotonic() + 60
        while not (tmp_path / "pids").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
        run.wait(60)
    assert wait_for_none(tmp_path)
    deadline = time.monotonic() + 60
    while list(tmp_path.glob("valetkey-*")):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_command_that_takes_too_long(tmp_path: Path) -> None:
    """What is no run of pytest is bounded, too, and ended with all that it started; what it leaves running is named."""
    within = [sys.executable, "-m", "tests.support.reaper", "within"]
    sleeper = 'setsid sleep 600 & echo $! >>"$PIDS"; '
    late = ran([*within, "1", "sh", "-c", sleeper + "exec sleep 600"], tmp_path)
    left = ran([*within, "60", "sh", "-c", sleeper], tmp_path)
    fine = ran([*within, "60", "sh", "-c", "exit 3"], tmp_path)
    assert [one.returncode for one in (late, left, fine)] == [124, 1, 3]
    assert "sleep 600" in left.stderr
    assert fine.stderr == ""
    assert alive(tmp_path) == []


NEEDS = """
from tests.support import needs
needs.ROOT = Path(__file__).parent
needs.LOCK = needs.ROOT / "lock"

@pytest.fixture
def rgw(): ...

def test_on_a_store(rgw): ...

@pytest.mark.parametrize("place", ["memory", "postgresql"])
def test_on_a_ledger(place): ...

@pytest.mark.needs("browser")
def test_in_a_browser(): ...

def test_of_the_core(): ...
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """In the place of infra/system-packages, one that says what it was asked for, and fails where `lacks` exists."""
    script = tmp_path / "infra" / "system-packages"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "$@" >>asked\n[ ! -e lacks ] || { echo "Run this: apt-get" >&2; exit 1; }\n')
    script.chmod(0o755)
    return tmp_path / "asked"


@pytest.mark.parametrize(
    ("chosen", "asked"),
    [
        ("", "browser ledger s3"),
        ("of_the_core or memory", ""),
        ("on_a_store", "s3"),
        ("on_a_ledger or browser", "browser ledger"),
    ],
)
def test_only_what_the_chosen_tests_need(
    starting: Starting, tmp_path: Path, packages: Path, chosen: str, asked: str
) -> None:
    """Is installed, before the first of them."""
    done = ran(starting(NEEDS, "-n", "0", "-k", chosen), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (packages.read_text().strip() if packages.exists() else "") == asked


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_cannot_be_installed(starting: Starting, tmp_path: Path, packages: Path, workers: str) -> None:
    """Ends the run before the first test, with the command to run."""
    (tmp_path / "lacks").touch()
    done = ran(starting(NEEDS, "-n", workers), tmp_path)
    assert done.returncode not in {0, 1}, done.stdout
    assert "Run this: apt-get" in done.stdout + done.stderr
    assert "passed" not in done.stdout


def wait_for_none(tmp_path: Path, seconds: float = 60) -> bool:
    """Whether all of its processes have ended within so long."""
    deadline = time.monotonic() + seconds
    while alive(tmp_path):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@dataclass(frozen=True)
class Named:
    """All that the order of tests looks at."""

    nodeid: str


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_each_worker_begins_with_what_takes_long(workers: int) -> None:
    """Its part, as xdist cuts it, begins with a test that takes a minute or starts a server, and ends with a quick one;
    each test is run once, and those of a module that starts servers are together."""
    names = [f"tests/{room}.py::test_{number}" for room in ROOMS for number in range(90 if "unit" in room else 6)]
    found = [item.nodeid for item in order.dealt(cast("list[pytest.Item]", [*map(Named, names)]), workers)]
    assert sorted(found) == sorted(names)
    left, begins = len(found), 0
    for worker in range(workers):
        size = left // (workers - worker)
        part, left, begins = found[begins : begins + size], left - size, begins + size
        assert part[0].startswith(order.LONG)
        assert part[-1].startswith("tests/unit/")
        rooms = [name.partition("::")[0] for name in part if not name.startswith(order.LONG)]
        assert len([*groupby(rooms)]) == len(set(rooms))
