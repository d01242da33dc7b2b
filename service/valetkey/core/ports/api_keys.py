"""The durable record of API keys."""

from datetime import datetime
from typing import Protocol

from valetkey.core.access.api_keys import ApiKey


class KeyRing(Protocol):
    """The durable record of API keys, of which only hashes are kept. Raises `LedgerUnavailable` like a `Ledger`."""

    def add_key(self, key: ApiKey) -> None: ...

    def get_key(self, key_id: str) -> ApiKey | None: ...

    def list_keys(self) -> list[ApiKey]:
        """All of them, the oldest first, the revoked ones included."""

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Revokes a key; returns whether it exists. A key that was already revoked keeps its date."""
