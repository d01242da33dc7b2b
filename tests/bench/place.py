"""Where benches run: folders on a disk, one Ceph RGW for all, and how busy the machine is."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.postgres import Postgres
from tests.support.stores import Rgw, stop_rgw

if TYPE_CHECKING:
    from contextlib import ExitStack

DURABLE = """
fsync = on
shared_buffers = 1GB
max_wal_size = 8GB
"""


@dataclass
class Place:
    """``folder`` is on a real disk; with ``quick``, a bench does as little as shows that it works."""

    folder: Path
    quick: bool
    stack: ExitStack
    rows: int | None = None
    """How many uploads a big ledger has, where somebody has chosen that."""
    ledger: str | None = None
    """In which ledger: ``sqlite``, ``postgresql``, or the URL of one that stays. None: in each."""

    def fresh(self, name: str) -> Path:
        """An empty folder, another one each time."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))

    def rounds(self, full: int) -> int:
        """``full``, or two."""
        return 2 if self.quick else full

    def size(self, full: int) -> int:
        """``full`` bytes, or an eighth of that."""
        return full // 8 if self.quick else full

    @cached_property
    def rgw(self) -> Rgw:
        """Started for the first bench that asks; until the end of all."""
        folder = self.folder / "rgw"
        rgw = Rgw.start(folder, owner=os.getpid())
        self.stack.callback(stop_rgw, folder)
        return rgw

    @cached_property
    def postgres(self) -> Postgres:
        """One whose commits are durable, on this disk, with memory for tables that are big; for all benches."""
        self.folder.chmod(0o711)  # its server is a user of its own
        postgres = Postgres.start(self.folder / "postgres", owner=os.getpid(), settings=DURABLE)
        self.stack.callback(postgres.remove)
        return postgres

    @cached_property
    def cores(self) -> tuple[int, int]:
        """That of the server, and that of the load. RuntimeError where there is only one."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise RuntimeError("two cores are needed: one for the servers, one for the load")
        return cores[0], cores[1]


def others(seconds: float = 2.0) -> float:
    """The share of all processors that is used while we wait, 0 to 1: by other programs, as we do nothing."""
    busy, total = _cpu()
    time.sleep(seconds)
    later_busy, later_total = _cpu()
    return round((later_busy - busy) / max(1, later_total - total), 3)


def _cpu() -> tuple[int, int]:
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle = ticks[3] + ticks[4]  # idle and waiting for a disk
    return sum(ticks) - idle, sum(ticks)


def machine(folder: Path) -> dict[str, str]:
    """What it is, in words, with the disk of ``folder``."""
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores of {_processor()}",
        "memory": f"{_memory():.0f} GiB of memory",
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release().split('-')[0]}",
        "disk": f"{_filesystem(folder)}, on which a write with `fsync` takes {_fsync(folder) * 1000:.1f} ms",
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def _filesystem(folder: Path) -> str:
    command = ["stat", "--file-system", "--format", "%T", str(folder)]
    return (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().replace("ext2/ext3", "ext4")
    )


def _fsync(folder: Path) -> float:
    """The median of writes of 4 KiB, in seconds."""
    taken = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(100):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)
