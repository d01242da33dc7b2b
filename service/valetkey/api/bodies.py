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
_NO_FILES = "Files go straight to S3: ask for a grant with a JSON body."
_GONE = (
    "Something in this application read the request's body before valetkey, and did not keep it. "
    "A hook that needs it calls request.get_data(), which does."
)

_DIGITS = 20
"""A length with more digits than that is taken for larger than any: nobody writes zeros in front."""

_RARE = frozenset({"HTTP_ORIGIN", "HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_ENCODING"})
"""What few requests have, and what decides about a refusal, or about the headers of an answer."""

_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


class BodylessRequest(Request):
    """A request that has no ``form`` and no ``files``, and ends at `MAX_BODY`, whatever a view does with it."""

    max_content_length = _READ_LIMIT

    def get_data(self, cache: bool = True, as_text: Any = False, parse_form_data: bool = False) -> Any:
        """As in Flask, but a body of a known length is read without the streams in between: half of what it cost."""
        length = announced_length(self.environ)
        if cache or as_text or parse_form_data or not length or length > MAX_BODY or _was_touched(self):
            return super().get_data(cache, as_text, parse_form_data)
        return read_known(self.environ, length)

    def _load_form_data(self) -> None:
        raise UnsupportedMediaType(_NO_FILES)


def _this() -> Request:
    """The request itself: each look through Flask's proxy costs as much as reading the body."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - documented
    return found


def refuse_streams() -> None:
    """Run before each request of any application. Raises 415 for a form or a compressed body, 413 for a large one, 501
    for one in a transfer coding of its own, 411 for chunks that the server does not undo, 414 for a long query and 400
    for one that is no UTF-8; whoever reads a refused body later finds it empty."""
    this = _this()
    try:
        _require_small(this, this.environ)
    except HTTPException:
        if not _was_touched(this):
            this.stream = BytesIO()  # a hook that writes a log, say
        raise
    if type(this.environ.get("wsgi.input")) is SpooledTemporaryFile:
        this.environ["wsgi.input_terminated"] = True  # asgiref's has all of the body, whether a length was said or not
    _limit(this)


def _require_small(this: Request, environ: Mapping[str, Any]) -> None:
    if environ.get("CONTENT_TYPE") != JSON:  # spares most requests the parsing of their type
        mimetype = this.mimetype
        if mimetype in _FORMS or mimetype.startswith("multipart/"):
            raise UnsupportedMediaType(_NO_FILES)
    if announced_length(environ) > MAX_BODY:
        raise RequestEntityTooLarge(_TOO_LARGE)
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in {"identity", ""} and _has_body(environ):
        raise UnsupportedMediaType("A body is sent as it is: no Content-Encoding is undone here.")
    if environ.get("HTTP_TRANSFER_ENCODING", "chunked").strip().lower() != "chunked":
        raise CodingUnknown("A body is sent as it is or in chunks: no other Transfer-Encoding is undone here.")
    if _ends_nowhere(environ):
        raise LengthRequired("The server of this application does not undo chunks: send a Content-Length.")
    _require_readable(environ.get("QUERY_STRING", ""))


def _ends_nowhere(environ: Mapping[str, Any]) -> bool:
    """Whether the body comes in chunks that the server leaves as they are, as uWSGI does. Werkzeug shows such a body as
    an empty one, and an empty one means something to some calls."""
    if "HTTP_TRANSFER_ENCODING" not in environ or environ.get("CONTENT_LENGTH"):
        return False
    return not environ.get("wsgi.input_terminated") and type(environ.get("wsgi.input")) is not SpooledTemporaryFile


def _has_body(environ: Mapping[str, Any]) -> bool:
    return announced_length(environ) > 0 or "HTTP_TRANSFER_ENCODING" in environ


def _require_readable(query: str) -> None:
    """Werkzeug reads it as UTF-8, and fails where it is none."""
    if len(query) > MAX_QUERY:
        raise RequestURITooLarge(f"A query has at most {MAX_QUERY} characters.")
    if not query.isascii():
        try:
            query.encode("latin-1").decode()  # as WSGI has bytes
        except UnicodeError:
            raise BadRequest("The query is no UTF-8: write what is not ASCII with percent signs.") from None


def _limit(this: Request) -> None:
    """Whatever the application allows its own views, reading ``this`` ends at our limit."""
    try:
        this.max_content_length = _READ_LIMIT
    except AttributeError:  # a property of the application's own class, without a setter
        if not _was_touched(this):
            this.stream = get_input_stream(this.environ, max_content_length=_READ_LIMIT)


def _was_touched(this: Request) -> bool:
    """Whether other code has started to read the body, so that the server's stream no longer has all of it."""
    return "stream" in vars(this)  # a cached property: what werkzeug reads, it reads through this one


def announced_length(environ: Mapping[str, Any]) -> int:
    """The announced length of the body in bytes; 0 if there is none, or if it is not a number."""
    text: str = environ.get("CONTENT_LENGTH", "")
    if len(text) > _DIGITS and text.isdecimal():  # anybody may send them, and Python reads 4,300 digits at most
        return maxsize
    return int(text) if text.isdecimal() else 0


def is_plain(environ: Mapping[str, Any], *, max_query: int = 0, may_be_empty: bool = False) -> bool:
    """Whether a request is JSON that is small and there as a whole, of no page, and has a query of at most so many
    characters: nothing of it would be refused before it is read, and no answer to it needs more headers than its own.

    One that ``may_be_empty`` may say that it has no body, and of which type that would be or not.
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
    """The raw body of a JSON request. Raises 415 for another type and 413 past `MAX_BODY`."""
    this = _this()
    if this.environ.get("CONTENT_TYPE") != JSON and this.mimetype and not this.is_json:
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
    if len(body) > MAX_BODY:  # a chunked one: it announced no length, and werkzeug stops reading without a word
        raise RequestEntityTooLarge(_TOO_LARGE)
    return body


def _received(this: Request, environ: Mapping[str, Any]) -> bytes:
    """The body, from the server's socket. Raises `ClientDisconnected` if the connection breaks, or what arrives is no
    chunk: each server has errors of its own for that."""
    length = announced_length(environ)
    try:
        return read_known(environ, length) if length and not _was_touched(this) else _rest(this)
    except (HTTPException, ValetKeyError):
        raise
    except Exception as error:
        log.info("The body of a request did not arrive whole: %s.", type(error).__name__)
        raise ClientDisconnected("The body did not arrive whole.") from error


def _rest(this: Request) -> bytes:
    """The body by werkzeug, which has it yet if a hook has read it as Flask's documentation says.

    Raises `ConfigurationError` when one took it away.
    """
    body: bytes = this.get_data(cache=False)
    if len(body) < announced_length(this.environ) and _was_touched(this):
        raise ConfigurationError(_GONE)
    return body


_room = BodyReaders()
