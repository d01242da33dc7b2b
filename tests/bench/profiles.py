"""Where a Python program spends its time, by py-spy, which looks at it from outside and changes nothing in it.

Only what holds the interpreter's lock is counted: other threads wait, or are at work in the system, SQLite or Rust. It
does not stop the program, which takes so long with many threads that another program would be seen.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.bench.result import Profile

RATE = 200
"""Looks in a second."""

PARTS = 8
"""How many parts are told of; the rest is small."""

_FRAME = re.compile(r"(?P<function>.*) \((?P<file>[^()]*?)(?::\d+)?\)")


def of_server(pid: int, work: Callable[[], object], seconds: int = 5) -> Profile:
    """Of a process and its children, while ``work`` is done again and again. Nothing where py-spy may not look."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "raw"
        command = [*_record(out), "--duration", str(seconds), "--pid", str(pid)]
        with processes.running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as spy:
            while spy.poll() is None:
                work()
        return _read(out)


def of_command(
    words: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None = None, seconds: int | None = None
) -> Profile:
    """Of a Python program from its start to its end, or for so long. Nothing where py-spy may not look."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "raw"
        limit = ["--duration", str(seconds)] if seconds else []
        command = [*_record(out), *limit, "--", sys.executable, *map(str, words)]
        with processes.running(command, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as spy:
            spy.wait(300)
        return _read(out)


def _record(out: Path) -> list[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = shutil.which("py-spy", path=path)
    if found is None:
        raise RuntimeError("py-spy is missing: pip install -e '.[test]'")
    options = ["--format", "raw", "--full-filenames", "--nolineno", "--subprocesses", "--gil", "--nonblocking"]
    return [found, "record", *options, "--rate", str(RATE), "--output", str(out)]


def _read(out: Path) -> Profile:
    return summary(out.read_text()) if out.exists() else ()


def summary(raw: str) -> Profile:
    """The parts of what py-spy calls raw: a line for each stack, outermost frame first, with how often it was seen.

    A moment counts for the innermost part that is not Python's own library: a HMAC for whoever asks for it.
    """
    seen: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [found for frame in stack.split(";") if (found := _FRAME.fullmatch(frame))]
        if frames:  # else it is a thread that has not come to Python yet
            seen[_part([frame["file"] for frame in frames])] += int(count)
    total = sum(seen.values())
    return tuple((part, round(count / total, 3)) for part, count in seen.most_common(PARTS))


def _part(files: Sequence[str]) -> str:
    return next((part for file in reversed(files) if (part := _part_of(file))), "Python itself")


def _part_of(file: str) -> str | None:
    """A module of ours, or a package of others; None for Python's own."""
    path = Path(file)
    parts = path.with_suffix("").parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    if "valetkey" in parts and path.suffix == ".py":
        return ".".join(parts[parts.index("valetkey") :]).removesuffix(".__init__")
    return None
