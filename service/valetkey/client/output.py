"""Lines on stdout and stderr, which may be closed, full, or of an encoding that lacks a name's letters."""

import os
import sys
from io import TextIOWrapper
from typing import TextIO


class Output:
    """A standard stream, or None where it was closed from the beginning.

    What nobody reads any more is dropped without a word, as the work goes on without a reader; what cannot be
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
        """Whether it takes every letter as it is."""
        return self._stream is None or (self._stream.encoding or "").lower().replace("-", "") == "utf8"

    def line(self, text: str) -> None:
        """Write a line, now."""
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
        """Nothing more is written, and what is left in its buffer is no error when the interpreter ends."""
        if self._stream is not None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            self._stream = None


def stdout() -> Output:
    return Output(sys.stdout)


def stderr() -> Output:
    return Output(sys.stderr)
