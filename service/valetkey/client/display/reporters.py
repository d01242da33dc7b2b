"""Reporters: a line for each file, JSON for a script, progress bars on a terminal."""

import json
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from valetkey.client.display.output import stderr, stdout
from valetkey.client.files.source import Source
from valetkey.client.outcome import FileOutcome, FileReport

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def printable(text: str) -> str:
    """``text`` on one line, without control sequences for a terminal."""
    return text if text.isprintable() else ascii(text)


class LineReporter:
    """Prints a line when an upload ends: on stdout, failures on stderr. ``quiet`` prints failures only."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._lock = threading.Lock()
        self._out, self._err = stdout(), stderr()

    @property
    def problem(self) -> str | None:
        """Why stdout is incomplete; None if it is complete, or its reader has closed it."""
        return self._out.problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def started(self, source: Source) -> None:
        """The upload of a file starts. Prints nothing."""

    def progressed(self, source: Source, count: int) -> None:
        """``count`` more bytes of a file are at the store; negative if bytes have to be sent again. Prints nothing."""

    def finished(self, report: FileReport) -> None:
        """The upload of a file has ended."""
        if report.outcome is not FileOutcome.CONFIRMED:
            self._print(_failure(report), failed=True)
        elif not self._quiet:
            self._print(_success(report), failed=False)

    def warn(self, text: str) -> None:
        """Reports a problem of the run that is not about a single file."""
        self._print(printable(text), failed=True)

    def _print(self, line: str, *, failed: bool) -> None:
        with self._lock:
            (self._err if failed else self._out).write_line(line)


class JsonReporter(LineReporter):
    """Prints a JSON object for each file, on stdout."""

    def __init__(self) -> None:
        super().__init__(quiet=False)

    def finished(self, report: FileReport) -> None:
        self._print(json.dumps(report.as_json(), ensure_ascii=not self._out.is_unicode), failed=False)


class BarReporter(LineReporter):
    """Shows a progress bar on stderr for each file that is being sent, below the lines of finished files."""

    def __init__(self) -> None:
        super().__init__(quiet=False)
        self._progress = _progress()
        self._tasks: dict[Source, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def started(self, source: Source) -> None:
        self._tasks[source] = self._progress.add_task(printable(source.name), total=source.size)

    def progressed(self, source: Source, count: int) -> None:
        self._progress.advance(self._tasks[source], count)

    def finished(self, report: FileReport) -> None:
        for source in [source for source in list(self._tasks) if source.name == report.file]:
            self._progress.remove_task(self._tasks.pop(source))
        super().finished(report)

    def _print(self, line: str, *, failed: bool) -> None:
        from rich.text import Text

        if not failed and not self._out.is_terminal:
            super()._print(line, failed=failed)
        else:
            self._progress.console.print(Text(line, style="red" if failed else ""), soft_wrap=True)


def _progress() -> "Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.table import Column

    name = TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True))
    columns = (name, BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), redirect_stdout=False, redirect_stderr=False, expand=True)


def _success(report: FileReport) -> str:
    upload = report.upload or {}
    return f"{printable(report.file)}: {report.outcome} {upload.get('id', '')}"


def _failure(report: FileReport) -> str:
    return f"{printable(report.file)}: {report.outcome} ({report.code}): {printable(report.detail or '')}"
