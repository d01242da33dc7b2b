"""Blocks of HTML and of scripts, in Chromium: bundled as a reader's own tools would, on a page of another origin."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab
from tests.docs.blocks import Block
from tests.docs.page import Page
from tests.docs.shell import Failed
from tests.support import processes
from tests.support.pages import PATIENCE, Site
from tests.uppy.bundle import bundle as install_uppy

FRONTEND = Path(__file__).parents[2] / "frontend"
TYPES = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "target": "es2022",
        "module": "esnext",
        "moduleResolution": "bundler",
        "jsx": "react-jsx",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
    }
}

ENDS = """for (const kind of ["error", "unhandledrejection"]) addEventListener(kind, () => { window.done = true; });"""
"""A script that fails has ended, too; what it says is reported by the browser."""

UPLOAD = """async (ticket) => {
  await customElements.whenDefined("valet-upload");
  const field = document.querySelector("valet-upload");
  if (ticket !== null) field.token = ticket;
  const ended = new Promise((resolve) => {
    field.addEventListener("valet-confirmed", () => resolve("confirmed"));
    field.addEventListener("valet-error", ({ detail }) => resolve(JSON.stringify(detail.error)));
  });
  field.add([new File(["hello"], "cat.png", { type: "image/png" })]);
  return await ended;
}"""
"""Somebody drops a photo."""


def runner(browser: Callable[[], Browser], site: Callable[[], Site]) -> Callable[[Page, Block], None]:
    """What runs such a block; browser and site are started when the first one comes."""

    def run(page: Page, block: Block) -> None:
        if block.language == "console":
            assert page.application is not None
            _open(browser(), page.application, page, lambda tab, _: _upload(tab, None))
            return
        if block.language == "html":
            page.html = page.address(block.text)
            _open(browser(), _shown(site(), page), page, _upload_on)
            return
        script = page.write(f"{'check' if block.hidden else 'block'}.{block.language}", page.address(block.text))
        (script.parent / "node_modules").unlink(missing_ok=True)
        (script.parent / "node_modules").symlink_to(FRONTEND / "node_modules")
        if block.language != "js":
            page.write("tsconfig.json", json.dumps(TYPES | {"files": [script.name]}))
            _tool(script.parent, "tsc", "-p", "tsconfig.json")
        code = _bundled(script, uppy="@uppy/" in block.text)
        _open(browser(), _shown(site(), page), page, lambda tab, _: _execute(tab, code))

    return run


def _bundled(script: Path, *, uppy: bool) -> str:
    others = f":{install_uppy('v6').parent / 'node_modules'}" if uppy else ""
    options = ["--bundle", "--format=esm", "--jsx=automatic", "--log-level=warning", "--outfile=bundle.js"]
    _tool(script.parent, "esbuild", script.name, *options, NODE_PATH=f"{FRONTEND / 'node_modules'}{others}")
    return (script.parent / "bundle.js").read_text()


def _tool(directory: Path, name: str, *arguments: str, **env: str) -> None:
    command = [str(FRONTEND / "node_modules" / ".bin" / name), *arguments]
    done = processes.run(command, cwd=directory, timeout=150, env=os.environ | env)
    if done.returncode:
        raise Failed(f"{name} {' '.join(arguments)}:\n{done.stdout}{done.stderr}")


def _shown(site: Site, page: Page) -> str:
    """Where the page's HTML is."""
    site.html = page.html
    return site.url


def _open(browser: Browser, url: str, page: Page, then: Callable[[Tab, Page], None]) -> None:
    """What is at ``url`` in a tab of its own. Raises `Failed` for whatever the browser calls an error."""
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        tab, wrong = context.new_page(), list[str]()
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        tab.route("**/upload-ticket", lambda route: route.fulfill(body=page.ticket()))
        tab.add_init_script(ENDS)
        tab.goto(url)
        then(tab, page)
        if wrong:
            raise Failed("The browser says:\n" + "\n".join(wrong))


def _upload_on(tab: Tab, page: Page) -> None:
    """Where the element is on the page, a file goes all the way."""
    if "<valet-upload" in page.html:
        _upload(tab, page.ticket())


def _upload(tab: Tab, ticket: str | None) -> None:
    """By a ticket, or by one that the page gets itself."""
    if (ended := tab.evaluate(UPLOAD, ticket)) != "confirmed":
        raise Failed(f"The element's upload ends with {ended}")


def _execute(tab: Tab, code: str) -> None:
    """As a module of the page, to its end."""
    tab.add_script_tag(type="module", content=f"{code}\nwindow.done = true;")
    tab.wait_for_function("window.done")
