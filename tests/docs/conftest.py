"""What the pages share: a browser, and the origin of a reader's own page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.support.pages import Site, running_chromium, running_site


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def reader_site() -> Iterator[Site]:
    with running_site() as site:
        yield site
