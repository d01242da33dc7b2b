"""Tickets: signed tokens that let somebody without an API key follow one upload, or create some."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hmac import compare_digest, digest
from secrets import token_urlsafe

from valetkey.core.access.callers import Caller, ProfileTicket
from valetkey.core.errors import RecordUnknown
from valetkey.core.model.upload import Upload, parse_upload_id
from valetkey.core.signing.credentials import PreparedHmac, hmac_of, prepare_hmac

_URL_SAFE = bytes.maketrans(b"+/", b"-_")

TICKET_PREFIX = "vt_"


class Tickets:
    """Signs and reads tickets; each fits into a path of a URL as it is.

    One for an upload is ``vt_u.<upload id>.<unix time of expiry>.<HMAC-SHA256>``, one for a profile is
    ``vt_p.<claims>.<HMAC-SHA256>`` with the claims as base64url of a JSON array: id, account, owner, profile, unix time
    of expiry, max_uploads. They are signed, not encrypted: the holder of a ticket can read its account and owner.

    The first of ``secrets`` signs, and all of them are accepted: to rotate, put a new one in front.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [prepare_hmac(digest(secret.encode(), b"valetkey.ticket", "sha256")) for secret in secrets]

    def sign_upload_ticket(self, upload: Upload, grant_life: timedelta | None = None) -> str:
        """A ticket for ``upload`` that is valid until the last possible grant expires: ``renewable_until`` plus the
        lifetime of a grant.

        So a renewal never extends it. ``grant_life`` is the lifetime of a grant of its profile; None: that of the
        upload's first grant, if it was not renewed yet.
        """
        life = upload.expires_at - upload.created_at if grant_life is None else grant_life
        expires = int(max(upload.renewable_until + life, upload.expires_at).timestamp())
        claim = f"u.{upload.id}.{expires}"
        return f"{TICKET_PREFIX}{claim}.{_signature(self._keys[0], claim)}"

    def sign_profile_ticket(self, ticket: ProfileTicket) -> str:
        """``ticket`` as signed text. Its expiry is truncated to whole seconds."""
        expires = int(ticket.expires_at.timestamp())
        claims = [ticket.id, ticket.account, ticket.owner, ticket.profile, expires, ticket.max_uploads]
        text = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
        claim = f"p.{urlsafe_b64encode(text.encode()).rstrip(b'=').decode()}"
        return f"{TICKET_PREFIX}{claim}.{_signature(self._keys[0], claim)}"

    def read(self, text: str, now: datetime) -> Caller | None:
        """The caller that ``text`` stands for; None if it is not one of our tickets, or has expired.

        Raises `RecordUnknown` for a ticket of ours whose kind or claims are unknown here: a newer version signed it,
        and an unknown claim may be a limit.
        """
        claim, _, signature = text.removeprefix(TICKET_PREFIX).rpartition(".")
        if not text.isascii() or not self._signed(claim, signature):
            return None
        kind, *claims = claim.split(".")
        try:
            caller, expires_at = _READERS[kind](*claims)
        except (LookupError, ValueError, TypeError, OverflowError) as error:
            raise RecordUnknown("The ticket contains something that is unknown here") from error
        return None if expires_at <= now.timestamp() else caller

    def _signed(self, claim: str, signature: str) -> bool:
        return any(compare_digest(_signature(key, claim), signature) for key in self._keys)


def _signature(key: PreparedHmac, claim: str) -> str:
    return b2a_base64(hmac_of(key, claim.encode()), newline=False).translate(_URL_SAFE, b"=").decode()


def _profile_caller(claims: str) -> tuple[Caller, int]:
    """Parses the claims that `Tickets.sign_profile_ticket` wrote; the signature was checked before."""
    ticket_id, account, owner, profile, expires, max_uploads = json.loads(
        urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    )
    expires_at = datetime.fromtimestamp(expires, UTC)
    ticket = ProfileTicket(ticket_id, account, owner, profile, expires_at, max_uploads)
    return Caller(account, profile_ticket=ticket), expires


def _upload_caller(upload_id: str, expires: str) -> tuple[Caller, int]:
    """Parses the claim that `Tickets.sign_upload_ticket` wrote; the signature was checked before."""
    known = parse_upload_id(upload_id)
    if known is None:
        raise ValueError("no id of an upload")
    return Caller(account="", ticket_for=known), int(expires)


_READERS: Mapping[str, Callable[..., tuple[Caller, int]]] = {"p": _profile_caller, "u": _upload_caller}
"""The function that reads the claims of each kind: it returns the caller and the unix time of expiry."""


def new_ticket_id() -> str:
    """A new id for a profile ticket: 16 unguessable characters."""
    return token_urlsafe(12)
