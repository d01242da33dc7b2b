"""What is to be sent: files, the files of a directory, standard input."""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from valetkey.client.errors import FileChanged, FileError
from valetkey.file_types import type_of

STDIN = "-"
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """A file as it was when it was found. ``name`` is shown, ``relative`` its path below the named directory.

    ``path`` is the file's own, with bytes that are no text as Python escapes them; the names are always text.
    """

    path: str
    name: str
    filename: str
    content_type: str
    size: int
    identity: tuple[int, ...]
    relative: str | None = None
    lasting: bool = True

    def open(self) -> BinaryIO:
        """Opens it. Raises `FileError`, and `FileChanged` when it is not the file that was found."""
        try:
            file = open(self.path, "rb", buffering=0, opener=_without_waiting)  # noqa: SIM115 - for the caller
        except OSError as error:
            raise _unreadable(self.name, error) from error
        try:
            self.require_unchanged(file)
        except FileChanged:
            file.close()
            raise
        return file

    def require_unchanged(self, file: BinaryIO) -> None:
        """Raises `FileChanged` when size, time of change or the file itself are others by now."""
        if _identity(os.fstat(file.fileno())) != self.identity:
            raise FileChanged(self.name)


def _without_waiting(path: str, flags: int) -> int:
    """A pipe that took the file's place would let us wait for somebody who writes."""
    return os.open(path, flags | os.O_NONBLOCK)


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev


def as_text(path: str) -> str:
    """A path's name as text that JSON can carry: bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


def _unreadable(name: str, error: OSError) -> FileError:
    return FileError("unreadable", f"{name} cannot be read: {error.strerror or error}.")


@dataclass(frozen=True)
class Options:
    """``content_type`` None: by the name. ``spool_limit`` is in bytes. ``stdin_name`` is the name that `-` gets."""

    content_type: str | None = None
    stdin_name: str = "stdin"
    spool_limit: int = 5 * 1024**3


def find(
    names: tuple[str, ...], options: Options, stdin: BinaryIO | None, stack: ExitStack
) -> Iterator[Source | tuple[str, FileError]]:
    """Every file that ``names`` stand for; beside them what cannot be sent, by its name, and why.

    Files in a directory come in the order of their paths. What is spooled lives until ``stack`` is closed.
    """
    for name in names:
        try:
            if name == STDIN:
                yield spooled(stdin, options, stack)
            elif os.path.isdir(name):  # noqa: PTH112 - Path raises for a name that is too long, or behind a closed door
                yield from _below(name, options)
            else:
                yield of_file(name, options)
        except FileError as error:
            yield as_text(name), error


def of_file(path: str, options: Options, relative: str | None = None) -> Source:
    """One regular file. Raises `FileError`."""
    name = as_text(path)
    try:
        found = Path(path).stat()
        if not stat.S_ISREG(found.st_mode):
            raise FileError("not_a_file", f"{name} is no regular file.")
        if not os.access(path, os.R_OK):
            raise FileError("unreadable", f"{name} cannot be read: permission denied.")
    except OSError as error:
        raise _unreadable(name, error) from error
    filename = as_text(Path(path).name)
    content_type = options.content_type or type_of(filename)
    return Source(str(Path(path).absolute()), name, filename, content_type, found.st_size, _identity(found), relative)


def _below(top: str, options: Options) -> Iterator[Source | tuple[str, FileError]]:
    problems: list[OSError] = []
    empty = True
    for folder, folders, files in os.walk(top, onerror=problems.append):
        folders.sort()
        for link in filter(os.path.islink, (os.path.join(folder, name) for name in folders)):  # noqa: PTH118
            empty = False
            yield as_text(link), FileError("linked_directory", f"{as_text(link)} is a link to a directory: name that.")
        for file in sorted(files):
            empty = False
            path = os.path.join(folder, file)  # noqa: PTH118 - Path would drop a leading ./
            try:
                yield of_file(path, options, as_text(os.path.relpath(path, top)))
            except FileError as error:
                yield as_text(path), error
    for problem in problems:
        name = as_text(str(problem.filename))
        yield name, _unreadable(name, problem)
    if empty and not problems:
        raise FileError("empty_directory", f"There is no file in {as_text(top)}.")


def spooled(stdin: BinaryIO | None, options: Options, stack: ExitStack) -> Source:
    """Standard input, copied into a temporary file: S3 and the service want to know the size first.

    Raises `FileError` past the limit, and where the disk does not take it.
    """
    name = options.stdin_name
    if stdin is None:
        raise FileError("unreadable", "Standard input is closed.")
    import tempfile  # only here: it costs as much as a small file

    try:
        spool = stack.enter_context(tempfile.NamedTemporaryFile(prefix="valetkey-put-"))  # noqa: SIM115 - with `stack`
        while chunk := stdin.read(CHUNK):
            spool.write(chunk)
            if spool.tell() > options.spool_limit:
                limit = f"more than {options.spool_limit} bytes came; --spool-limit allows more"
                raise FileError("stdin_too_large", f"Standard input is too large to be kept in a file: {limit}.")
        spool.flush()
    except OSError as error:
        raise FileError("unreadable", f"Standard input cannot be kept in a file: {error.strerror or error}.") from error
    found = os.fstat(spool.fileno())
    content_type = options.content_type or type_of(name)
    return Source(spool.name, STDIN, name, content_type, found.st_size, _identity(found), lasting=False)
