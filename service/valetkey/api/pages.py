"""Error pages for visitors if a view of the application lets one of our errors through, instead of a 500."""

from flask import Flask, current_app
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import default_exceptions

from valetkey.api.negotiation import prefers_page
from valetkey.api.problems import render_error, status_of
from valetkey.core.errors import Unavailable, ValetKeyError


def answer_errors(app: Flask) -> None:
    """Registers handlers for our errors in views of ``app``, unless it has its own."""
    handlers = app.error_handler_spec[None][None]
    if ValetKeyError not in handlers:
        app.register_error_handler(ValetKeyError, _answer)


def _answer(error: ValetKeyError) -> ResponseReturnValue:
    """A problem document if the client prefers JSON, else the application's own page for that status."""
    status = status_of(type(error))
    if status not in default_exceptions or (status >= 500 and not isinstance(error, Unavailable)):
        raise error
    if not prefers_page(otherwise=True):
        return render_error(error)
    page = current_app.handle_http_exception(default_exceptions[status](error.detail))
    response = current_app.make_response(page)
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
