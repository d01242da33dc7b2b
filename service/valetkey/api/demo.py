"""The page at ``/`` of `valetkey dev`: picks a file, uploads it, and shows the states."""

from flask import Blueprint, Response, render_template

demo = Blueprint(
    "valetkey_demo", __name__, template_folder="templates", static_folder="static", static_url_path="/demo"
)

_POLICY = "default-src 'self'; connect-src *; style-src 'self'; img-src 'self' data:"


@demo.get("/")
def page() -> Response:
    response = Response(render_template("valetkey/demo.html"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response
