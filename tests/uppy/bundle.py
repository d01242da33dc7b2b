"""Uppy from npm, bundled for a page: installed once for each lock file, by the first test worker that asks."""

import fcntl
import hashlib
import shutil
import tempfile
from pathlib import Path

from tests.support import processes

HERE = Path(__file__).parent
INSTALLED = HERE / ".installed"
SOURCES = ("package.json", "package-lock.json")
BUNDLE = ["--bundle", "--format=iife", "--outfile=bundle.js", "--log-level=warning"]


def bundle(version: str) -> Path:
    """The script of `page.js` with Uppy ``v5`` or ``v6``. `RuntimeError` says why npm or esbuild failed."""
    sources = [*(HERE / version / name for name in SOURCES), HERE / "page.js"]
    content = b"".join(source.read_bytes() for source in sources)
    target = INSTALLED / f"{version}-{hashlib.sha256(content).hexdigest()[:16]}"
    INSTALLED.mkdir(exist_ok=True)
    with (INSTALLED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _install(sources, target)
    return target / "bundle.js"


def _install(sources: list[Path], target: Path) -> None:
    if shutil.which("npm") is None:
        raise RuntimeError("The tests of Uppy need Node 20.19 or newer, with npm: https://nodejs.org/")
    with tempfile.TemporaryDirectory(dir=INSTALLED) as name:
        directory = Path(name) / "made"
        directory.mkdir()
        for source in sources:
            shutil.copy(source, directory)
        _run(directory, "npm", "ci", "--no-audit", "--no-fund")
        _run(directory, "node_modules/.bin/esbuild", "page.js", *BUNDLE)
        directory.rename(target)


def _run(directory: Path, *command: str) -> None:
    done = processes.run(command, cwd=directory, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
