"""The building blocks of a confirmation: pins, copies and ends, each recorded in the ledger."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from valetkey.core.confirming.checks import missing_check
from valetkey.core.confirming.cleaning import Cleaner
from valetkey.core.confirming.copying import Copier, unproven
from valetkey.core.confirming.ending import Endings
from valetkey.core.confirming.matching import mismatch, pins, verified
from valetkey.core.confirming.removals import Removals
from valetkey.core.content.inspection import Inspector
from valetkey.core.errors import (
    CopyUnproven,
    ObjectChanged,
    ObjectMissing,
    PlacementRefused,
    StoreUnavailable,
)
from valetkey.core.gate import StoreGate
from valetkey.core.granting.parts import MultipartUploads
from valetkey.core.model.multipart import WHOLE_COPY, NamedPart
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.rules import Detect, Rules
from valetkey.core.model.schedule import SCHEDULE, Schedule
from valetkey.core.model.upload import Reason, Signal, Upload, UploadState
from valetkey.core.ports.ledger import Ledger
from valetkey.core.ports.store import ObjectHead, ObjectStore

log = logging.getLogger("valetkey")

MAX_PINS = 5
"""How many times the pinned bytes may be replaced before the upload is rejected as overwritten."""

MAX_STEPS = 4 * MAX_PINS
"""The maximum number of steps of a run; another signal is working on an upload that is still `stored` after that."""

WAITS, WAIT = 10, 0.05
"""How many times, and for how many seconds each time, a signal waits for another one that is copying."""

COPY_START, COPY_SPEED = timedelta(seconds=20), 16 * 1024**2
"""How long a copy may take, for each pin so far, before another signal makes its own; and the bytes per second by which
that time is extended. Too short is only wasteful: each copy has its own key.
"""


@dataclass
class Run:
    """The run of one signal; ``found`` is the object that it has pinned itself and not handled yet."""

    signal: Signal
    named: Sequence[NamedPart] | None
    joined: bool
    has_joined: bool = False
    doubted: bool = False
    found: ObjectHead | None = None
    waits: int = WAITS
    steps: int = MAX_STEPS

    def take(self, upload: Upload) -> ObjectHead | None:
        """The object that this signal has pinned, returned once; None for another signal's pin."""
        found, self.found = self.found, None
        return found if found is not None and pins(upload, found) else None


def patience(upload: Upload) -> timedelta:
    """How long to wait for a signal that is copying the pinned bytes."""
    size = upload.object.size if upload.object else 0
    return COPY_START * upload.pins + timedelta(seconds=size / COPY_SPEED)


class Steps:
    """The building blocks of `Confirmation`, with the same arguments."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        ledger: Ledger,
        endings: Endings,
        profiles: Profiles,
        multiparts: MultipartUploads,
        clock: Callable[[], datetime],
        pause: Callable[[float], None],
        gate: StoreGate,
        removals: Removals,
        schedule: Schedule = SCHEDULE,
        inspector: Inspector | None = None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._endings = endings
        self._profiles = profiles
        self._multiparts = multiparts
        self._clock = clock
        self._pause = pause
        self._gate = gate
        self._schedule = schedule
        self._inspector = inspector
        self._copier = Copier(store=store, profiles=profiles, clock=clock)
        self._cleaner = Cleaner(
            store=store,
            ledger=ledger,
            profiles=profiles,
            multiparts=multiparts,
            schedule=schedule,
            clock=clock,
            removals=removals,
        )

    def waits_for(self, upload: Upload) -> str | None:
        """The check that ``upload`` still needs before it can be confirmed, in words; None if it needs none."""
        return missing_check(upload, self._rules(upload))

    def objection(self, upload: Upload, found: ObjectHead) -> Reason | None:
        """Why ``found`` does not match the grant; None if it does.

        Raises `StoreUnavailable` if the store drops the metadata needed to tell: the bytes may be good.
        """
        reason = mismatch(upload, found, self._rules(upload))
        hidden = found.upload_id is None and not self._store.capabilities.shows_metadata
        if hidden and reason is not None and reason.code in {"type_mismatch", "upload_id_mismatch"}:
            detail = (
                f"The store returns no metadata of {found.key}: neither it nor a proxy may drop x-amz-meta-upload-id"
                " or change the type."
            )
            raise StoreUnavailable(detail, 60, refused=True)
        return reason

    def _pin(self, upload: Upload, found: ObjectHead, run: Run) -> Upload:
        """Pins ``found``, if it matches the grant and no other signal was first."""
        if reason := self.objection(upload, found):
            return self._reject_seen(upload, found, reason)
        ours = self._inspector is not None or self._copier.is_quick(found.size)  # long copies are left to the worker
        changes: dict[str, Any] = {
            "object": found.as_object(upload.arrival_key),
            "pins": upload.pins + 1,
            "copying_since": self._clock() if ours else None,
            "checksum_verified": verified(upload, found),
            "verdict": None,  # an earlier verdict was about other bytes
            "due_at": self._schedule.after_failure(upload, self._clock()) if ours else self._clock(),
        }
        stored = upload.state is UploadState.STORED
        after = upload.changed(**changes) if stored else upload.moved(UploadState.STORED, **changes)
        if after.in_quarantine:  # parts were joined there
            after = after._replace(copying_since=None, due_at=self._next_look(after))
        if not self._ledger.replace(upload, after):
            return self._reload(upload)
        run.found = None if after.in_quarantine else found
        return after

    def _reject_seen(self, upload: Upload, found: ObjectHead, reason: Reason) -> Upload:
        """Rejects the object if a second HEAD request shows it as it was ``found``: one response may mix two objects
        while one replaces the other (the JuiceFS gateway)."""
        now = self._store.head(found.key)
        if now is not None and now != found:
            return upload
        if found.upload_id is None:
            self._require_store(upload)
        return self._reject(upload, reason)

    def _require_store(self, upload: Upload) -> None:
        """Checks that the store itself responds: no grant creates an object without our id, so the response may come
        from something else, such as a proxy's page with the status of a success. That also finds objects that cannot
        exist. Raises `StoreUnavailable`."""
        if self._store.head(f"{upload.staging_key}.none") is not None:
            raise StoreUnavailable("Something responds in the store's place: it finds an object that cannot exist.", 30)

    def _pin_again(self, upload: Upload, found: ObjectHead, run: Run) -> Upload:
        if upload.pins >= MAX_PINS and not pins(upload, found):
            detail = f"The object was written again {upload.pins} times while it was being confirmed."
            return self._reject(upload, Reason("overwritten", detail))
        return self._pin(upload, found, run)

    def _copied(
        self, copy: Callable[[Upload, ObjectHead], ObjectHead | None], upload: Upload, found: ObjectHead
    ) -> ObjectHead | None:
        """The copy, or None if the bytes to copy are gone or replaced. Failures are recorded in the ledger.

        Raises `PlacementRefused`; `CopyUnproven` and `StoreUnavailable` if there is no result yet.
        """
        try:
            return copy(upload, found)
        except (ObjectChanged, ObjectMissing):
            return None
        except CopyUnproven as error:
            raise self._note(upload, error) from error
        except PlacementRefused:  # also a `StoreUnavailable`, but a retry would not help
            raise
        except StoreUnavailable as error:
            self._give_back(upload, error)
            raise

    def _adopt(self, upload: Upload, copied: ObjectHead, signal: Signal) -> Upload:
        """Continues with a proven copy of the pinned bytes."""
        is_final = upload.in_quarantine or not self._rules(upload).wants_checks
        return self._confirm(upload, copied, signal) if is_final else self._quarantined(upload, copied)

    def _quarantined(self, upload: Upload, copied: ObjectHead) -> Upload:
        """Records that the bytes are in quarantine, so that checks can start."""
        after = upload.changed(object=copied.as_object(copied.key), copying_since=None, reason=None)
        after = after._replace(due_at=self._next_look(after))
        return after if self._ledger.replace(upload, after) else self._reload(upload)

    def _earlier(self, upload: Upload, *, can_copy: bool = False) -> ObjectHead | None:
        """An earlier copy of the pinned bytes. Raises `CopyUnproven` if it only may be one.

        ``can_copy``: the pinned bytes may still be there, so a doubtful copy counts only if another would not be
        better.
        """
        earlier = self._copier.earlier(upload)
        if earlier.doubtful is not None and (earlier.settles or not can_copy):
            raise self._note(upload, unproven(upload, earlier.doubtful))
        return earlier.proven

    def _wait(self, upload: Upload, run: Run) -> Upload | None:
        if run.waits == 0:
            return None
        run.waits -= 1
        run.steps += 1
        self._pause(WAIT)
        return self._reload(upload)

    def _next_look(self, upload: Upload) -> datetime:
        """When the sweep checks it next: at once if only a worker can continue."""
        rules, now = self._rules(upload), self._clock()
        heavy = upload.object is not None and upload.object.size > WHOLE_COPY
        unread = rules.detect is not Detect.OFF and not upload.is_inspected
        return now if self._inspector is None and (unread or heavy) else self._schedule.soon(now)

    def _give_back(self, upload: Upload, error: StoreUnavailable) -> None:
        """Records a failed copy that has left nothing and will leave nothing, so that the next signal need not wait.

        A failed copy in parts is given up whole. Only the response to its last call may have been lost: the next signal
        looks for the result of that call, and takes another key if there is none.
        """
        size = upload.object.size if upload.object else 0
        if error.refused:
            self._ledger.replace(upload, upload.changed(copying_since=None))
        elif upload.copying_since is not None and size > WHOLE_COPY:
            self._ledger.replace(upload, upload.changed(copying_since=upload.copying_since - patience(upload)))

    def _vanished(self, upload: Upload, run: Run) -> Upload:
        """Rejects an upload whose bytes are gone, unless another signal has finished or a copy of them may be good."""
        now = self._reload(upload)
        if now.version != upload.version or now.state is not UploadState.STORED:
            return now
        self._store.check()  # a bucket that is gone looks like an object that is gone
        checked = not upload.in_quarantine or not self.waits_for(upload)
        if checked and (done := self._earlier(upload)) is not None:
            return self._adopt(upload, done, run.signal)
        self._require_gone(upload)
        if not upload.in_quarantine and (found := self._store.head(upload.arrival_key)) is not None:
            return self._pin_again(upload, found, run)  # pinned by a process of an older version
        return self._reject(upload, Reason("missing", "The object was removed before it could be confirmed."))

    def _require_gone(self, upload: Upload) -> None:
        """Raises `StoreUnavailable` if an object that was reported missing or changed is there unchanged: good bytes
        are not thrown away for one stray response."""
        pinned = upload.object
        found = self._store.head(pinned.key, pinned.version_id) if pinned else None
        if found is not None and pins(upload, found):
            raise StoreUnavailable(f"The store reports that {found.key} is gone or changed, but returns it.", 30)

    def _note(self, upload: Upload, error: CopyUnproven) -> CopyUnproven:
        """Records in the upload why it stays `stored`."""
        reason = Reason(error.code, error.detail)
        if upload.reason != reason:
            self._ledger.replace(upload, upload.changed(reason=reason))
        return error

    def _confirm(self, upload: Upload, copied: ObjectHead, signal: Signal) -> Upload:
        if self._rules(upload).placement.lock is not None:
            locking = upload.changed(copying_since=self._clock())
            if not self._ledger.replace(upload, locking):  # an object locked in vain could not be removed for years
                return self._overtaken(upload, copied)
            upload = locking
        try:
            self._copier.finish(upload, copied)
        except PlacementRefused as error:
            return self._reject(upload, Reason("placement_refused", error.detail))
        except ObjectMissing as error:  # whoever removed it has ended the upload, or the next signal looks
            raise StoreUnavailable(f"The copy of upload {upload.id} is gone: {copied.key}.") from error
        ended = self._endings.write(upload, self._confirmed(upload, copied, signal))
        if ended is None:
            return self._overtaken(upload, copied)
        self._cleaner.after_end(ended)
        return ended

    def _confirmed(self, upload: Upload, copied: ObjectHead, signal: Signal) -> Upload:
        return upload.moved(
            UploadState.CONFIRMED,
            object=copied.as_object(copied.key),
            size=copied.size,
            confirmed_by=signal,
            confirmed_at=self._clock(),
            copying_since=None,
            reason=None,
        )

    def _overtaken(self, upload: Upload, copied: ObjectHead) -> Upload:
        """Handles an upload that was changed meanwhile, and perhaps ended: with another copy, or with none."""
        now = self._reload(upload)
        if now.ended:
            self._cleaner.discard(now, copied.key)
        return now

    def _reject(self, upload: Upload, reason: Reason, **changes: Any) -> Upload:
        after = upload.moved(UploadState.REJECTED, reason=reason, object=None, copying_since=None, **changes)
        return self._end(upload, after)

    def _end(self, before: Upload, after: Upload) -> Upload:
        """Writes an end, and removes the objects that the ledger does not point at afterwards."""
        ended = self._endings.write(before, after)
        if ended is None:
            return self._reload(before)
        self._cleaner.after_end(ended)
        return ended

    def _reload(self, upload: Upload) -> Upload:
        """The upload as the ledger has it now; a row is never removed while its upload is open."""
        return self._ledger.get(upload.id) or upload

    def _rules(self, upload: Upload) -> Rules:
        return self._profiles.rules_of(upload)
