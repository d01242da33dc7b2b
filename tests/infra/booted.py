"""The units of infra/systemd under a systemd: the real one, as process 1 of namespaces of its own."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.support import processes

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "infra" / "systemd"
BOOT = Path(__file__).with_name("boot")
VENV = Path(sys.prefix)

EMPTY = ("sysinit.target", "basic.target", "shutdown.target", "network-online.target")
"""What the units want of a system; here it is all there from the start."""


@dataclass(frozen=True)
class Booted:
    """A systemd that runs the units."""

    process: "subprocess.Popen[bytes]"
    directory: Path

    @property
    def log(self) -> str:
        """All that systemd and the units printed so far."""
        return "".join(file.read_text(errors="replace") for file in sorted((self.directory / "log").iterdir()))

    def pids(self, unit: str) -> list[int]:
        """The processes of a unit, the first one first, as this machine numbers them."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                groups = (entry / "cgroup").read_text()
                if f"/valetkey-{self.process.pid}/system.slice/{unit}\n" in groups:
                    found.append(int(entry.name))
        return sorted(found)

    def status(self, unit: str) -> Mapping[str, str]:
        """What the kernel says of the first process of a unit, by the names in /proc/PID/status."""
        lines = Path(f"/proc/{self.pids(unit)[0]}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@contextmanager
def booted(directory: Path, env: Mapping[str, str], url: str, seconds: float = 60) -> Iterator[Booted]:
    """Both units with this environment file; when yielded, the service is ready at ``url``."""
    for folder in ("units", "etc-valetkey", "state", "log"):
        (directory / folder).mkdir()
    (directory / "venv").symlink_to(VENV)
    (directory / "python").symlink_to(sys.base_prefix)
    (directory / "code").symlink_to(ROOT / "service")
    shutil.copy(UNITS / "valetkey.sysusers", directory)
    # Where this Python, and an editable installation in it, would look by themselves may be closed to the units.
    env = dict(env) | {"PYTHONPATH": "/opt/code", "LD_LIBRARY_PATH": "/opt/python/lib"}
    (directory / "etc-valetkey" / "valetkey.env").write_text("".join(f"{key}={value}\n" for key, value in env.items()))
    (directory / "etc-valetkey" / "valetkey.env").chmod(0o600)
    units = directory / "units"
    for target in EMPTY:
        (units / target).write_text(f"[Unit]\nDescription={target}\nDefaultDependencies=no\n")
    (units / "try.target").write_text("[Unit]\nDescription=try\nWants=valetkey.service valetkey-worker.service\n")
    for unit in ("valetkey.service", "valetkey-worker.service"):
        shutil.copy(UNITS / unit, units)
        (units / f"{unit}.d").mkdir()
        file = directory / "log" / f"{unit}.log"
        printed = f"[Service]\nStandardOutput=append:{file}\nStandardError=append:{file}\n"  # there is no journal here
        (units / f"{unit}.d" / "log.conf").write_text(printed)
    with (directory / "log" / "systemd.log").open("wb") as log:
        command = [str(BOOT), str(directory), "try.target"]
        running = processes.running(command, stdout=log, stderr=subprocess.STDOUT)
        with running as process:
            systemd = Booted(process, directory)
            try:
                wait_until_ready(systemd, url, seconds)
                yield systemd
            finally:
                processes.end(process, signal.SIGKILL)
                _remove_groups(process.pid)


def wait_until_ready(systemd: Booted, url: str, seconds: float = 60) -> None:
    """Raises RuntimeError with the log where it does not come up."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        if systemd.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the units are not up:\n{systemd.log[-6000:]}")
        time.sleep(0.1)


def _remove_groups(pid: int) -> None:
    """The kernel lets go of a group some moments after its last process."""
    deadline = time.monotonic() + 10
    hierarchies = (Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").iterdir())
    for group in [each / f"valetkey-{pid}" for each in hierarchies if (each / f"valetkey-{pid}").is_dir()]:
        while group.exists() and time.monotonic() < deadline:
            for folder in sorted((each for each in group.rglob("*") if each.is_dir()), reverse=True):
                with suppress(OSError):
                    folder.rmdir()
            with suppress(OSError):
                group.rmdir()
            time.sleep(0.02)
