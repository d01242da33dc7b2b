"""Pages of an application on another origin than the service, with the built element."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "service" / "valetkey" / "api" / "static"
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
LEAN_CHROMIUM = Path(__file__).with_name("chromium")
"""Chromium without features that tests do not use: a page takes two thirds of the CPU time."""
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE = 60_000
"""How long to wait for an expected change of a page, in milliseconds, on a busy machine."""


@dataclass
class Site:
    """A running site; ``html`` is the content of `/` from now on."""

    url: str
    posted: list[bytes] = field(default_factory=list)
    html: str = ""


@contextmanager
def running_site() -> Iterator[Site]:
    """Serves a page and the modules that `make frontend` built. Raises `RuntimeError` if they are not built."""
    if not (STATIC / "valet-upload.js").exists() or not AXE.exists():
        raise RuntimeError("The frontend is not built: run `make frontend`.")
    site = Site("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, site, directory=str(STATIC)))
    site.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


_playwrights: list[Playwright] = []
"""The one instance of this process: Playwright refuses a second one, and fixtures of several folders need it."""


@contextmanager
def running_playwright() -> Iterator[Playwright]:
    """The Playwright of this process, started by the first caller, and stopped at the end of the run."""
    if not _playwrights:
        manager = sync_playwright()
        _playwrights.append(manager.start())
    yield _playwrights[0]


def stop_playwright() -> None:
    """Stops Playwright, at the end of the run."""
    while _playwrights:
        _playwrights.pop().stop()


@contextmanager
def running_chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with running_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=LEAN_CHROMIUM, args=QUIET, timeout=2 * PATIENCE)
        _be_patient(browser)
        yield browser
        browser.close()


def _be_patient(browser: Browser) -> None:
    """Sets the default timeout of pages; Playwright's is 30 s."""
    new_context, new_page = browser.new_context, browser.new_page

    def context(**options: Any) -> BrowserContext:
        made = new_context(**options)
        made.set_default_timeout(PATIENCE)
        return made

    def page(**options: Any) -> Page:
        made = new_page(**options)
        made.context.set_default_timeout(PATIENCE)
        return made

    browser.new_context, browser.new_page = context, page  # type: ignore[method-assign]


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def violations(page: Page, rules: Sequence[str] = ()) -> list[Any]:
    """The violations that axe finds on the page, by all its rules or by these ``rules``. Only these are described:
    describing all passes, too, takes longer than the check itself."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text())
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    return list(page.evaluate("(options) => axe.run(options).then(({ violations }) => violations)", options))


@contextmanager
def empty_site() -> Iterator[int]:
    """A third-party site on loopback with an empty page; yields its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, site: Site, *args: Any, **kwargs: Any) -> None:
        self._site = site
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(self._site.html.encode())
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self._site.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(b"<!doctype html><title>taken</title>")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
