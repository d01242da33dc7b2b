"""What a person or a script sees of it."""

import json
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from valetkey.client.outcome import Ending, Outcome
from valetkey.client.output import stderr, stdout
from valetkey.client.sources import Source

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def shown(text: str) -> str:
    """A name on one line, without control sequences for a terminal."""
    return text if text.isprintable() else ascii(text)


class Lines:
    """One line for each file when it has ended: on stdout, its failure on stderr. ``quiet`` leaves failures only."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._lock = threading.Lock()
        self._out, self._err = stdout(), stderr()

    @property
    def problem(self) -> str | None:
        """Why not all that belongs on stdout is there; None too where nobody wanted to read it."""
        return self._out.problem

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def begun(self, source: Source) -> None:
        """Nothing to see yet."""

    def moved(self, source: Source, count: int) -> None:
        """Nor here."""

    def ended(self, outcome: Outcome) -> None:
        if outcome.ending is not Ending.CONFIRMED:
            self._print(_failure(outcome), failed=True)
        elif not self._quiet:
            self._print(_success(outcome), failed=False)

    def note(self, text: str) -> None:
        self._print(shown(text), failed=True)

    def _print(self, line: str, *, failed: bool) -> None:
        with self._lock:
            (self._err if failed else self._out).line(line)


class JsonLines(Lines):
    """One JSON object for each file, on stdout."""

    def __init__(self) -> None:
        super().__init__(quiet=False)

    def ended(self, outcome: Outcome) -> None:
        self._print(json.dumps(outcome.as_json(), ensure_ascii=not self._out.is_unicode), failed=False)


class Bars(Lines):
    """A bar for each file that is on its way, on stderr, above them the lines of those that have ended."""

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

    def begun(self, source: Source) -> None:
        self._tasks[source] = self._progress.add_task(shown(source.name), total=source.size)

    def moved(self, source: Source, count: int) -> None:
        self._progress.advance(self._tasks[source], count)

    def ended(self, outcome: Outcome) -> None:
        for source in [source for source in list(self._tasks) if source.name == outcome.file]:
            self._progress.remove_task(self._tasks.pop(source))
        super().ended(outcome)

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


def _success(outcome: Outcome) -> str:
    upload = outcome.upload or {}
    return f"{shown(outcome.file)}: {outcome.ending} {upload.get('id', '')}"


def _failure(outcome: Outcome) -> str:
    return f"{shown(outcome.file)}: {outcome.ending} ({outcome.code}): {shown(outcome.detail or '')}"
