"""Chromium, Firefox and WebKitGTK as a test sees them: a page that is opened, loaded again, and told to run something.

Each is driven by what its Debian package offers: the DevTools protocol (by Playwright), WebDriver BiDi, and WebDriver.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

from playwright.sync_api import Page as ChromiumTab
from tests.browsers.bidi import running_firefox
from tests.browsers.webdriver import running_webkit
from tests.support.pages import LEAN_CHROMIUM, PATIENCE, QUIET, running_playwright

LOADED_WITHIN = 60  # seconds


class Browser(Protocol):
    """One browser with one tab."""

    def goto(self, url: str) -> None:
        """Open `url` and wait until it has loaded."""

    def evaluate(self, expression: str) -> str:
        """The text that the promise of `expression` resolves to; an exception with the error's words if it rejects."""

    def pick(self, element: str, files: Sequence[Path]) -> None:
        """Pick files of the disk in the `<input type=file>` that the expression `element` gives."""


class Chromium:
    """By Playwright."""

    def __init__(self, tab: ChromiumTab) -> None:
        self.tab = tab

    def goto(self, url: str) -> None:
        self.tab.goto(url)

    def evaluate(self, expression: str) -> str:
        return str(self.tab.evaluate(expression))

    def pick(self, element: str, files: Sequence[Path]) -> None:
        found = self.tab.evaluate_handle(element).as_element()
        assert found is not None
        found.set_input_files(files)


@contextmanager
def running_chromium(_: Path) -> Iterator[Chromium]:
    """A headless Chromium."""
    with running_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=LEAN_CHROMIUM, args=QUIET, timeout=2 * PATIENCE)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        yield Chromium(page)
        browser.close()


LAUNCH: dict[str, Callable[[Path], AbstractContextManager[Browser]]] = {
    "chromium": running_chromium,
    "firefox": running_firefox,
    "webkit": running_webkit,
}
"""By name; each takes an empty directory for its profile and its log."""


class Page:
    """`page.html` in a browser."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self.load()

    def load(self) -> None:
        """Open the page; the second time it is a new document, which knows nothing of the first."""
        self._browser.goto(self._url)
        # WebKit's driver was seen to come back from `goto` before the page's module had run
        end = monotonic() + LOADED_WITHIN
        while self._browser.evaluate("typeof run") != "function":
            assert monotonic() < end, f"{self._url} has no run() after {LOADED_WITHIN} s"
            sleep(0.05)

    def run(self, command: str, *args: Any) -> Any:
        """What `run` of the page gives."""
        return json.loads(self._browser.evaluate(f"run({', '.join(map(json.dumps, (command, *args)))})"))

    def pick(self, element: str, *files: Path) -> None:
        """Pick files of the disk in the input that the expression `element` gives."""
        self._browser.pick(element, files)
