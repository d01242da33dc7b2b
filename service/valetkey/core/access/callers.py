"""Callers, and what each kind of caller may do."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from valetkey.core.access.api_keys import Scope
from valetkey.core.errors import Forbidden, UploadNotFound
from valetkey.core.model.upload import Upload, UploadId

DEFAULT_PROFILE = "default"
"""The profile of an upload that names none, created with an API key."""

APPLICATION = "application"
"""The account of an application that mounts valetkey, used for its tickets and its own calls. An API key of this name
shares its uploads."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many uploads a ticket may create in all; it is not needed after ``expires_at``."""

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
        """What the ledger has to count; None if the ticket has no limit."""
        return None if self.max_uploads is None else Allowance(self.id, self.max_uploads, self.expires_at)

    def terms(self, profile: str | None, owner: str | None) -> tuple[str, str]:
        """The profile and the owner of a new upload that asks for these (None: left out). Raises `Forbidden`."""
        if profile not in {None, self.profile}:
            raise Forbidden(f"The ticket is for the profile {self.profile!r} only.")
        if owner not in {None, self.owner}:
            raise Forbidden("The ticket is for another owner: leave `owner` out.")
        return self.profile, self.owner

    def own_key(self, key: str) -> str:
        """The Idempotency-Key as the ledger stores it for this ticket: it cannot collide with another ticket's or an
        API key's, as a header cannot contain an arrow. It has fewer than 100 characters."""
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
        """Raises `Forbidden` if the caller may not give verdicts."""
        if not self.may_judge:
            raise Forbidden("A verdict is given with an API key of the scope 'verdict'.")

    def require_account(self) -> str:
        """The account, for what a ticket does not allow. Raises `Forbidden`."""
        self.require_uploads()
        if self.ticket_for is not None:
            raise Forbidden("A ticket is good for its one upload only.")
        if self.profile_ticket is not None:
            raise Forbidden("A ticket does not allow this; an API key does.")
        return self.account

    def require_creator(self) -> None:
        """Raises `Forbidden` if the caller may not create uploads."""
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
        self.require_uploads()
        if upload is None or not self.may_touch(upload):
            raise UploadNotFound
        return upload

    def may_touch(self, upload: Upload) -> bool:
        """Whether ``upload`` is one of the caller's."""
        if self.profile_ticket is not None:
            return upload.ticket == self.profile_ticket.id
        return upload.id == self.ticket_for if self.ticket_for else upload.account == self.account

    def require_uploads(self) -> None:
        """Raises `Forbidden` if the caller may not touch uploads: a scanner's key."""
        if self.scope is not Scope.UPLOADS:
            raise Forbidden("This API key is for verdicts only.")
