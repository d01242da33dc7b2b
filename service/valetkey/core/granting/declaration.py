"""Declarations: each process records its profiles, stores and some settings in the ledger at its start, and warns if
another process declared something else."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from valetkey.core.model.profiles import Profiles
from valetkey.core.ports.ledger import Declared, Ledger
from valetkey.core.stores import Stores

log = logging.getLogger("valetkey")

REMEMBERED = timedelta(days=7)
"""How long a profile or store that no process declares any more is reported as missing."""


def declare(ledger: Ledger, profiles: Profiles, now: datetime) -> list[str]:
    """Records ``profiles``; returns a sentence for each one that another process declared differently.

    Each is also logged as a warning. A difference breaks nothing: an upload keeps the rules it was granted under.
    Raises `LedgerUnavailable`.
    """
    ours = profiles.terms()
    before = ledger.declare(ours, now)
    said = [*_others("Profile", ours, before), *_missing("Profile", ours, before, now)]
    for sentence in said:
        log.warning("%s Give all processes of a ledger the same profiles.", sentence)
    return said


def declare_stores(ledger: Ledger, stores: Stores, now: datetime) -> list[str]:
    """Records ``stores``; also reports stores with open uploads that are not configured here.

    A missing store loses nothing: its uploads continue when it is configured again. Raises `LedgerUnavailable`.
    """
    ours = stores.terms()
    before = ledger.declare(ours, now, "stores")
    here = {one.uploads for one in stores}
    waiting = ledger.open_by_store(here)
    named = {one.name for one in waiting}
    gone = {name: declared for name, declared in before.items() if name not in named}
    said = [*_others("Store", ours, before), *_missing("Store", ours, gone, now)]
    for sentence in said:
        log.warning("%s Give all processes of a ledger the same stores.", sentence)
    for one, count in sorted(waiting.items(), key=lambda item: (item[0].name, item[0].bucket)):
        where = f" with the bucket {one.bucket!r}" if one.name in stores else ""
        sentence = (
            f"Store {one.name!r} is not configured here{where}, and uploads wait for it: {count}. Nothing is lost."
        )
        log.warning("%s They continue when it is configured again.", sentence)
        said.append(sentence)
    return said


@dataclass(frozen=True, slots=True)
class Shared:
    """A setting that has to be the same in all processes of a ledger.

    ``terms`` is its value in words that reveal no secret, one word for each of several keys. Two values agree if the
    first word of each is among the words of the other, so that keys can be rotated. ``otherwise`` describes the effect
    of a disagreement.
    """

    terms: str
    otherwise: str

    def agrees(self, terms: str) -> bool:
        ours, others = self.terms.split(), terms.split()
        return ours[0] in others and others[0] in ours


def declare_settings(ledger: Ledger, settings: Mapping[str, Shared], now: datetime) -> list[str]:
    """Records ``settings`` by name, as `declare` does profiles. Raises `LedgerUnavailable`."""
    before = ledger.declare({name: one.terms for name, one in settings.items()}, now, "settings")
    said = [
        f"{name} differs from that of a process that started at {before[name].at:%Y-%m-%d %H:%M:%S}: {one.otherwise}."
        for name, one in sorted(settings.items())
        if name in before and not one.agrees(before[name].terms)
    ]
    for sentence in said:
        log.warning("%s Give all processes of a ledger the same settings.", sentence)
    return said


def _others(kind: str, ours: Mapping[str, str], before: Mapping[str, Declared]) -> Iterator[str]:
    for name, terms in sorted(ours.items()):
        if name in before and before[name].terms != terms:
            there = before[name]
            yield (
                f"{kind} {name!r} differs from that of a process that started at {there.at:%Y-%m-%d %H:%M:%S}: "
                f"{terms} here, {there.terms} there."
            )


def _missing(kind: str, ours: Mapping[str, str], before: Mapping[str, Declared], now: datetime) -> Iterator[str]:
    for name, other in sorted(before.items()):
        if name not in ours and now - other.at < REMEMBERED:
            at = f"{other.at:%Y-%m-%d %H:%M:%S}"
            yield f"{kind} {name!r} is not configured here; a process that started at {at} has it."
