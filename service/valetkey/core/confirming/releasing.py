"""Bytes in quarantine: the checks that are missing, and the copy to the final key once all have passed."""

import logging
from dataclasses import replace
from typing import Any

from valetkey.core.confirming.checks import content_mismatch
from valetkey.core.confirming.copying import head_of
from valetkey.core.confirming.steps import Run, Steps, patience
from valetkey.core.errors import (
    ObjectChanged,
    ObjectMissing,
    PlacementRefused,
)
from valetkey.core.model.multipart import WHOLE_COPY
from valetkey.core.model.rules import Detect
from valetkey.core.model.upload import Inspection, Reason, StoredObject, Upload

log = logging.getLogger("valetkey")


class Releasing(Steps):
    """The steps for pinned bytes that nobody can change any more."""

    def _release(self, upload: Upload, run: Run) -> Upload | None:
        """Makes the missing checks, if this process may, and copies bytes that have passed them to their final key."""
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

    def _begin_release(self, upload: Upload, run: Run) -> Upload | None:
        """Lets one signal copy out of quarantine: with two, the key would have another version, or under SSE-KMS
        another ETag, than the ledger. A signal that seems to be dead may still finish its copy, so the next one takes
        another key.
        """
        pinned = upload.object
        assert pinned is not None  # noqa: S101  (it is in quarantine)
        changes: dict[str, Any] = {}
        if upload.copying_since is not None:
            over = self._clock() >= upload.copying_since + patience(upload)
            if not over and run.waits:
                return self._wait(upload, run)
            if (done := self._earlier(upload)) is not None:
                return self._confirm(upload, done, run.signal)
            if not over:
                return None
            changes = {"pins": upload.pins + 1}
            if upload.inspection and upload.is_inspected:  # the bytes are the same
                changes["inspection"] = replace(upload.inspection, pin=upload.pins + 1)
        return self._begin(upload, pinned, run, **changes)

    def _begin(self, upload: Upload, pinned: StoredObject, run: Run, **changes: Any) -> Upload:
        """Records that this signal makes the final copy, together with ``changes``."""
        now = self._clock()
        after = upload.changed(copying_since=now, **changes)
        after = after._replace(due_at=now + patience(after))
        if not self._ledger.replace(upload, after):
            return self._reload(upload)
        run.found = head_of(pinned, after)
        return after

    def _inspect(self, upload: Upload, run: Run) -> Upload | None:
        """Inspects the first bytes, if that is missing and this process may; None if another process has to."""
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
            log.warning("upload %s is accepted nevertheless: %s", upload.id, lie.detail)
        after = upload.changed(inspection=inspection, due_at=self._schedule.soon(self._clock()))
        if upload.copying_since is None and not self.waits_for(after):  # one write for both
            return self._begin(upload, pinned, run, inspection=inspection)
        return after if self._ledger.replace(upload, after) else self._reload(upload)
