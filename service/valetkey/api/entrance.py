"""Handles requests for valetkey before any other code of the application sees them.

A hook of the application or of an extension may read ``request.form`` of any request, which writes an uploaded file to
a temporary one. So bodies are refused before the first hook, in whatever order hooks were registered.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Flask, Request, Response, redirect, request
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule
from werkzeug.wrappers import Response as BaseResponse

from valetkey.api.bodies import refuse_streams
from valetkey.api.mounted import mounted, root
from valetkey.api.problems import render_http


class _Answer(HTTPException):
    """A response that is raised where none can be returned. It has its own handler: if the application sets
    TRAP_HTTP_EXCEPTIONS, an exception without one is a 500."""

    def get_response(self, *args: Any, **kwargs: Any) -> Any:
        self.__traceback__ = None  # Flask keeps the exception in a variable of one of its frames: a cycle
        return super().get_response(*args, **kwargs)


@contextmanager
def plain_rules(app: Flask) -> Iterator[None]:
    """Routes that are registered inside the block use werkzeug's own converters, whatever converters ``app`` has."""
    own = app.url_map.converters
    app.url_map.converters = dict(Map.default_converters)
    try:
        yield
    finally:
        app.url_map.converters = own


def guard(app: Flask, *, blueprints: Sequence[str], callers: Sequence[str], paths: Sequence[str]) -> None:
    """Adds checks before every hook of ``app``: requests with a file for one of ``callers``, or below ``paths``, are
    refused, and unknown paths there get the API's error. Redirects within ``blueprints``, which include ``callers``,
    are relative to our own base.

    A blueprint's own hooks run after those of the application, and its error handlers are not called for a path without
    a route, which belongs to no blueprint. A catch-all route of the application, such as one for a page's own URLs,
    does not apply below ``paths``.
    """
    below, with_bodies = tuple(paths), frozenset(callers)

    def look(endpoint: str | None, _: Any) -> None:
        if endpoint is not None and endpoint.rpartition(".")[0] in with_bodies:
            refuse_streams()
            return
        if endpoint is None and (moved := moved_within(app, request, blueprints)) is not None:
            raise _Answer(response=moved)
        if request.path.startswith(below) and (answer := _unrouted(app, callers, below)) is not None:
            raise _Answer(response=answer)

    app.register_error_handler(_Answer, lambda answer: answer.response)
    # called before the hooks that may respond; the first of them before those of others
    app.url_value_preprocessors.setdefault(None, []).insert(0, look)


def _unrouted(app: Flask, blueprints: Sequence[str], below: Sequence[str]) -> Response | None:
    """The response for unknown paths and for methods that our routes do not accept; None for the application's own."""
    error = _error(app, blueprints, below)
    if error is None:
        return None
    try:
        refuse_streams()
    except HTTPException as refused:
        error = refused.with_traceback(None)  # its frames have this variable: a cycle
    answer: Response = render_http(error)
    forget_frames(request)
    return answer


def forget_frames(this: Request) -> None:
    """Removes the traceback of a routing error that was handled: ``this`` request keeps the error, and its frames refer
    to the request. Collecting such cycles stops all threads, and anybody may request unknown paths."""
    if (error := this.routing_exception) is not None:
        error.__traceback__ = error.__context__ = None


def _error(app: Flask, blueprints: Sequence[str], below: Sequence[str]) -> HTTPException | None:
    error = request.routing_exception
    if isinstance(error, NotFound | BadRequest):  # the latter includes an untrusted host
        return error
    if isinstance(error, MethodNotAllowed):
        rules = [rule for method in error.valid_methods or () if (rule := _rule(app, None, method)) is not None]
        if any(_blueprint(rule) in blueprints for rule in rules):
            return error
    else:
        rules = [] if request.url_rule is None else [request.url_rule]
    return NotFound() if rules and all(_takes_all(rule, below) for rule in rules) else None


def _takes_all(rule: Rule, below: Sequence[str]) -> bool:
    """Whether ``rule`` has a variable in place of the prefix of ``below``, so that it was not made for those paths."""
    literal, variable, _ = rule.rule.partition("<")
    if not variable or not literal.endswith("/"):  # `/v<int:version>/orders` matches its own paths only
        return False
    return any(path != literal and path.startswith(literal) for path in below)


def _rule(app: Flask, path: str | None, method: str | None) -> Rule | None:
    """The rule for ``path`` (None: that of this request); None if there is none."""
    adapter = app.create_url_adapter(request)
    if adapter is None:
        return None
    try:
        return adapter.match(path, method, return_rule=True)[0]
    except HTTPException:
        return None


def _blueprint(rule: Rule | None) -> str | None:
    return None if rule is None else str(rule.endpoint).rpartition(".")[0]


def moved_within(app: Flask, this: Request, blueprints: Sequence[str]) -> BaseResponse | None:
    """A redirect to the spelling of a path in ``blueprints``: from `/docs` to `/docs/`.

    Werkzeug would make it an absolute URL, with the scheme, host and path that this server sees, not those of a proxy.
    """
    error = this.routing_exception
    if not isinstance(error, RequestRedirect):
        return None
    parts = urlsplit(error.new_url)
    path = parts.path.removeprefix(this.environ.get("SCRIPT_NAME", "").rstrip("/"))
    if _blueprint(_rule(app, unquote(path), this.method)) not in blueprints:
        return None
    query = f"?{parts.query}" if parts.query else ""
    return redirect(f"{root()}{path.removeprefix(mounted().address.shown)}{query}", error.code)
