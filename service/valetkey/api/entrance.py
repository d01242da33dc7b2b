"""What happens to requests for us before anything else in the application sees them.

A hook of the application, or of an extension, may read ``request.form`` of whatever comes: of a file, too, into a
temporary one. So bodies are refused before the first hook, whichever was registered first.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Flask, Request, Response, abort, redirect, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from valetkey.api.bodies import refuse_streams
from valetkey.api.mounted import mounted, root
from valetkey.api.problems import render_http


def guard(app: Flask, *, blueprints: Sequence[str], callers: Sequence[str], paths: Sequence[str]) -> None:
    """Before every hook of ``app``: what carries a file to one of ``callers``, or below ``paths``, is refused, and
    what has no route there is answered as the API answers. Redirects within ``blueprints``, of which ``callers`` are
    some, follow from our own base.

    A blueprint's own hooks come after those of the application, and its error handlers hear nothing of a path that
    has no route: without one there is no blueprint.
    """
    below, with_bodies = tuple(paths), frozenset(callers)

    def look(endpoint: str | None, _: Any) -> None:
        if endpoint is not None:
            if endpoint.rpartition(".")[0] in with_bodies:
                refuse_streams()
            return
        if (moved := moved_within(app, request, blueprints)) is not None:
            abort(moved)
        if request.path.startswith(below) and (answer := _unrouted(app, callers)) is not None:
            abort(answer)

    # these are called before the hooks that are meant to answer; the first of them before those of others
    app.url_value_preprocessors.setdefault(None, []).insert(0, look)


def _unrouted(app: Flask, blueprints: Sequence[str]) -> Response | None:
    """The answer where nothing is, and to methods that ours do not take; None for what is the application's."""
    error = request.routing_exception
    if isinstance(error, NotFound) or (isinstance(error, MethodNotAllowed) and _is_of(app, blueprints, error)):
        try:
            refuse_streams()
        except HTTPException as refused:
            error = refused
        answer: Response = render_http(error)
        return answer
    return None


def _is_of(app: Flask, blueprints: Sequence[str], error: MethodNotAllowed) -> bool:
    """Whether the path, which takes other methods, is of ``blueprints``: the application may have some beside them."""
    return bool(error.valid_methods) and _blueprint(app, None, next(iter(error.valid_methods or ()))) in blueprints


def _blueprint(app: Flask, path: str | None, method: str | None) -> str | None:
    """Whose ``path`` is, of this request where it is None; None where it is nobody's."""
    adapter = app.create_url_adapter(request)
    if adapter is None:
        return None
    try:
        endpoint, _ = adapter.match(path, method)
    except HTTPException:
        return None
    return str(endpoint).rpartition(".")[0]


def moved_within(app: Flask, this: Request, blueprints: Sequence[str]) -> BaseResponse | None:
    """A redirect to the spelling of a path that ``blueprints`` have: to `/docs/`, for `/docs`.

    Werkzeug makes an absolute address of it, by the scheme, host and path that this server sees; a proxy's are others.
    """
    error = this.routing_exception
    if not isinstance(error, RequestRedirect):
        return None
    parts = urlsplit(error.new_url)
    path = parts.path.removeprefix(this.environ.get("SCRIPT_NAME", "").rstrip("/"))
    if _blueprint(app, unquote(path), this.method) not in blueprints:
        return None
    query = f"?{parts.query}" if parts.query else ""
    return redirect(f"{root()}{path.removeprefix(mounted().address.prefix)}{query}", error.code)
