"""Client and element as modules at `/assets/`, for pages without a bundler: the files that `make frontend` builds.

Their names begin with `valetkey-`, so that an application can have its own `/assets/` as well.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from valetkey.api import problems
from valetkey.api.files import send
from valetkey.api.mounted import server_url
from valetkey.api.rendering import render

ASSETS = Path(__file__).with_name("assets")
"""The output of `make frontend`, which is in the wheel."""

ELEMENT = "@valetkey/element"
NOT_BUILT = "valetkey's modules for browsers are not built: run `make frontend`, or install its wheel."

_YEAR = 365 * 24 * 60 * 60
_PUBLIC = {
    "Access-Control-Allow-Origin": "*",  # modules are always fetched by CORS; these contain no secrets, read no cookies
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}

blueprint = Blueprint("valetkey-assets", __name__, static_folder=None)
problems.register(blueprint)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The built files: see `frontend/demo/scripts/assets.mjs`."""

    modules: dict[str, str]
    """The file of each module, by the name that pages import."""

    preload: list[str]
    """Files that the element imports at its start."""

    files: dict[str, str]
    """Files with a hash in their names, and the digest of each as in HTML's ``integrity``."""

    stable: list[str]
    """Files with fixed names, which lead to the modules of this version."""


def manifest() -> Manifest | None:
    """The manifest of the built files; None if nothing is built."""
    file = ASSETS / "manifest.json"
    try:
        return _read(file, file.stat().st_mtime_ns)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=1)
def _read(file: Path, _changed: int) -> Manifest:
    return Manifest(**json.loads(file.read_text()))


@blueprint.get("/valetkey-<name>")
def asset(name: str) -> ResponseReturnValue:
    """A file of the manifest, and no other: names are looked up there, never used as paths."""
    built = manifest()
    if built is None:
        return Response(f"{NOT_BUILT}\n", 503, mimetype="text/plain")
    name = f"valetkey-{name}"
    if name not in built.files and name not in built.stable:
        abort(404, "This version has no such module: load the page again.")
    response = send(ASSETS, name)
    response.content_type = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = (
        f"public, max-age={_YEAR}, immutable" if name in built.files else "public, no-cache"
    )
    response.headers.update(_PUBLIC)
    return response


@blueprint.get("/valetkey-importmap.json")
def import_map_document() -> ResponseReturnValue:
    """The import map for servers whose pages are not rendered here: browsers only accept one within a page."""
    built = manifest()
    if built is None:
        return Response(f"{NOT_BUILT}\n", 503, mimetype="text/plain")
    return render(
        import_map(built, f"{server_url().rstrip('/')}/assets"), headers=_PUBLIC | {"Cache-Control": "no-cache"}
    )


def import_map(built: Manifest, place: str) -> dict[str, dict[str, str]]:
    """The import map for modules at ``place``. Browsers that do not support ``integrity`` in it ignore that member."""
    return {
        "imports": {module: f"{place}/{name}" for module, name in built.modules.items()},
        "integrity": {f"{place}/{name}": digest for name, digest in built.files.items()},
    }
