"""Which versions of what ran."""

from __future__ import annotations

import json
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
PYPI = ("flask", "granian", "boto3", "gunicorn", "awscli")
NPM = {
    HERE / "npm" / "package.json": ("@better-upload/server", "hono", "@uppy/companion"),
    HERE.parent / "uppy" / "v6" / "package.json": ("@uppy/aws-s3",),
}


def versions() -> dict[str, str]:
    """By their names, as those who publish them write them."""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    found = {"Python": platform.python_version(), "Node": node.removeprefix("v")}
    found |= {name: version(name) for name in PYPI}
    for file, names in NPM.items():
        package = json.loads(file.read_text())
        known = package.get("dependencies", {}) | package.get("devDependencies", {})
        found |= {name: known[name] for name in names}
    return found
