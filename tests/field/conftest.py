"""What tests of faults from the field share: valetkeys in this process, on real buckets and inside applications."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.field.desk import MakeDesk, desks
from tests.integration.conftest import mount, settings

__all__ = ["make_desk", "mount", "settings"]


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[MakeDesk]:
    """A factory of valetkeys on real buckets, all on one ledger: `make_desk(bucket, profiles)`."""
    with desks(tmp_path) as make:
        yield make
