"""SQLite, PostgreSQL and memory keep the contracts of ledgers, API keys, tickets, the outbox, hooks and health."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.contract.kinds import LEDGERS, url_of_kind
from tests.support.ledgers import migrated

from valetkey.adapters.memory import MemoryLedger
from valetkey.adapters.sql import SqlLedger
from valetkey.testing.contracts import (
    AllowanceContract,
    AnnouncedChangesContract,
    AnnouncedErasureContract,
    AnnouncingLedger,
    HealthContract,
    HookContract,
    HookLedger,
    KeyRingContract,
    LedgerContract,
    OutboxContract,
    TwoLedgers,
    announcer,
    hook_announcer,
)
from valetkey.testing.contracts.samples import KeyedLedger


class TestLedgers(LedgerContract):
    """Each on an empty record, by the fixture ``ledger``."""

    def test_check_of_a_good_ledger(self, ledger: KeyedLedger) -> None:
        """It says nothing."""
        ledger.check()


class TestKeyRings(KeyRingContract):
    """The same."""


class TestHealth(HealthContract):
    """The same."""


class TestAllowances(AllowanceContract):
    """Two services on one database; in memory one service that is asked twice."""

    @pytest.fixture(params=LEDGERS)
    def two(self, request: pytest.FixtureRequest) -> Iterator[TwoLedgers]:
        if request.param == "memory":
            yield [MemoryLedger()] * 2
            return
        url = url_of_kind(request, request.param)
        with migrated(url) as one, closing(SqlLedger(url)) as other:
            yield one, other


class TestOutboxes(OutboxContract, AnnouncedChangesContract, AnnouncedErasureContract):
    """Each with a ledger that announces."""

    @pytest.fixture(params=LEDGERS)
    def ledger(self, request: pytest.FixtureRequest) -> Iterator[AnnouncingLedger]:
        if request.param == "memory":
            yield MemoryLedger(announce=announcer())
            return
        with migrated(url_of_kind(request, request.param), announcer()) as made:
            yield made


class TestHookBooks(HookContract):
    """Each with a ledger that announces to hooks."""

    @pytest.fixture(params=LEDGERS)
    def ledger(self, request: pytest.FixtureRequest) -> Iterator[HookLedger]:
        if request.param == "memory":
            yield MemoryLedger(announce=hook_announcer())
            return
        with migrated(url_of_kind(request, request.param), hook_announcer()) as made:
            yield made
