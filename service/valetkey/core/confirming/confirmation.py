"""Confirmation: from "there may be an object" to an end that is proven.

Every signal calls the same method, any number of times, in any order and at the same time. What keeps it right:

- What arrived is compared with the grant; ``stored`` pins its ETag by compare-and-set: the first accepted bytes win.
- Whoever makes a pin copies its bytes, to a key that belongs to this pin. So each key is written by one process, once,
  and no copy that comes late can change what another one confirmed, not even bytes of the same MD5.
- The copy is conditional on the pinned ETag, and what was copied is compared afterwards: by a look, or by the store's
  answer where looks have shown that this says the same.
- Who finds that somebody else is copying waits for a while. If that one seems to be dead, what it finished is found and
  used; if there is nothing, the bytes are pinned anew.
- Where the profile asks for checks, the pinned bytes are copied into quarantine first. Detection, scanner and the last
  copy read there; each check is written to the ledger with the bytes that it is about, and counts for no others. The
  last copy, too, is made by one signal: whoever says so first in the ledger.
- Clean-up comes after the end is durable, and never decides it; what is confirmed does not wait for it.

An upload in parts is joined by the first signal that finds all of them: under its final key, where it needs no copy
then, or in quarantine.
"""

from collections.abc import Sequence
from contextlib import suppress

from valetkey.core.confirming.checks import require_verdict_wanted
from valetkey.core.confirming.matching import pins, points_at
from valetkey.core.confirming.releasing import Releasing
from valetkey.core.confirming.securing import Securing
from valetkey.core.confirming.steps import MAX_STEPS, Run
from valetkey.core.errors import (
    ObjectUnreadable,
    PartsMismatch,
    PartsMissing,
    StateConflict,
)
from valetkey.core.model.erasure import KeptObject
from valetkey.core.model.multipart import NamedPart
from valetkey.core.model.upload import Reason, Signal, Upload, UploadState, Verdict

SHOWN_TO_NOBODY = "The store shows the object to nobody: it was sent with headers that were not granted (SSE-C)."


class Confirmation(Securing, Releasing):
    """Takes uploads from `pending` to `confirmed` or `rejected`.

    Without an ``inspector`` it is one that answers requests: it leaves content to be looked at and objects above
    `WHOLE_COPY` to a process that has one, due at once for its sweep. ``pause`` waits for so many seconds.
    """

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
            return self._advance(upload, Run(signal, named, joined=upload.multipart is None))

    def judge(self, upload: Upload, verdict: Verdict) -> Upload:
        """A scanner's verdict, which is a signal, too: takes ``upload`` as far as it goes with it.

        Raises `StateConflict` where no verdict is waited for, or where it is about other bytes than those in quarantine
        now; and raises like `run`.
        """
        knew_them = upload.in_quarantine or verdict.key is not None
        if not verdict.clean:  # it is kept before anything goes on by one that was clean
            with suppress(StateConflict):
                self.keep_verdict(upload, verdict)
                upload = self._reload(upload)
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

    def keep_verdict(self, upload: Upload, verdict: Verdict) -> None:
        """Writes down a verdict on bytes that are in quarantine, and asks the store for nothing: what follows is the
        sweep's, at once. Raises `StateConflict` like `judge`.
        """
        for _ in range(MAX_STEPS):
            require_verdict_wanted(upload, self._rules(upload), verdict)
            said = upload.verdict_on_pinned
            if said and (not said.clean or verdict.clean):  # as in `judge`
                return
            if self._ledger.replace(upload, upload.changed(verdict=verdict, due_at=self._clock())):
                return
            upload = self._reload(upload)
        raise StateConflict("The upload keeps changing; try again.")

    def can_join(self, upload: Upload) -> bool:
        """Whether it comes in parts, and all of them are at the store."""
        return upload.multipart is not None and self._multiparts.is_whole(upload)

    def tidy(self, upload: Upload) -> None:
        """Removes what arrived under the grant of an upload that has ended; the sweep comes where that fails."""
        with self._cleaner.later(upload), self._gate.open_for(upload):
            self._cleaner.tidy(upload)

    def remove_waiting(self) -> None:
        """Removes what waits to be removed, now."""
        self._cleaner.remove_waiting()

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

    def _advance(self, upload: Upload, run: Run) -> Upload:
        while not upload.ended and run.steps > 0:
            run.steps -= 1
            after = self._step(upload, run)
            if after is None:
                break
            upload = after
        if run.has_joined and upload.state is UploadState.ABORTED:
            self._cleaner.tidy(upload)  # its owner was faster
        return upload

    def _step(self, upload: Upload, run: Run) -> Upload | None:
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

    def _arrive(self, upload: Upload, run: Run) -> Upload | None:
        """Pins what has arrived, or rejects it; joins parts, where that is what is missing."""
        try:
            found = self._store.head(upload.arrival_key)
        except ObjectUnreadable as error:
            return self._reject_unreadable(upload, error)
        if found is not None:
            return self._pin(upload, found, run)
        if not run.joined:
            reason = self._multiparts.join(upload, run.named)
            run.joined = run.has_joined = True
            return self._reject(upload, reason) if reason else upload
        now = self._reload(upload)  # did another signal take the bytes away? It is done then, or on its way
        return None if now.version == upload.version else now

    def _reject_unreadable(self, upload: Upload, error: ObjectUnreadable) -> Upload:
        """Who sends a PUT may encrypt it by a key of his own (SSE-C), by headers that nobody signed, where the store
        heeds these: it shows the object to nobody else then. That is so where it tells of other keys as it should."""
        if upload.multipart is not None or self._store.head(f"{upload.staging_key}.none") is not None:
            raise error
        try:
            self._store.head(upload.arrival_key)
        except ObjectUnreadable:
            pass
        else:
            raise error  # it was a stray answer: the next signal looks
        return self._reject(upload, Reason("upload_id_mismatch", SHOWN_TO_NOBODY))

    def _confirm_joined(self, upload: Upload, run: Run) -> Upload | None:
        """Parts were joined under the final key: nothing has to be copied."""
        found = run.take(upload) or self._store.head(upload.arrival_key)
        if found is None:
            return self._vanished(upload, run)
        if not pins(upload, found):
            return self._pin_again(upload, found, run)
        return self._confirm(upload, found, run.signal)

    def _is_joined_in_place(self, upload: Upload) -> bool:
        """Whether its parts were joined under its final key, and nobody has to look at them: nothing has to be copied.

        Older versions joined there what has to be checked, too: that is copied into quarantine like anything else.
        """
        in_place = upload.multipart is not None and points_at(upload, self._profiles.final_key(upload, 1))
        return in_place and not self._rules(upload).wants_checks
