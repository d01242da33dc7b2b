"""Reports every end to the application by blinker signals, such as ``upload_confirmed``.

A receiver gets the `Upload` as its sender, in the thread that ended the upload, after the ledger's commit. It needs no
rights.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from blinker import ANY, NamedSignal

from valetkey.core.model.announcement import EVENT_TYPES, UNCLAIMED_TYPE, event_type
from valetkey.core.model.upload import Upload, UploadState

log = logging.getLogger("valetkey")

Receiver = TypeVar("Receiver", bound=Callable[..., Any])


class UploadSignal(NamedSignal):
    """A signal that keeps its receivers alive, also those that an application factory defines and nothing refers to.

    With ``weak=True`` it drops a receiver that is gone, as blinker's own signals do.
    """

    def connect(self, receiver: Receiver, sender: Any = ANY, weak: bool = False) -> Receiver:
        return super().connect(receiver, sender, weak)


upload_confirmed = UploadSignal("upload-confirmed")
upload_rejected = UploadSignal("upload-rejected")
upload_aborted = UploadSignal("upload-aborted")
upload_expired = UploadSignal("upload-expired")
upload_deleted = UploadSignal("upload-deleted")
upload_unclaimed = UploadSignal("upload-unclaimed")

_BY_TYPE = {
    EVENT_TYPES[UploadState.CONFIRMED]: upload_confirmed,
    EVENT_TYPES[UploadState.REJECTED]: upload_rejected,
    EVENT_TYPES[UploadState.ABORTED]: upload_aborted,
    EVENT_TYPES[UploadState.EXPIRED]: upload_expired,
    EVENT_TYPES[UploadState.DELETED]: upload_deleted,
    UNCLAIMED_TYPE: upload_unclaimed,
}


class SignalNotifier:
    """`Notifier` by blinker. A receiver's exception is logged: it cannot undo an end that is durable.

    ``context`` returns the context that receivers are called in: that of an application.
    """

    def __init__(self, context: Callable[[], AbstractContextManager[Any]] = nullcontext) -> None:
        self._context = context

    def ended(self, upload: Upload) -> None:
        reason = f" ({upload.reason.code})" if upload.reason else ""
        log.info("upload %s is %s%s", upload.id, upload.state, reason)
        signal = _BY_TYPE[event_type(upload) or ""]
        for receiver in signal.receivers_for(upload):
            try:
                with self._context():
                    receiver(upload)
            except (KeyboardInterrupt, GeneratorExit):
                raise
            except BaseException:  # a cancelled task, gevent's timeout, sys.exit: the caller continues
                log.exception("a receiver of %s failed for upload %s", signal.name, upload.id)
