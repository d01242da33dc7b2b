"""What the pages share: the origin of a reader's own page."""

from collections.abc import Iterator

import pytest
from tests.support.pages import Site, running_site


@pytest.fixture(scope="package")
def reader_site() -> Iterator[Site]:
    with running_site() as site:
        yield site
