"""Checks, and groups of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from valetkey.doctor.findings import Finding
from valetkey.doctor.visit import Visit

Run = Callable[[Visit], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A check by its name, which its finding has where the check itself fails. ``within`` bounds it, in seconds."""

    name: str
    run: Run
    within: float = 60.0


@dataclass(frozen=True, slots=True)
class Group:
    """Checks of one subject, in the order in which they are made."""

    name: str
    checks: Sequence[Check]
