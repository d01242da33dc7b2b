"""Many files at once: `put` finds them, sends them, and reports each as it ends."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from valetkey.client.api import Api
from valetkey.client.errors import FileError
from valetkey.client.line import Line
from valetkey.client.outcome import Ending, Outcome
from valetkey.client.parts import Sender
from valetkey.client.resume import Memory
from valetkey.client.retry import Patience
from valetkey.client.slots import Slots
from valetkey.client.sources import Options, Source, find
from valetkey.client.store import Store
from valetkey.client.transfer import Transfer
from valetkey.client.turns import Turn, Turns
from valetkey.client.wanted import Wanted
from valetkey.client.wire import PATIENT, Timing, Wire

TICKET = "vt_"
"""What tickets begin with, and API keys do not."""

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
    timing: Timing = PATIENT


def put(names: tuple[str, ...], run: Run, stdin: BinaryIO | None, reporter: Reporter) -> list[Ending]:
    """Sends all that ``names`` stand for; how each ended. ``stdin`` is None where it is closed.

    KeyboardInterrupt ends it early, with `INTERRUPTED`.
    """
    stop = threading.Event()
    wire = Wire(run.timing)
    memory = Memory(run.state, reporter.note)
    with ExitStack() as stack:
        parts = stack.enter_context(ThreadPoolExecutor(run.concurrency, "part"))
        files = stack.enter_context(ThreadPoolExecutor(run.concurrency, "file"))
        work = _Work(run, _transfer(run, wire, stop, memory, parts), reporter)
        try:
            work.do(find(names, run.options, stdin, stack), files)
        except KeyboardInterrupt:
            stop.set()
            work.turns.give_up()
            wire.close()
            work.endings.append(Ending.INTERRUPTED)
    if FINAL.issuperset(work.endings):
        for key in work.keys:
            memory.forget(key)
    return work.endings


def _transfer(run: Run, wire: Wire, stop: threading.Event, memory: Memory, pool: ThreadPoolExecutor) -> Transfer:
    slots = Slots(run.concurrency)
    patience = Patience(run.patience, stop)  # with the store; it may be away while the service is not
    api = Api(run.wanted.endpoint, run.token, wire, Patience(run.patience, stop))
    store = Store(wire, patience.check)
    return Transfer(run.wanted, api, store, Sender(api, store, patience, pool, slots), memory, patience, slots)


class _Work:
    """What of a run is done, and what is not."""

    def __init__(self, run: Run, transfer: Transfer, reporter: Reporter) -> None:
        self._wanted = run.wanted
        self._concurrency = run.concurrency
        self._transfer = transfer
        self._reporter = reporter
        self._line = Line()
        together = not (run.token or "").startswith(TICKET)
        self.turns = Turns(self._line, run.wanted, transfer.api, transfer.memory, together=together)
        self.keys: set[str] = set()
        self.endings: list[Ending] = []

    def do(self, found: Iterable[Source | tuple[str, FileError]], files: ThreadPoolExecutor) -> None:
        """The first files are on their way while the others are still being found.

        An error that is no outcome is a bug of ours; it ends the work, and is raised.
        """
        workers = [files.submit(self._send) for _ in range(self._concurrency)]
        for source in found:
            if isinstance(source, Source):
                self._add(source)
            else:
                name, error = source
                self._end(Outcome(name, error.ending, error.code, error.detail))
        self._line.close()
        wait(workers)
        for worker in workers:
            worker.result()

    def _add(self, source: Source) -> None:
        """A file that is named twice is sent once: what it is remembered by would be the same, too."""
        key = self._wanted.key(source)
        if key not in self.keys:
            self.keys.add(key)
            self._line.add(source)

    def _send(self) -> None:
        try:
            while (turn := self.turns.next()) is not None:
                self._one(turn)
        except BaseException:
            self.turns.give_up()
            raise

    def _one(self, turn: Turn) -> None:
        self._reporter.begun(turn.source)
        self._end(self._transfer.run(turn, lambda count: self._reporter.moved(turn.source, count)))

    def _end(self, outcome: Outcome) -> None:
        self.endings.append(outcome.ending)
        self._reporter.ended(outcome)
