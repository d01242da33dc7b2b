"""Ledgers: SQLite, PostgreSQL and memory; another is one name more in `LEDGERS`. All stores, by kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.kinds import LEDGERS
from tests.support.ledgers import migrated
from tests.support.store_kinds import servers

from valetkey.adapters.memory import MemoryLedger
from valetkey.adapters.sql import SqlLedger
from valetkey.testing.contracts.samples import KeyedLedger

__all__ = ["servers"]


@pytest.fixture(params=LEDGERS)
def ledger(request: pytest.FixtureRequest) -> Iterator[KeyedLedger]:
    if request.param == "memory":
        yield MemoryLedger()
    else:
        yield request.getfixturevalue(request.param)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def sqlite(url: str) -> Iterator[SqlLedger]:
    with migrated(url) as ledger:
        yield ledger


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[SqlLedger]:
    with migrated(postgres_url) as ledger:
        yield ledger


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest) -> SqlLedger:
    """A ledger in a database."""
    ledger: SqlLedger = request.getfixturevalue(request.param)
    return ledger


@pytest.fixture(params=["url", "postgres_url"])
def any_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    return str(request.getfixturevalue(request.param))
