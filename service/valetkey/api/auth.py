"""Authentication: an API key or a ticket in ``Authorization: Bearer``."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from valetkey.core.access.api_keys import Scope, split_key
from valetkey.core.access.callers import APPLICATION, Caller
from valetkey.core.access.tickets import TICKET_PREFIX, Tickets
from valetkey.core.errors import Unauthenticated
from valetkey.core.ports.api_keys import KeyRing

KEY_MEMORY = 5.0
"""How long a valid key is cached, in seconds: a revoked one stops working after that."""

MAX_REMEMBERED = 10_000

OPEN_ACCOUNT = "open"


class Authenticator:
    """Finds the caller of a request. ``keys`` is None without authentication (``VALETKEY_AUTH=open``)."""

    def __init__(self, keys: KeyRing | None, tickets: Tickets, clock: Callable[[], datetime]) -> None:
        self._keys = keys
        self._tickets = tickets
        self._clock = clock
        self._remembered: dict[str, tuple[Caller, float]] = {}

    @property
    def is_open(self) -> bool:
        """Whether no credential is needed."""
        return self._keys is None

    @property
    def application(self) -> Caller:
        """The application that mounts valetkey; without authentication it shares the account of all callers."""
        return Caller(OPEN_ACCOUNT if self.is_open else APPLICATION)

    def caller(self, authorization: str | None) -> Caller:
        """The caller behind an ``Authorization`` header. Raises `Unauthenticated` and `LedgerUnavailable`."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token.startswith(TICKET_PREFIX):
            return self._by_ticket(token)
        if self._keys is None:
            return Caller(OPEN_ACCOUNT, may_judge=True)
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Send an API key or a ticket as 'Authorization: Bearer ...'.")
        return self._by_key(self._keys, token)

    def holder(self, token: str) -> Caller:
        """The caller behind a bare token, an API key or a ticket, that was not sent as ``Bearer``.

        Raises `Unauthenticated` and `LedgerUnavailable`.
        """
        return self.caller(f"Bearer {token}")

    def _by_ticket(self, token: str) -> Caller:
        caller = self._tickets.read(token, self._clock())
        if caller is None:
            raise Unauthenticated("The ticket is invalid, or no longer valid.")
        return caller

    def _by_key(self, keys: KeyRing, token: str) -> Caller:
        remembered = self._remembered.get(token)
        if remembered is not None and remembered[1] > monotonic():
            return remembered[0]
        parts = split_key(token)
        key = keys.get_key(parts[0]) if parts else None
        if parts is None or key is None or not key.admits(parts[1]):
            self._remembered.pop(token, None)
            raise Unauthenticated("The API key is invalid, or no longer valid.")
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        caller = Caller(key.name, scope=key.scope, may_judge=key.scope is Scope.VERDICT)
        self._remembered[token] = (caller, monotonic() + KEY_MEMORY)
        return caller
