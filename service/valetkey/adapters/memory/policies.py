"""S3's response to a POST form, as a function, so that policies can be tested without a store.

It responds as Ceph RGW 16.2 does, which a property test compares it with; comments say where AWS differs. It evaluates
the policy only: the effects of other fields (ACL, storage class, encryption, tags, checksums) are the store's matter,
and only its issuer knows whether a session token is valid.
"""

import json
import re
import string
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest, digest

from valetkey.core.signing.credentials import ALGORITHM, signing_key

MAX_SIZE = 5 * 1024**3
"""The maximum size of a POST in bytes. RGW counts the whole form, so a file must be smaller by the form's fields."""

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_EXPIRATION = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?\d{1,99}|", re.ASCII)  # nothing at all reads as 0
_UNSIGNED = re.compile(r"\+?\d{1,99}|", re.ASCII)
_LARGEST = 2**63 - 1
_RANGE = "content-length-range"


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """An HTTP status, and S3's error code if it refuses."""

    status: int
    code: str | None = None


class _RefusedError(Exception):
    def __init__(self, code: str = "InvalidArgument", status: int = 400) -> None:
        super().__init__(code)
        self.answer = StoreAnswer(status, code)


def evaluate(
    form: Iterable[tuple[str, str]],
    size: int,
    *,
    bucket: str,
    region: str | None,
    credentials_for: Callable[[str], str | None],
    now: datetime,
    filename: str = "",
) -> StoreAnswer:
    """S3's answer to a POST to `bucket` of the fields `form`, in their order, then a file of `size` bytes.

    `credentials_for` returns the secret of an access key, None for an unknown one. `region` is the bucket's; None
    accepts a credential of any region and service, as RGW does. `now` is aware. `filename` is the file's own name.
    """
    try:
        fields = _fields(form, bucket, filename)
        _authenticate(fields, region, credentials_for)
        policy = _read(fields["policy"])
        policy.check(fields, now)
        policy.check_size(size)
        return StoreAnswer(_success(fields))
    except _RefusedError as refused:
        return refused.answer


def _fields(form: Iterable[tuple[str, str]], bucket: str, filename: str) -> dict[str, str]:
    """The form as a policy sees it, by lower-case name. If a field is repeated, the last one counts."""
    fields = {_folded(name): value for name, value in form}
    key = _trimmed(fields.get("key", "")).replace("${filename}", filename, 1)
    if not key:
        raise _RefusedError
    if content_type := _trimmed(fields.get("content-type", "")):
        fields["content-type"] = content_type
    return fields | {"key": key, "bucket": bucket}  # a form's own `bucket` is ignored


def _authenticate(fields: Mapping[str, str], region: str | None, credentials_for: Callable[[str], str | None]) -> None:
    """Refuses a form without a valid signature."""
    if "policy" not in fields:
        raise _denied()
    if _trimmed(fields.get("x-amz-algorithm", "")) != ALGORITHM:
        # this means SigV2: RGW would check it, AWS refuses it, and we never grant it
        raise _denied() if {"awsaccesskeyid", "signature"} <= fields.keys() else _RefusedError
    if not {"x-amz-credential", "x-amz-date", "x-amz-signature"} <= fields.keys():
        raise _RefusedError
    if not _trimmed(fields.get("x-amz-security-token", "none")):
        raise _RefusedError
    access_key, *scope = _trimmed(fields["x-amz-credential"]).split("/")
    if region is not None and scope[1:] != [region, "s3", "aws4_request"]:
        raise _RefusedError  # as AWS; RGW accepts any scope
    secret = credentials_for(access_key)
    # AWS has other codes: InvalidAccessKeyId for an unknown key, SignatureDoesNotMatch
    if secret is None:
        raise _denied()
    key = signing_key(secret, "/".join([*scope[:3], "aws4_request"]))
    expected = digest(key, _bytes(fields["policy"]), "sha256").hex()
    if not compare_digest(expected.encode(), _bytes(_trimmed(fields["x-amz-signature"]))):
        raise _denied()


@dataclass(frozen=True, slots=True)
class _Condition:
    """One condition. `left` and `right` are literals, or `$field` for the form's value."""

    operator: str
    left: str
    right: str

    def holds(self, fields: Mapping[str, str]) -> bool:
        if self.operator == "is":  # {"field": "value"}: unlike with `eq` and an empty value, it must be there
            return fields.get(_folded(self.left)) == self.right
        left, right = (
            fields.get(_folded(side[1:]), "") if side.startswith("$") else side for side in (self.left, self.right)
        )
        return left == right if self.operator == "eq" else left.startswith(right)

    def covers(self) -> Iterator[str]:
        """The names of the fields in it."""
        if self.operator == "is":
            yield _folded(self.left)
        else:
            yield from (_folded(side[1:]) for side in (self.left, self.right) if side.startswith("$"))


@dataclass(frozen=True, slots=True)
class _Policy:
    """A policy as it was received; `ranges` are its size ranges, all of which have to allow the file."""

    expiration: datetime
    conditions: list[_Condition]
    ranges: list[tuple[int, int]]

    def check(self, fields: Mapping[str, str], now: datetime) -> None:
        if self.expiration <= now or not all(condition.holds(fields) for condition in self.conditions):
            raise _denied()
        covered = {name for condition in self.conditions for name in condition.covers()}
        covered |= {"policy", "x-amz-signature"}
        if any(name not in covered and not name.startswith("x-ignore-") for name in fields):
            raise _denied()

    def check_size(self, size: int) -> None:
        if any(size > maximum for _, maximum in self.ranges):
            raise _RefusedError("EntityTooLarge")
        if any(size < minimum for minimum, _ in self.ranges):
            raise _RefusedError("EntityTooSmall")


def _read(encoded: str) -> _Policy:
    """The policy. AWS has another code for one that cannot be read: InvalidPolicyDocument."""
    try:
        text = b64decode(encoded.replace("\n", ""), validate=True).decode()
        document = json.loads(text, object_pairs_hook=_first_wins, parse_constant=_no_constant)
        triples = [_triple(condition) for condition in document["conditions"]]
        ranges = [(_integer(low), _integer(high)) for name, low, high in triples if name == _RANGE]
        conditions = [_Condition(*triple) for triple in triples if triple[0] != _RANGE]
        return _Policy(_moment(document["expiration"]), conditions, [(0, MAX_SIZE), *ranges])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _RefusedError from None


def _triple(condition: object) -> tuple[str, str, str]:
    """Operator, left and right side of a condition; the operator of the object form is `is`."""
    if isinstance(condition, dict) and condition:
        name = min(condition)  # AWS refuses an object with more than one; RGW reads the first only
        return "is", name, _text(condition[name])
    if isinstance(condition, list) and len(condition) == 3:
        operator, left, right = (_text(part) for part in condition)
        if _folded(operator) in {"eq", "starts-with", _RANGE}:
            return _folded(operator), left, right
    raise ValueError("no condition")


def _moment(expiration: str) -> datetime:
    """The time of an expiration, without its fraction of a second."""
    match = _EXPIRATION.fullmatch(expiration)
    if match is None:
        raise ValueError("no ISO 8601 time in UTC")
    return datetime.fromisoformat(match[1]).replace(tzinfo=UTC)


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or not -_LARGEST <= int(text or 0) < _LARGEST:
        raise ValueError("no 64-bit integer")
    return int(text or 0)


def _success(fields: Mapping[str, str]) -> int:
    """The status for an accepted form. AWS ignores a redirect that is not a URL."""
    if "success_action_redirect" in fields:
        return 303
    status = _trimmed(fields.get("success_action_status", ""))
    if not _UNSIGNED.fullmatch(status):
        raise _RefusedError  # though RGW has stored the object. AWS differs: 204
    return int(status) if status and int(status) in {200, 201} else 204


def _denied() -> _RefusedError:
    return _RefusedError("AccessDenied", 403)


def _folded(name: str) -> str:
    """``name`` in lower case, for ASCII letters only, so that no other letter folds into one of them."""
    return name.translate(_LOWER)


def _trimmed(value: str) -> str:
    return value.strip(string.whitespace)


def _text(value: object) -> str:
    """The text that a value is compared as. AWS accepts text only, and numbers in a range."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _bytes(value: str) -> bytes:
    return value.encode(errors="surrogatepass")


def _first_wins(members: list[tuple[str, object]]) -> dict[str, object]:
    return dict(reversed(members))


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
