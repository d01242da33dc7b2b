"""The rules of an upload: what its profile demanded and promised when it was granted, recorded with the upload.

So a process without the profile, or with another one of that name, never drops a rule. It stops at rules that it cannot
read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal, get_args

Disposition = Literal["inline", "attachment"]
LockMode = Literal["GOVERNANCE", "COMPLIANCE"]


class Detect(StrEnum):
    """What happens if the first bytes of an object are not of its type; `OFF`: they are not read."""

    OFF = "off"
    WARN = "warn"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Lock:
    """Object Lock: retention in ``mode`` for ``period`` from the confirmation on, both or neither, and a legal hold."""

    mode: LockMode | None = None
    period: timedelta | None = None
    legal_hold: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """How a confirmed object is stored, and its headers; None stands for the bucket's default, or for no header.

    ``content_disposition`` says whether a browser shows or saves it, under the upload's own name. ``tags`` and
    ``metadata`` are pairs of name and value; our upload id is always added to the metadata.
    """

    storage_class: str | None = None
    sse: str | None = None
    sse_kms_key_id: str | None = None
    cache_control: str | None = None
    content_disposition: Disposition | None = None
    tags: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    lock: Lock | None = None

    def __str__(self) -> str:
        """The values that are not the bucket's default, for messages about a refusal."""
        ours = {one.name: getattr(self, one.name) for one in fields(self)}
        return ", ".join(f"{name}={value!r}" for name, value in ours.items() if value)

    @property
    def while_it_is_checked(self) -> "Placement":
        """The placement in quarantine, where an object stays briefly: storage classes bill whole months, and a rejected
        object has to be removable. Headers, tags and metadata are for the confirmed object only."""
        return Placement(None, self.sse, self.sse_kms_key_id)


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """The rules of uploads. Sizes are in bytes. ``text`` is the JSON that they are stored as; rules are equal if it is.

    ``checksum_required``: a checksum has to be declared, and the store has to return it. ``expires_in``: the lifetime
    of a grant. ``claim_within``: how long after its confirmation an unclaimed upload is removed; None: never.
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
        """The smallest and the largest allowed size: the declared one, or those of the profile."""
        return (self.min_size, self.max_size) if declared is None else (declared, declared)

    @property
    def wants_checks(self) -> bool:
        """Whether the content is checked in quarantine before it is confirmed."""
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
    """The rules as they are stored: JSON with only the values that differ from the defaults, equal for equal rules."""
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
        "cache_control": placement.cache_control,
        "content_disposition": placement.content_disposition,
        "tags": dict(placement.tags) or None,
        "object_metadata": dict(placement.metadata) or None,
        "lock": _lock_text(placement.lock),
        "expires_in": expires_in.total_seconds(),
        "claim_within": claim_within.total_seconds() if claim_within else None,
        "keep_for": keep_for.total_seconds() if keep_for else None,
    }
    return json.dumps({name: value for name, value in found.items() if value is not None}, separators=(",", ":"))


def _lock_text(lock: Lock | None) -> dict[str, Any] | None:
    if lock is None:
        return None
    period = lock.period.total_seconds() if lock.period else None
    kept = {"mode": lock.mode, "period": period, "legal_hold": lock.legal_hold or None}
    return {name: value for name, value in kept.items() if value is not None}


@lru_cache(maxsize=1024)
def encrypted_by(rules: Rules, key_id: str) -> Rules:
    """``rules`` in a store with its own KMS key, which encrypts objects for which they name no other encryption."""
    said = json.loads(rules.text)
    if rules.placement.sse_kms_key_id is None and rules.placement.sse in {None, "aws:kms"}:
        said |= {"sse": "aws:kms", "sse_kms_key_id": key_id}
    return read_rules(json.dumps(said, separators=(",", ":")))


UNREADABLE = Rules(
    "", 0, 0, (), Detect.REJECT, scan=True, checksum_required=True, placement=Placement(), expires_in=timedelta()
)
"""Stands for rules stored by a newer version. Nothing is done under them: unknown means stop."""


@lru_cache(maxsize=1024)
def read_rules(text: str) -> Rules:
    """Parses the result of `rules_text`; `UNREADABLE` if it has anything that this version does not know."""
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
        placement=_placement(rest),
        expires_in=timedelta(seconds=rest.pop("expires_in")),
        claim_within=_duration(rest.pop("claim_within", None)),
        keep_for=_duration(rest.pop("keep_for", None)),
    )
    if rest:
        raise KeyError(*rest)
    return rules


def _placement(rest: dict[str, Any]) -> Placement:
    """Takes the placement's values out of ``rest``. Raises `KeyError` or `ValueError` for values that this version does
    not know."""
    return Placement(
        storage_class=rest.pop("storage_class", None),
        sse=rest.pop("sse", None),
        sse_kms_key_id=rest.pop("sse_kms_key_id", None),
        cache_control=rest.pop("cache_control", None),
        content_disposition=_one_of(Disposition, rest.pop("content_disposition", None)),
        tags=tuple(rest.pop("tags", {}).items()),
        metadata=tuple(rest.pop("object_metadata", {}).items()),
        lock=_lock(rest.pop("lock", None)),
    )


def _lock(kept: Mapping[str, Any] | None) -> Lock | None:
    if kept is None:
        return None
    rest = dict(kept)
    mode, period = _one_of(LockMode, rest.pop("mode", None)), _duration(rest.pop("period", None))
    lock = Lock(mode, period, bool(rest.pop("legal_hold", False)))
    if rest:
        raise KeyError(*rest)
    return lock


def _one_of(allowed: Any, value: Any) -> Any:
    if value is not None and value not in get_args(allowed):
        raise ValueError(value)
    return value


def _duration(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
