"""Limits on request bodies, checked before a byte is read: no stream enters the service."""

import logging
from collections.abc import Mapping
from io import BytesIO
from sys import maxsize
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Request, request
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    HTTPException,
    LengthRequired,
    RequestEntityTooLarge,
    RequestURITooLarge,
    UnsupportedMediaType,
)
from werkzeug.exceptions import NotImplemented as CodingUnknown
from werkzeug.wsgi import get_input_stream

from valetkey.api.socket_bodies import BodyReaders, is_whole, read_known
from valetkey.core.errors import ConfigurationError, ValetKeyError

log = logging.getLogger("valetkey")

MAX_BODY = 256 * 1024
"""The largest body that is read, in bytes: enough for a batch of 100 uploads, and too small for files."""

JSON = "application/json"

_READ_LIMIT = MAX_BODY + 1  # one more, to tell a chunked body that is too large from one that just fits

MAX_QUERY = 16 * 1024
"""The longest query string that is parsed, in characters: no call of ours has thousands of fields."""

_TOO_LARGE = f"A request has at most {MAX_BODY} bytes: files go straight to S3."
_NO_FILES = "Files go straight to S3: request a grant with a JSON body."
_GONE = (
    "Something in this application read the request's body before valetkey, and did not keep it. "
    "A hook that needs it has to call request.get_data(), which keeps it."
)

_DIGITS = 20
"""A length with more digits than that is taken for larger than any: nobody writes zeros in front."""

_RARE = frozenset({"HTTP_ORIGIN", "HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_ENCODING"})
"""Headers that few requests have, and that may lead to a refusal, or to more headers in the response."""

_WHOLE = frozenset({SpooledTemporaryFile, BytesIO})
"""Types of inputs that have the whole body, with or without a length: those of asgiref and Tornado."""

_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


class BodylessRequest(Request):
    """A request that has no ``form`` and no ``files``, and ends at `MAX_BODY`, whatever a view does with it."""

    max_content_length = _READ_LIMIT

    def get_data(self, cache: bool = True, as_text: Any = False, parse_form_data: bool = False) -> Any:
        """As in Flask, but a body of a known length is read without the streams in between, at half the cost."""
        length = announced_length(self.environ)
        if cache or as_text or parse_form_data or not length or length > MAX_BODY or _was_touched(self):
            return super().get_data(cache, as_text, parse_form_data)
        return read_known(self.environ, length)

    def _load_form_data(self) -> None:
        raise UnsupportedMediaType(_NO_FILES)


def _this() -> Request:
    """The request itself: each access through Flask's proxy costs as much as reading the body."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - documented
    return found


def refuse_streams() -> None:
    """Runs before each request of any application. Raises 415 for a form or a compressed body, 413 for a large one, 501
    for another transfer coding, 411 for chunks that the server does not decode, 414 for a long query and 400 for one
    that is not UTF-8. Code that reads a refused body later finds it empty."""
    this = _this()
    try:
        _require_small(this, this.environ)
    except HTTPException:
        if not _was_touched(this):
            this.stream = BytesIO()  # for a hook that writes a log, for example
        raise
    if type(this.environ.get("wsgi.input")) in _WHOLE:
        this.environ["wsgi.input_terminated"] = True
    _limit(this)


def _require_small(this: Request, environ: Mapping[str, Any]) -> None:
    if environ.get("CONTENT_TYPE") != JSON:  # saves most requests the parsing of their type
        mimetype = this.mimetype
        if mimetype in _FORMS or mimetype.startswith("multipart/"):
            raise UnsupportedMediaType(_NO_FILES)
    if announced_length(environ) > MAX_BODY:
        raise RequestEntityTooLarge(_TOO_LARGE)
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in {"identity", ""} and _has_body(environ):
        raise UnsupportedMediaType("Send the body as it is: Content-Encoding is not decoded here.")
    if environ.get("HTTP_TRANSFER_ENCODING", "chunked").strip().lower() != "chunked":
        raise CodingUnknown("Send the body as it is or in chunks: other Transfer-Encodings are not decoded here.")
    if _ends_nowhere(environ):
        raise LengthRequired("The server of this application does not decode chunks: send a Content-Length.")
    _require_readable(environ.get("QUERY_STRING", ""))


def _ends_nowhere(environ: Mapping[str, Any]) -> bool:
    """Whether the body comes in chunks that the server does not decode, as uWSGI does not. Werkzeug shows such a body
    as an empty one, which some calls accept."""
    if "HTTP_TRANSFER_ENCODING" not in environ or environ.get("CONTENT_LENGTH"):
        return False
    return not environ.get("wsgi.input_terminated") and type(environ.get("wsgi.input")) not in _WHOLE


def _has_body(environ: Mapping[str, Any]) -> bool:
    return announced_length(environ) > 0 or "HTTP_TRANSFER_ENCODING" in environ


def _require_readable(query: str) -> None:
    """Raises 414 for a long query, and 400 for one that is not UTF-8, at which werkzeug would fail."""
    if len(query) > MAX_QUERY:
        raise RequestURITooLarge(f"A query has at most {MAX_QUERY} characters.")
    if not query.isascii():
        try:
            query.encode("latin-1").decode()  # WSGI's encoding of bytes
        except UnicodeError:
            raise BadRequest("The query is not UTF-8: percent-encode characters that are not ASCII.") from None


def _limit(this: Request) -> None:
    """Sets our limit for the body of ``this``, whatever the application allows its own views."""
    try:
        this.max_content_length = _READ_LIMIT
    except AttributeError:  # a property of the application's own class, without a setter
        if not _was_touched(this):
            this.stream = get_input_stream(this.environ, max_content_length=_READ_LIMIT)


def _was_touched(this: Request) -> bool:
    """Whether other code has started to read the body, so that the server's stream is no longer complete."""
    return "stream" in vars(this)  # a cached property, which werkzeug reads the body through


def announced_length(environ: Mapping[str, Any]) -> int:
    """The announced length of the body in bytes; 0 if there is none, or if it is not a number."""
    text: str = environ.get("CONTENT_LENGTH", "")
    if len(text) > _DIGITS and text.isdecimal():  # anybody may send them, and Python reads 4,300 digits at most
        return maxsize
    return int(text) if text.isdecimal() else 0


def is_plain(environ: Mapping[str, Any], *, max_query: int = 0, may_be_empty: bool = False) -> bool:
    """Whether a request has small and complete JSON, is not a page's, and has a query of at most ``max_query``
    characters: then it would not be refused before it is read, and its response needs no more headers.

    With ``may_be_empty`` it may also have no body, with or without a type.
    """
    empty = may_be_empty and environ.get("CONTENT_LENGTH") == "0"
    kind = environ.get("CONTENT_TYPE") or (JSON if empty else None)
    if kind != JSON or not _RARE.isdisjoint(environ):
        return False
    query: str = environ.get("QUERY_STRING", "")
    if len(query) > max_query or not query.isascii():
        return False
    return is_whole(environ) and (empty or 0 < announced_length(environ) <= MAX_BODY)


def whole_body(environ: Mapping[str, Any]) -> bytes:
    """The body of a request that `is_plain`. Raises `ClientDisconnected` if it ends early."""
    return read_known(environ, announced_length(environ))


def json_body() -> bytes:
    """The raw body of a JSON request. Raises 415 for another type and 413 past `MAX_BODY`.

    wsgiref and eventlet call the type of a request without a body ``text/plain``: an empty body is of any type.
    """
    this = _this()
    if this.environ.get("CONTENT_TYPE") != JSON and this.mimetype and not this.is_json and _has_body(this.environ):
        raise UnsupportedMediaType("The body must be application/json.")
    return _read(this)


def raw_body() -> bytes:
    """The raw body of any type except a form. Raises 413 past `MAX_BODY`."""
    return _read(_this())


def _read(this: Request) -> bytes:
    environ = this.environ
    if is_whole(environ):
        body = _rest(this)
    else:
        with _room.place(environ):
            body = _received(this, environ)
    if len(body) > MAX_BODY:  # a chunked one: it announced no length, and werkzeug silently stops reading
        raise RequestEntityTooLarge(_TOO_LARGE)
    return body


def _received(this: Request, environ: Mapping[str, Any]) -> bytes:
    """The body, from the server's socket. Raises `ClientDisconnected` if the connection breaks or a chunk is invalid:
    each server has its own errors for that."""
    length = announced_length(environ)
    try:
        return read_known(environ, length) if length and not _was_touched(this) else _rest(this)
    except (HTTPException, ValetKeyError):
        raise
    except Exception as error:
        log.info("The body of a request did not arrive completely: %s.", type(error).__name__)
        raise ClientDisconnected("The body did not arrive completely.") from error


def _rest(this: Request) -> bytes:
    """The body by werkzeug, which still has it if a hook has read it as Flask's documentation says.

    Raises `ConfigurationError` if a hook did not keep it.
    """
    body: bytes = this.get_data(cache=False)
    if len(body) < announced_length(this.environ) and _was_touched(this):
        raise ConfigurationError(_GONE)
    return body


_room = BodyReaders()
