"""Confirmation: from "there may be an object" to an end that is proven.

Every signal calls the same method, any number of times, in any order and at the same time. What keeps it right:

- ``stored`` pins the ETag that was checked, by compare-and-set: the first accepted bytes win.
- The copy to the final key is conditional on the pinned ETag, and what was copied is compared afterwards.
- Each pin has a final key of its own, so no copy that comes late can change what another one confirmed.
- Whoever copied and then lost the compare-and-set removes its copy, unless the ledger points at it.
- Nothing is copied before its content is checked where the profile asks for that: each check is written to the ledger
  with the bytes that it is about, and counts for no others.

The second point needs a store that honours the condition: AWS does by its documentation, Ceph RGW 16.2 as measured;
moto does not, so what it confirms can be overwritten by a copy that comes late.

An upload in parts is joined under its final key by the first signal that finds all of them; it needs no copy then.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from valetkey.core.assembly import Assembly
from valetkey.core.checks import content_mismatch, missing_check, require_verdict_wanted
from valetkey.core.content import Inspector
from valetkey.core.errors import (
    ObjectChanged,
    ObjectMissing,
    PartsMismatch,
    PartsMissing,
    StateConflict,
    StoreUnavailable,
)
from valetkey.core.matching import mismatch, pins, points_at, same_bytes
from valetkey.core.multipart import NamedPart
from valetkey.core.ports import Ledger, Notifier, ObjectHead, ObjectStore
from valetkey.core.profile import Detect, Profile
from valetkey.core.schedule import SCHEDULE, Schedule
from valetkey.core.slots import StoreSlots
from valetkey.core.upload import Inspection, Reason, Signal, StoredObject, Upload, UploadState, Verdict

log = logging.getLogger("valetkey")

MAX_PINS = 5
"""How often other bytes may take the place of the pinned ones before the upload is rejected as overwritten."""

MAX_STEPS = 4 * MAX_PINS
"""Bounds one run; an upload that is still `stored` then is being worked on by another signal."""


class Confirmation:
    """Takes uploads from `pending` to `confirmed` or `rejected`.

    Without an ``inspector`` it leaves an upload whose content has to be looked at `stored`, due at once for the sweep
    of a process that has one.
    """

    def __init__(
        self,
        *,
        store: ObjectStore,
        ledger: Ledger,
        notifier: Notifier,
        profiles: Mapping[str, Profile],
        assembly: Assembly,
        clock: Callable[[], datetime],
        slots: StoreSlots,
        schedule: Schedule = SCHEDULE,
        inspector: Inspector | None = None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._notifier = notifier
        self._profiles = profiles
        self._assembly = assembly
        self._clock = clock
        self._slots = slots
        self._schedule = schedule
        self._inspector = inspector

    def run(self, upload: Upload, signal: Signal) -> Upload:
        """Takes ``upload`` as far as it goes now, and returns it as the ledger has it then.

        It stays `pending` (or `expired`) when no object is there, and `stored` while a check is missing. Raises
        `StoreUnavailable` and `LedgerUnavailable`: nothing is lost by that, and the next signal goes on where this one
        stopped.
        """
        try:
            return self.complete(upload, signal, None)
        except (PartsMissing, PartsMismatch):
            return upload

    def complete(self, upload: Upload, signal: Signal, named: Sequence[NamedPart] | None) -> Upload:
        """The same for somebody who says that all is sent: of an upload in parts, those that are ``named``.

        Raises `PartsMissing` and `PartsMismatch` as well.
        """
        if upload.ended:
            return upload
        with self.at_store(upload):
            after = self._advance(upload, signal, named)
        if after.multipart and after.ended:
            self.tidy(after)  # what is refused leaves nothing; nor do parts that were joined while somebody aborted
        return after

    def judge(self, upload: Upload, verdict: Verdict) -> Upload:
        """A scanner's verdict, which is a signal, too: takes ``upload`` as far as it goes with it.

        Raises `StateConflict` where no verdict is waited for, or where it is about other bytes than those that are at
        the store now; and raises like `run`.
        """
        for _ in range(MAX_STEPS):
            upload = self.run(upload, Signal.EVENT)
            if upload.ended and upload.verdict and upload.verdict.says(verdict):
                return upload  # said before
            require_verdict_wanted(upload, self._profile(upload), verdict)
            said = upload.verdict_on_pinned
            if said and (not said.clean or verdict.clean):  # known, and an infection that was found stays found
                return self.run(upload, Signal.EVENT)
            after = upload.changed(verdict=verdict)
            if self._ledger.replace(upload, after):
                return self.run(after, Signal.EVENT)
            upload = self._reload(upload)
        raise StateConflict("The upload keeps changing; try again.")

    def waits_for(self, upload: Upload) -> str | None:
        """The check that ``upload`` needs before it can be confirmed, in words; None where it needs none any more."""
        return missing_check(upload, self._profile(upload))

    def objection(self, upload: Upload, found: ObjectHead) -> Reason | None:
        """Why ``found`` is not what the grant allowed; None when it is."""
        return mismatch(upload, found, self._profile(upload).sizes)

    def can_join(self, upload: Upload) -> bool:
        """Whether it comes in parts, and all of them are at the store."""
        return upload.multipart is not None and self._assembly.is_whole(upload)

    def at_store(self, upload: Upload) -> StoreSlots:
        """A slot for work at the store on this upload's objects. Raises `StoreUnavailable` for another bucket's."""
        if upload.bucket != self._store.bucket:
            raise StoreUnavailable(f"The upload is in bucket {upload.bucket!r}, which is not the one in use.", 60)
        return self._slots

    def _advance(self, upload: Upload, signal: Signal, named: Sequence[NamedPart] | None) -> Upload:
        joined = upload.multipart is None
        for _ in range(MAX_STEPS):
            if upload.ended:
                break
            # where the bucket keeps versions, the pinned one stays whatever is written after it
            found = self._store.head(upload.arrival_key, upload.object.version_id if upload.object else None)
            if upload.state is not UploadState.STORED:
                if found is None and not joined:
                    if reason := self._assembly.join(upload, named):
                        return self._refuse(upload, reason)
                    joined = True
                    continue
                if found is None:
                    now = self._reload(upload)
                    if now.version == upload.version:
                        break
                    upload = now  # another signal took the bytes away: it is done, or on its way
                    continue
                upload = self._pin(upload, found)
                if not pins(upload, found):
                    continue
            promoted = self._promote(upload, found, signal)
            if promoted is None:
                break
            upload = promoted
        return upload

    def tidy(self, upload: Upload) -> None:
        """Removes what arrived under the grant of an upload that has ended."""
        if upload.multipart and upload.state is UploadState.CONFIRMED:
            return  # its parts are the object
        with self.at_store(upload):
            if upload.multipart:
                self._assembly.discard(upload)
            self._store.delete(upload.arrival_key)

    def clear(self, upload: Upload) -> None:
        """The same, and removes every copy under a final key that the ledger does not point at.

        A signal that was stopped may have left one. Call it when no copy can be under way any more.
        """
        self.tidy(upload)
        with self._slots:
            for pin in range(1, upload.pins + 1):
                if not points_at(upload, key := self._final_key(upload, pin)):
                    self._store.delete(key)
            if upload.object is not None and upload.state is UploadState.DELETED:
                self._store.delete(upload.object.key, upload.object.version_id)

    def _pin(self, upload: Upload, found: ObjectHead) -> Upload:
        """Makes ``found`` the bytes this upload stands for, if nobody was faster."""
        pin = upload.pins + 1
        stored = found.as_object(self._final_key(upload, pin))
        now = self._clock()
        for_others = self._inspector is None and self._profile(upload).detect is not Detect.OFF
        due_at = now if for_others else self._schedule.soon(now)
        if upload.state is UploadState.STORED:
            after = upload.changed(object=stored, pins=pin, due_at=due_at)
        else:
            after = upload.moved(UploadState.STORED, object=stored, pins=pin, due_at=due_at)
        return after if self._ledger.replace(upload, after) else self._reload(upload)

    def _promote(self, upload: Upload, found: ObjectHead | None, signal: Signal) -> Upload | None:
        """One step; None where there is nothing more to do but wait."""
        pinned = upload.object
        assert pinned is not None  # noqa: S101  (stored is only entered by a pin)
        verdict = upload.verdict_on_pinned
        if verdict is not None and not verdict.clean:
            return self._reject(upload, Reason("infected", verdict.detail or "A scanner found the bytes infected."))
        if found is None:
            return self._settle_without_staging(upload, pinned, signal)
        if not pins(upload, found):
            return self._replace_pin(upload, found)
        if reason := self.objection(upload, found):
            return self._reject(upload, reason)
        if self.waits_for(upload):
            return self._inspect(upload, found)
        copied = found if upload.multipart else self._copy(upload, found, pinned.key)
        return self._confirm(upload, copied, signal) if copied else self._reload(upload)

    def _copy(self, upload: Upload, found: ObjectHead, key: str) -> ObjectHead | None:
        """What is under ``key`` after a copy of ``found``; None when it is not the same."""
        try:
            self._store.copy(found, key, self._profile(upload).placement)
        except (ObjectChanged, ObjectMissing):
            return None
        copied = self._store.head(key)
        return copied if copied and same_bytes(copied, found) else None

    def _inspect(self, upload: Upload, found: ObjectHead) -> Upload | None:
        """Looks at the first bytes, if that is what is missing and it may; None where somebody else has to."""
        profile = self._profile(upload)
        if self._inspector is None or profile.detect is Detect.OFF or upload.is_inspected:
            return None
        try:
            content = self._inspector.inspect(found, upload.content_type, profile)
        except (ObjectChanged, ObjectMissing):
            return self._reload(upload)
        inspection = Inspection(upload.pins, content.detected)
        if lie := content_mismatch(upload, content):
            if profile.detect is Detect.REJECT:
                return self._reject(upload, lie, inspection=inspection)
            log.warning("upload %s is taken all the same: %s", upload.id, lie.detail)
        after = upload.changed(inspection=inspection, due_at=self._schedule.soon(self._clock()))
        return after if self._ledger.replace(upload, after) else self._reload(upload)

    def _replace_pin(self, upload: Upload, found: ObjectHead) -> Upload:
        if upload.pins >= MAX_PINS:
            detail = f"The object was written again {upload.pins} times while it was being confirmed."
            return self._reject(upload, Reason("overwritten", detail))
        return self._pin(upload, found)

    def _settle_without_staging(self, upload: Upload, pinned: StoredObject, signal: Signal) -> Upload:
        """A signal before us was stopped after its copy, or took the bytes away and is done by now."""
        copied = self._store.head(pinned.key)
        is_ours = copied is not None and (copied.etag, copied.size) == (pinned.etag, pinned.size)
        # what lacks a check was never copied by us, and can never be checked now
        if copied is not None and is_ours and not self.waits_for(upload):
            return self._confirm(upload, copied, signal)
        self._store.check()  # a bucket that is gone looks like an object that is gone
        return self._reject(upload, Reason("missing", "The object was removed before it could be confirmed."))

    def _confirm(self, upload: Upload, copied: ObjectHead, signal: Signal) -> Upload:
        self._remove_earlier_pins(upload)
        after = upload.moved(
            UploadState.CONFIRMED,
            object=copied.as_object(copied.key),
            size=copied.size,
            confirmed_by=signal,
            confirmed_at=self._clock(),
        )
        return self._end(upload, after)

    def _reject(self, upload: Upload, reason: Reason, **changes: Any) -> Upload:
        self._remove_earlier_pins(upload)
        after = upload.moved(UploadState.REJECTED, reason=reason, object=None, **changes)
        return self._end(upload, after)

    def _refuse(self, upload: Upload, reason: Reason) -> Upload:
        """Rejects an upload whose parts can never become an object: they are all that there is to pin."""
        nothing = StoredObject(upload.arrival_key, "", None, 0, upload.content_type)
        after = upload.moved(UploadState.STORED, object=nothing).moved(UploadState.REJECTED, reason=reason, object=None)
        return self._end(upload, after)

    def _remove_earlier_pins(self, upload: Upload) -> None:
        """Removes what a signal that was stopped left under the keys of earlier pins: nobody can confirm those."""
        for pin in range(1, 1 if upload.multipart else upload.pins):
            self._store.delete(self._final_key(upload, pin))

    def _end(self, before: Upload, after: Upload) -> Upload:
        """Writes an end. Bytes that the ledger does not point at afterwards are removed, ours or not."""
        after = after._replace(due_at=self._schedule.after_end(after, self._clock()))
        won = self._ledger.replace(before, after)
        now = after if won else self._reload(before)
        pinned = before.object
        if won:
            self._notifier.ended(after)
        if pinned is not None and not points_at(now, pinned.key):
            self._store.delete(pinned.key)
        if won and not after.multipart:
            self._store.delete(after.staging_key, pinned.version_id if pinned else None)
        return now

    def _reload(self, upload: Upload) -> Upload:
        """What the ledger says by now; a row is never removed while its upload is open."""
        return self._ledger.get(upload.id) or upload

    def _final_key(self, upload: Upload, pin: int) -> str:
        return upload.multipart.key if upload.multipart else self._profile(upload).object_key(upload, pin)

    def _profile(self, upload: Upload) -> Profile:
        """Its profile; one of that name without rules where it was taken out of the configuration meanwhile."""
        return self._profiles.get(upload.profile) or Profile(upload.profile)
