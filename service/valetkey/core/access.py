"""Who calls, and the tickets that let somebody without an API key follow one upload, or create some."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest, digest
from secrets import token_urlsafe

from valetkey.core.errors import Forbidden, UploadNotFound
from valetkey.core.keys import Scope
from valetkey.core.mac import Mac
from valetkey.core.upload import Upload, UploadId, parse_upload_id

TICKET_PREFIX = "vt_"

DEFAULT_PROFILE = "default"
"""The profile of an upload that names none, created with an API key."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many uploads a ticket may create in all; after ``expires_at`` nobody asks any more."""

    ticket: str
    limit: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ProfileTicket:
    """Lets its holder create uploads of one profile, for ``account`` and on behalf of ``owner``.

    ``max_uploads`` is how many in all; None does not limit it.
    """

    id: str
    account: str
    owner: str
    profile: str
    expires_at: datetime
    max_uploads: int | None = None

    @property
    def allowance(self) -> Allowance | None:
        """What the ledger has to count; None when nothing has to be."""
        return None if self.max_uploads is None else Allowance(self.id, self.max_uploads, self.expires_at)

    def terms(self, profile: str | None, owner: str | None) -> tuple[str, str]:
        """The profile and the owner of a new upload that asks for these (None: left out). Raises `Forbidden`."""
        if profile not in {None, self.profile}:
            raise Forbidden(f"The ticket is for the profile {self.profile!r} only.")
        if owner not in {None, self.owner}:
            raise Forbidden("The ticket is for another owner: leave `owner` out.")
        return self.profile, self.owner

    def own_key(self, key: str) -> str:
        """An Idempotency-Key of this ticket's holder as the ledger knows it: it meets no other ticket's, and no API
        key's either, as a header holds no arrow. It has fewer than 100 characters."""
        return f"{self.id}→{sha256(key.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who proved who they are.

    A caller with a ``ticket_for`` may touch that one upload and nothing else. One with a ``profile_ticket`` may create
    what it allows, and touch what was created with it. One of the scope `VERDICT` gives verdicts on everybody's
    uploads, and does nothing else.
    """

    account: str
    ticket_for: UploadId | None = None
    profile_ticket: ProfileTicket | None = None
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
        if self.profile_ticket is not None:
            raise Forbidden("A ticket does not allow this; an API key does.")
        return self.account

    def require_creator(self) -> None:
        """Raises `Forbidden` for one who may create nothing at all."""
        if self.profile_ticket is None:
            self.require_account()

    def terms(self, profile: str | None, owner: str | None) -> tuple[str, str]:
        """The profile and the owner of a new upload that asks for these (None: left out). Raises `Forbidden`."""
        if self.profile_ticket is not None:
            return self.profile_ticket.terms(profile, owner)
        account = self.require_account()
        return DEFAULT_PROFILE if profile is None else profile, account if owner is None else owner

    def require(self, upload: Upload | None) -> Upload:
        """``upload``, if the caller may touch it. Raises `UploadNotFound`, and `Forbidden` for a scanner's key."""
        self._require_uploads()
        if upload is None:
            raise UploadNotFound
        if self.profile_ticket is not None:
            allowed = upload.ticket == self.profile_ticket.id
        else:
            allowed = upload.id == self.ticket_for if self.ticket_for else upload.account == self.account
        if not allowed:
            raise UploadNotFound
        return upload

    def _require_uploads(self) -> None:
        if self.scope is not Scope.UPLOADS:
            raise Forbidden("This API key is for verdicts only.")


class Tickets:
    """Signs and reads tickets; each fits into a path of a URL as it is.

    One for an upload is ``vt_u.<upload id>.<unix time of expiry>.<HMAC-SHA256>``, one for a profile is
    ``vt_p.<claims>.<HMAC-SHA256>`` with the claims as base64url of a JSON array: id, account, owner, profile, unix time
    of expiry, max_uploads. They are signed, not hidden: who holds a ticket can read its account and owner.

    The first of ``secrets`` signs, all of them are accepted: put a new one in front to rotate.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._macs = [Mac(digest(secret.encode(), b"valetkey.ticket", "sha256")) for secret in secrets]

    def issue(self, upload: Upload, grant_life: timedelta | None = None) -> str:
        """A ticket for ``upload`` that lives as long as grants for it are renewed, and as the last one lives then.

        So no renewal prolongs it. ``grant_life`` is how long a grant of its profile lives; None: as its first one did,
        for an upload that was not renewed yet.
        """
        life = upload.expires_at - upload.created_at if grant_life is None else grant_life
        expires = int(max(upload.renewable_until + life, upload.expires_at).timestamp())
        claim = f"u.{upload.id}.{expires}"
        return f"{TICKET_PREFIX}{claim}.{_signature(self._macs[0], claim)}"

    def issue_for_profile(self, ticket: ProfileTicket) -> str:
        """``ticket`` as text. Of its expiry the whole seconds count."""
        expires = int(ticket.expires_at.timestamp())
        claims = [ticket.id, ticket.account, ticket.owner, ticket.profile, expires, ticket.max_uploads]
        text = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
        claim = f"p.{urlsafe_b64encode(text.encode()).rstrip(b'=').decode()}"
        return f"{TICKET_PREFIX}{claim}.{_signature(self._macs[0], claim)}"

    def read(self, text: str, now: datetime) -> Caller | None:
        """The caller that ``text`` stands for; None when it is no ticket of ours, or one that has expired."""
        claim, _, signature = text.removeprefix(TICKET_PREFIX).rpartition(".")
        parts = claim.split(".")
        if not text.isascii() or not self._signed(claim, signature):
            return None
        if parts[0] == "p" and len(parts) == 2:
            ticket = _profile_ticket(parts[1])
            return None if ticket.expires_at <= now else Caller(ticket.account, profile_ticket=ticket)
        if len(parts) != 3:
            return None
        kind, upload_id, expires = parts
        known = parse_upload_id(upload_id)
        if kind != "u" or known is None or not expires.isdecimal() or int(expires) <= now.timestamp():
            return None
        return Caller(account="", ticket_for=known)

    def _signed(self, claim: str, signature: str) -> bool:
        return any(compare_digest(_signature(mac, claim), signature) for mac in self._macs)


def _signature(mac: Mac, claim: str) -> str:
    return urlsafe_b64encode(mac.digest(claim.encode())).rstrip(b"=").decode()


def _profile_ticket(claims: str) -> ProfileTicket:
    """What `Tickets.issue_for_profile` wrote: the signature was looked at before."""
    ticket_id, account, owner, profile, expires, max_uploads = json.loads(
        urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    )
    return ProfileTicket(ticket_id, account, owner, profile, datetime.fromtimestamp(expires, UTC), max_uploads)


def new_ticket_id() -> str:
    """A fresh id for a profile ticket: 16 characters, which nobody can guess."""
    return token_urlsafe(12)
