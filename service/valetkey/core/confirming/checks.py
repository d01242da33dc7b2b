"""The checks that a profile may require before confirmation: type detection by the first bytes, a scanner's verdict."""

from valetkey.core.content.inspection import Content
from valetkey.core.content.plain_text import POLYGLOT
from valetkey.core.errors import StateConflict
from valetkey.core.model.rules import Detect, Rules
from valetkey.core.model.upload import Reason, Upload, Verdict


def missing_check(upload: Upload, rules: Rules) -> str | None:
    """The check that ``upload`` still needs before it can be confirmed, in words; None if it needs none."""
    if rules.detect is not Detect.OFF and not upload.is_inspected:
        return "an inspection of its first bytes"
    return "a scanner's verdict" if rules.scan and upload.verdict_on_pinned is None else None


def require_verdict_wanted(upload: Upload, rules: Rules, verdict: Verdict) -> None:
    """Raises `StateConflict` if the upload needs no verdict, or if this one is not about the pinned bytes."""
    if not rules.scan:
        raise StateConflict(f"Upload {upload.id} needs no verdict: its profile did not have scan = true.")
    if upload.ended:
        raise StateConflict(f"The upload is {upload.state}: it needs no verdict.")
    if upload.object is None or not upload.in_quarantine:
        raise StateConflict("There are no bytes in quarantine that a verdict could be about.")
    if verdict.etag != upload.object.etag:
        raise StateConflict(f"The verdict is about other bytes: the current ones have the ETag {upload.object.etag}.")
    if verdict.key not in {None, upload.object.key}:
        raise StateConflict(f"The verdict is about other bytes: the current ones are at {upload.object.key}.")


def content_mismatch(upload: Upload, content: Content) -> Reason | None:
    """Why the first bytes are not of the granted type; None if they may be."""
    if content.agrees:
        return None
    return Reason("content_mismatch", f"{upload.content_type!r} was granted, {_found(upload, content)}.")


def _found(upload: Upload, content: Content) -> str:
    if upload.object is not None and upload.object.size == 0:
        return "and the file is empty"
    if content.detected == POLYGLOT:
        return "and another format is hidden in the file"
    return f"the bytes look like {content.detected or 'no known type'}"
