"""An installation that the tests of `valetkey doctor` examine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.doctors import visit
from tests.support.ledgers import migrated
from tests.support.stores import Bucket

from valetkey.doctor.visit import Visit


@pytest.fixture
def installation(moto_bucket: Bucket, tmp_path: Path) -> Iterator[Visit]:
    """An installation on moto, whose ledger is ready."""
    made = visit(moto_bucket, tmp_path)
    with migrated(made.settings.database_url):
        pass
    yield made
    made.close()
