"""The sweep: finds uploads that no other signal reported.

It reads the uploads that are due, so its cost grows with those and not with the ledger. Any number of sweeps may run at
once: each moves the ``due_at`` of a few uploads by compare-and-set before it checks them, so two seldom check the same
one, and `Confirmation` makes sure that nothing happens twice if they do. A killed sweep loses nothing: the uploads that
it had taken are due again soon.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice

from valetkey.core.confirming.confirmation import Confirmation
from valetkey.core.confirming.ending import Endings
from valetkey.core.errors import LedgerUnavailable, StoreUnavailable
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.schedule import Schedule
from valetkey.core.model.upload import Reason, Signal, StoreUploads, Upload, UploadState
from valetkey.core.ports.ledger import Ledger
from valetkey.core.ports.store import MAX_BATCH, ObjectHead, OldMultipart, OldObject
from valetkey.core.stores import NamedStore
from valetkey.core.sweeping import findings
from valetkey.core.sweeping.findings import Action, Finding
from valetkey.core.sweeping.leftovers import LeftOver, Leftovers

log = logging.getLogger("valetkey")

BATCH = 50
"""How many uploads one sweep takes at a time; a killed sweep delays no more than these."""

MAX_FAILURES = 5
"""After how many failed checks in a row the store is left alone for a while."""

AHEAD = timedelta(minutes=1)
"""How far this machine's clock may be ahead of the store's before confirmed objects are removed by the store's: less is
the answer's way, as the store says whole seconds."""

COMPARED = timedelta(minutes=1)
"""How long a comparison of the two clocks counts."""

_UNCHANGED = {Action.WAIT, Action.CLEAR, Action.SKIP, Action.STUCK, Action.FAIL}
"""Every other action has already set when the upload is due again."""


class Sweep:
    """Finds unreported uploads of one store, ends those whose time is over, and removes objects without an owner.

    It leaves uploads of other stores alone, including those that are not configured here, as another worker may handle
    them. Unless it is ``alone``, its errors name the store.
    """

    def __init__(
        self,
        *,
        place: NamedStore,
        alone: bool,
        ledger: Ledger,
        endings: Endings,
        confirmation: Confirmation,
        profiles: Profiles,
        schedule: Schedule,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = place.store
        self._name = place.name
        self._uploads = place.uploads
        self._alone = alone
        self._ledger = ledger
        self._endings = endings
        self._confirmation = confirmation
        self._schedule = schedule
        self._clock = clock
        self._ahead, self._compared_at = timedelta(0), datetime.min.replace(tzinfo=UTC)
        self._leftovers = Leftovers(place=place, ledger=ledger, profiles=profiles, schedule=schedule)

    @property
    def name(self) -> str:
        """The name of its store."""
        return self._name

    @property
    def uploads(self) -> StoreUploads:
        """The uploads that it checks."""
        return self._uploads

    def run(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Finding]:
        """One whole sweep; yields its findings, and stops between two of them once ``stop`` returns true.

        Raises `LedgerUnavailable`, and `StoreUnavailable` if the store fails repeatedly.
        """
        yield from self.look(stop)
        yield from self.clean(stop)

    def look(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Finding]:
        """Checks the uploads that are due now, those that have arrived first. Raises like `run`."""
        yield from self._drain(
            lambda at: self._waiting_at(at) or self._ledger.due(at, BATCH, store=self._uploads), stop
        )

    def check(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Finding]:
        """Checks only uploads that have arrived, so that they do not queue behind those that have not.

        Raises like `run`.
        """
        yield from self._drain(self._waiting_at, stop)

    def _waiting_at(self, at: datetime) -> list[Upload]:
        return self._ledger.due(at, BATCH, state=UploadState.STORED, store=self._uploads)

    def _drain(self, take: Callable[[datetime], list[Upload]], stop: Callable[[], bool]) -> Iterator[Finding]:
        start = self._clock()
        # a clock that was set back meanwhile: what has just been checked would be due at ``start`` for as long as that
        while not stop() and (due := take(min(start, self._clock()))):
            lease = self._schedule.soon(self._clock())
            yield from self._look_at(self._ledger.reschedule([(upload, lease) for upload in due]), stop)

    def clean(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Finding]:
        """Removes objects and multipart uploads without an owner, and rows of uploads that ended long ago.

        Raises like `run`.
        """
        try:
            yield from self._clean_up(stop)
        except StoreUnavailable as error:
            raise self._named(error) from error

    def _named(self, error: StoreUnavailable) -> StoreUnavailable:
        """``error`` with the store's name, if there are several stores."""
        if self._alone:
            return error
        return StoreUnavailable(f"The store {self._name!r}: {error.detail}", error.retry_after, refused=error.refused)

    def _clean_up(self, stop: Callable[[], bool]) -> Iterator[Finding]:
        yield from self._forget(stop)
        self._confirmation.remove_waiting()  # staging copies of uploads that it confirmed itself
        for nobodys, some in groupby(self._leftovers.find(self._clock()), key=_is_nobodys):
            while batch := list(islice(some, MAX_BATCH if nobodys else 1)):
                if stop():
                    return
                if nobodys:
                    yield from self._clear([found for found, _ in batch if isinstance(found, OldObject)], stop)
                else:
                    yield from self._clean(*batch[0])

    def _clean(self, found: OldObject | OldMultipart, upload: Upload | None) -> Iterator[Finding]:
        if isinstance(found, OldMultipart):
            yield self._abort(found)
        elif upload is not None and found.key == upload.arrival_key and not upload.in_quarantine:
            yield self._try(upload)  # not due any more, but the bytes are there: confirm them rather than lose them

    def _abort(self, found: OldMultipart) -> Finding:
        try:
            self._store.abort_multipart(found.key, found.multipart_id)
        except StoreUnavailable as error:  # one failed removal must not stop the others
            return Finding(Action.FAIL, found.key, error.detail)
        return findings.aborting(found)

    def _clear(self, nobodys: Sequence[OldObject], stop: Callable[[], bool]) -> Iterator[Finding]:
        """Removes objects without an owner, in one call; if that fails, one by one, so that one failure stops no
        other."""
        try:
            self._store.delete_batch([found.key for found in nobodys])
        except StoreUnavailable as error:
            log.info("objects without an owner are removed one by one: %s", error.detail)
            for found in nobodys:
                if stop():
                    return
                yield self._clear_one(found)
        else:
            yield from map(findings.removing, nobodys)

    def _clear_one(self, found: OldObject) -> Finding:
        try:
            self._store.delete(found.key)
        except StoreUnavailable as error:
            return Finding(Action.FAIL, found.key, error.detail)
        return findings.removing(found)

    def _forget(self, stop: Callable[[], bool]) -> Iterator[Finding]:
        """Removes uploads that ended long ago from the ledger, in batches, each after a last check of the store."""
        for over in self._over():
            found = [self._remove_last(upload) for upload in over if not stop()]
            gone = [upload for upload, one in zip(over, found, strict=False) if one.action is Action.FORGET]
            self._ledger.forget(gone)
            yield from found
            if stop() or (found and all(one.unavailable for one in found[-MAX_FAILURES:])):
                return

    def _over(self) -> Iterator[list[Upload]]:
        """Uploads whose ledger retention has passed, page by page."""
        before, last = self._schedule.forgotten_before(self._clock()), None
        while before is not None and (over := self._ledger.over(before, BATCH, last, store=self._uploads)):
            yield over
            last = over[-1]

    def _remove_last(self, upload: Upload) -> Finding:
        """Removes what is still at the store of the upload, overlooked or late, before the ledger forgets it."""
        if skipped := self._skipped(upload):
            return skipped
        try:
            if not upload.ended:  # an expired upload: bytes that arrived are not thrown away
                after = self._confirmation.run(upload, Signal.SWEEP)
                if after.version != upload.version:
                    return findings.changed(after)
            kept = self._confirmation.remove_all(upload)
        except LedgerUnavailable:
            raise
        except Exception as error:
            return findings.failed(upload, error)
        return findings.retained(upload, kept[0]) if kept else findings.forgetting(upload)

    def foresee(self) -> Iterator[Finding]:
        """The findings that `run` would have now; changes nothing. Raises `LedgerUnavailable` and
        `StoreUnavailable`."""
        now = self._clock()
        last: Upload | None = None
        seen: set[str] = set()
        while due := self._ledger.due(now, BATCH, last, store=self._uploads):
            yield from (self._expect_or_fail(upload, now) for upload in due)
            seen.update(upload.arrival_key for upload in due)
            last = due[-1]
        for over in self._over():
            yield from (findings.forgetting(upload) for upload in over)
        for found, upload in self._leftovers.find(now):
            if isinstance(found, OldMultipart):
                yield findings.aborting(found)
            elif found.key in seen:  # the action for its upload removes it
                continue
            elif upload is None:
                yield findings.removing(found)
            elif found.key == upload.arrival_key and not upload.in_quarantine:
                yield self._expect_or_fail(upload, now)

    def _look_at(self, claimed: Iterable[Upload], stop: Callable[[], bool]) -> Iterator[Finding]:
        """Checks each upload, and writes in one commit when the unchanged ones are due again."""
        again: list[tuple[Upload, datetime | None]] = []
        failures = 0
        try:
            for upload in claimed:
                if stop():
                    return
                finding = self._try(upload)
                if finding.action in _UNCHANGED:
                    again.append((upload, self._next(upload, finding)))
                yield finding
                failures = failures + 1 if finding.unavailable else 0
                if failures == MAX_FAILURES:
                    raise self._named(StoreUnavailable(f"{failures} checks in a row have failed."))
        finally:
            self._ledger.reschedule(again)

    def _next(self, upload: Upload, finding: Finding) -> datetime | None:
        """When an unchanged upload is due again."""
        match finding.action:
            case Action.CLEAR:
                return self._schedule.after_clear(upload, self._clock())
            case Action.WAIT:
                return self._schedule.after_look(upload, self._clock())
            case _:
                return self._schedule.after_failure(upload, self._clock())

    def _try(self, upload: Upload) -> Finding:
        """Advances one upload as far as possible; a failure is a finding as well, so that it does not stop the
        others."""
        try:
            return self._visit(upload)
        except LedgerUnavailable:
            raise
        except Exception as error:
            return findings.failed(upload, error)

    def _skipped(self, upload: Upload) -> Finding | None:
        """The finding for an upload that is not in this store; None for one that is."""
        return None if upload in self._uploads else findings.elsewhere(upload)

    def _visit(self, upload: Upload) -> Finding:
        if skipped := self._skipped(upload):
            return skipped
        if reason := _why_removed(upload, self._clock()):
            return self._remove(upload, reason) if self._is_over_there(upload) else findings.early(upload, self._ahead)
        if upload.ended:
            self._confirmation.clear(upload)
            return Finding(Action.CLEAR, upload.id, f"what is left of one that is {upload.state}")
        after = self._confirmation.run(upload, Signal.SWEEP)
        if after.version != upload.version:
            return findings.changed(after)
        if self._is_over(after, self._clock()):
            known = self._confirmation.recover(after)
            return self._expire(after) if known.version == after.version else findings.changed(known)
        return self._still(after)

    def _still(self, upload: Upload) -> Finding:
        check = self._confirmation.waits_for(upload) if upload.state is UploadState.STORED else None
        return findings.missing(upload, check) if check else findings.waiting(upload)

    def _is_over(self, upload: Upload, now: datetime) -> bool:
        return upload.state is UploadState.PENDING and now >= self._schedule.expires(upload)

    def _is_over_there(self, upload: Upload) -> bool:
        """Whether the rules have it removed by the store's clock, too: ours may be ahead, and nothing brings a
        confirmed object back."""
        now = self._clock()
        if not timedelta(0) <= now - self._compared_at < COMPARED:
            theirs = self._store.now()
            ahead = timedelta(0) if theirs is None else now - theirs
            self._ahead, self._compared_at = ahead if ahead > AHEAD else timedelta(0), now
        return _why_removed(upload, now - self._ahead) is not None

    def _remove(self, upload: Upload, reason: Reason) -> Finding:
        """Removes a confirmed upload, in the ledger first: an earlier claim wins, and a later one finds it deleted."""
        after = self._endings.write(upload, upload.moved(UploadState.DELETED, reason=reason))
        if after is None:
            return Finding(Action.CHECK, upload.id, "somebody else is working on it")
        if after.object is not None:
            self._store.delete(after.object.key)  # if this fails, the upload is due again like every ended one
        return findings.outlived(upload, reason)

    def _expire(self, upload: Upload) -> Finding:
        after = self._endings.write(upload, upload.moved(UploadState.EXPIRED))
        if after is None:
            return Finding(Action.CHECK, upload.id, "somebody else is working on it")
        return findings.expiring(after)

    def _expect_or_fail(self, upload: Upload, now: datetime) -> Finding:
        try:
            return self._expect(upload, now)
        except LedgerUnavailable:
            raise
        except Exception as error:
            return findings.failed(upload, error)

    def _expect(self, upload: Upload, now: datetime) -> Finding:
        """The finding that `_visit` would have, determined by reads only."""
        if skipped := self._skipped(upload):
            return skipped
        if reason := _why_removed(upload, now):
            is_over = self._is_over_there(upload)
            return findings.outlived(upload, reason) if is_over else findings.early(upload, self._ahead)
        if upload.ended:
            return Finding(Action.CLEAR, upload.id, f"what is left of one that is {upload.state}")
        return self._expect_checked(upload) if upload.in_quarantine else self._expect_arrival(upload, now)

    def _expect_arrival(self, upload: Upload, now: datetime) -> Finding:
        found = self._store.head(upload.arrival_key, upload.object.version_id if upload.object else None)
        if found is not None:
            return self._expect_of(upload, found)
        if upload.state is UploadState.STORED:
            return Finding(Action.CHECK, upload.id, "its staging object is gone, but its copy may exist")
        if self._confirmation.can_join(upload):
            return findings.confirming(upload)
        if not self._is_over(upload, now):
            return findings.waiting(upload)
        return findings.confirming(upload) if self._confirmation.confirmed_before(upload) else findings.expiring(upload)

    def _expect_of(self, upload: Upload, found: ObjectHead) -> Finding:
        if reason := self._confirmation.objection(upload, found):
            return findings.rejecting(upload, reason)
        return self._expect_checked(upload)

    def _expect_checked(self, upload: Upload) -> Finding:
        check = self._confirmation.waits_for(upload)
        return findings.missing(upload, check) if check else findings.confirming(upload)


def _why_removed(upload: Upload, now: datetime) -> Reason | None:
    """Why the rules of a confirmed upload have it removed now; None if it stays."""
    if upload.removed_at is None or now < upload.removed_at:
        return None
    if upload.removed_at == upload.claim_by:
        return Reason("unclaimed", f"Nobody had claimed it by {upload.claim_by:%Y-%m-%d %H:%M:%S} UTC.")
    return Reason("retention_ended", f"Its profile's retention ended at {upload.keep_until:%Y-%m-%d %H:%M:%S} UTC.")


def _is_nobodys(one: LeftOver) -> bool:
    """Whether it is an object that can be removed because no open upload waits for it."""
    found, owner = one
    return isinstance(found, OldObject) and owner is None
