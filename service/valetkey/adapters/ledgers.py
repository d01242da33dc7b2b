"""Ledgers by the scheme of their URL. A new one is a module of its own, and one line here."""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from valetkey.adapters.sql import SqlLedger
from valetkey.adapters.sql.condition import Condition
from valetkey.core.errors import ConfigurationError
from valetkey.core.model.announcement import Announcer
from valetkey.core.ports.announcing import HookBook, Outbox
from valetkey.core.ports.api_keys import KeyRing
from valetkey.core.ports.health import Health
from valetkey.core.ports.ledger import Ledger


class DurableLedger(Ledger, KeyRing, Outbox, HookBook, Health, Protocol):
    """A ledger as a process opens it, with API keys, outbox, hooks, and the installation's own records."""

    def migrate(self) -> None:
        """Creates its schema, or migrates it to this version's. Raises `LedgerUnavailable`."""

    def condition(self) -> Condition:
        """The condition of its database. Raises `LedgerUnavailable`."""

    def close(self) -> None:
        """Finishes pending writes and closes it."""


LEDGERS: Mapping[str, Callable[[str, Announcer | None], DurableLedger]] = {
    "sqlite": SqlLedger,
    "postgresql": SqlLedger,
}

_AUTHORITY = re.compile("[/?#]")
"""The characters that end user, password and host; `urlsplit` mistakes a bracket in a password for an address."""


def open_ledger(url: str, announce: Announcer | None = None) -> DurableLedger:
    """The ledger at ``url``; without ``announce`` it writes no announcements. Raises `ConfigurationError`."""
    scheme = url.partition(":")[0].partition("+")[0]
    scheme = "postgresql" if scheme == "postgres" else scheme  # libpq accepts both
    # otherwise everything after the first @ would be taken for the host, and be printed
    if _AUTHORITY.split(url.partition("://")[2], maxsplit=1)[0].count("@") > 1:
        raise ConfigurationError("VALETKEY_DATABASE_URL: write an @ in the user or the password as %40.")
    if scheme not in LEDGERS:
        known = " or ".join(f"{name}://" for name in LEDGERS)
        raise ConfigurationError(f"No ledger for {scheme!r}: VALETKEY_DATABASE_URL has to begin with {known}.")
    return LEDGERS[scheme](url, announce)
