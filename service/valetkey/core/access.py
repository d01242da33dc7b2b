"""Who calls, and the tickets that let somebody without an API key follow one upload."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest, digest

from valetkey.core.errors import Forbidden, UploadNotFound
from valetkey.core.keys import Scope
from valetkey.core.upload import Upload, UploadId, parse_upload_id

TICKET_PREFIX = "vt_"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who proved who they are. A caller with a ``ticket_for`` may touch that one upload and nothing else; one
    of the scope `VERDICT` gives verdicts on everybody's uploads, and does nothing else."""

    account: str
    ticket_for: UploadId | None = None
    scope: Scope = Scope.UPLOADS
    may_judge: bool = False

    def require_judge(self) -> None:
        """Raises `Forbidden` for whoever may give no verdicts."""
        if not self.may_judge:
            raise Forbidden("A verdict is given with an API key of the scope 'verdict'.")

    def require_account(self) -> str:
        """The account, for what a ticket does not allow. Raises `Forbidden`."""
        self._require_uploads()
        if self.ticket_for is not None:
            raise Forbidden("A ticket is good for its one upload only.")
        return self.account

    def require(self, upload: Upload | None) -> Upload:
        """``upload``, if the caller may touch it. Raises `UploadNotFound`, and `Forbidden` for a scanner's key."""
        self._require_uploads()
        if upload is None:
            raise UploadNotFound
        allowed = upload.id == self.ticket_for if self.ticket_for else upload.account == self.account
        if not allowed:
            raise UploadNotFound
        return upload

    def _require_uploads(self) -> None:
        if self.scope is not Scope.UPLOADS:
            raise Forbidden("This API key is for verdicts only.")


class Tickets:
    """Signs and reads tickets: ``vt_u.<upload id>.<unix time of expiry>.<HMAC-SHA256>``.

    The first of ``secrets`` signs, all of them are accepted: put a new one in front to rotate.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [digest(secret.encode(), b"valetkey.ticket", "sha256") for secret in secrets]

    def issue(self, upload: Upload) -> str:
        """A ticket for ``upload`` that lives as long as grants for it are renewed, and as its last grant lives."""
        life = upload.expires_at - upload.created_at
        expires = int(upload.renewable_until.timestamp() + life.total_seconds())
        claim = f"u.{upload.id}.{expires}"
        return f"{TICKET_PREFIX}{claim}.{_signature(self._keys[0], claim)}"

    def read(self, text: str, now: datetime) -> Caller | None:
        """The caller that ``text`` stands for; None when it is no ticket of ours, or one that has expired."""
        claim, _, signature = text.removeprefix(TICKET_PREFIX).rpartition(".")
        parts = claim.split(".")
        if not text.isascii() or not self._signed(claim, signature) or len(parts) != 3:
            return None
        kind, upload_id, expires = parts
        known = parse_upload_id(upload_id)
        if kind != "u" or known is None or not expires.isdecimal() or int(expires) <= now.timestamp():
            return None
        return Caller(account="", ticket_for=known)

    def _signed(self, claim: str, signature: str) -> bool:
        return any(compare_digest(_signature(key, claim), signature) for key in self._keys)


def _signature(key: bytes, claim: str) -> str:
    return urlsafe_b64encode(digest(key, claim.encode(), "sha256")).rstrip(b"=").decode()
