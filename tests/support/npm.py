"""Packages from npm, installed once for each lock file, by the first process that needs them."""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support import processes


def installed(sources: Sequence[Path], into: Path, *then: str) -> Path:
    """A folder in ``into`` with copies of ``sources``, including a lock file, and its packages in `node_modules`.

    In a new folder, the command ``then`` is run. Raises `RuntimeError` if npm or the command fails.
    """
    content = b"".join(source.read_bytes() for source in sources)
    target = into / f"{sources[0].parent.name}-{hashlib.sha256(content).hexdigest()[:16]}"
    into.mkdir(exist_ok=True)
    with (into / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _install(sources, target, then)
    return target


def _install(sources: Sequence[Path], target: Path, then: Sequence[str]) -> None:
    if shutil.which("npm") is None:
        raise RuntimeError("Packages from npm need Node 20.19 or newer, with npm: https://nodejs.org/")
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        directory = Path(name) / "made"
        directory.mkdir()
        for source in sources:
            shutil.copy(source, directory)
        _run(directory, "npm", "ci", "--no-audit", "--no-fund")
        if then:
            _run(directory, *then)
        directory.rename(target)


def _run(directory: Path, *command: str) -> None:
    done = processes.run(command, cwd=directory, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
