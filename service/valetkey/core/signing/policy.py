"""POST policies: what a grant allows, and its SigV4 signature.

A policy is a list of conditions that S3 checks against a client's form; `PostSigner` adds the form fields that prove
that we allowed it. The result is byte for byte that of botocore's S3 POST presigner, as a property test proves, at a
fraction of the cost: values that depend only on the second and the credentials are cached.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote

from valetkey.core.signing.credentials import ALGORITHM, Credentials, PreparedHmac, hmac_of, signing_hmac

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def exactly(name: str, value: str) -> str:
    """The condition that the field ``name`` is ``value``, as JSON. "bucket" is the target bucket, not a form field."""
    return f"{{{quote(name)}: {quote(value)}}}"


def all_exactly(fields: Mapping[str, str]) -> str:
    """`exactly` for each of ``fields``, joined by ", "."""
    return ", ".join([f"{{{quote(name)}: {quote(value)}}}" for name, value in fields.items()])


def content_length_range(minimum: int, maximum: int) -> str:
    """The condition that the file has ``minimum`` to ``maximum`` bytes, both included, as JSON."""
    return f'["content-length-range", {minimum:d}, {maximum:d}]'


@dataclass(frozen=True, slots=True)
class Stamp:
    """The values shared by all policies signed in one second with one set of credentials and one expiration."""

    fields: dict[str, str]
    """The form fields that say how it is signed."""

    head: str
    """The policy's JSON up to its conditions."""

    tail: str
    """The policy's JSON after its own conditions, which covers ``fields``."""

    key: PreparedHmac = field(repr=False)
    """The prepared signing key."""

    def sign(self, conditions: str) -> dict[str, str]:
        """The signature's fields for a policy with these ``conditions``, their JSON texts joined by ", "."""
        separator = ", " if conditions else ""
        encoded = b2a_base64(f"{self.head}{conditions}{separator}{self.tail}".encode(), newline=False)
        return {
            **self.fields,
            "policy": encoded.decode(),
            "x-amz-signature": hmac_of(self.key, encoded).hex(),
        }


class PostSigner:
    """Signs POST policies for one region with SigV4. Safe to share between threads."""

    def __init__(self, region: str, service: str = "s3") -> None:
        self._place = f"{region}/{service}/aws4_request"

    def stamp(self, expiration: datetime, credentials: Credentials, now: datetime) -> Stamp:
        """The cached values for all policies signed in this second. Both times are aware.

        The signature's own fields become the last conditions, as S3 requires every field to be covered. The expiration
        is truncated to whole seconds. Raises `ValueError` for a time without a time zone.
        """
        if expiration.tzinfo is None:
            raise ValueError("a policy's expiration must be an aware datetime")
        return _stamp(credentials, self._place, _second(now), _second(expiration))


@lru_cache(maxsize=64)
def _stamp(credentials: Credentials, place: str, second: int, expiration: int) -> Stamp:
    date = _iso(second).replace("-", "").replace(":", "")
    scope = f"{date[:8]}/{place}"
    fields = {
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": f"{credentials.access_key}/{scope}",
        "x-amz-date": date,
    }
    if credentials.token is not None:
        fields["x-amz-security-token"] = credentials.token
    head = f'{{"expiration": "{_iso(expiration)}", "conditions": ['
    return Stamp(fields, head, f"{all_exactly(fields)}]}}", signing_hmac(credentials.secret_key, scope))


def _second(moment: datetime) -> int:
    """Whole seconds since the epoch, as a key for values that are cached per second."""
    return (moment - _EPOCH) // _SECOND


def _iso(second: int) -> str:
    return (_EPOCH + second * _SECOND).strftime("%Y-%m-%dT%H:%M:%SZ")
