"""Tells the application of every end by blinker signals: ``upload_confirmed`` and its kin.

A receiver gets the `Upload` as its sender, in the thread of whoever ended the upload, after the ledger's commit. It
needs no rights.
"""

import logging

from blinker import Namespace

from valetkey.core.model.upload import Upload, UploadState

log = logging.getLogger("valetkey")

_signals = Namespace()

upload_confirmed = _signals.signal("upload-confirmed")
upload_rejected = _signals.signal("upload-rejected")
upload_aborted = _signals.signal("upload-aborted")
upload_expired = _signals.signal("upload-expired")
upload_deleted = _signals.signal("upload-deleted")

_BY_STATE = {
    UploadState.CONFIRMED: upload_confirmed,
    UploadState.REJECTED: upload_rejected,
    UploadState.ABORTED: upload_aborted,
    UploadState.EXPIRED: upload_expired,
    UploadState.DELETED: upload_deleted,
}


class SignalNotifier:
    """`Notifier` by blinker. What a receiver raises is logged: it cannot undo what is durable already."""

    def ended(self, upload: Upload) -> None:
        reason = f" ({upload.reason.code})" if upload.reason else ""
        log.info("upload %s is %s%s", upload.id, upload.state, reason)
        signal = _BY_STATE[upload.state]
        for receiver in signal.receivers_for(upload):
            try:
                receiver(upload)
            except Exception:
                log.exception("a receiver of %s failed for upload %s", signal.name, upload.id)
