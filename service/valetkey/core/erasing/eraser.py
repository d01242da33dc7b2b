"""Erasing an owner: a job in the ledger that any worker continues, a few uploads at a time.

Each upload is ended first, by compare-and-set; then its objects are removed, and then its data in the ledger. A worker
that stops in between leaves an upload that the next step finds by its owner. The id, the times and the state stay, so
that bytes that still arrive under a grant are recognized and removed. An upload counts as erased only after the store
has reported that its objects are gone.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from valetkey.core.confirming.confirmation import Confirmation
from valetkey.core.confirming.ending import Endings
from valetkey.core.errors import LedgerUnavailable, RecordUnknown, Unavailable
from valetkey.core.model.erasure import Erasure, ErasureState, KeptObject
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import ERASED, Upload, UploadId, UploadState, erased, erased_but_kept
from valetkey.core.outages import Outages
from valetkey.core.ports.ledger import Ledger
from valetkey.core.stores import ByStore, Stores

log = logging.getLogger("valetkey")

BATCH = 50
"""How many uploads one step takes; a killed worker leaves no more than these to be checked again."""

LEASE = timedelta(seconds=30)
"""The lease of a job. A step takes half of it, plus the upload that it is working on."""

MAX_KEPT = 100
"""How many of the objects that cannot be removed are named."""

MAX_FAILURES = 5
"""After how many failed uploads in a row a store is left alone for a while."""

SLOW = timedelta(seconds=5)
"""A failure that takes this long means that the store hangs: all jobs leave it alone at once."""

UNDER_WAY = "A copy or a join of parts may be in progress; its result will be removed, too."
"""The detail of a job that waits until no process can be working on an upload any more."""

MIN_PAUSE, MAX_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
"""How long a job waits between two tries; the wait grows with its age."""

_ENDS: Mapping[UploadState, UploadState] = MappingProxyType(
    {
        UploadState.PENDING: UploadState.ABORTED,
        UploadState.STORED: UploadState.REJECTED,
        UploadState.EXPIRED: UploadState.REJECTED,
        UploadState.CONFIRMED: UploadState.DELETED,
    }
)


OTHERS = timedelta(hours=1)
"""How long after its request an erasure is left to another process, if a store is not configured here."""


@dataclass
class _Step:
    """The progress of one step; until ``others_until`` uploads in stores that are not configured here are left to other
    processes."""

    others_until: datetime
    changes: list[tuple[Upload, Upload]] = field(default_factory=list)
    kept: list[KeptObject] = field(default_factory=list)
    remaining: int = 0
    objects: int = 0
    postponed: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    silent: set[str] = field(default_factory=set)
    detail: str | None = None
    last: UploadId | None = None


class Eraser:
    """Runs erasure jobs. Any number of erasers may run at once: each step belongs to one of them."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        endings: Endings,
        stores: Stores,
        confirmations: ByStore[Confirmation],
        schedule: Schedule,
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._endings = endings
        self._stores = stores
        self._confirmations = confirmations
        self._schedule = schedule
        self._clock = clock
        self._outages = Outages(clock)

    def run(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Erasure]:
        """Continues due jobs, step by step, until none is due or ``stop`` returns true; yields each job after its step.

        Raises `LedgerUnavailable`, which loses nothing.
        """
        while not stop() and (job := self._take()) is not None:
            yield self._step(job, stop)

    def _take(self) -> Erasure | None:
        now = self._clock()
        for job in self._ledger.due_erasures(now, BATCH):
            leased = job.changed(due_at=now + LEASE)
            if self._ledger.save_erasure(job, leased):
                return leased
        return None

    def _step(self, job: Erasure, stop: Callable[[], bool]) -> Erasure:
        step, until = _Step(job.requested_at + OTHERS), self._clock() + LEASE / 2
        try:
            uploads = self._ledger.belonging(job, BATCH)
        except RecordUnknown as error:  # it stays for a newer process, and the job with it
            log.warning("upload %s will be erased later: %s", error.subject, error.detail)
            step.last, step.detail, step.postponed = UploadId(error.subject), error.detail, 1
            return self._save(job, step)
        if not uploads:
            return self._end_pass(job)
        for upload in uploads:
            self._try(upload, step)
            if len(step.silent) == len(self._stores) or self._clock() >= until or stop():
                break
        return self._save(job, step)

    def _save(self, job: Erasure, step: _Step) -> Erasure:
        due_at = self._clock() + (self._pause(job) if step.silent else timedelta(0))
        progress = {
            "passed": step.last or job.passed,
            "detail": step.detail or (job.detail if job.passed else None),  # not that of an earlier pass
            "due_at": due_at,
        }
        after = job.changed(
            **progress,
            postponed=job.postponed + step.postponed,
            uploads=job.uploads + len(step.changes) - step.remaining,
            objects=job.objects + step.objects,
            remaining=job.remaining + step.remaining,
            kept=(*job.kept, *step.kept)[:MAX_KEPT],
        )
        if self._ledger.erase(step.changes, job, after):
            return after
        # one of them has just changed, or another process has the job: the next pass checks all of them again
        again = job.changed(**progress, postponed=job.postponed + step.postponed + len(step.changes))
        return again if self._ledger.save_erasure(job, again) else job

    def _end_pass(self, job: Erasure) -> Erasure:
        now = self._clock()
        if job.postponed:
            after = job.changed(passed=None, postponed=0, remaining=0, kept=(), due_at=now + self._pause(job))
        else:
            after = job.changed(
                state=ErasureState.INCOMPLETE if job.remaining else ErasureState.DONE,
                owner=None,
                passed=None,
                detail=None,
                newer=self._ledger.newer(job),
                due_at=None,
                finished_at=now,
            )
        if not self._ledger.save_erasure(job, after):
            return job
        if after.finished_at is not None:
            log.info("erasure %s is %s: %d uploads, %d remain", after.id, after.state, after.uploads, after.remaining)
        return after

    def _pause(self, job: Erasure) -> timedelta:
        return min(max(MIN_PAUSE, self._clock() - job.requested_at), MAX_PAUSE)

    def _try(self, upload: Upload, step: _Step) -> None:
        """Erases one upload as far as possible; a failure does not stop the others."""
        step.last = upload.id
        if upload.store in step.silent or not self._outages.may_try(upload.store):
            step.silent.add(upload.store)
            step.postponed += 1
            return
        began = self._clock()
        try:
            self._erase(upload, step)
            self._outages.answered(upload.store)
            step.failures[upload.store] = 0
        except LedgerUnavailable:
            raise
        except Exception as error:
            step.postponed += 1
            step.failures[upload.store] += 1
            slow = self._clock() - began > SLOW
            if slow:
                self._outages.failed(upload.store)
            if slow or step.failures[upload.store] == MAX_FAILURES:
                step.silent.add(upload.store)
            if isinstance(error, Unavailable):
                step.detail = error.detail
                log.warning("upload %s will be erased later: %s", upload.id, error.detail)
            else:
                step.detail = f"Upload {upload.id} cannot be erased: {type(error).__name__}."
                log.exception("erasing upload %s failed; it will be retried", upload.id)

    def _erase(self, upload: Upload, step: _Step) -> None:
        is_new = upload.state in _ENDS
        ended = self._endings.write(upload, upload.moved(_ENDS[upload.state], reason=ERASED)) if is_new else upload
        if ended is None:
            step.postponed += 1
            return
        if (elsewhere := self._elsewhere(ended)) is not None and self._clock() < step.others_until:
            step.postponed += 1
            step.detail = step.detail or elsewhere
            return
        may_still_grow = self._may_still_grow(ended)
        kept = self._removed(ended) if is_new or not may_still_grow else []
        if may_still_grow:
            step.postponed += 1
            step.detail = step.detail or UNDER_WAY
            return
        after = erased_but_kept(ended) if kept else erased(ended)
        if self._clock() >= ended.expires_at + self._schedule.grace:
            after = after._replace(due_at=None)  # no grant can bring bytes any more
        step.changes.append((ended, after))
        step.kept.extend(kept)
        step.remaining += bool(kept)
        step.objects += ended.state is UploadState.DELETED and ended.reason == ERASED and not kept

    def _removed(self, upload: Upload) -> list[KeptObject]:
        """Removes its objects; returns those of which the store keeps something."""
        if (elsewhere := self._elsewhere(upload)) is not None:
            return [KeptObject(upload.object.key if upload.object else upload.arrival_key, elsewhere)]
        return self._confirmations.of(upload).remove_all(upload)

    def _elsewhere(self, upload: Upload) -> str | None:
        """Which store it is in, if that is not configured here; else None."""
        if upload.store not in self._stores:
            return f"It is in the store {upload.store!r}, which is not configured."
        if upload.bucket != self._stores.of(upload).store.bucket:
            return f"It is in bucket {upload.bucket!r}, which is not the one in use."
        return None

    def _may_still_grow(self, upload: Upload) -> bool:
        """Whether a process that was working on ``upload`` when it ended may still write an object of it.

        No process works on one that was confirmed by its first pin, or that was never pinned; but its parts may be in
        the middle of a join.
        """
        if not upload.pins and upload.multipart is None:
            return False
        if upload.confirmed_at is not None and upload.pins == 1:
            return False
        if upload.ended_at is None:  # an older version's: the sweep clears it once no process can be working on it
            return upload.due_at is not None
        return self._clock() < upload.ended_at + self._schedule.grace
