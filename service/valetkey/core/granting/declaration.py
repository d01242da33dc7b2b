"""Processes of one ledger say at their start what their profiles and their stores are, and where another one said
otherwise."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from valetkey.core.model.profiles import Profiles
from valetkey.core.ports.ledger import Declared, Ledger
from valetkey.core.stores import Stores

log = logging.getLogger("valetkey")

REMEMBERED = timedelta(days=7)
"""How long a profile, or a store, that nobody has declared again is missed."""


def declare(ledger: Ledger, profiles: Profiles, now: datetime) -> list[str]:
    """Writes what ``profiles`` are, and returns a sentence for each that another process sees otherwise.

    Each is logged as a warning, too. Nothing breaks by it: an upload keeps the rules that it was granted by. Raises
    `LedgerUnavailable`.
    """
    ours = profiles.terms()
    before = ledger.declare(ours, now)
    said = [*_others("Profile", ours, before), *_missing("Profile", ours, before, now)]
    for sentence in said:
        log.warning("%s Give all processes of a ledger the same profiles.", sentence)
    return said


def declare_stores(ledger: Ledger, stores: Stores, now: datetime) -> list[str]:
    """The same for ``stores``, and for those that uploads wait for. Raises `LedgerUnavailable`.

    Nothing is lost by a store that is missing: its uploads go on when it is back.
    """
    ours = stores.terms()
    before = ledger.declare(ours, now, "stores")
    here = {one.uploads for one in stores}
    waiting = {one: count for one, count in ledger.open_by_store().items() if one not in here}
    named = {one.name for one in waiting}
    gone = {name: declared for name, declared in before.items() if name not in named}
    said = [*_others("Store", ours, before), *_missing("Store", ours, gone, now)]
    for sentence in said:
        log.warning("%s Give all processes of a ledger the same stores.", sentence)
    for one, count in sorted(waiting.items(), key=lambda item: (item[0].name, item[0].bucket)):
        where = f" with the bucket {one.bucket!r}" if one.name in stores else ""
        sentence = (
            f"Store {one.name!r} is not configured here{where}, and uploads wait for it: {count}. Nothing of them is "
            "lost."
        )
        log.warning("%s They go on when it is back.", sentence)
        said.append(sentence)
    return said


def _others(kind: str, ours: Mapping[str, str], before: Mapping[str, Declared]) -> Iterator[str]:
    for name, terms in sorted(ours.items()):
        if name in before and before[name].terms != terms:
            there = before[name]
            yield (
                f"{kind} {name!r} is another here than in a process that started at {there.at:%Y-%m-%d %H:%M:%S}: "
                f"{terms} here, {there.terms} there."
            )


def _missing(kind: str, ours: Mapping[str, str], before: Mapping[str, Declared], now: datetime) -> Iterator[str]:
    for name, other in sorted(before.items()):
        if name not in ours and now - other.at < REMEMBERED:
            at = f"{other.at:%Y-%m-%d %H:%M:%S}"
            yield f"{kind} {name!r} is not configured here; a process that started at {at} has it."
