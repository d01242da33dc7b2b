"""Finding the files to send: single files, those below a directory, and standard input."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from valetkey.client.errors import FileError
from valetkey.client.files.source import Source, identity_of, unreadable
from valetkey.reference.file_types import type_of
from valetkey.reference.media_types import with_quotes

STDIN = "-"
CHUNK = 1024 * 1024
"""The bytes of standard input that are copied at a time."""


@dataclass(frozen=True)
class FileOptions:
    """How the files of a run are described to the service."""

    content_type: str | None = None
    """The type of all files; None takes it from each file's name."""
    stdin_name: str = "stdin"
    """The file name of standard input."""
    spool_limit: int = 5 * 1024**3
    """The most bytes of standard input that are kept in a temporary file."""

    def type_for(self, filename: str) -> str:
        """The content type for this name, or the given one, with quotes around parameters where necessary."""
        return with_quotes(self.content_type) if self.content_type else type_of(filename)


def find_files(
    names: tuple[str, ...], options: FileOptions, stdin: BinaryIO | None, stack: ExitStack
) -> Iterator[Source | tuple[str, FileError]]:
    """Yields every file for ``names``, and a name with its error for each file that cannot be sent.

    Files in a directory come in the order of their paths. The copy of standard input lives until ``stack`` is closed.
    """
    for name in names:
        try:
            if name == STDIN:
                yield spool_stdin(stdin, options, stack)
            elif os.path.isdir(name):  # noqa: PTH112 - Path raises for a name that is too long, or behind a closed door
                yield from _walk(name, options)
            else:
                yield inspect_file(name, options)
        except FileError as error:
            yield as_text(name), error


def inspect_file(path: str, options: FileOptions, relative: str | None = None) -> Source:
    """Inspects one regular file. Raises `FileError`."""
    name = as_text(path)
    try:
        found = Path(path).stat()
        if not stat.S_ISREG(found.st_mode):
            raise FileError("not_a_file", f"{name} is not a regular file.")
        if not os.access(path, os.R_OK):
            raise FileError("unreadable", f"{name} cannot be read: permission denied.")
    except OSError as error:
        raise unreadable(name, error) from error
    filename = as_text(Path(path).name)
    content_type = options.type_for(filename)
    return Source(str(Path(path).absolute()), name, filename, content_type, found.st_size, identity_of(found), relative)


def _walk(top: str, options: FileOptions) -> Iterator[Source | tuple[str, FileError]]:
    problems: list[OSError] = []
    empty = True
    for folder, folders, files in os.walk(top, onerror=problems.append):
        folders.sort()
        for link in filter(os.path.islink, (os.path.join(folder, name) for name in folders)):  # noqa: PTH118
            empty = False
            detail = f"{as_text(link)} is a link to a directory. To send it, name it on the command line."
            yield as_text(link), FileError("linked_directory", detail)
        for file in sorted(files):
            empty = False
            path = os.path.join(folder, file)  # noqa: PTH118 - Path would drop a leading ./
            try:
                yield inspect_file(path, options, as_text(os.path.relpath(path, top)))
            except FileError as error:
                yield as_text(path), error
    for problem in problems:
        name = as_text(str(problem.filename))
        yield name, unreadable(name, problem)
    if empty and not problems:
        raise FileError("empty_directory", f"There is no file in {as_text(top)}.")


def spool_stdin(stdin: BinaryIO | None, options: FileOptions, stack: ExitStack) -> Source:
    """Copies standard input into a temporary file. Raises `FileError` above the limit, and like `spool`."""
    if stdin is None:
        raise FileError("unreadable", "Standard input is closed.")

    def check(size: int) -> None:
        if size > options.spool_limit:
            limit = f"it has more than {options.spool_limit} bytes. Use --spool-limit to allow more"
            raise FileError("stdin_too_large", f"Standard input is too large for a temporary file: {limit}.")

    content_type = options.type_for(options.stdin_name)
    return spool(stdin, Spooled(STDIN, "Standard input", options.stdin_name, content_type), stack, check)


class Spooled(NamedTuple):
    """The names of standard input or of other content."""

    name: str
    """The name in reports."""
    subject: str
    """The name in errors."""
    filename: str
    """The file name that is sent to the service."""
    content_type: str


def spool(stream: BinaryIO, spooled: Spooled, stack: ExitStack, check: Callable[[int], None]) -> Source:
    """Copies ``stream`` into a temporary file: S3 and the service need the size in advance.

    ``check`` is called with the number of bytes copied so far; it stops the copy by raising. Raises `FileError` if the
    copy cannot be written.
    """
    import tempfile  # imported here only: it costs as much as a small file

    try:
        copy = stack.enter_context(tempfile.NamedTemporaryFile(prefix="valetkey-put-"))  # noqa: SIM115 - with `stack`
        while chunk := stream.read(CHUNK):
            copy.write(chunk)
            check(copy.tell())
        copy.flush()
    except OSError as error:
        detail = f"{spooled.subject} cannot be kept in a temporary file: {error.strerror or error}."
        raise FileError("unreadable", detail) from error
    found = os.fstat(copy.fileno())
    identity = identity_of(found)
    name, _, filename, content_type = spooled
    return Source(copy.name, name, filename, content_type, found.st_size, identity, lasting=False)


def as_text(path: str) -> str:
    """A path as text that JSON can carry: bytes that are not UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")
