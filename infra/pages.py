"""Hatch's build hook: no wheel and no sdist without what `make frontend` and `make docs` build."""

import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGES = ("demo.js", "demo.css", "valet-upload.js")
MODULES = "manifest.json"
"""Names the modules for pages, all of which have to be there."""
SITE = ("index.html", "llms.txt")


class BuiltPages(BuildHookInterface[Any]):
    """Looks before a build whether they are there. An editable installation does without."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - Hatch's signature
        """Raises FileNotFoundError that says what to run."""
        if version == "editable":
            return
        if missing := self._missing("static", PAGES) + self._missing_modules():
            raise FileNotFoundError(f"The pages are not built ({', '.join(missing)}): run `make frontend` first.")
        if missing := self._missing("site", SITE):
            raise FileNotFoundError(f"The documentation is not built ({', '.join(missing)}): run `make docs` first.")

    def _missing_modules(self) -> list[str]:
        if missing := self._missing("assets", (MODULES,)):
            return missing
        manifest = json.loads((self._place("assets") / MODULES).read_text())
        return self._missing("assets", (*manifest["files"], *manifest["stable"]))

    def _missing(self, folder: str, names: tuple[str, ...]) -> list[str]:
        return [name for name in names if not (self._place(folder) / name).is_file()]

    def _place(self, folder: str) -> Path:
        return Path(self.root, "service", "valetkey", "api", folder)
