"""Every code block of the README and the site runs as it is written."""

from pathlib import Path

import pytest
from tests.docs.blocks import PAGES, ROOT, blocks_of
from tests.docs.in_browser import runner
from tests.docs.page import running_page


def needs(page: Path) -> list[pytest.MarkDecorator]:
    """By the languages of its blocks."""
    text = page.read_text()
    scripts = {"html", "js", "ts", "tsx"} & {block.language for block in blocks_of(text)}
    found = [pytest.mark.needs("browser", "pages")] if scripts else []
    return [*found, pytest.mark.needs("jobs")] if "$ redis-server" in text else found


@pytest.mark.timeout(800)  # a page may start ten servers, one after the other
@pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page.relative_to(ROOT)), marks=needs(page)) for page in PAGES]
)
def test_the_blocks_of_a_page(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """From the top to the end, in one shell; a block that cannot run says so to its readers."""
    text = page.read_text()
    blocks = list(blocks_of(text))
    if all(not block.tried or block.language == "text" for block in blocks):
        return
    in_browser = runner(lambda: request.getfixturevalue("chromium"), lambda: request.getfixturevalue("reader_site"))
    with running_page(text, blocks, tmp_path, lambda: request.getfixturevalue("rgw")) as running:
        for block in blocks:
            try:
                running.run(block, in_browser)
            except Exception as error:
                error.add_note(f"in the {block.language} block at {page.relative_to(ROOT)}:{block.line}")
                raise
