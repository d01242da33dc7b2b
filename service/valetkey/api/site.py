"""The documentation at `/docs/`: the files that `make docs` builds, and no others."""

from pathlib import Path

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from valetkey.api import policies, problems
from valetkey.api.files import send
from valetkey.api.mounted import root

SITE = Path(__file__).with_name("site")
"""What `make docs` builds; it is in the wheel."""

blueprint = Blueprint("valetkey-docs", __name__, static_folder=None)
problems.register(blueprint)

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",  # the theme's own, which chooses light or dark before anything is drawn
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "frame-ancestors 'self'",  # the reference has fields for credentials
    ]
)
"""Of the pages there, and of the API's reference."""

_NOT_BUILT = (
    "The documentation is not built. Run `make docs`, or install valetkey's wheel, then reload. "
    "The API works; its reference is at {reference}\n"
)
_YEAR = 365 * 24 * 60 * 60


@blueprint.get("/", strict_slashes=True)  # what is relative in it would lead nowhere from without
@blueprint.get("/<path:name>")
def page(name: str = "index.html") -> ResponseReturnValue:
    """A file of the site; a page also without its `.html`, as the `type` of a problem document names it."""
    if not (SITE / "index.html").exists():
        return Response(_NOT_BUILT.format(reference=f"{root()}/docs/api/"), 503, mimetype="text/plain")
    if "." not in name:
        name += ".html"
    response = send(SITE, name)
    _let_keep(response, name)
    policies.give(response, POLICY)
    return response


def _let_keep(response: BaseResponse, name: str) -> None:
    """Scripts and styles have a digest of their content in their names; everything else is asked for again."""
    if name.startswith("assets/") and Path(name).suffix in {".css", ".js"}:
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
