"""The npm packages in other projects: plain HTML, Vite, Next; each uploads a file in Chromium to Ceph RGW."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page
from tests.docs.in_browser import UPLOAD
from tests.packages.npm import BUILT, DIST, manifest, packed, project, site
from tests.support.servers import ValetkeyServer, running_valetkey
from tests.support.stores import Rgw, fresh_bucket

pytestmark = [pytest.mark.needs("s3", "browser"), pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PLAIN = """<!doctype html>
<title>plain</title>
<script type="module" src="/package/dist/valet-upload.js"></script>
<valet-upload></valet-upload>
"""


@pytest.fixture(scope="module")
def server(rgw: Rgw, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValetkeyServer]:
    """A service, and a bucket, that any page may send to."""
    with fresh_bucket(rgw) as bucket:
        bucket.allow_pages()
        env = {"VALETKEY_CORS_ORIGINS": "*"}
        with running_valetkey(tmp_path_factory.mktemp("service"), bucket, env=env) as server:
            yield server


@pytest.fixture
def ticket(server: ValetkeyServer) -> str:
    headers = server.create_key("tests").headers
    made = httpx.post(f"{server.base_url}/v1/tickets", json={"profile": "default"}, headers=headers, timeout=60)
    assert made.status_code == 201, made.text
    return str(made.json()["ticket"])


@contextmanager
def tab(browser: Browser, url: str) -> Iterator[Page]:
    """Of a page about which the browser has nothing to complain."""
    with browser.new_context() as context:
        page, wrong = context.new_page(), list[str]()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto(url)
        yield page
        assert wrong == []


def element_uploads(page: Page, server: ValetkeyServer, ticket: str) -> None:
    page.evaluate("(url) => { document.querySelector('valet-upload').endpoint = url; }", server.base_url)
    assert page.evaluate(UPLOAD, ticket) == "confirmed"


def test_what_is_packed() -> None:
    """Each has its modules, its types and the licence, and nothing of how it was made."""
    assert (DIST / "SHA256SUMS").exists(), BUILT
    for name, module in (("client", "index.js"), ("element", "valet-upload.js")):
        assert (ROOT / "frontend" / name / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
        with tarfile.open(packed(name)) as tar:
            names = {member.name.removeprefix("package/") for member in tar}
        assert {f"dist/{module}", "dist/index.js", "dist/index.d.ts", "package.json", "README.md", "LICENSE"} <= names
        assert {one.partition("/")[0] for one in names} <= {"dist", "package.json", "README.md", "LICENSE"}


def test_a_plain_page(chromium: Browser, server: ValetkeyServer, ticket: str, tmp_path: Path) -> None:
    """One script with everything in it, from a server of files: no bundler, no npm."""
    with tarfile.open(packed("element")) as tar:
        tar.extractall(tmp_path, filter="data")
    (tmp_path / "index.html").write_text(PLAIN)
    with site(tmp_path) as url, tab(chromium, url) as page:
        element_uploads(page, server, ticket)


def test_vite(chromium: Browser, server: ValetkeyServer, ticket: str, tmp_path: Path) -> None:
    """Types are checked, client and element are bundled; by each a file is uploaded."""
    folder = project("vite", tmp_path)
    assert manifest(folder / "node_modules" / "@valetkey" / "client")["sideEffects"] is False
    with site(folder / "dist") as url, tab(chromium, url) as page:
        element_uploads(page, server, ticket)
        assert page.evaluate("([url, ticket]) => window.send(url, ticket)", [server.base_url, ticket]) == "confirmed"


def test_next(chromium: Browser, server: ValetkeyServer, ticket: str, tmp_path: Path) -> None:
    """The page is rendered on a server first, where there is no browser; the hook shows the state."""
    folder = project("next", tmp_path)
    assert "nothing yet" in (folder / "out" / "index.html").read_text()
    with site(folder / "out") as url, tab(chromium, url) as page:
        element_uploads(page, server, ticket)
        page.evaluate("([url, ticket]) => window.send(url, ticket)", [server.base_url, ticket])
        page.get_by_text("confirmed", exact=True).wait_for()
