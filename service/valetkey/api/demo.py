"""The pages of `valetkey dev`: the element with a log of what happens, and a form that needs no JavaScript.

Both are in the language that `lang` names, else in the browser's preferred one; `demo.json` has all texts.
"""

import json
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from valetkey.api.mounted import mounted
from valetkey.core.granting.admission import UploadRequest
from valetkey.core.granting.grants import PostGrant
from valetkey.core.model.upload import Method
from valetkey.reference.file_types import type_of

STATIC = Path(__file__).with_name("static")
"""The output of `make frontend`, which is in the wheel."""

DEFAULT_LANGUAGE = "en"

demo = Blueprint(
    "valetkey_demo", __name__, template_folder="templates", static_folder=str(STATIC), static_url_path="/demo"
)

_POLICY = "default-src 'self'; connect-src *; style-src 'self'; img-src 'self' data:; base-uri 'none'"
_NOT_BUILT = "The page is not built. Run `make frontend`, or install valetkey's wheel, then reload. The API works.\n"


@demo.after_request
def restrict(response: Response) -> Response:
    """Allows only our scripts and styles, and requests to any store. An error page has its own policy."""
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    return response


@demo.get("/")
def page() -> ResponseReturnValue:
    if not (STATIC / "demo.js").exists():
        return Response(_NOT_BUILT, 503, mimetype="text/plain")
    return _render("demo", all_texts=load_translations())


@demo.get("/demo/form")
def plain_form() -> ResponseReturnValue:
    """A form that posts a file to the store, for one upload."""
    here = mounted()
    filename = request.args.get("filename") or "file"
    wanted = UploadRequest(
        filename=filename,
        content_type=request.args.get("content_type") or type_of(filename),
        size=None,  # unknown before the form is sent
        redirect=True,
        method=Method.POST,
    )
    granted = here.service.create(here.authenticator.caller(None), wanted)
    if not isinstance(granted.grant, PostGrant):
        raise TypeError("a form needs a POST grant")
    response = _render("form", upload=granted.upload, grant=granted.grant)
    response.headers["Cache-Control"] = "no-store"
    return response


@cache
def load_translations() -> dict[str, dict[str, str]]:
    """The texts of the pages, by language and name."""
    found: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("demo.json").read_text("utf-8"))
    return found


def _render(name: str, **context: object) -> Response:
    languages = load_translations()
    wanted = request.args.get("lang")
    lang = wanted if wanted in languages else request.accept_languages.best_match(languages, DEFAULT_LANGUAGE)
    response = Response(render_template(f"valetkey/{name}.html", lang=lang, text=languages[lang], **context))
    response.vary.add("Accept-Language")
    return response
