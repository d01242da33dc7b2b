"""API keys: ``vk_<id>_<secret>``. The ledger keeps a hash of the secret, never the key."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_KEY = re.compile(r"vk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Scope(StrEnum):
    """What a key allows: creating uploads, or giving a scanner's verdicts on all uploads."""

    UPLOADS = "uploads"
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as it is kept. Keys of one ``name`` share their uploads, so that a key can be replaced by another.

    ``digest`` is the SHA-256 of the secret in hex: the secret has 256 random bits, so nothing slower is needed.
    """

    id: str
    name: str
    digest: str
    created_at: datetime
    revoked_at: datetime | None = None
    scope: Scope = Scope.UPLOADS

    def admits(self, secret: str) -> bool:
        """Whether ``secret`` is this key's and it is not revoked; takes the same time for every wrong secret."""
        return hmac.compare_digest(self.digest, _digest(secret)) and self.revoked_at is None


def new_key(name: str, now: datetime, scope: Scope = Scope.UPLOADS) -> tuple[ApiKey, str]:
    """A new key, and its text for the person who will use it: it cannot be recovered later."""
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    return ApiKey(key_id, name, _digest(secret), now, scope=scope), f"vk_{key_id}_{secret}"


def split_key(text: str) -> tuple[str, str] | None:
    """The id and the secret in a key's text, or None if it is not a key."""
    match = _KEY.fullmatch(text)
    return (match[1], match[2]) if match else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
