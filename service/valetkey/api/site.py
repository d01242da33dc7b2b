"""The documentation at `/docs/`: the files that `make docs` builds, and no others."""

from pathlib import Path

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from valetkey.api import policies, problems
from valetkey.api.files import send
from valetkey.api.mounted import root

SITE = Path(__file__).with_name("site")
"""The output of `make docs`, which is in the wheel."""

blueprint = Blueprint("valetkey-docs", __name__, static_folder=None)
problems.register(blueprint)

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",  # the theme's own, which chooses light or dark before the page is drawn
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "frame-ancestors 'self'",  # the reference has fields for credentials
    ]
)
"""The policy of these pages and of the API reference."""

_NOT_BUILT = (
    "The documentation is not built. Run `make docs`, or install valetkey's wheel, then reload. "
    "The API works; its reference is at {reference}\n"
)
_YEAR = 365 * 24 * 60 * 60


@blueprint.get("/", strict_slashes=True)  # without the slash relative links would be wrong
@blueprint.get("/<path:name>")
def page(name: str = "index.html") -> ResponseReturnValue:
    """A file of the site; a page also without its `.html`, as in the `type` of a problem document."""
    if not (SITE / "index.html").exists():
        return Response(_NOT_BUILT.format(reference=f"{root()}/docs/api/"), 503, mimetype="text/plain")
    if "." not in name:
        name += ".html"
    response = send(SITE, name)
    _let_keep(response, name)
    policies.give(response, POLICY)
    return response


def _let_keep(response: BaseResponse, name: str) -> None:
    """Lets browsers keep scripts and styles, whose names contain a digest; everything else is requested again."""
    if name.startswith("assets/") and Path(name).suffix in {".css", ".js"}:
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
