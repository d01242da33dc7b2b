"""Processes of one ledger say at their start what their profiles are, and where another one said otherwise."""

import logging
from datetime import datetime, timedelta

from valetkey.core.model.profiles import Profiles
from valetkey.core.ports.ledger import Ledger

log = logging.getLogger("valetkey")

REMEMBERED = timedelta(days=7)
"""How long a profile that nobody has declared again is missed."""


def declare(ledger: Ledger, profiles: Profiles, now: datetime) -> list[str]:
    """Writes what ``profiles`` are, and returns a sentence for each that another process sees otherwise.

    Each is logged as a warning, too. Nothing breaks by it: an upload keeps the rules that it was granted by. Raises
    `LedgerUnavailable`.
    """
    ours = profiles.terms()
    before = ledger.declare(ours, now)
    said = [
        f"Profile {name!r} is another here than in a process that started at {before[name].at:%Y-%m-%d %H:%M:%S}: "
        f"{terms} here, {before[name].terms} there."
        for name, terms in sorted(ours.items())
        if name in before and before[name].terms != terms
    ]
    said += [
        f"Profile {name!r} is not configured here; a process that started at {other.at:%Y-%m-%d %H:%M:%S} has it."
        for name, other in sorted(before.items())
        if name not in ours and now - other.at < REMEMBERED
    ]
    for sentence in said:
        log.warning("%s Give all processes of a ledger the same profiles.", sentence)
    return said
