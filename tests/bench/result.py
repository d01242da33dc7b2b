"""What every bench gives: rows with their targets, and where they were measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

Profile = tuple[tuple[str, float], ...]
"""Parts of a program, and the share of its time that was spent in each, the largest first."""


@dataclass(frozen=True)
class Latency:
    """How long single requests took, in milliseconds."""

    p50: float
    p99: float


@dataclass(frozen=True)
class Row:
    """One line of the table. The figures are medians over rounds in which both sides took turns."""

    work: str
    ours: float
    target: float
    """Of the ratio to the peer, or, where there is none, of ``ours``."""
    unit: str = "/s"
    peer: str = ""
    theirs: float | None = None
    at_least: bool = True
    latency: Latency | None = None
    their_latency: Latency | None = None
    bound: str = ""
    """What keeps it from being better, as measured."""
    profile: Profile = field(default=())

    @property
    def measured(self) -> float:
        """What the target is about."""
        return self.ours if self.theirs is None else self.ours / self.theirs

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.margin >= 1

    @property
    def margin(self) -> float:
        """How far beyond its target it is: 1 is the target itself, 2 twice as good as asked for."""
        return self.measured / self.target if self.at_least else self.target / self.measured


@dataclass(frozen=True)
class Entry:
    """A row as it is kept: with the bench that gave it, the day (UTC), and what else the machine had to do."""

    bench: str
    date: str
    others: float
    """The share of the machine's processors that other programs took just before, 0 to 1."""
    row: Row


@dataclass
class Found:
    """All that is known: a later run replaces the rows of the benches that it has run."""

    machine: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def add(self, bench: str, entries: list[Entry]) -> None:
        """The rows of one bench, in place of those that it had."""
        self.entries = [entry for entry in self.entries if entry.bench != bench] + entries

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> Found:
        """What `as_json` gave. Raises KeyError and TypeError for anything else."""
        entries = [Entry(**entry | {"row": _row(entry["row"])}) for entry in read["entries"]]
        return cls(read["machine"], read["versions"], entries)


def _row(read: dict[str, Any]) -> Row:
    latencies = {name: read[name] and Latency(**read[name]) for name in ("latency", "their_latency")}
    return Row(**read | latencies | {"profile": tuple((name, share) for name, share in read["profile"])})
