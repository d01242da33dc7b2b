"""Many files at once: `put` finds them, uploads them, and reports the result of each."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from valetkey.client.errors import FileError
from valetkey.client.files.find import FileOptions, find_files
from valetkey.client.files.source import Source
from valetkey.client.interrupted.records import UploadRecords
from valetkey.client.outcome import FileOutcome, FileReport
from valetkey.client.sending.assembly import SharedResources, file_uploader
from valetkey.client.sending.file_queue import FileQueue
from valetkey.client.sending.file_upload import FileUploader
from valetkey.client.sending.jobs import Job, Jobs
from valetkey.client.sending.options import UploadOptions
from valetkey.client.transport.connections import DEFAULT_TIMEOUTS, Connections, Timeouts

TICKET_PREFIX = "vt_"
"""The prefix of tickets, which API keys do not have."""

HINTS = {
    "unauthenticated": "--token or VALETKEY_TOKEN takes an API key or a profile ticket.",
    "unknown_profile": "Profiles are defined in the service's valetkey.toml; GET /v1/profiles lists them.",
    "interrupted": "Run the same command again to resume.",
}
"""Hints for failures with these codes."""

ELSEWHERE = "--endpoint or VALETKEY_ENDPOINT says where another service is."
"""The hint if the service does not respond at the default address."""

FILES = 32
"""The most files that are uploaded at the same time: the service confirms fewer at a time, and has other clients,
too."""

BIG_FILE = 64 * 1024 * 1024
"""The size in bytes above which a file is big."""

BIG_FILES = 8
"""The most big files that are uploaded at the same time: more would only compete, and be interrupted half-way."""

FINAL_OUTCOMES = frozenset({FileOutcome.CONFIRMED, FileOutcome.REJECTED, FileOutcome.FILE_ERROR})
"""Outcomes that another run would not change. After any other, the next run can resume this one."""


class Reporter(Protocol):
    """The callbacks of `put`, which are called in several threads."""

    def started(self, source: Source) -> None: ...
    def progressed(self, source: Source, count: int) -> None: ...
    def finished(self, report: FileReport) -> None: ...
    def warn(self, text: str) -> None: ...


@dataclass(frozen=True)
class PutOptions:
    """The options of one run."""

    uploads: UploadOptions
    files: FileOptions
    token: str | None
    """An API key or a profile ticket; None sends no credential."""
    concurrency: int
    """The most files and parts that are sent at the same time."""
    retry_for: float
    """How long a failing call is retried, in seconds."""
    state: Path | None
    """The directory for records of uploads, so that a later run can resume them; None records nothing."""
    timeouts: Timeouts = DEFAULT_TIMEOUTS
    endpoint_is_default: bool = False
    """Whether the endpoint is the default one."""


def put(names: tuple[str, ...], options: PutOptions, stdin: BinaryIO | None, reporter: Reporter) -> list[FileOutcome]:
    """Uploads all files for ``names``, and returns their outcomes. ``stdin`` is None if it is closed.

    KeyboardInterrupt ends it early; the outcomes then include `FileOutcome.INTERRUPTED`.
    """
    options = replace(options, uploads=replace(options.uploads, who=_who(options.token)))
    stop = threading.Event()
    connections = Connections(options.timeouts)
    records = UploadRecords(options.state, reporter.warn)
    with ExitStack() as stack:
        part_pool = stack.enter_context(ThreadPoolExecutor(options.concurrency, "part"))
        file_pool = stack.enter_context(ThreadPoolExecutor(FILES, "file"))
        resources = SharedResources(options.token, options.concurrency, options.retry_for, connections)
        run = _Run(options, file_uploader(options.uploads, resources, records, part_pool, stop), reporter)
        try:
            run.upload_all(find_files(names, options.files, stdin, stack), file_pool)
        except KeyboardInterrupt:
            stop.set()
            run.jobs.cancel()
            connections.close()
            run.outcomes.append(FileOutcome.INTERRUPTED)
    if FINAL_OUTCOMES.issuperset(run.outcomes):
        for key in run.keys:
            records.delete(key)
    return run.outcomes


def _who(token: str | None) -> str:
    """Identifies the user of this credential in records, so that a run with another credential does not resume uploads
    of the wrong account. Tickets of a user differ each time, so their account and owner are used, which they contain;
    other tickets could be anybody's."""
    if token is None:
        return ""
    told = _account_and_owner(token) if token.startswith(TICKET_PREFIX) else token
    return hashlib.sha256(told.encode()).hexdigest()[:16] if told else ""


def _account_and_owner(ticket: str) -> str:
    """The account and the owner of a profile ticket (``vt_p.<claims>.<signature>``) as text; "" for any other."""
    kind, _, rest = ticket.removeprefix(TICKET_PREFIX).partition(".")
    claims = rest.partition(".")[0]
    try:
        _, account, owner, *_ = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except (ValueError, TypeError):
        return ""
    return json.dumps([account, owner]) if kind == "p" else ""


class _Run:
    """A run: the files that it found and their outcomes."""

    def __init__(self, options: PutOptions, uploader: FileUploader, reporter: Reporter) -> None:
        self._options = options
        self._uploader = uploader
        self._reporter = reporter
        self._queue = FileQueue()
        together = not (options.token or "").startswith(TICKET_PREFIX)
        self.jobs = Jobs(self._queue, options.uploads, uploader.service, uploader.records, together=together)
        self._big = threading.Semaphore(BIG_FILES)
        self.keys: set[str] = set()
        self.outcomes: list[FileOutcome] = []

    def upload_all(self, found: Iterable[Source | tuple[str, FileError]], pool: ThreadPoolExecutor) -> None:
        """Sends the first files while others are still being found.

        An error that is not an outcome is a bug: it ends the run, and is raised.
        """
        workers: list[Future[None]] = []
        for source in found:
            if isinstance(source, Source):
                self._add(source)
                if len(workers) < min(FILES, self._options.concurrency):
                    workers.append(pool.submit(self._work))
            else:
                name, error = source
                self._finish(FileReport(name, error.outcome, error.code, error.detail))
        self._queue.close()
        wait(workers)
        for worker in workers:
            worker.result()

    def _add(self, source: Source) -> None:
        """Adds a file, unless it was added before: a file that is named twice has the same record."""
        key = self._options.uploads.record_key(source)
        if key not in self.keys:
            self.keys.add(key)
            self._queue.add(source)

    def _work(self) -> None:
        try:
            while (job := self.jobs.next()) is not None:
                self._upload(job)
        except BaseException:
            self.jobs.cancel()
            raise

    def _upload(self, job: Job) -> None:
        with self._big if job.source.size > BIG_FILE else nullcontext():
            self._reporter.started(job.source)
            self._finish(self._uploader.upload(job, lambda count: self._reporter.progressed(job.source, count)))

    def _finish(self, report: FileReport) -> None:
        hint = self._hint(report)
        self.outcomes.append(report.outcome)
        self._reporter.finished(replace(report, detail=f"{report.detail} {hint}") if hint else report)

    def _hint(self, report: FileReport) -> str | None:
        is_service_away = report.outcome is FileOutcome.UNREACHABLE and report.upload is None
        if is_service_away and self._options.endpoint_is_default:
            return ELSEWHERE
        return HINTS.get(report.code or "")
