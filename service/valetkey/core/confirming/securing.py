"""Moves pinned bytes from where a grant may still write to where none can: by the signal that pinned them, or a later
one."""

from valetkey.core.confirming.matching import pins
from valetkey.core.confirming.steps import Run, Steps, patience
from valetkey.core.errors import (
    CopyUnproven,
    PlacementRefused,
)
from valetkey.core.model.upload import Reason, Upload
from valetkey.core.ports.store import ObjectHead


class Securing(Steps):
    """The steps for pinned bytes that are still where they arrived."""

    def _secure(self, upload: Upload, run: Run) -> Upload | None:
        """Copies pinned bytes from where a grant may write to where none can."""
        pinned = upload.object
        assert pinned is not None  # noqa: S101  (stored is only entered by a pin)
        found = run.take(upload)
        if self._inspector is None and not self._copier.is_quick(pinned.size):
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

    def _take_over(self, upload: Upload, run: Run) -> Upload | None:
        """Handles another signal's pin: that signal is copying, or has finished without recording it, or is dead."""
        pinned = upload.object
        assert pinned is not None  # noqa: S101  (it is `stored`)
        if upload.copying_since is not None:
            if self._clock() < upload.copying_since + patience(upload):
                return self._wait(upload, run)
            if (done := self._earlier(upload, can_copy=True)) is not None:
                return self._adopt(upload, done, run.signal)
        found = self._store.head(pinned.key, pinned.version_id)
        if found is None:
            return self._vanished(upload, run)
        if upload.copying_since is None and pins(upload, found):
            return self._begin_copy(upload, found, run)
        return self._pin_again(upload, found, run)

    def _begin_copy(self, upload: Upload, found: ObjectHead, run: Run) -> Upload:
        """Starts copying the last pin, which no process has started."""
        now = self._clock()
        after = upload.changed(copying_since=now, due_at=self._schedule.after_failure(upload, now))
        if not self._ledger.replace(upload, after):
            return self._reload(upload)
        run.found = found
        return after

    def _rewritten(self, upload: Upload, run: Run) -> Upload:
        """Handles pinned bytes that were gone at the time of the copy: now there are other bytes, or none.

        If they are there after all, they may have been written again; that is accepted once in a run.
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
        """The error, recorded with the upload, of a store that says that the pinned bytes are gone although it shows
        them, or whose copies have other bytes."""
        said = f"it reports that {upload.arrival_key} has changed, or its copies have other bytes"
        detail = f"The store does not copy upload {upload.id}: {said}."
        error = CopyUnproven(detail, 60, refused=True)
        self._ledger.replace(upload, upload.changed(copying_since=None, reason=Reason(error.code, detail)))
        return error
