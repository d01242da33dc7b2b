"""The findings of checks, and the report of all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """The severity of a finding."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: ``check`` is its stable name in its group, ``seen`` the observation, ``action`` what to
    do, empty if nothing."""

    check: str
    level: Level
    seen: str
    action: str = ""
    group: str = ""


def passed(check: str, seen: str) -> Finding:
    """A finding that everything is fine."""
    return Finding(check, Level.PASS, seen)


def warned(check: str, seen: str, action: str = "") -> Finding:
    """A finding that something works, but deserves attention."""
    return Finding(check, Level.WARN, seen, action)


def failed(check: str, seen: str, action: str) -> Finding:
    """A finding that something does not work, or is not safe."""
    return Finding(check, Level.FAIL, seen, action)


def skipped(check: str, reason: str, action: str = "") -> Finding:
    """A finding that something was not tried, or cannot be known."""
    return Finding(check, Level.SKIP, reason, action)


class Skip(Exception):
    """Raised by a check that cannot be made; its text says why, ``action`` what would make it possible."""

    def __init__(self, reason: str, action: str = "") -> None:
        super().__init__(reason)
        self.action = action


@dataclass(frozen=True, slots=True)
class Report:
    """One run. ``seconds`` is how long it took; ``capabilities`` what was learned of the store at ``place``."""

    started_at: datetime
    seconds: float
    findings: Sequence[Finding]
    place: str = ""
    capabilities: Mapping[str, bool] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings have each level."""
        return {level.value: sum(one.level is level for one in self.findings) for level in Level}

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.counts[Level.FAIL]

    def as_json(self) -> dict[str, Any]:
        """The shape of ``--json``, which `service/docs/doctor.md` documents."""
        return {
            "ok": self.ok,
            "started_at": self.started_at,
            "seconds": round(self.seconds, 1),
            "store": self.place,
            "counts": self.counts,
            "capabilities": dict(self.capabilities),
            "findings": [
                {
                    "group": one.group,
                    "check": one.check,
                    "level": one.level.value,
                    "seen": one.seen,
                    "action": one.action,
                }
                for one in self.findings
            ],
        }
