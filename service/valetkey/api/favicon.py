"""The icon of our own pages, where browsers look for it; an application that we are mounted in has one of its own."""

from pathlib import Path

from flask import Blueprint, Response, send_file

blueprint = Blueprint("valetkey-favicon", __name__)

_DAY = 24 * 60 * 60


@blueprint.get("/favicon.ico")
def icon() -> Response:
    """An SVG, whatever the address ends in: browsers go by the type."""
    return send_file(Path(__file__).with_name("favicon.svg"), "image/svg+xml", max_age=_DAY)
