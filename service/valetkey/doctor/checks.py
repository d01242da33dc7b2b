"""Checks, and groups of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from valetkey.doctor.findings import Finding
from valetkey.doctor.visit import Visit

Run = Callable[[Visit], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check. ``name`` is that of its finding if the check itself fails, ``within`` its time limit in seconds."""

    name: str
    run: Run
    within: float = 60.0


@dataclass(frozen=True, slots=True)
class Group:
    """Checks of one subject, in the order in which they are made."""

    name: str
    checks: Sequence[Check]
