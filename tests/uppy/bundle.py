"""Uppy from npm, bundled for a page: installed once for each lock file, by the first test worker that asks."""

from pathlib import Path

from tests.support.npm import installed

HERE = Path(__file__).parent
INSTALLED = HERE / ".installed"
SOURCES = ("package.json", "package-lock.json")
BUNDLE = ("--bundle", "--format=iife", "--outfile=bundle.js", "--log-level=warning")


def bundle(version: str) -> Path:
    """The script of `page.js` with Uppy ``v5`` or ``v6``. `RuntimeError` says why npm or esbuild failed."""
    sources = [*(HERE / version / name for name in SOURCES), HERE / "page.js"]
    return installed(sources, INSTALLED, "node_modules/.bin/esbuild", "page.js", *BUNDLE) / "bundle.js"
