"""The API reference at `/docs/api/`, by Swagger UI, whose files are in flask-swagger-ui.

The page is ours: that of the package is rendered by the application's Jinja, which may have other delimiters or a page
of the same name, and sent as the application's class of responses.
"""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from valetkey.api import policies, problems
from valetkey.api.files import send
from valetkey.api.own_pages import own_page
from valetkey.api.site import POLICY

_FILES = Path(flask_swagger_ui.__file__).with_name("dist")

blueprint = Blueprint("valetkey-reference", __name__, static_folder=None)
problems.register(blueprint)


@blueprint.get("/", strict_slashes=True)  # without the slash relative links would be wrong
@blueprint.get("/<path:name>")
def reference(name: str = "index.html") -> ResponseReturnValue:
    """The page, or one of Swagger UI's files, which are relative to the page's URL."""
    response = Response(own_page("reference").render()) if name == "index.html" else send(_FILES, name)
    response.headers.setdefault("Cache-Control", "no-cache")
    policies.give(response, POLICY)
    return response
