"""Checks of the machine: its clock, kernel limits, and the disk that the ledger is on."""

import os
import resource
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from shutil import disk_usage
from statistics import median
from time import perf_counter

from valetkey.adapters.sql.engines import parsed_url
from valetkey.core.errors import ConfigurationError
from valetkey.doctor.checks import Check, Group
from valetkey.doctor.findings import Finding, Skip, failed, passed, skipped, warned
from valetkey.doctor.visit import Visit
from valetkey.serve import BACKLOG, OTHER_DESCRIPTORS

TOO_SKEWED = timedelta(minutes=15)
"""S3 refuses requests if the clock is off by more than this (RequestTimeTooSkewed)."""

SKEWED = timedelta(seconds=30)
"""Grants expire too early or too late by this much; ``Date`` is accurate to a second."""

FEW_FILES = 4096
"""With fewer, a burst of slow clients is refused."""

LITTLE_SPACE = 100 * 1024**2
SOME_SPACE = 1024**3
"""The minimum free space in bytes; a ledger of a million uploads takes about one GiB."""

SYNCS = 5
"""How many times an fsync is timed."""

INSTANT = 20e-6
"""In seconds; no disk, and no controller with a battery, is faster."""

SLOW = 0.05
"""In seconds; a commit waits for one fsync."""

SHARED = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.glusterfs", "ceph", "fuse.ceph-fuse"}
"""File systems whose locks SQLite cannot rely on (sqlite.org, "How To Corrupt")."""


def clock(visit: Visit) -> Iterator[Finding]:
    """This machine's clock against the ``Date`` of the store."""
    _ = visit.opened
    url = str(visit.client.meta.endpoint_url)
    before = datetime.now(UTC)
    answer = visit.wire.send("GET", f"{url.rstrip('/')}/")
    ours = before + (datetime.now(UTC) - before) / 2
    said = next((value for name, value in answer.headers.items() if name.lower() == "date"), None)
    if said is None:
        raise Skip(f"The store sends no Date ({answer.said}).")
    try:
        theirs = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        raise Skip(f"The store's Date cannot be read: {said!r}.") from None
    yield _judge(ours - theirs.astimezone(UTC))


def _judge(ahead: timedelta) -> Finding:
    off = abs(ahead)
    if off <= SKEWED:
        return passed("clock", "This machine's clock and the store's agree.")
    seconds = off // timedelta(seconds=1)
    how = f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"
    seen = f"This machine's clock is {how} {'ahead of' if ahead > timedelta() else 'behind'} the store's."
    if off > TOO_SKEWED:
        return failed("clock", seen, "Correct it, for example by NTP: the store refuses signatures with this time.")
    return warned("clock", seen, "Correct it, for example by NTP: grants expire too early or too late.")


def open_files(visit: Visit) -> Iterator[Finding]:
    """How many connections a process may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= FEW_FILES:
        shown = "any number of" if hard == resource.RLIM_INFINITY else hard
        yield passed("open-files", f"A process may open {shown} files.")
        return
    clients = max(128, hard - OTHER_DESCRIPTORS)
    action = "Raise it: LimitNOFILE=65536 for systemd, --ulimit nofile=65536 for containers, or `ulimit -Hn`."
    say = warned if hard >= 4 * visit.settings.threads + OTHER_DESCRIPTORS else failed
    yield say("open-files", f"A process may open {hard} files: about {clients} clients at once.", action)


def kernel(visit: Visit) -> Iterator[Finding]:
    """Kernel features that the server needs: a port that processes can share, and a queue of new connections."""
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            yield passed("port-sharing", "Processes can share a port (SO_REUSEPORT).")
        except (AttributeError, OSError):
            say = failed if visit.settings.workers > 1 else warned
            yield say("port-sharing", "Processes cannot share a port (SO_REUSEPORT).", "Set VALETKEY_WORKERS=1.")
    somaxconn = Path("/proc/sys/net/core/somaxconn")
    if not somaxconn.exists():
        yield skipped("backlog", "How many connections may wait is known on Linux only.")
        return
    allowed = int(somaxconn.read_text())
    if allowed >= BACKLOG:
        yield passed("backlog", f"{allowed} connections may wait to be accepted.")
    else:
        action = f"For bursts: sysctl net.core.somaxconn={BACKLOG}."
        yield warned("backlog", f"{allowed} connections may wait to be accepted, {BACKLOG} are requested.", action)


def ledger_folder(visit: Visit) -> Path:
    """The folder of an SQLite ledger. Raises `Skip` if it is on a database server, or unknown."""
    try:
        url = parsed_url(visit.settings.database_url)
    except ConfigurationError as error:
        raise Skip(error.detail) from error
    if url.get_backend_name() != "sqlite" or not url.database:
        raise Skip("The ledger's disk is the database server's.")
    folder = Path(url.database).absolute().resolve().parent
    if not folder.is_dir():
        raise Skip(f"The ledger's folder {folder} does not exist.")
    return folder


def space(visit: Visit) -> Iterator[Finding]:
    """The free space on the ledger's disk."""
    free = disk_usage(ledger_folder(visit)).free
    seen = f"{free / 1024**2:,.0f} MiB are free on the ledger's disk."
    action = "Free some space: with a full disk there are no new uploads, but recorded ones are not lost."
    if free < LITTLE_SPACE:
        yield failed("disk-space", seen, action)
    elif free < SOME_SPACE:
        yield warned("disk-space", seen, action)
    else:
        yield passed("disk-space", seen)


def fsync(visit: Visit) -> Iterator[Finding]:
    """Whether an fsync really writes: one that takes no time guarantees nothing."""
    folder = ledger_folder(visit)
    kind = _file_system(folder)
    if kind in SHARED:
        action = "Put it on a local disk, or use PostgreSQL: several machines on one SQLite file break it."
        yield failed("ledger-disk", f"The ledger is on a network's file system ({kind}).", action)
    try:
        seconds = _time_of_fsync(folder)
    except OSError as error:
        yield failed("fsync", f"{folder} cannot be written: {error.strerror}.", "Let this user write there.")
        return
    took = f"An fsync takes {seconds * 1000:.2f} ms"
    if kind in {"tmpfs", "ramfs"} or seconds < INSTANT:
        action = "Records do not survive a crash of the machine: put the ledger on a real disk."
        yield warned("fsync", f"{took}: nothing is written to a disk{f' ({kind})' if kind else ''}.", action)
    elif seconds > SLOW:
        yield warned("fsync", f"{took}.", "Each commit waits for one: use a faster disk, or PostgreSQL.")
    else:
        yield passed("fsync", f"{took}.")


def _time_of_fsync(folder: Path) -> float:
    found = []
    with tempfile.TemporaryFile(dir=folder, prefix=".valetkey-doctor-") as file:
        for _ in range(SYNCS):
            file.write(b"x" * 4096)
            file.flush()
            began = perf_counter()
            os.fsync(file.fileno())
            found.append(perf_counter() - began)
    return median(found)


def _file_system(folder: Path) -> str:
    """The type of its file system, if Linux reports it; that of the innermost mount."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return ""
    fields = [line.split(" ") for line in mounts.read_text(errors="replace").splitlines()]
    over = [(each[1].encode().decode("unicode_escape"), each[2]) for each in fields if len(each) > 2]
    inside = [(len(where), number, kind) for number, (where, kind) in enumerate(over) if folder.is_relative_to(where)]
    return max(inside)[2] if inside else ""


GROUP = Group(
    "machine",
    (
        Check("clock", clock, 20),
        Check("open-files", open_files, 10),
        Check("kernel", kernel, 10),
        Check("disk-space", space, 10),
        Check("fsync", fsync, 30),
    ),
)
