"""Credentials of S3, and what SigV4 signs with by them."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hmac import HMAC, digest
from hmac import new as new_hmac

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An S3 access key, with a session token and an end of life where it is a temporary one."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


def prepare_hmac(key: bytes) -> HMAC:
    """HMAC-SHA256 by a key that signs many texts: what depends on the key alone is done once. See `hmac_of`."""
    return new_hmac(key, digestmod="sha256")


def hmac_of(prepared: HMAC, text: bytes) -> bytes:
    """The 32 bytes that authenticate ``text``. Threads may share ``prepared``."""
    own = prepared.copy()
    own.update(text)
    return own.digest()


@lru_cache(maxsize=64)  # a day's key for each secret: few at a time, and a rotated one falls out
def signing_hmac(secret_key: str, scope: str) -> HMAC:
    """What signs by SigV4's key for a scope, prepared."""
    return prepare_hmac(signing_key(secret_key, scope))


def signing_key(secret_key: str, scope: str) -> bytes:
    """SigV4's key for a scope ``date/region/service/aws4_request``."""
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = digest(key, part.encode(errors="surrogatepass"), "sha256")
    return key
