"""Paths below ours that are nobody's, and methods that ours do not take: problem documents there, too."""

from collections.abc import Sequence
from typing import Any

from flask import Flask, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from valetkey.api.problems import render_http


def answer(app: Flask, *, blueprints: Sequence[str], paths: Sequence[str]) -> None:
    """What ``app`` finds no route for below ``paths`` is answered as the API answers; all else is the application's.

    A blueprint's error handlers hear nothing of that: without a route there is no blueprint.
    """
    below = tuple(paths)

    def refuse() -> Any:
        error = request.routing_exception
        if error is None or not request.path.startswith(below):
            return None
        if isinstance(error, NotFound) or (isinstance(error, MethodNotAllowed) and _is_of(app, blueprints, error)):
            return render_http(error)
        return None

    app.before_request(refuse)


def _is_of(app: Flask, blueprints: Sequence[str], error: MethodNotAllowed) -> bool:
    """Whether the path, which takes other methods, is of ``blueprints``: the application may have some beside them."""
    adapter = app.create_url_adapter(request)
    if adapter is None or not error.valid_methods:
        return False
    try:
        endpoint, _ = adapter.match(method=next(iter(error.valid_methods)))
    except HTTPException:
        return False
    return str(endpoint).rpartition(".")[0] in blueprints
