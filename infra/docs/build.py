"""`make docs`: writes the generated pages, and builds the site into service/valetkey/api/site.

The site also has each page as Markdown, and `llms.txt` with a line for each. Nothing is downloaded.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generated import errors_page, settings_page

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGES = ROOT / "service" / "docs"
SITE = ROOT / "service" / "valetkey" / "api" / "site"
CONFIG = HERE / "zensical.toml"

_TEST_COMMENT = re.compile(r"^<!-- test\b.*?-->\n*", re.DOTALL | re.MULTILINE)
"""Comments for the tests (CONTRIBUTING.md, "Documentation")."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")


def main() -> None:
    """Builds the site in a temporary folder and replaces the old one at the end, so that a running service always has
    one.

    `--draft` allows broken links.
    """
    write_generated()
    with tempfile.TemporaryDirectory(dir=HERE, prefix=".building-") as folder:
        work = Path(folder)
        prepare(work)
        run_zensical(work, [] if "--draft" in sys.argv else ["--strict"])
        add_plain_text(work / "docs", work / "site")
        shutil.rmtree(SITE, ignore_errors=True)
        (work / "site").rename(SITE)


def run_zensical(work: Path, options: list[str]) -> None:
    """Runs Zensical. If it fails, exits with its output; with `--strict`, broken links are errors, too."""
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--clean", *options]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        said = _COLOUR.sub("", done.stdout + done.stderr).partition("Traceback")[0]
        sys.exit(f"The documentation cannot be built:\n{said}")


def write_generated() -> None:
    """Writes the generated pages, if they have changed."""
    for name, text in {"settings.md": settings_page(), "errors.md": errors_page()}.items():
        page = PAGES / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def prepare(work: Path) -> None:
    """Copies the pages, without the comments for tests."""
    shutil.copytree(PAGES, work / "docs")
    for page in (work / "docs").glob("*.md"):
        page.write_text(_TEST_COMMENT.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
    for extra in ("extra.css", "extra.js"):
        shutil.copy(HERE / extra, work / "docs")
    shutil.copy(CONFIG, work)


def add_plain_text(pages: Path, site: Path) -> None:
    """Adds each page as Markdown, and `llms.txt`."""
    for page in pages.glob("*.md"):
        shutil.copy(page, site)
    (site / "llms.txt").write_text(llms(pages), encoding="utf-8")
    for unneeded in ("sitemap.xml", "404.html", "objects.inv"):
        (site / unneeded).unlink(missing_ok=True)


def llms(pages: Path) -> str:
    """The index for language models: https://llmstxt.org."""
    project = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["project"]
    lines = [f"# {project['site_name']}", "", f"> {project['site_description']}", "", "## Pages", ""]
    for title, name in named(project["nav"]):
        lines.append(f"- [{title}]({name}): {first_sentence((pages / name).read_text(encoding='utf-8'))}")
    lines += ["", "## API", "", "- [OpenAPI 3.1](../openapi.json): every call, with its schemas"]
    return "\n".join(lines) + "\n"


def named(nav: list[Any]) -> Iterator[tuple[str, str]]:
    """Title and file of each page, in the order of the navigation, without the API reference."""
    for entry in nav:
        for title, target in entry.items():
            if not isinstance(target, str):
                yield from named(target)
            elif target.endswith(".md"):
                yield title, target


def first_sentence(page: str) -> str:
    """The first sentence of the page's first paragraph, without links."""
    paragraphs = (part for part in page.split("\n\n") if part.strip() and not part.startswith(("#", "<!--", "![")))
    text = _LINK.sub(r"\1", " ".join(next(paragraphs, "").split()))
    return re.split(r"(?<=[.]) ", text)[0]


if __name__ == "__main__":
    main()
