"""The checks that a profile asks for before an upload is confirmed: a look at the first bytes, a scanner's verdict."""

from valetkey.core.content import Content
from valetkey.core.errors import StateConflict
from valetkey.core.profile import Detect, Profile
from valetkey.core.upload import Reason, Upload, UploadState, Verdict


def missing_check(upload: Upload, profile: Profile) -> str | None:
    """The check that ``upload`` needs before it can be confirmed, in words; None where it needs none any more."""
    if profile.detect is not Detect.OFF and not upload.is_inspected:
        return "a look at its first bytes"
    return "a scanner's verdict" if profile.scan and upload.verdict_on_pinned is None else None


def require_verdict_wanted(upload: Upload, profile: Profile, verdict: Verdict) -> None:
    """Raises `StateConflict` where no verdict is waited for, or where it is about other bytes than those pinned."""
    if not profile.scan:
        raise StateConflict(f"Profile {upload.profile!r} waits for no verdict: it has no scan = true.")
    if upload.ended:
        raise StateConflict(f"The upload is {upload.state}: no verdict is waited for.")
    if upload.object is None or upload.state is not UploadState.STORED:
        raise StateConflict("No bytes have arrived that a verdict could be on.")
    if verdict.etag != upload.object.etag:
        raise StateConflict(f"The verdict is on other bytes: those that count now have the ETag {upload.object.etag}.")


def content_mismatch(upload: Upload, content: Content) -> Reason | None:
    """Why the first bytes are not of the type that was granted; None where they may be."""
    if content.agrees:
        return None
    kind = content.detected or "nothing that is known"
    return Reason("content_mismatch", f"{upload.content_type!r} was granted, the bytes look like {kind}.")
