"""The checks that a profile may require before confirmation: type detection by the first bytes, a scanner's verdict."""

from valetkey.core.content.inspection import Content
from valetkey.core.errors import StateConflict
from valetkey.core.model.rules import Detect, Rules
from valetkey.core.model.upload import Reason, Upload, Verdict


def missing_check(upload: Upload, rules: Rules) -> str | None:
    """The check that ``upload`` still needs before it can be confirmed, in words; None if it needs none."""
    if rules.detect is not Detect.OFF and not upload.is_inspected:
        return "a look at its first bytes"
    return "a scanner's verdict" if rules.scan and upload.verdict_on_pinned is None else None


def require_verdict_wanted(upload: Upload, rules: Rules, verdict: Verdict) -> None:
    """Raises `StateConflict` if the upload waits for no verdict, or if it is about other bytes than the pinned ones."""
    if not rules.scan:
        raise StateConflict(f"Upload {upload.id} waits for no verdict: its profile had no scan = true.")
    if upload.ended:
        raise StateConflict(f"The upload is {upload.state}: no verdict is waited for.")
    if upload.object is None or not upload.in_quarantine:
        raise StateConflict("No bytes are in quarantine that a verdict could be on.")
    if verdict.etag != upload.object.etag:
        raise StateConflict(f"The verdict is on other bytes: those that count now have the ETag {upload.object.etag}.")
    if verdict.key not in {None, upload.object.key}:
        raise StateConflict(f"The verdict is on other bytes: those that count now are {upload.object.key}.")


def content_mismatch(upload: Upload, content: Content) -> Reason | None:
    """Why the first bytes are not of the granted type; None if they may be."""
    if content.agrees:
        return None
    kind = content.detected or "nothing that is known"
    return Reason("content_mismatch", f"{upload.content_type!r} was granted, the bytes look like {kind}.")
