"""Hatch's build hook, which requires the results of `make frontend` and `make docs` for wheel and sdist."""

import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGES = ("demo.js", "demo.css", "valet-upload.js")
MODULES = "manifest.json"
"""The file that lists the modules for pages; all of them have to exist."""
SITE = ("index.html", "llms.txt")
CURE = """The browser modules and the documentation have to be built before valetkey is installed from a clone:
run `make frontend docs`, which needs Node 20.19 or newer (https://nodejs.org/), and install again.
Without Node, `pip install -e .` installs a service whose API works; its pages say that they are not built."""


class BuiltPages(BuildHookInterface[Any]):
    """Checks before a build that they exist. An editable installation does not need them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - Hatch's signature
        """Exits with the commands to run: pip shows them without a traceback."""
        if version == "editable":
            return
        missing = self._missing("static", PAGES) + self._missing_modules() + self._missing("site", SITE)
        if missing:
            raise SystemExit(f"Not built yet: {', '.join(missing)}. {CURE}")

    def _missing_modules(self) -> list[str]:
        if missing := self._missing("assets", (MODULES,)):
            return missing
        manifest = json.loads((self._place("assets") / MODULES).read_text())
        return self._missing("assets", (*manifest["files"], *manifest["stable"]))

    def _missing(self, folder: str, names: tuple[str, ...]) -> list[str]:
        return [name for name in names if not (self._place(folder) / name).is_file()]

    def _place(self, folder: str) -> Path:
        return Path(self.root, "service", "valetkey", "api", folder)
