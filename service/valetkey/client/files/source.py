"""A file as it was when it was found, and the check that it has not changed."""

import errno
import os
from dataclasses import dataclass
from typing import BinaryIO

from valetkey.client.errors import FileChanged, FileError


@dataclass(frozen=True)
class Source:
    """A file that is to be sent."""

    path: str
    """The path; bytes that are not text are escaped as Python does."""
    name: str
    """The name that is shown to the user."""
    filename: str
    """The file name that is sent to the service."""
    content_type: str
    size: int
    """In bytes."""
    identity: tuple[int, ...]
    """Size, time stamp, inode, device, and the time of the last change: any change of the file changes one of them."""
    relative: str | None = None
    """The path within the directory on the command line; None for a file that was named itself."""
    lasting: bool = True
    """Whether a later run can find it again; standard input cannot be."""

    def open(self) -> BinaryIO:
        """Opens the file. Raises `FileError`, and `FileChanged` if it is not the file that was found."""
        try:
            file = open(self.path, "rb", buffering=0, opener=_open_without_blocking)  # noqa: SIM115 - for the caller
        except OSError as error:
            raise unreadable(self.name, error) from error
        try:
            self.require_unchanged(file)
            self._require_size(file)
        except (FileChanged, FileError):
            file.close()
            raise
        return file

    def _require_size(self, file: BinaryIO) -> None:
        """Raises `FileError` if the open ``file`` has more bytes than its size: in /proc, and in file systems that
        fetch a file when it is read, files have the size 0, but contain bytes."""
        try:
            file.seek(self.size)
            more = file.read(1)
            file.seek(0)
        except OSError as error:
            raise unreadable(self.name, error) from error
        if more:
            detail = (
                f"{self.name} holds more than the {self.size} bytes that the system says it has. Send it by standard"
            )
            raise FileError("size_unknown", f"{detail} input: cat {self.name} | valetkey put -")

    def require_unchanged(self, file: BinaryIO) -> None:
        """Raises `FileChanged` when the open ``file`` is not the file that was found, or has changed since, and
        `FileError` when it was removed."""
        now = os.fstat(file.fileno())
        if now.st_nlink == 0:
            raise unreadable(self.name, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
        if identity_of(now) != self.identity:
            raise FileChanged(self.name)


def identity_of(found: os.stat_result) -> tuple[int, ...]:
    """See `Source.identity`. The time stamp can be set back, the time of the change cannot; Windows has none."""
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev, found.st_ctime_ns


def unreadable(name: str, error: OSError) -> FileError:
    """The error for a file that cannot be read."""
    return FileError("unreadable", f"{name} cannot be read: {error.strerror or error}.")


def _open_without_blocking(path: str, flags: int) -> int:
    """Opens a path without blocking: if a pipe has replaced the file, opening it would wait for a writer."""
    return os.open(path, flags | os.O_NONBLOCK)
