"""S3 credentials, and the SigV4 signing keys derived from them."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hashlib import _Hash as HASH

ALGORITHM = "AWS4-HMAC-SHA256"

_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ mask for byte in range(256)) for mask in (0x36, 0x5C))


@dataclass(frozen=True, slots=True)
class Credentials:
    """An S3 access key; a temporary one has a session token and an expiry."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


class PreparedHmac(NamedTuple):
    """HMAC-SHA256 with one key (RFC 2104): the inner and outer hash after the key."""

    inner: "HASH"
    outer: "HASH"


def prepare_hmac(key: bytes) -> PreparedHmac:
    """Prepares signing many texts with ``key``: the work that depends on the key alone is done once. See `hmac_of`."""
    block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
    return PreparedHmac(sha256(block.translate(_INNER)), sha256(block.translate(_OUTER)))


def hmac_of(prepared: PreparedHmac, text: bytes) -> bytes:
    """The 32 bytes that authenticate ``text``. Threads may share ``prepared``.

    `hmac` takes more than twice as long, even with a prepared key, and a grant needs two signatures.
    """
    inner, outer = prepared.inner.copy(), prepared.outer.copy()
    inner.update(text)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=64)  # a day's key for each secret: only a few at a time, and rotated ones are evicted
def signing_hmac(secret_key: str, scope: str) -> PreparedHmac:
    """The prepared HMAC with SigV4's key for a scope."""
    return prepare_hmac(signing_key(secret_key, scope))


def signing_key(secret_key: str, scope: str) -> bytes:
    """SigV4's key for a scope ``date/region/service/aws4_request``."""
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = digest(key, part.encode(errors="surrogatepass"), "sha256")
    return key
