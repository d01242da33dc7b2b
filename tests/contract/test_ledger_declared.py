"""The declarations of processes about their profiles, and a database that has no tables yet."""

from contextlib import closing
from datetime import timedelta

import pytest

from valetkey.adapters.sql import SqlLedger
from valetkey.core.errors import LedgerUnavailable
from valetkey.testing.contracts.samples import NOW

MINUTE = timedelta(minutes=1)


def test_a_ledger_without_the_schema(any_url: str) -> None:
    """It says that it cannot be used, as for anything else."""
    with closing(SqlLedger(any_url)) as empty, pytest.raises(LedgerUnavailable):
        empty.declare({"default": "a"}, NOW)
