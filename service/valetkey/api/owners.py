"""On whose behalf an application's pages get tickets, and for which profiles."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from valetkey.core.errors import ConfigurationError, Forbidden, Unauthenticated

log = logging.getLogger("valetkey")

OwnerLoader = Callable[[], str | None]
"""Returns the id of the logged-in owner in the context of a request, or None if nobody is logged in."""

MIN_TTL, MAX_TTL = 60, 604_800
MAX_UPLOADS = 1_000_000
MAX_OWNER = 200
_NOT_IN_OWNERS = re.compile("[\0\ufffd\ud800-\udfff]")
"""As in the API (`requests.Name`): half a character, and what stands for a lost one, may be another owner's too."""


@dataclass(slots=True)
class PageTickets:
    """The tickets that the application's pages get, as set by `ValetKey.owner_loader`."""

    loader: OwnerLoader | None = None
    """None: pages get no tickets."""

    profiles: frozenset[str] | None = None
    """The allowed profiles; None: any."""

    ttl: int = 900
    """The lifetime of a ticket, in seconds. The element fetches a new one after that."""

    max_uploads: int | None = 1_000
    """How many uploads a ticket may create; None: any number."""

    _warned: bool = field(default=False, init=False)

    def admit(self, loader: OwnerLoader, profiles: frozenset[str] | None, ttl: int, max_uploads: int | None) -> None:
        """Sets these values. Raises `ConfigurationError` for values that no ticket can have."""
        if not MIN_TTL <= ttl <= MAX_TTL:
            raise ConfigurationError(f"owner_loader: ttl is {MIN_TTL} to {MAX_TTL} seconds.")
        if max_uploads is not None and not 1 <= max_uploads <= MAX_UPLOADS:
            raise ConfigurationError(f"owner_loader: max_uploads is 1 to {MAX_UPLOADS}, or None for any number.")
        self.loader, self.profiles, self.ttl, self.max_uploads = loader, profiles, ttl, max_uploads

    @property
    def life(self) -> timedelta:
        """The lifetime of a ticket."""
        return timedelta(seconds=self.ttl)

    def owner(self) -> str:
        """The logged-in owner. Raises `Unauthenticated` if there is none, and `ConfigurationError` for an invalid
        id."""
        owner = self.loader() if self.loader else None
        if owner is None:
            raise Unauthenticated("Nobody is logged in on this page. Log in, and try again.")
        if not isinstance(owner, str) or not 0 < len(owner) <= MAX_OWNER or _NOT_IN_OWNERS.search(owner):
            allowed = f"a text of 1 to {MAX_OWNER} characters without NUL, U+FFFD and surrogates, or None"
            raise ConfigurationError(f"owner_loader has to return {allowed}.")
        return owner

    def warn_if_none(self) -> None:
        """Logs once that pages get no tickets. Has to be called when a page that needs one is rendered."""
        if self.loader is None and not self._warned:
            self._warned = True
            log.warning(
                "pages get no tickets, as it is unknown who is logged in: decorate a function with"
                " @valetkey.owner_loader, or give each <valet-upload> a token"
            )

    def require(self, profile: str) -> None:
        """Raises `Forbidden` for a profile that pages get no tickets for."""
        if self.profiles is not None and profile not in self.profiles:
            raise Forbidden(f"This page gets no tickets for the profile {profile!r}.")
