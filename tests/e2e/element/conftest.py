"""`valetkey dev`, and an application's page with `<valet-upload>` in Chromium."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext
from tests.e2e.element.field import Field, Open
from tests.support.pages import PATIENCE, Site, running_site
from tests.support.servers import ValetkeyServer, running_valetkey

PROFILES = """
[profiles.default]
max_size = 104857600

[profiles.images]
content_types = ["image/*"]
detect = "reject"

[profiles.small-images]
content_types = ["image/*"]
min_size = 10
max_size = 1000

[profiles.parts]
multipart_from = 1
part_size = 5242880
"""

PAGE = """<!doctype html><html lang="{lang}" dir="{dir}"><meta charset="utf-8"><title>An application</title>
<style>:root {{ color-scheme: light dark }}</style><script type="module" src="/valet-upload.js"></script>
<main><h1>An application</h1><form method="post" enctype="application/x-www-form-urlencoded">
<valet-upload endpoint="{endpoint}" name="files" {attributes}></valet-upload>
<button>Send</button></form></main></html>"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValetkeyServer]:
    """One for each module: its worker asks store, queue and ledger all the time, 3 % of a core as long as it runs. A
    start takes 2 s of CPU."""
    directory = tmp_path_factory.mktemp("element")
    config = directory / "valetkey.toml"
    config.write_text(PROFILES)
    with running_valetkey(directory, command="dev", env={"VALETKEY_CONFIG": str(config)}) as running:
        yield running


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture
def open_page(chromium: Browser, server: ValetkeyServer, site: Site) -> Iterator[Open]:
    """Opens the page with attributes of the element; no script of it may fail."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def opened(attributes: str = "multiple", language: str = "en", direction: str = "ltr", **context: Any) -> Field:
        contexts.append(chromium.new_context(**context))
        contexts[-1].set_default_timeout(PATIENCE)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        site.html = PAGE.format(endpoint=server.base_url, attributes=attributes, lang=language, dir=direction)
        page.goto(site.url)
        return Field(page, server.base_url)

    yield opened
    for one in contexts:
        one.close()
    assert wrong == []
