"""Tells the application of every end by blinker signals: ``upload_confirmed`` and its kin.

A receiver gets the `Upload` as its sender, in the thread of whoever ended the upload, after the ledger's commit. It
needs no rights.
"""

import logging

from blinker import Namespace

from valetkey.core.model.announcement import EVENT_TYPES, UNCLAIMED_TYPE, event_type
from valetkey.core.model.upload import Upload, UploadState

log = logging.getLogger("valetkey")

_signals = Namespace()

upload_confirmed = _signals.signal("upload-confirmed")
upload_rejected = _signals.signal("upload-rejected")
upload_aborted = _signals.signal("upload-aborted")
upload_expired = _signals.signal("upload-expired")
upload_deleted = _signals.signal("upload-deleted")
upload_unclaimed = _signals.signal("upload-unclaimed")

_BY_TYPE = {
    EVENT_TYPES[UploadState.CONFIRMED]: upload_confirmed,
    EVENT_TYPES[UploadState.REJECTED]: upload_rejected,
    EVENT_TYPES[UploadState.ABORTED]: upload_aborted,
    EVENT_TYPES[UploadState.EXPIRED]: upload_expired,
    EVENT_TYPES[UploadState.DELETED]: upload_deleted,
    UNCLAIMED_TYPE: upload_unclaimed,
}


class SignalNotifier:
    """`Notifier` by blinker. What a receiver raises is logged: it cannot undo what is durable already."""

    def ended(self, upload: Upload) -> None:
        reason = f" ({upload.reason.code})" if upload.reason else ""
        log.info("upload %s is %s%s", upload.id, upload.state, reason)
        signal = _BY_TYPE[event_type(upload) or ""]
        for receiver in signal.receivers_for(upload):
            try:
                receiver(upload)
            except Exception:
                log.exception("a receiver of %s failed for upload %s", signal.name, upload.id)
