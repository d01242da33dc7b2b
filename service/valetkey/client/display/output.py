"""Lines on stdout and stderr, which may be closed, full, or unable to encode a file name."""

import os
import sys
from io import TextIOWrapper
from typing import TextIO


class Output:
    """A standard stream, or None if it was closed from the start.

    If the reader of the stream has closed it, lines are dropped silently, and the work goes on. A line that cannot be
    written for another reason is dropped, too, and ``problem`` says why.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.problem: str | None = None
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    @property
    def is_terminal(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    @property
    def is_unicode(self) -> bool:
        """Whether the stream can encode every character."""
        return self._stream is None or (self._stream.encoding or "").lower().replace("-", "") == "utf8"

    def write_line(self, text: str) -> None:
        """Writes a line and flushes the stream."""
        if self._stream is None:
            return
        try:
            print(text, file=self._stream, flush=True)
        except BrokenPipeError:
            self._drop()
        except OSError as error:
            self.problem = error.strerror or str(error)
            self._drop()

    def _drop(self) -> None:
        """Stops writing; the rest of the buffer must not cause an error when the interpreter exits."""
        if self._stream is not None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            self._stream = None


def stdout() -> Output:
    return Output(sys.stdout)


def stderr() -> Output:
    return Output(sys.stderr)
