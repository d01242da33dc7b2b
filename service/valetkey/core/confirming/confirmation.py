"""Confirmation: from a hint that an object may have arrived to a proven end.

Every signal calls the same method, any number of times, in any order and concurrently. It is correct because:

- The object is compared with the grant; ``stored`` pins its ETag by compare-and-set: the first accepted bytes win.
- The process that makes a pin copies its bytes, to a key that belongs to this pin. So each key is written by one
  process, once, and no late copy can change what another process confirmed, not even with bytes of the same MD5.
- The copy is conditional on the pinned ETag, and compared afterwards: by a HEAD request, or by the store's response to
  the copy once HEAD requests have shown that it says the same.
- A signal that finds another one copying waits for a while. If that one seems to be dead, its finished copy is found
  and used; if there is none, the bytes are pinned again.
- If the profile requires checks, the pinned bytes are copied into quarantine first. Detection, scanner and the final
  copy read there; each check is recorded in the ledger with the bytes that it is about, and counts for no others. The
  final copy is also made by one signal: the first that claims it in the ledger.
- Clean-up comes after the end is durable, and never affects it; confirmation does not wait for it.

A multipart upload is joined by the first signal that finds all its parts: under its final key, where it needs no copy,
or in quarantine.
"""

from collections.abc import Sequence
from contextlib import suppress

from valetkey.core.confirming.checks import require_verdict_wanted
from valetkey.core.confirming.matching import pins, points_at, verified
from valetkey.core.confirming.releasing import Releasing
from valetkey.core.confirming.securing import Securing
from valetkey.core.confirming.steps import MAX_STEPS, Run
from valetkey.core.errors import (
    ObjectUnreadable,
    PartsMismatch,
    PartsMissing,
    RulesUnknown,
    StateConflict,
)
from valetkey.core.model.erasure import KeptObject
from valetkey.core.model.multipart import NamedPart
from valetkey.core.model.upload import Reason, Signal, Upload, UploadState, Verdict
from valetkey.core.ports.store import ObjectHead

SHOWN_TO_NOBODY = "The object cannot be read: it was sent with headers that were not granted (SSE-C)."


class Confirmation(Securing, Releasing):
    """Takes uploads from `pending` to `confirmed` or `rejected`.

    Without an ``inspector`` it serves requests: it leaves the inspection of content and the copy of objects above
    `WHOLE_COPY` to a process with one, by making them due now for its sweep. ``pause`` sleeps for a number of seconds.
    """

    def run(self, upload: Upload, signal: Signal) -> Upload:
        """Advances ``upload`` as far as possible now, and returns it as the ledger has it then.

        It stays `pending` (or `expired`) if there is no object, and `stored` while a check is missing or another
        process is copying. Raises `StoreUnavailable` (its subclass `CopyUnproven`), `LedgerUnavailable` and
        `RulesUnknown`: nothing is lost by that, and the next signal continues where this one stopped.
        """
        try:
            return self.complete(upload, signal, None)
        except (PartsMissing, PartsMismatch):
            return upload

    def complete(self, upload: Upload, signal: Signal, named: Sequence[NamedPart] | None) -> Upload:
        """Like `run`, for a client that says that everything is sent; for a multipart upload, the parts ``named``.

        Raises `PartsMissing` and `PartsMismatch` as well.
        """
        if upload.ended:
            return upload
        with self._gate.open_for(upload):
            return self._advance(upload, Run(signal, named, joined=upload.multipart is None))

    def judge(self, upload: Upload, verdict: Verdict) -> Upload:
        """Records a scanner's verdict, which is a signal as well, and advances ``upload`` as far as possible with it.

        Raises `StateConflict` if the upload needs no verdict, or if this one is about other bytes than those in
        quarantine now; otherwise raises like `run`.
        """
        knew_them = upload.in_quarantine or verdict.key is not None
        if not verdict.clean:  # recorded before an earlier clean verdict can advance the upload
            with suppress(StateConflict):
                self.keep_verdict(upload, verdict)
                upload = self._reload(upload)
        for _ in range(MAX_STEPS):
            upload = self.run(upload, Signal.EVENT)
            if upload.ended and upload.verdict and upload.verdict.says(verdict):
                return upload  # a repeated verdict
            require_verdict_wanted(upload, self._rules(upload), verdict)
            if verdict.clean and not knew_them:  # scanned where a grant may write: perhaps other bytes of the same MD5
                raise StateConflict("The bytes have just been moved to quarantine: scan them there.")
            said = upload.verdict_on_pinned
            if said and (not said.clean or verdict.clean):  # known already; a found infection is never overruled
                return self.run(upload, Signal.EVENT)
            after = upload.changed(verdict=verdict, due_at=self._next_look(upload))
            if self._ledger.replace(upload, after):
                return self.run(after, Signal.EVENT)
            upload = self._reload(upload)
        raise StateConflict("The upload keeps changing; try again.")

    def keep_verdict(self, upload: Upload, verdict: Verdict) -> None:
        """Records a verdict on bytes in quarantine without calling the store: the sweep continues from there at once.
        Raises `StateConflict` like `judge`.
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

    def confirmed_before(self, upload: Upload) -> ObjectHead | None:
        """The object of a pending upload that is under its final key already; None if there is none.

        Only a confirmation writes there, so the ledger has forgotten one: it was restored, or lost commits in a
        failover. Raises `StoreUnavailable`, and `RulesUnknown` if there is an object.
        """
        try:
            key = self._profiles.final_key(upload, 1)
        except RulesUnknown:  # of an older version, whose key nobody knows any more
            return None
        found = None if key == upload.arrival_key else self._store.head(key)
        return None if found is None or self.objection(upload, found) else found

    def recover(self, upload: Upload) -> Upload:
        """Confirms a pending upload with what was `confirmed_before`; returns it unchanged if that is nothing.

        Raises like `run`.
        """
        with self._gate.open_for(upload):
            found = self.confirmed_before(upload)
            if found is None:
                return upload
            stored = upload.moved(
                UploadState.STORED,
                object=found.as_object(found.key),
                pins=1,
                checksum_verified=verified(upload, found),
            )
            self._copier.finish(stored, found)
            return self._endings.write(upload, self._confirmed(stored, found, Signal.SWEEP)) or self._reload(upload)

    def can_join(self, upload: Upload) -> bool:
        """Whether it is a multipart upload with all its parts at the store."""
        return upload.multipart is not None and self._multiparts.is_whole(upload)

    def tidy(self, upload: Upload) -> None:
        """Removes bytes that arrived under the grant of an ended upload; failures are left to the sweep."""
        with self._cleaner.later(upload), self._gate.open_for(upload):
            self._cleaner.tidy(upload)

    def remove_waiting(self) -> None:
        """Removes the objects that are queued for removal, now."""
        self._cleaner.remove_waiting()

    def clear(self, upload: Upload) -> None:
        """Removes everything that the ledger does not point at. Call it only when no copy can be in progress.

        Raises `StoreUnavailable` and `RulesUnknown`.
        """
        with self._gate.open_for(upload):
            self._cleaner.clear(upload)

    def remove_all(self, upload: Upload) -> list[KeptObject]:
        """Removes every object that an ended upload may have, including the confirmed one.

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
            self._cleaner.tidy(upload)  # its owner ended it first
        return upload

    def _step(self, upload: Upload, run: Run) -> Upload | None:
        """One step; None if nothing more can be done now."""
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
        """Pins the object that has arrived, or rejects it; joins parts if they are complete."""
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
        now = self._reload(upload)  # another signal may have moved the bytes: then it is done, or in progress
        return None if now.version == upload.version else now

    def _reject_unreadable(self, upload: Upload, error: ObjectUnreadable) -> Upload:
        """Rejects an object that the client encrypted with its own key (SSE-C), by unsigned headers on a store that
        obeys them: nobody else can read it. That is assumed if the store answers correctly for other keys."""
        if upload.multipart is not None or self._store.head(f"{upload.staging_key}.none") is not None:
            raise error
        try:
            self._store.head(upload.arrival_key)
        except ObjectUnreadable:
            pass
        else:
            raise error  # a stray response: the next signal checks again
        return self._reject(upload, Reason("upload_id_mismatch", SHOWN_TO_NOBODY))

    def _confirm_joined(self, upload: Upload, run: Run) -> Upload | None:
        """Confirms parts that were joined under the final key: nothing has to be copied."""
        found = run.take(upload) or self._store.head(upload.arrival_key)
        if found is None:
            return self._vanished(upload, run)
        if not pins(upload, found):
            return self._pin_again(upload, found, run)
        return self._confirm(upload, found, run.signal)

    def _is_joined_in_place(self, upload: Upload) -> bool:
        """Whether its parts were joined under its final key and need no checks, so that nothing has to be copied.

        Older versions also joined uploads there that need checks: those are copied into quarantine like all others.
        """
        in_place = upload.multipart is not None and points_at(upload, self._profiles.final_key(upload, 1))
        return in_place and not self._rules(upload).wants_checks
