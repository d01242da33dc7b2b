"""Who calls, and the tickets that let somebody without an API key follow one upload."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import digest

from itsdangerous import BadSignature, Signer

from valetkey.core.errors import Forbidden, UploadNotFound
from valetkey.core.upload import Upload, UploadId, parse_upload_id

TICKET_PREFIX = "vt_"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who proved who they are. A caller with a ``ticket_for`` may touch that one upload and nothing else."""

    account: str
    ticket_for: UploadId | None = None

    def require_account(self) -> str:
        """The account, for what a ticket does not allow. Raises `Forbidden`."""
        if self.ticket_for is not None:
            raise Forbidden("A ticket is good for its one upload only.")
        return self.account

    def require(self, upload: Upload | None) -> Upload:
        """``upload``, if the caller may touch it. Raises `UploadNotFound`."""
        if upload is None:
            raise UploadNotFound
        allowed = upload.id == self.ticket_for if self.ticket_for else upload.account == self.account
        if not allowed:
            raise UploadNotFound
        return upload


class Tickets:
    """Signs and reads tickets: ``vt_u.<upload id>.<unix time of expiry>.<HMAC-SHA256>``.

    The first of ``secrets`` signs, all of them are accepted: put a new one in front to rotate.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [digest(secret.encode(), b"valetkey.ticket", "sha256") for secret in secrets]
        self._signer = Signer(
            list(reversed(keys)),  # itsdangerous signs with the last
            sep=".",
            key_derivation="none",  # done above, once
            digest_method=sha256,
        )

    def issue(self, upload: Upload) -> str:
        """A ticket for ``upload`` that lives as long as grants for it are renewed, and a grant longer."""
        life = upload.expires_at - upload.created_at
        expires = int((upload.renewable_until + life).timestamp())
        return TICKET_PREFIX + self._signer.sign(f"u.{upload.id}.{expires}").decode()

    def read(self, text: str, now: datetime) -> Caller | None:
        """The caller that ``text`` stands for; None when it is no ticket of ours, or one that has expired."""
        try:
            kind, upload_id, expires = self._signer.unsign(text.removeprefix(TICKET_PREFIX)).decode().split(".")
        except (BadSignature, ValueError):
            return None
        known = parse_upload_id(upload_id)
        if kind != "u" or known is None or not expires.isdecimal() or int(expires) <= now.timestamp():
            return None
        return Caller(account="", ticket_for=known)
