"""Hatch's build hook: no wheel and no sdist without the pages that `make frontend` builds."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGES = ("demo.js", "demo.css", "valet-upload.js")


class BuiltPages(BuildHookInterface[Any]):
    """Looks before a build whether they are there. An editable installation does without."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - Hatch's signature
        """Raises FileNotFoundError that says what to run."""
        folder = Path(self.root, "service", "valetkey", "api", "static")
        missing = [page for page in PAGES if not (folder / page).is_file()]
        if missing and version != "editable":
            raise FileNotFoundError(f"The pages are not built ({', '.join(missing)}): run `make frontend` first.")
