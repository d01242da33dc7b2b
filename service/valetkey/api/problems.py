"""Errors as RFC 9457 problem documents, each with its stable ``code``, or as a page for people in a browser."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, NotRequired, TypeVar

import orjson
from flask import Blueprint, Flask, Response, request
from pydantic import BaseModel, ValidationError
from typing_extensions import TypedDict
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.http import HTTP_STATUS_CODES

from valetkey import waiting
from valetkey.api import policies
from valetkey.api.mounted import root
from valetkey.api.negotiation import PROBLEM, prefers_page
from valetkey.api.own_pages import own_page
from valetkey.api.rendering import NOT_KEPT
from valetkey.api.socket_bodies import leave_unread, may_close
from valetkey.core import errors

log = logging.getLogger("valetkey")

Given = TypeVar("Given")
Model = TypeVar("Model", bound=BaseModel)

MEDIA_TYPE = PROBLEM
MAX_ERRORS = 20
"""The most errors that a problem document lists."""

MAX_FOUND = 200
"""If validation finds more errors, none is listed: collecting them costs time for each, listed or not."""

STATUS: dict[type[errors.ValetKeyError], int] = {
    errors.InvalidRequest: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.UploadNotFound: 404,
    errors.ProfileNotFound: 404,
    errors.ErasureNotFound: 404,
    errors.StateConflict: 409,
    errors.SenderUnknown: 404,
    errors.SenderRefused: 403,
    errors.MalformedEvent: 400,
    errors.Unavailable: 503,
    errors.ConfigurationError: 500,
}
"""The HTTP status of each class of errors. Subclasses that are not listed have their parent's."""


class FieldError(TypedDict):
    """One error in a request: ``pointer`` is a JSON pointer (RFC 6901) to its place, ``detail`` a sentence about it.
    ``code`` is set if a call is about several uploads, and is the error code for this one."""

    pointer: str
    detail: str
    code: NotRequired[str]


class Problem(TypedDict):
    """A problem document (RFC 9457). ``type`` is the URL of the documentation of ``code``; ``detail`` is a sentence for
    people, and may change."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: NotRequired[list[FieldError]]


class InvalidBody(errors.InvalidRequest):
    """A body that does not match its schema, with each error."""

    def __init__(self, problems: Sequence[FieldError]) -> None:
        super().__init__("The request does not match the schema in the API's documentation.")
        self.problems = list(problems)


class MalformedJSON(errors.ValetKeyError):
    """The body is not JSON."""

    code = "malformed_json"


def status_of(kind: type[errors.ValetKeyError]) -> int:
    """The HTTP status for errors of the class ``kind``."""
    if issubclass(kind, MalformedJSON):
        return 400
    return next(STATUS[parent] for parent in kind.__mro__ if parent in STATUS)


def problem(status: int, code: str, detail: str, base: str | None = None) -> Problem:
    """A problem document whose type is the URL of the code's documentation. ``base`` is the part of our URLs before the
    path; None: that of the current request."""
    return {
        "type": f"{root() if base is None else base}/docs/errors#{code}",
        "title": HTTP_STATUS_CODES[status],
        "status": status,
        "detail": detail,
        "code": code,
    }


def problem_of(error: errors.ValetKeyError, base: str | None = None) -> Problem:
    """``error`` as a problem document; ``base`` as in `problem`."""
    document = problem(status_of(type(error)), error.code, error.detail, base)
    if isinstance(error, InvalidBody):
        document["errors"] = error.problems
    elif isinstance(error, errors.InvalidRequest) and error.pointer is not None:
        document["errors"] = [{"pointer": error.pointer, "detail": error.detail}]
    elif error.each and error.each_at is not None:
        document["errors"] = [
            {"pointer": f"{error.each_at}/{position}", "detail": one.detail, "code": one.code}
            for position, one in error.each[:MAX_ERRORS]
        ]
    return document


def unreadable(error: ValidationError) -> errors.ValetKeyError:
    """Pydantic's ``error`` as one of ours, without the invalid values: they may be secrets, or large."""
    if error.error_count() > MAX_FOUND:
        return InvalidBody(
            [{"pointer": "", "detail": f"There are {error.error_count()} errors, too many to list them."}]
        )
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return MalformedJSON(f"The body is not JSON: {found[0]['msg'].removeprefix('Invalid JSON: ')}.")
    return InvalidBody([{"pointer": _pointer(item["loc"]), "detail": item["msg"]} for item in found[:MAX_ERRORS]])


def validated(parse: Callable[[Given], Model], given: Given) -> Model:
    """The result of ``parse``, a method of a pydantic model, for ``given``. Raises `InvalidBody` or `MalformedJSON`."""
    try:
        return parse(given)
    except ValidationError as error:
        raise unreadable(error) from error


def _pointer(location: tuple[int | str, ...]) -> str:
    parts = [str(part)[:100].replace("~", "~0").replace("/", "~1") for part in location]
    return "".join(f"/{part}" for part in parts)


def render_error(error: errors.ValetKeyError) -> Response:
    """``error`` as a response, with the headers that tell a client what to do."""
    if isinstance(error, errors.Unavailable | errors.ConfigurationError):
        waiting.look()  # logging may block: the log may be a pipe that nobody reads
    document = problem_of(error)
    response = _response(document)
    if isinstance(error, errors.Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
        log.warning("%s: %s (%s)", error.code, error.detail, _first_line(error.__cause__))
    if isinstance(error, errors.ConfigurationError):
        log.error("%s: %s", error.code, error.detail)
    if isinstance(error, errors.Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _first_line(cause: BaseException | None) -> str:
    """The first line of ``cause`` for the log: in the messages of databases, later lines may contain values of a
    row."""
    return str(cause).partition("\n")[0][:500]


def render_http(error: HTTPException) -> Any:
    """An error of Werkzeug as a response: an unknown path, a wrong method, a body that is too large."""
    if error.code is None or error.code < 400 or error.response is not None:
        return error
    code = error.name.lower().replace(" ", "_")
    response = _response(problem(error.code, code, error.description or error.name))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    if error.code in {411, 413, 415, 501}:
        _close(response)
    return response


def _render_unexpected(error: Exception) -> Response:
    waiting.look()  # logging may block: the log may be a pipe that nobody reads
    log.exception("unexpected error", exc_info=error)
    return _response(problem(500, "internal_error", "An unexpected error occurred. It is logged."))


def _response(document: Problem) -> Response:
    if prefers_page(otherwise=False):
        response = Response(own_page("problem").render(problem=document), document["status"])
        policies.give(response, policies.PLAIN)
    else:
        response = Response(orjson.dumps(document), document["status"], content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = NOT_KEPT
    response.vary.add("Accept")
    if leave_unread(request.environ):
        _close(response)
    return response


def _close(response: Response) -> None:
    """Ends the connection after ``response``: the rest of the body will not be read."""
    if may_close(request.environ):
        response.headers["Connection"] = "close"


def register(target: Blueprint | Flask) -> None:
    """Makes ``target`` answer every error with a problem document.

    Handlers are registered for each status, as Flask prefers an application's handler for one status to a blueprint's
    handler for all.
    """
    for status in default_exceptions:
        target.register_error_handler(status, render_http)
    target.register_error_handler(errors.ValetKeyError, render_error)
    target.register_error_handler(HTTPException, render_http)
    target.register_error_handler(Exception, _render_unexpected)
