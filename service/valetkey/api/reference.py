"""The API's reference at `/docs/api/`, by Swagger UI, whose files flask-swagger-ui has.

Its page is ours: that of the package is rendered by the application's Jinja, which may have other marks or a page of
the same name, and sent by the class that the application has for its responses.
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


@blueprint.get("/", strict_slashes=True)  # what is relative in it would lead nowhere from without
@blueprint.get("/<path:name>")
def reference(name: str = "index.html") -> ResponseReturnValue:
    """The page, or one of Swagger UI's files: both are found from where the page is seen, under any URL."""
    response = Response(own_page("reference").render()) if name == "index.html" else send(_FILES, name)
    response.headers.setdefault("Cache-Control", "no-cache")
    policies.give(response, POLICY)
    return response
