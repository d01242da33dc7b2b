"""API keys in memory."""

from dataclasses import replace
from datetime import datetime

from valetkey.adapters.memory.hooks import Hook, Hooked
from valetkey.core.access.api_keys import ApiKey
from valetkey.core.errors import LedgerUnavailable


class MemoryKeyRing(Hooked):
    """`KeyRing` in memory."""

    def __init__(self, before: Hook | None = None) -> None:
        super().__init__(before)
        self._keys: dict[str, ApiKey] = {}

    def add_key(self, key: ApiKey) -> None:
        self._call("add_key", key.id)
        with self._lock:
            if key.id in self._keys:
                raise LedgerUnavailable("The ledger has a key of that id already.")
            self._keys[key.id] = key

    def get_key(self, key_id: str) -> ApiKey | None:
        self._call("get_key", key_id)
        return self._keys.get(key_id)

    def list_keys(self) -> list[ApiKey]:
        self._call("list_keys")
        with self._lock:
            return sorted(self._keys.values(), key=lambda key: (key.created_at, key.id))

    def revoke_key(self, key_id: str, at: datetime) -> bool:
        self._call("revoke_key", key_id)
        with self._lock:
            key = self._keys.get(key_id)
            if key is not None and key.revoked_at is None:
                self._keys[key_id] = replace(key, revoked_at=at)
            return key is not None
