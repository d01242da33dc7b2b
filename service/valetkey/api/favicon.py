"""The icon of our own pages, at the path that browsers request. An application that mounts valetkey has its own."""

from pathlib import Path

from flask import Blueprint, Response, send_file

blueprint = Blueprint("valetkey-favicon", __name__)

_DAY = 24 * 60 * 60


@blueprint.get("/favicon.ico")
def icon() -> Response:
    """An SVG, whatever the path's extension: browsers go by the content type."""
    return send_file(Path(__file__).with_name("favicon.svg"), "image/svg+xml", max_age=_DAY)
