"""POST policies: what a grant allows, and its SigV4 signature.

A policy is a list of conditions that S3 checks against the form a client posts; `PostSigner` turns one into
the form fields that prove we allowed it. The result is byte for byte what botocore's S3 POST presigner makes,
which a property test proves, at a fraction of its cost: a condition carries its JSON text, and what depends
on nothing but the second and the credentials is kept.
"""

from base64 import b64encode
from dataclasses import dataclass
from dataclasses import field as _field  # a condition has a `field` of its own
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hmac import digest
from json.encoder import encode_basestring_ascii as quote

from valetkey.core.signing.mac import Mac

ALGORITHM = "AWS4-HMAC-SHA256"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Eq:
    """The form's `field` must be exactly `value`; `bucket` is the bucket posted to and no form field."""

    field: str
    value: str
    json: str = _field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "json", f"{{{quote(self.field)}: {quote(self.value)}}}")


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The form's `field` must start with `prefix`; an empty prefix allows any value."""

    field: str
    prefix: str
    json: str = _field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        text = f'["starts-with", {quote("$" + self.field)}, {quote(self.prefix)}]'
        object.__setattr__(self, "json", text)


@dataclass(frozen=True, slots=True)
class ContentLengthRange:
    """The file must have `minimum` to `maximum` bytes, both included."""

    minimum: int
    maximum: int
    json: str = _field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "json", f'["content-length-range", {self.minimum:d}, {self.maximum:d}]')


Condition = Eq | StartsWith | ContentLengthRange


@dataclass(frozen=True, slots=True)
class Policy:
    """What a form may say until `expiration`, which is aware and whose fraction of a second is cut off."""

    expiration: datetime
    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        if self.expiration.tzinfo is None:
            raise ValueError("a policy's expiration must be an aware datetime")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An S3 access key, with a session token and an end of life where it is a temporary one."""

    access_key: str
    secret_key: str = _field(repr=False)
    token: str | None = _field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, repr=False)  # it holds a signing key
class Stamp:
    """What all policies share that are signed in one second with one set of credentials and one expiration."""

    fields: dict[str, str]
    head: str
    tail: str
    mac: Mac

    def sign(self, conditions: str) -> dict[str, str]:
        """The signature's fields for a policy with these `conditions`, their JSON texts joined by ", "."""
        separator = ", " if conditions else ""
        encoded = b64encode(f"{self.head}{conditions}{separator}{self.tail}".encode())
        return {
            **self.fields,
            "policy": encoded.decode(),
            "x-amz-signature": self.mac.digest(encoded).hex(),
        }


class PostSigner:
    """Signs POST policies for one region with SigV4. Safe to share between threads."""

    def __init__(self, region: str, service: str = "s3") -> None:
        self._place = f"{region}/{service}/aws4_request"

    def sign(self, policy: Policy, credentials: Credentials, now: datetime) -> dict[str, str]:
        """The fields `policy`, `x-amz-*` and `x-amz-signature`; `now` is aware."""
        conditions = ", ".join([condition.json for condition in policy.conditions])
        return self.stamp(policy.expiration, credentials, now).sign(conditions)

    def stamp(self, expiration: datetime, credentials: Credentials, now: datetime) -> Stamp:
        """What can be kept for all policies signed in this second. Both moments are aware.

        The signature's own fields become conditions too, the last ones, since S3 wants every field covered.
        """
        return _stamp(credentials, self._place, _second(now), _second(expiration))


def form_fields(policy: Policy, signed: dict[str, str]) -> dict[str, str]:
    """The form of a grant: every field the policy fixes, and the `signed` ones.

    A field with a `StartsWith` has no fixed value: whoever fills the form adds it.
    """
    fixed = {c.field: c.value for c in policy.conditions if isinstance(c, Eq) and c.field != "bucket"}
    return fixed | signed


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
    own = ", ".join(Eq(name, value).json for name, value in fields.items())
    head = f'{{"expiration": "{_iso(expiration)}", "conditions": ['
    return Stamp(fields, head, f"{own}]}}", signing_mac(credentials.secret_key, scope))


@lru_cache(maxsize=64)  # a day's key for each secret: few at a time, and a rotated one falls out
def signing_mac(secret_key: str, scope: str) -> Mac:
    """What signs by SigV4's key for a scope."""
    return Mac(signing_key(secret_key, scope))


def signing_key(secret_key: str, scope: str) -> bytes:
    """SigV4's key for a scope `date/region/service/aws4_request`."""
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = digest(key, part.encode(errors="surrogatepass"), "sha256")
    return key


def _second(moment: datetime) -> int:
    """Whole seconds since 1970 began, as a key for what is kept per second."""
    return (moment - _EPOCH) // _SECOND


def _iso(second: int) -> str:
    return (_EPOCH + second * _SECOND).strftime("%Y-%m-%dT%H:%M:%SZ")
