"""The rules of an upload: what its profile demanded and promised when it was granted, kept with it from then on.

A process without the profile, or with another one of that name, so never drops a rule. What it cannot read stops it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any


class Detect(StrEnum):
    """What is done where the first bytes of an object are not of its type; `OFF`: they are not read."""

    OFF = "off"
    WARN = "warn"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Placement:
    """How a confirmed object is kept: storage class and server-side encryption; None is the bucket's default."""

    storage_class: str | None = None
    sse: str | None = None
    sse_kms_key_id: str | None = None

    @property
    def while_it_is_checked(self) -> "Placement":
        """The same in quarantine, which an object leaves soon: storage classes bill whole months."""
        return Placement(None, self.sse, self.sse_kms_key_id)


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Sizes are in bytes. ``text`` is the JSON they are kept as, and what tells two of them apart.

    ``checksum_required``: a checksum has to be declared, and the store has to show it. ``expires_in``: a grant's life.
    ``claim_within``: how long after its confirmation an upload is removed that was never claimed; None: never.
    ``keep_for``: how long after its confirmation an upload is removed, claimed or not; None: never.
    """

    text: str
    min_size: int
    max_size: int
    content_types: tuple[str, ...]
    detect: Detect
    scan: bool
    checksum_required: bool
    placement: Placement
    expires_in: timedelta
    claim_within: timedelta | None = None
    keep_for: timedelta | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rules) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def sizes_of(self, declared: int | None) -> tuple[int, int]:
        """The smallest and the largest size that may arrive: the declared one, or those of the profile."""
        return (self.min_size, self.max_size) if declared is None else (declared, declared)

    @property
    def wants_checks(self) -> bool:
        """Whether somebody looks at the content before it is confirmed, and it is kept in quarantine until then."""
        return self.scan or self.detect is not Detect.OFF


def rules_text(
    *,
    sizes: tuple[int, int],
    content_types: tuple[str, ...],
    detect: Detect,
    scan: bool,
    checksum_required: bool,
    placement: Placement,
    expires_in: timedelta,
    claim_within: timedelta | None = None,
    keep_for: timedelta | None = None,
) -> str:
    """The rules as they are kept: JSON that has only what differs from the ordinary, the same for the same rules."""
    found = {
        "min_size": sizes[0],
        "max_size": sizes[1],
        "content_types": None if content_types == ("*/*",) else list(content_types),
        "detect": None if detect is Detect.OFF else detect.value,
        "scan": scan or None,
        "checksum_required": checksum_required or None,
        "storage_class": placement.storage_class,
        "sse": placement.sse,
        "sse_kms_key_id": placement.sse_kms_key_id,
        "expires_in": expires_in.total_seconds(),
        "claim_within": claim_within.total_seconds() if claim_within else None,
        "keep_for": keep_for.total_seconds() if keep_for else None,
    }
    return json.dumps({name: value for name, value in found.items() if value is not None}, separators=(",", ":"))


@lru_cache(maxsize=1024)
def encrypted_by(rules: Rules, key_id: str) -> Rules:
    """``rules`` as they are kept in a store with a KMS key of its own: it encrypts what names no other encryption."""
    said = json.loads(rules.text)
    if rules.placement.sse_kms_key_id is None and rules.placement.sse in {None, "aws:kms"}:
        said |= {"sse": "aws:kms", "sse_kms_key_id": key_id}
    return read_rules(json.dumps(said, separators=(",", ":")))


UNREADABLE = Rules(
    "", 0, 0, (), Detect.REJECT, scan=True, checksum_required=True, placement=Placement(), expires_in=timedelta()
)
"""Stands for rules that were kept by a newer version. Nothing is done by them: unknown means stop."""


@lru_cache(maxsize=1024)
def read_rules(text: str) -> Rules:
    """What `rules_text` wrote; `UNREADABLE` where it has anything that this version does not know."""
    try:
        return _read(text, json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return UNREADABLE


def _read(text: str, kept: Mapping[str, Any]) -> Rules:
    rest = dict(kept)
    rules = Rules(
        text=text,
        min_size=int(rest.pop("min_size")),
        max_size=int(rest.pop("max_size")),
        content_types=tuple(rest.pop("content_types", ["*/*"])),
        detect=Detect(rest.pop("detect", "off")),
        scan=bool(rest.pop("scan", False)),
        checksum_required=bool(rest.pop("checksum_required", False)),
        placement=Placement(*(rest.pop(name, None) for name in ("storage_class", "sse", "sse_kms_key_id"))),
        expires_in=timedelta(seconds=rest.pop("expires_in")),
        claim_within=_duration(rest.pop("claim_within", None)),
        keep_for=_duration(rest.pop("keep_for", None)),
    )
    if rest:
        raise KeyError(*rest)
    return rules


def _duration(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
