"""What an application's own code does with uploads, without HTTP: the methods of `valetkey.ValetKey`.

The application acts for one account: its tickets create uploads for it, and its calls find these and no others.
"""

from abc import ABC, abstractmethod
from datetime import timedelta

from valetkey.api.mounted import Mounted
from valetkey.api.requests import checked_ticket
from valetkey.core.access.callers import Caller
from valetkey.core.service import IssuedTicket, UploadService


class InProcess(ABC):
    """The calls of an application that valetkey is mounted in. Every one raises `StoreUnavailable` or
    `LedgerUnavailable` where it needs the one or the other and it is unavailable.

    What it raises of ours (`ValetKeyError`) is answered as the API would, where a view lets it through.
    """

    @abstractmethod
    def _mounted(self) -> Mounted:
        """What is mounted in the application at hand."""

    @property
    def service(self) -> UploadService:
        """The use cases themselves, for any caller. Raises `RuntimeError` where there is no application."""
        return self._mounted().service

    @property
    def _caller(self) -> Caller:
        return self._mounted().authenticator.application

    def ticket(
        self, profile: str = "default", *, owner: str, max_uploads: int | None = None, ttl: int = 3600
    ) -> IssuedTicket:
        """A ticket for a browser: it creates uploads of ``profile`` on behalf of ``owner`` for ``ttl`` seconds, up to
        ``max_uploads`` in all. As text (``str``) it is the ticket alone.

        Raises `UnknownProfile`, and `InvalidRequest` for values that `POST /v1/tickets` would not take.
        """
        wanted = checked_ticket(profile=profile, owner=owner, max_uploads=max_uploads, ttl=ttl)
        life = timedelta(seconds=wanted.ttl)
        return self.service.issue_ticket(
            self._caller, wanted.profile, owner=wanted.owner, life=life, max_uploads=wanted.max_uploads
        )
