"""A request body that is read from a file and can be sent again."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import socket
from typing import BinaryIO

from valetkey.client.errors import FileChanged
from valetkey.client.files.source import Source

STEP = 1024 * 1024
"""The bytes that are sent between two calls of ``check``."""


@dataclass
class FileBody:
    """A range of a file between ``head`` and ``tail``."""

    source: Source
    offset: int
    """The start of the range in the file, in bytes."""
    count: int
    """The length of the range, in bytes."""
    on_sent: Callable[[int], None]
    """Called with the bytes of each step, and with a negative number when the body starts again."""
    check: Callable[[], None]
    """Called before each step; it stops the body by raising."""
    head: bytes = b""
    tail: bytes = b""
    completed: bool = field(default=False, init=False)
    """Whether the last byte has been handed to the system."""
    _sent: int = field(default=0, init=False)

    def __len__(self) -> int:
        return len(self.head) + self.count + len(self.tail)

    def send(self, to: socket) -> None:
        """Sends the body from its start.

        Raises `FileChanged` before the last byte is sent, so that the store never has the whole of a mixture, and
        `OSError`.
        """
        self.rewind()
        self.completed = False
        with self.source.open() as file:
            send_all(to, self.head)
            while self._sent < self.count:
                self.check()
                self._send_step(to, file)
            self.source.require_unchanged(file)
            send_all(to, self.tail)
        self.completed = True

    def rewind(self) -> None:
        """Takes back what was reported to ``on_sent``."""
        if self._sent:
            self.on_sent(-self._sent)
            self._sent = 0

    def _send_step(self, to: socket, file: BinaryIO) -> None:
        step = min(STEP, self.count - self._sent)
        self.source.require_unchanged(file)
        moved = _send_range(to, file, self.offset + self._sent, step)
        self._sent += moved
        self.on_sent(moved)
        if moved < step:  # the file has become shorter
            raise FileChanged(self.source.name)


def _send_range(to: socket, file: BinaryIO, offset: int, count: int) -> int:
    """Sends ``count`` bytes of ``file`` and returns how many it sent: fewer only at the end of the file."""
    if not isinstance(to, ssl.SSLSocket):
        return to.sendfile(file, offset, count)  # the kernel copies
    file.seek(offset)
    chunk = file.read(count)
    send_all(to, chunk)
    return len(chunk)


def send_all(to: socket, chunk: bytes) -> None:
    """Sends all of ``chunk``. The socket's timeout is for each step; `sendall` applies it to the whole."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[to.send(rest) :]
