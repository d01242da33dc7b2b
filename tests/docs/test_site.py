"""The site as the service serves it at /docs/: complete, linked, accessible, and without other hosts."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect
from tests.docs.blocks import PAGES, READMES, ROOT
from tests.support.pages import violations
from tests.support.servers import ValetkeyServer, running_valetkey

from valetkey.api.site import SITE

pytestmark = pytest.mark.needs("docs")

NAMES = sorted(page.stem for page in PAGES if page.name != "README.md")
ORDER = [
    *("index", "getting-started", "how-it-works", "flask", "flask-uploads", "deploying-flask"),
    *("jobs", "python", "fastapi", "django"),
    *("browser", "mobile", "terminal", "generated-clients"),
    *("large-files", "delivery", "events", "webhooks"),
    *(
        "content-checks",
        "profiles",
        "several-stores",
        "settings",
        "operating",
        "capacity",
        "doctor",
        "deploying",
        "upgrades",
        "testing",
        "security",
    ),
    *("aws", "other-stores", "cloudflare", "regions", "moving"),
    *(
        "errors",
        "limits",
        "benchmarks",
        "architecture",
    ),
    *("adapters", "stores"),
]
"""The pages, in the order of the navigation."""

OF_COLORS = ["color-contrast", "link-in-text-block"]
"""axe's rules that depend on the color scheme."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValetkeyServer]:
    with running_valetkey(tmp_path_factory.mktemp("site"), command="dev") as server:
        yield server


@pytest.fixture(scope="module")
def site(server: ValetkeyServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.base_url}/docs/") as client:
        yield client


class Parts(HTMLParser):
    """Where a page's links lead, and what can be linked to in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Images and scripts count as links: what they name has to be there, too."""
        for name, value in attrs:
            if name in {"href", "src"} and value is not None and tag != "base":
                self.links.append(value)
            if name == "id" and value:
                self.anchors.add(value)


def test_every_page_is_in_the_navigation(site: httpx.Client) -> None:
    """In the order that a reader needs them, on each page and in llms.txt."""
    assert sorted(ORDER) == NAMES
    listed = re.findall(r"^- \[.+?\]\((.+?)\.md\): .+$", site.get("llms.txt").text, re.MULTILINE)
    assert listed == ORDER
    for name in ("index", "errors"):
        links = re.findall(r'<a href="\./([\w-]+)\.html" class="md-nav__link', site.get(f"{name}.html").text)
        assert list(dict.fromkeys(link for link in links if link != name)) == [
            other for other in ORDER if other != name
        ]


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str, site: httpx.Client) -> None:
    """Each page, heading, picture and file that a page names is there."""
    known: dict[str, httpx.Response] = {}
    here = str(site.base_url.join(f"{name}.html"))
    for link in Parts(site.get(here).text).links:
        address, anchor = urldefrag(urljoin(here, link))
        if urlsplit(address).netloc != urlsplit(here).netloc:
            continue
        answer = known.setdefault(address, known.get(address) or site.get(address, follow_redirects=True))
        assert answer.status_code == 200, link
        if anchor and answer.headers["content-type"].startswith("text/html"):
            assert anchor in Parts(answer.text).anchors, link


@pytest.mark.parametrize("readme", READMES, ids=lambda readme: str(readme.relative_to(ROOT)))
def test_links_of_a_readme_lead_somewhere(readme: Path) -> None:
    """The files and headings of this repository."""
    for target in re.findall(r"\]\(([^)#]+)\)", readme.read_text()):
        assert urlsplit(target).scheme or (readme.parent / target).exists(), target


@pytest.mark.timeout(900)  # of some fifty pages
def test_pages_are_accessible_and_ask_nobody_else(chromium: Browser, server: ValetkeyServer) -> None:
    """axe finds nothing on any page, light and dark, nothing scrolls sideways, and every request goes to this host."""
    wrong: list[object] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("request", lambda asked: wrong.append(asked.url) if not mine(asked.url, server) else None)
        for name in NAMES:
            page.emulate_media(color_scheme="light")
            page.set_viewport_size({"width": 1280, "height": 900})
            page.goto(f"{server.base_url}/docs/{name}.html")
            found = violations(page)
            page.emulate_media(color_scheme="dark")
            expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
            found += violations(page, OF_COLORS)
            page.set_viewport_size({"width": 390, "height": 900})
            width = page.evaluate("document.documentElement.scrollWidth")
            wrong += [f"{name}: {violation['id']}" for violation in found]
            wrong += [f"{name}: {width} px wide"] * (width > 390)
    assert wrong == []


def mine(url: str, server: ValetkeyServer) -> bool:
    return url.startswith((server.base_url, "data:", "blob:"))


def test_searching_finds_a_page(chromium: Browser, server: ValetkeyServer) -> None:
    """The search works without a service of somebody else's."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.base_url}/docs/")
        page.keyboard.press("Control+k")
        page.keyboard.type("quarantine")
        page.get_by_role("link", name="Checking content").last.wait_for()


@pytest.mark.parametrize("name", NAMES)
def test_each_page_is_there_as_markdown(name: str, site: httpx.Client) -> None:
    """For programs that read, without what only the tests need; and without its ending, as people type it."""
    answer = site.get(f"{name}.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# ")
    assert "<!-- test" not in answer.text + site.get(f"{name}.html").text
    assert site.get(name).text == site.get(f"{name}.html").text


def test_it_may_be_kept_as_long_as_it_is_true(site: httpx.Client) -> None:
    """Pages are asked for again, and answered with 304; scripts and styles have their digest in their names."""
    page = site.get("index.html")
    assert page.headers["cache-control"] == "no-cache"
    assert site.get("index.html", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    (style,) = {link for link in Parts(page.text).links if re.search(r"modern/main\.\w+\.min\.css$", link)}
    assert "immutable" in site.get(style).headers["cache-control"]
    assert "default-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["nothing.html", "nothing", "..%2fproblems.py", "%2e%2e/problems.py", "assets/..%2f..%2fsite.py", "assets/"]
)
def test_nothing_else_is_served(path: str, server: ValetkeyServer) -> None:
    """What is not a file of the site is a problem document, however it is written."""
    answer = httpx.get(f"{server.base_url}/docs/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_the_type_of_a_problem_is_the_address_of_its_section(server: ValetkeyServer) -> None:
    """Followed from the answer, as a person or a program would."""
    problem = httpx.get(f"{server.base_url}/v1/uploads/none").json()
    address, anchor = urldefrag(urljoin(server.base_url, problem["type"]))
    assert anchor == problem["code"] == "upload_not_found"
    assert anchor in Parts(httpx.get(address).text).anchors


def test_a_checkout_without_the_site_says_so(
    server: ValetkeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that builds it, and where the reference is all the same."""
    from flask import Flask

    from valetkey.api import site
    from valetkey.testing import MemoryValetKey

    monkeypatch.setattr(site, "SITE", tmp_path)
    app = Flask(__name__)
    MemoryValetKey(app, url_prefix="/files")
    answer = app.test_client().get("/files/docs/")
    assert answer.status_code == 503
    assert "make docs" in answer.text
    assert "/files/docs/api/" in answer.text
    assert app.test_client().get("/files/docs/api/").status_code == 200
    assert SITE.exists()
