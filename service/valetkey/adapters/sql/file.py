"""The file of an SQLite ledger: created for its owner only, and checked to be the same file.

SQLite in WAL mode continues with a file that was removed or replaced: its writes are in a file that nobody will open
again, and later connections read the new file together with the old one's log (sqlite.org, "How To Corrupt", "Unlinking
or renaming a database file while in use"). SQLite also recognizes a file by device and inode.
"""

import os
from pathlib import Path

from valetkey.core.errors import LedgerUnavailable

PRIVATE = 0o600
"""The mode of a new SQLite file, which contains names of people and hashes of keys."""

REPLACED = (
    "The ledger's file was removed or replaced while this process had it open: any writes now would be lost. Stop "
    "all processes of valetkey, put the right file in its place, and start them again."
)


class LedgerFile:
    """The file at ``path``; None for a ledger without a file of ours, which always counts as intact. Thread-safe: first
    connections that are opened at once see the same file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None

    def prepare(self) -> None:
        """Before a connection is opened: creates a new file for its owner only, whatever the umask; SQLite gives the
        -wal and -shm files the same mode.

        An existing file keeps its mode, which may be intended for a group or for backups. Raises `LedgerUnavailable` if
        the file cannot be created, or is not the one that other connections have open.
        """
        if self._known is not None:
            self.require()
        elif self._path is not None:
            _create(self._path)

    def opened(self) -> None:
        """After a connection was opened: remembers its file."""
        if self._known is None and self._path is not None:
            self._known = _identity(self._path)

    def require(self) -> None:
        """Raises `LedgerUnavailable` if the file that was opened no longer exists under its name."""
        if self._known is not None and self._path is not None and _identity(self._path) != self._known:
            raise LedgerUnavailable(REPLACED, 30)

    def closed(self) -> None:
        """After every connection was closed: the next one may open another file."""
        self._known = None


def _create(path: Path) -> None:
    try:
        made = os.open(path.resolve(), os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE)  # the target of a link
    except FileExistsError:  # not opened here: closing it would release SQLite's locks of the whole process
        return
    except OSError as error:
        raise LedgerUnavailable("The ledger's file cannot be created.") from error
    os.fchmod(made, PRIVATE)
    os.close(made)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - before each commit, and half the time of Path's
    except OSError:
        return None
    return found.st_dev, found.st_ino
