"""Signed POST policies with any conditions: S3 and the memory store have to evaluate those that our grants never use,
too."""

import json
from dataclasses import dataclass
from datetime import datetime

from valetkey.core.signing.credentials import Credentials
from valetkey.core.signing.policy import PostSigner, content_length_range, exactly


@dataclass(frozen=True, slots=True)
class Eq:
    """The form's `field` must be exactly `value`. `bucket` is not a form field, but the bucket of the URL."""

    field: str
    value: str

    @property
    def json(self) -> str:
        return exactly(self.field, self.value)


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The form's `field` must start with `prefix`; an empty prefix allows any value."""

    field: str
    prefix: str

    @property
    def json(self) -> str:
        return f'["starts-with", {json.dumps("$" + self.field)}, {json.dumps(self.prefix)}]'


@dataclass(frozen=True, slots=True)
class ContentLengthRange:
    """The file must have `minimum` to `maximum` bytes, both included."""

    minimum: int
    maximum: int

    @property
    def json(self) -> str:
        return content_length_range(self.minimum, self.maximum)


Condition = Eq | StartsWith | ContentLengthRange


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, which is valid until `expiration`."""

    expiration: datetime
    conditions: tuple[Condition, ...]


def sign(policy: Policy, credentials: Credentials, now: datetime, *, signer: PostSigner) -> dict[str, str]:
    """The fields `policy`, `x-amz-*` and `x-amz-signature`, by the signer that makes grants."""
    conditions = ", ".join([condition.json for condition in policy.conditions])
    return signer.stamp(policy.expiration, credentials, now).sign(conditions)


def form_fields(policy: Policy, signed: dict[str, str]) -> dict[str, str]:
    """The form fields for `policy`: those with a fixed value, and the `signed` ones.

    Fields with a `StartsWith` have no fixed value: the caller adds them.
    """
    fixed = {c.field: c.value for c in policy.conditions if isinstance(c, Eq) and c.field != "bucket"}
    return fixed | signed
