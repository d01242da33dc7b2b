"""The findings of a sweep, and the action taken for each."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from valetkey.core.errors import CopyUnproven, StoreUnavailable, Unavailable
from valetkey.core.model.erasure import KeptObject
from valetkey.core.model.upload import Reason, StoreUploads, Upload, UploadState
from valetkey.core.ports.store import OldMultipart, OldObject

log = logging.getLogger("valetkey")


class Action(StrEnum):
    """The action that a sweep takes, or would take."""

    CONFIRM = "confirm"
    REJECT = "reject"
    CHECK = "check"
    EXPIRE = "expire"
    WAIT = "wait"
    CLEAR = "clear"
    REMOVE = "remove"
    ABORT = "abort"
    FORGET = "forget"
    SKIP = "skip"
    STUCK = "stuck"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding and the action taken for it. ``subject`` is an upload's id or an object's key.

    ``unavailable``: it failed because the store did not answer, so others will fail too.
    """

    action: Action
    subject: str
    detail: str
    unavailable: bool = False


def changed(upload: Upload) -> Finding:
    match upload.state:
        case UploadState.CONFIRMED:
            return confirming(upload)
        case UploadState.REJECTED if upload.reason is not None:
            return rejecting(upload, upload.reason)
        case _:
            return Finding(Action.CHECK, upload.id, f"it is {upload.state} now")


def confirming(upload: Upload) -> Finding:
    return Finding(Action.CONFIRM, upload.id, f"{upload.size} bytes that nobody reported")


def rejecting(upload: Upload, reason: Reason) -> Finding:
    return Finding(Action.REJECT, upload.id, reason.code)


def expiring(upload: Upload) -> Finding:
    return Finding(Action.EXPIRE, upload.id, f"no bytes, its grant expired at {upload.expires_at:%Y-%m-%d %H:%M:%S}")


def outlived(upload: Upload, reason: Reason) -> Finding:
    return Finding(Action.REMOVE, upload.id, reason.detail)


def early(upload: Upload, ahead: timedelta) -> Finding:
    """It would be removed by this machine's clock alone."""
    detail = f"this machine's clock is {ahead // timedelta(minutes=1)} minutes ahead of the store's: set it right"
    log.warning("upload %s is not removed yet: %s", upload.id, detail)
    return Finding(Action.WAIT, upload.id, detail)


def forgetting(upload: Upload) -> Finding:
    return Finding(
        Action.FORGET, upload.id, f"it has been {upload.state} since {upload.ended_at:%Y-%m-%d %H:%M:%S} or longer"
    )


def retained(upload: Upload, kept: KeptObject) -> Finding:
    return Finding(Action.SKIP, upload.id, f"the store keeps something of it: {kept.reason}")


def waiting(upload: Upload) -> Finding:
    return Finding(Action.WAIT, upload.id, f"it is {upload.state}, and nothing has arrived yet")


def missing(upload: Upload, check: str) -> Finding:
    return Finding(Action.WAIT, upload.id, f"it is {upload.state}, and needs {check}")


def elsewhere(upload: Upload) -> Finding:
    detail = f"it is in bucket {upload.bucket!r} of the store {upload.store!r}, which is not this one"
    return Finding(Action.SKIP, upload.id, detail)


def unknown(store: StoreUploads, count: int) -> Finding:
    detail = f"uploads that wait for bucket {store.bucket!r} of this store, which is not configured here: {count}"
    return Finding(Action.SKIP, store.name, detail)


def failed(upload: Upload, error: Exception) -> Finding:
    if isinstance(error, Unavailable):
        log.warning("upload %s will be checked again: %s", upload.id, error.detail)
        unavailable = isinstance(error, StoreUnavailable) and not (error.refused or isinstance(error, CopyUnproven))
        return Finding(Action.FAIL if unavailable else Action.STUCK, upload.id, error.detail, unavailable)
    log.error("the sweep failed for upload %s", upload.id, exc_info=error)
    return Finding(Action.FAIL, upload.id, f"{type(error).__name__}: it will be checked again")


def silent(store: str, error: StoreUnavailable) -> Finding:
    return Finding(Action.FAIL, store, f"the store will be tried again: {error.detail}", unavailable=True)


def removing(found: OldObject) -> Finding:
    return Finding(Action.REMOVE, found.key, f"without an owner, written at {found.modified_at:%Y-%m-%d %H:%M:%S}")


def aborting(found: OldMultipart) -> Finding:
    return Finding(Action.ABORT, found.key, f"a multipart upload started at {found.started_at:%Y-%m-%d %H:%M:%S}")
