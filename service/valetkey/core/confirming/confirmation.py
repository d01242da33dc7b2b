"""Confirmation: from "there may be an object" to an end that is proven.

Every signal calls the same method, any number of times, in any order and at the same time. What keeps it right:

- What arrived is compared with the grant; ``stored`` pins its ETag by compare-and-set: the first accepted bytes win.
- Whoever makes a pin copies its bytes, to a key that belongs to this pin. So each key is written by one process, once,
  and no copy that comes late can change what another one confirmed, not even bytes of the same MD5.
- The copy is conditional on the pinned ETag, and what was copied is compared afterwards.
- Who finds that somebody else is copying waits for a while. If that one seems to be dead, what it finished is found and
  used; if there is nothing, the bytes are pinned anew.
- Where the profile asks for checks, the pinned bytes are copied into quarantine first. Detection, scanner and the last
  copy read there; each check is written to the ledger with the bytes that it is about, and counts for no others. The
  last copy, too, is made by one signal: whoever says so first in the ledger.
- Clean-up comes after the end is durable, and never decides it.

An upload in parts is joined by the first signal that finds all of them: under its final key, where it needs no copy
then, or in quarantine.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from valetkey.core.confirming.checks import content_mismatch, missing_check, require_verdict_wanted
from valetkey.core.confirming.cleaning import Cleaner
from valetkey.core.confirming.copying import Copier, head_of, unproven
from valetkey.core.confirming.ending import Endings
from valetkey.core.confirming.matching import mismatch, pins, points_at, verified
from valetkey.core.confirming.removals import Removals
from valetkey.core.content.inspection import Inspector
from valetkey.core.errors import (
    CopyUnproven,
    ObjectChanged,
    ObjectMissing,
    PartsMismatch,
    PartsMissing,
    PlacementRefused,
    StateConflict,
    StoreUnavailable,
)
from valetkey.core.gate import StoreGate
from valetkey.core.granting.parts import MultipartUploads
from valetkey.core.model.erasure import KeptObject
from valetkey.core.model.multipart import WHOLE_COPY, NamedPart
from valetkey.core.model.profiles import Profiles
from valetkey.core.model.rules import Detect, Rules
from valetkey.core.model.schedule import SCHEDULE, Schedule
from valetkey.core.model.upload import Inspection, Reason, Signal, Upload, UploadState, Verdict
from valetkey.core.ports.ledger import Ledger
from valetkey.core.ports.store import ObjectHead, ObjectStore

log = logging.getLogger("valetkey")

MAX_PINS = 5
"""How often other bytes may take the place of the pinned ones before the upload is rejected as overwritten."""

MAX_STEPS = 4 * MAX_PINS
"""Bounds one run; an upload that is still `stored` then is being worked on by another signal."""

WAITS, WAIT = 10, 0.05
"""How often, and for how many seconds each time, a signal waits for another one that is copying."""

COPY_START, COPY_SPEED = timedelta(seconds=20), 16 * 1024**2
"""How long a copy may take before somebody else makes one of his own, for each pin so far, and the bytes per second
that it may take longer. Too short is only wasteful: each copy has a key of its own.
"""


@dataclass
class _Run:
    """One signal at work: ``found`` is what it has pinned itself and not dealt with yet."""

    signal: Signal
    named: Sequence[NamedPart] | None
    joined: bool
    has_joined: bool = False
    doubted: bool = False
    found: ObjectHead | None = None
    waits: int = WAITS
    steps: int = MAX_STEPS

    def take(self, upload: Upload) -> ObjectHead | None:
        """What this signal has pinned, once; None where it was somebody else's pin."""
        found, self.found = self.found, None
        return found if found is not None and pins(upload, found) else None


def _patience(upload: Upload) -> timedelta:
    """How long whoever copies the pinned bytes is left alone."""
    size = upload.object.size if upload.object else 0
    return COPY_START * upload.pins + timedelta(seconds=size / COPY_SPEED)


class Confirmation:
    """Takes uploads from `pending` to `confirmed` or `rejected`.

    Without an ``inspector`` it is one that answers requests: it leaves content to be looked at and objects above
    `WHOLE_COPY` to a process that has one, due at once for its sweep. ``pause`` waits for so many seconds.
    """

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
        self._copier = Copier(store=store, profiles=profiles)
        self._cleaner = Cleaner(
            store=store,
            ledger=ledger,
            profiles=profiles,
            multiparts=multiparts,
            schedule=schedule,
            clock=clock,
            removals=removals,
        )

    def run(self, upload: Upload, signal: Signal) -> Upload:
        """Takes ``upload`` as far as it goes now, and returns it as the ledger has it then.

        It stays `pending` (or `expired`) when no object is there, and `stored` while a check is missing or somebody
        else is copying. Raises `StoreUnavailable` (its subclass `CopyUnproven`), `LedgerUnavailable` and
        `RulesUnknown`: nothing is lost by that, and the next signal goes on where this one stopped.
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
        with self._gate.open_for(upload):
            return self._advance(upload, _Run(signal, named, joined=upload.multipart is None))

    def judge(self, upload: Upload, verdict: Verdict) -> Upload:
        """A scanner's verdict, which is a signal, too: takes ``upload`` as far as it goes with it.

        Raises `StateConflict` where no verdict is waited for, or where it is about other bytes than those in quarantine
        now; and raises like `run`.
        """
        knew_them = upload.in_quarantine or verdict.key is not None
        for _ in range(MAX_STEPS):
            upload = self.run(upload, Signal.EVENT)
            if upload.ended and upload.verdict and upload.verdict.says(verdict):
                return upload  # said before
            require_verdict_wanted(upload, self._rules(upload), verdict)
            if verdict.clean and not knew_them:  # it was read where a grant writes: perhaps others of the same MD5
                raise StateConflict("The bytes have come into quarantine just now: scan them there.")
            said = upload.verdict_on_pinned
            if said and (not said.clean or verdict.clean):  # known, and an infection that was found stays found
                return self.run(upload, Signal.EVENT)
            after = upload.changed(verdict=verdict, due_at=self._next_look(upload))
            if self._ledger.replace(upload, after):
                return self.run(after, Signal.EVENT)
            upload = self._reload(upload)
        raise StateConflict("The upload keeps changing; try again.")

    def waits_for(self, upload: Upload) -> str | None:
        """The check that ``upload`` needs before it can be confirmed, in words; None where it needs none any more."""
        return missing_check(upload, self._rules(upload))

    def objection(self, upload: Upload, found: ObjectHead) -> Reason | None:
        """Why ``found`` is not what the grant allowed; None when it is.

        Raises `StoreUnavailable` where the store drops what it takes to know: the bytes may be good.
        """
        reason = mismatch(upload, found, self._rules(upload))
        hidden = found.upload_id is None and not self._store.capabilities.shows_metadata
        if hidden and reason is not None and reason.code == "upload_id_mismatch":
            detail = (
                f"The store shows no metadata of {found.key}: neither it nor a proxy may drop x-amz-meta-upload-id."
            )
            raise StoreUnavailable(detail, 60, refused=True)
        return reason

    def can_join(self, upload: Upload) -> bool:
        """Whether it comes in parts, and all of them are at the store."""
        return upload.multipart is not None and self._multiparts.is_whole(upload)

    def tidy(self, upload: Upload) -> None:
        """Removes what arrived under the grant of an upload that has ended; the sweep comes where that fails."""
        with self._cleaner.later(upload), self._gate.open_for(upload):
            self._cleaner.tidy(upload)

    def clear(self, upload: Upload) -> None:
        """Removes all that the ledger does not point at. Call it when no copy can be under way any more.

        Raises `StoreUnavailable` and `RulesUnknown`.
        """
        with self._gate.open_for(upload):
            self._cleaner.clear(upload)

    def remove_all(self, upload: Upload) -> list[KeptObject]:
        """Removes every object that ``upload``, which has ended, may have, the confirmed one too.

        Returns those of which the store keeps something. Raises like `clear`.
        """
        with self._gate.open_for(upload):
            return self._cleaner.remove_all(upload)

    def _advance(self, upload: Upload, run: _Run) -> Upload:
        while not upload.ended and run.steps > 0:
            run.steps -= 1
            after = self._step(upload, run)
            if after is None:
                break
            upload = after
        if run.has_joined and upload.state is UploadState.ABORTED:
            self._cleaner.tidy(upload)  # its owner was faster
        return upload

    def _step(self, upload: Upload, run: _Run) -> Upload | None:
        """One step; None where there is nothing more to do now but wait."""
        if upload.state is not UploadState.STORED:
            return self._arrive(upload, run)
        verdict = upload.verdict_on_pinned
        if verdict is not None and not verdict.clean:
            return self._reject(upload, Reason("infected", verdict.detail or "A scanner found the bytes infected."))
        if upload.in_quarantine:
            return self._release(upload, run)
        if self._is_joined_in_place(upload):
            return self._confirm_joined(upload, run)
        return self._secure(upload, run)

    def _arrive(self, upload: Upload, run: _Run) -> Upload | None:
        """Pins what has arrived, or rejects it; joins parts, where that is what is missing."""
        found = self._store.head(upload.arrival_key)
        if found is not None:
            return self._pin(upload, found, run)
        if not run.joined:
            reason = self._multiparts.join(upload, run.named)
            run.joined = run.has_joined = True
            return self._reject(upload, reason) if reason else upload
        now = self._reload(upload)  # did another signal take the bytes away? It is done then, or on its way
        return None if now.version == upload.version else now

    def _pin(self, upload: Upload, found: ObjectHead, run: _Run) -> Upload:
        """Makes ``found`` the bytes this upload stands for, if they are as granted and nobody was faster."""
        if reason := self.objection(upload, found):
            return self._reject(upload, reason)
        ours = self._inspector is not None or found.size <= WHOLE_COPY  # what takes long is the worker's
        changes: dict[str, Any] = {
            "object": found.as_object(upload.arrival_key),
            "pins": upload.pins + 1,
            "copying_since": self._clock() if ours else None,
            "checksum_verified": verified(upload, found),
            "verdict": None,  # whatever was said was said of other bytes
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

    def _secure(self, upload: Upload, run: _Run) -> Upload | None:
        """Brings pinned bytes from where a grant may write to where none can."""
        pinned = upload.object
        assert pinned is not None  # noqa: S101  (stored is only entered by a pin)
        found = run.take(upload)
        if self._inspector is None and pinned.size > WHOLE_COPY:
            return None
        if found is None:
            return self._take_over(upload, run)
        wants_checks = self._rules(upload).wants_checks
        try:
            copied = self._copied(
                self._copier.into_quarantine if wants_checks else self._copier.to_final, upload, found
            )
        except PlacementRefused as error:
            return self._reject(upload, Reason("placement_refused", error.detail))
        return self._adopt(upload, copied, run.signal) if copied else self._rewritten(upload, run)

    def _copied(
        self, copy: Callable[[Upload, ObjectHead], ObjectHead | None], upload: Upload, found: ObjectHead
    ) -> ObjectHead | None:
        """The copy, or None where the bytes to copy are gone or others. The ledger learns of what went wrong.

        Raises `PlacementRefused`; `CopyUnproven` and `StoreUnavailable` when there is no answer yet.
        """
        try:
            return copy(upload, found)
        except (ObjectChanged, ObjectMissing):
            return None
        except CopyUnproven as error:
            raise self._note(upload, error) from error
        except PlacementRefused:  # also a `StoreUnavailable`, but asking again is of no use
            raise
        except StoreUnavailable as error:
            self._give_back(upload, error)
            raise

    def _adopt(self, upload: Upload, copied: ObjectHead, signal: Signal) -> Upload:
        """Goes on with what is known to be a copy of the pinned bytes."""
        is_final = upload.in_quarantine or not self._rules(upload).wants_checks
        return self._confirm(upload, copied, signal) if is_final else self._quarantined(upload, copied)

    def _take_over(self, upload: Upload, run: _Run) -> Upload | None:
        """Somebody else pinned: he is at it, or has finished without being able to say so, or is dead."""
        pinned = upload.object
        assert pinned is not None  # noqa: S101  (it is `stored`)
        if upload.copying_since is not None:
            if self._clock() < upload.copying_since + _patience(upload):
                return self._wait(upload, run)
            if (done := self._earlier(upload)) is not None:
                return self._adopt(upload, done, run.signal)
        found = self._store.head(pinned.key, pinned.version_id)
        if found is None:
            return self._vanished(upload, run)
        if upload.copying_since is None and pins(upload, found):
            return self._begin_copy(upload, found, run)
        return self._pin_again(upload, found, run)

    def _begin_copy(self, upload: Upload, found: ObjectHead, run: _Run) -> Upload:
        """Nobody has begun to copy the last pin."""
        now = self._clock()
        after = upload.changed(copying_since=now, due_at=self._schedule.after_failure(upload, now))
        if not self._ledger.replace(upload, after):
            return self._reload(upload)
        run.found = found
        return after

    def _earlier(self, upload: Upload) -> ObjectHead | None:
        """What somebody has copied of the pinned bytes. Raises `CopyUnproven` where it only may be."""
        earlier = self._copier.earlier(upload)
        if earlier.doubtful is not None:
            raise self._note(upload, unproven(upload, earlier.doubtful.key))
        return earlier.proven

    def _wait(self, upload: Upload, run: _Run) -> Upload | None:
        if run.waits == 0:
            return None
        run.waits -= 1
        run.steps += 1
        self._pause(WAIT)
        return self._reload(upload)

    def _rewritten(self, upload: Upload, run: _Run) -> Upload:
        """The pinned bytes were gone when the copy came: others are there, or none.

        Where they are there after all, somebody may have written them again; once in a run that is believed.
        """
        found = self._store.head(upload.arrival_key)
        if found is None:
            return self._vanished(upload, run)
        if pins(upload, found):
            if run.doubted:
                raise self._refused_to_copy(upload)
            run.doubted = True
        return self._pin_again(upload, found, run)

    def _refused_to_copy(self, upload: Upload) -> CopyUnproven:
        """The store says that the pinned bytes are gone, and shows them: the upload says so, until it can go on."""
        detail = f"The store copies nothing of upload {upload.id}: it says that {upload.arrival_key} is another one."
        error = CopyUnproven(detail, 60, refused=True)
        self._ledger.replace(upload, upload.changed(copying_since=None, reason=Reason(error.code, detail)))
        return error

    def _pin_again(self, upload: Upload, found: ObjectHead, run: _Run) -> Upload:
        if upload.pins >= MAX_PINS and not pins(upload, found):
            detail = f"The object was written again {upload.pins} times while it was being confirmed."
            return self._reject(upload, Reason("overwritten", detail))
        return self._pin(upload, found, run)

    def _quarantined(self, upload: Upload, copied: ObjectHead) -> Upload:
        """Nobody can change the bytes any more: those who check them may begin."""
        after = upload.changed(object=copied.as_object(copied.key), copying_since=None, reason=None)
        after = after._replace(due_at=self._next_look(after))
        return after if self._ledger.replace(upload, after) else self._reload(upload)

    def _next_look(self, upload: Upload) -> datetime:
        """When the sweep looks again: at once where only a worker can go on."""
        rules, now = self._rules(upload), self._clock()
        heavy = upload.object is not None and upload.object.size > WHOLE_COPY
        unread = rules.detect is not Detect.OFF and not upload.is_inspected
        return now if self._inspector is None and (unread or heavy) else self._schedule.soon(now)

    def _release(self, upload: Upload, run: _Run) -> Upload | None:
        """Does what checks are missing, if it may, and copies what has passed them to its final key."""
        if self.waits_for(upload):
            return self._inspect(upload, run)
        pinned = upload.object
        assert pinned is not None  # noqa: S101  (it is in quarantine)
        if self._inspector is None and pinned.size > WHOLE_COPY:
            return None
        found = run.take(upload)
        if found is None:
            return self._begin_release(upload, run)
        try:
            copied = self._copied(self._copier.to_final, upload, found)
        except PlacementRefused as error:
            return self._reject(upload, Reason("placement_refused", error.detail))
        return self._confirm(upload, copied, run.signal) if copied else self._vanished(upload, run)

    def _begin_release(self, upload: Upload, run: _Run) -> Upload | None:
        """One signal copies out of quarantine: two would leave another version, or under SSE-KMS another ETag, under
        the key than the ledger has. What somebody has begun who seems dead may still come: the next key is another.
        """
        pinned = upload.object
        assert pinned is not None  # noqa: S101  (it is in quarantine)
        changes: dict[str, Any] = {}
        if upload.copying_since is not None:
            over = self._clock() >= upload.copying_since + _patience(upload)
            if not over and run.waits:
                return self._wait(upload, run)
            if (done := self._earlier(upload)) is not None:
                return self._confirm(upload, done, run.signal)
            if not over:
                return None
            changes = {"pins": upload.pins + 1}
            if upload.inspection and upload.is_inspected:  # the bytes are the same
                changes["inspection"] = replace(upload.inspection, pin=upload.pins + 1)
        now = self._clock()
        after = upload.changed(copying_since=now, **changes)
        after = after._replace(due_at=now + _patience(after))
        if not self._ledger.replace(upload, after):
            return self._reload(upload)
        run.found = head_of(pinned, after)
        return after

    def _give_back(self, upload: Upload, error: StoreUnavailable) -> None:
        """Where nothing is there, or on its way, whoever comes next need not wait for it.

        A copy in parts that fails is given up whole. Only the answer to its last call may have been lost: whoever comes
        next looks for what that call has made, and takes another key if it is not there.
        """
        size = upload.object.size if upload.object else 0
        if error.refused:
            self._ledger.replace(upload, upload.changed(copying_since=None))
        elif upload.copying_since is not None and size > WHOLE_COPY:
            self._ledger.replace(upload, upload.changed(copying_since=upload.copying_since - _patience(upload)))

    def _inspect(self, upload: Upload, run: _Run) -> Upload | None:
        """Looks at the first bytes, if that is what is missing and it may; None where somebody else has to."""
        rules, pinned = self._rules(upload), upload.object
        if self._inspector is None or rules.detect is Detect.OFF or upload.is_inspected or pinned is None:
            return None
        try:
            content = self._inspector.inspect(head_of(pinned, upload), upload.content_type, rules.content_types)
        except (ObjectChanged, ObjectMissing):
            return self._vanished(upload, run)
        inspection = Inspection(upload.pins, content.detected)
        if lie := content_mismatch(upload, content):
            if rules.detect is Detect.REJECT:
                return self._reject(upload, lie, inspection=inspection)
            log.warning("upload %s is taken all the same: %s", upload.id, lie.detail)
        after = upload.changed(inspection=inspection, due_at=self._schedule.soon(self._clock()))
        return after if self._ledger.replace(upload, after) else self._reload(upload)

    def _confirm_joined(self, upload: Upload, run: _Run) -> Upload | None:
        """Parts were joined under the final key: nothing has to be copied."""
        found = run.take(upload) or self._store.head(upload.arrival_key)
        if found is None:
            return self._vanished(upload, run)
        if not pins(upload, found):
            return self._pin_again(upload, found, run)
        return self._confirm(upload, found, run.signal)

    def _vanished(self, upload: Upload, run: _Run) -> Upload:
        """Rejects an upload whose bytes are gone, unless another signal is done, or a copy of them may be good."""
        now = self._reload(upload)
        if now.version != upload.version or now.state is not UploadState.STORED:
            return now
        self._store.check()  # a bucket that is gone looks like an object that is gone
        checked = not upload.in_quarantine or not self.waits_for(upload)
        if checked and (done := self._earlier(upload)) is not None:
            return self._adopt(upload, done, run.signal)
        self._require_gone(upload)
        if not upload.in_quarantine and (found := self._store.head(upload.arrival_key)) is not None:
            return self._pin_again(upload, found, run)  # a process of an older version has pinned them
        return self._reject(upload, Reason("missing", "The object was removed before it could be confirmed."))

    def _require_gone(self, upload: Upload) -> None:
        """Raises `StoreUnavailable` where what was called missing or changed is there as it was: good bytes are not
        thrown away for one stray answer."""
        pinned = upload.object
        found = self._store.head(pinned.key, pinned.version_id) if pinned else None
        if found is not None and pins(upload, found):
            raise StoreUnavailable(f"The store says that {found.key} is gone or another, and shows it.", 30)

    def _note(self, upload: Upload, error: CopyUnproven) -> CopyUnproven:
        """Shows in the upload why it stays `stored`."""
        reason = Reason(error.code, error.detail)
        if upload.reason != reason:
            self._ledger.replace(upload, upload.changed(reason=reason))
        return error

    def _confirm(self, upload: Upload, copied: ObjectHead, signal: Signal) -> Upload:
        after = upload.moved(
            UploadState.CONFIRMED,
            object=copied.as_object(copied.key),
            size=copied.size,
            confirmed_by=signal,
            confirmed_at=self._clock(),
            copying_since=None,
            reason=None,
        )
        now = self._end(upload, after)
        if now.ended:  # perhaps by somebody else's copy
            self._cleaner.discard(now, copied.key)
        return now

    def _reject(self, upload: Upload, reason: Reason, **changes: Any) -> Upload:
        after = upload.moved(UploadState.REJECTED, reason=reason, object=None, copying_since=None, **changes)
        return self._end(upload, after)

    def _end(self, before: Upload, after: Upload) -> Upload:
        """Writes an end; what the ledger does not point at afterwards is removed."""
        ended = self._endings.write(before, after)
        if ended is None:
            return self._reload(before)
        self._cleaner.after_end(ended)
        return ended

    def _reload(self, upload: Upload) -> Upload:
        """What the ledger says by now; a row is never removed while its upload is open."""
        return self._ledger.get(upload.id) or upload

    def _rules(self, upload: Upload) -> Rules:
        return self._profiles.rules_of(upload)

    def _is_joined_in_place(self, upload: Upload) -> bool:
        """Whether its parts were joined under its final key, and nobody has to look at them: nothing has to be copied.

        Older versions joined there what has to be checked, too: that is copied into quarantine like anything else.
        """
        in_place = upload.multipart is not None and points_at(upload, self._profiles.final_key(upload, 1))
        return in_place and not self._rules(upload).wants_checks
