"""Many files at once: `put` finds them, sends them, and reports each as it ends."""

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from valetkey.client.api import Api
from valetkey.client.errors import FileError
from valetkey.client.outcome import Ending, Outcome
from valetkey.client.parts import Sender
from valetkey.client.resume import Memory
from valetkey.client.retry import Patience
from valetkey.client.slots import Slots
from valetkey.client.sources import Options, Source, find
from valetkey.client.store import Store
from valetkey.client.transfer import Transfer, Wanted
from valetkey.client.wire import Wire

FINAL = frozenset({Ending.CONFIRMED, Ending.REJECTED, Ending.FILE_ERROR})
"""Endings that another run would not change. Where there are others, it can go on where this one ended."""


class Reporter(Protocol):
    """Who is told what happens. Any thread may call."""

    def begun(self, source: Source) -> None: ...
    def moved(self, source: Source, count: int) -> None: ...
    def ended(self, outcome: Outcome) -> None: ...
    def note(self, text: str) -> None: ...


@dataclass(frozen=True)
class Run:
    """What one command was asked to do. ``patience`` is in seconds; ``state`` None remembers nothing."""

    wanted: Wanted
    options: Options
    token: str | None
    concurrency: int
    patience: float
    state: Path | None


def put(names: tuple[str, ...], run: Run, stdin: BinaryIO, reporter: Reporter) -> list[Ending]:
    """Sends all that ``names`` stand for; how each ended. KeyboardInterrupt ends it early, with `INTERRUPTED`."""
    stop = threading.Event()
    wire = Wire()
    memory = Memory(run.state)
    if memory.problem:
        reporter.note(memory.problem)
    with ExitStack() as stack:
        parts = stack.enter_context(ThreadPoolExecutor(run.concurrency, "part"))
        files = stack.enter_context(ThreadPoolExecutor(run.concurrency, "file"))
        work = _Work(_transfer(run, wire, Patience(run.patience, stop), memory, parts), reporter)
        try:
            work.begin(find(names, run.options, stdin, stack), files)
            work.finish()
        except KeyboardInterrupt:
            stop.set()
            files.shutdown(wait=False, cancel_futures=True)
            wire.close()
            work.endings.append(Ending.INTERRUPTED)
    if FINAL.issuperset(work.endings):
        for source in work.sources:
            memory.forget(run.wanted.key(source))
    return work.endings


def _transfer(run: Run, wire: Wire, patience: Patience, memory: Memory, pool: ThreadPoolExecutor) -> Transfer:
    slots = Slots(run.concurrency)
    api = Api(run.wanted.endpoint, run.token, wire, patience)
    store = Store(wire, patience.check)
    return Transfer(run.wanted, api, store, Sender(api, store, patience, pool, slots), memory, patience, slots)


class _Work:
    """What of a run is done, and what is not."""

    def __init__(self, transfer: Transfer, reporter: Reporter) -> None:
        self._transfer = transfer
        self._reporter = reporter
        self._waiting: list[Future[None]] = []
        self.sources: list[Source] = []
        self.endings: list[Ending] = []

    def begin(self, found: Iterable[Source | tuple[str, FileError]], files: ThreadPoolExecutor) -> None:
        """The first files are on their way while the others are still being found."""
        for source in found:
            if isinstance(source, Source):
                self.sources.append(source)
                self._waiting.append(files.submit(self._one, source))
            else:
                name, error = source
                self._end(Outcome(name, error.ending, error.code, error.detail))

    def finish(self) -> None:
        """Waits for all of them. An error that is no outcome is a bug of ours, and is raised."""
        wait(self._waiting)
        for future in self._waiting:
            future.result()

    def _one(self, source: Source) -> None:
        self._reporter.begun(source)
        self._end(self._transfer.run(source, lambda count: self._reporter.moved(source, count)))

    def _end(self, outcome: Outcome) -> None:
        self.endings.append(outcome.ending)
        self._reporter.ended(outcome)
