"""Rendering: JSON by orjson, in an inexpensive response."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from valetkey.api.bodies import JSON

RETRY_AFTER = 2
"""When to ask again for an upload whose bytes have not arrived, or for an erasure, in seconds."""

NOT_KEPT = "no-store"
"""`Cache-Control` where nothing else is said: a CDN that is told to cache everything minds no credential."""


class JsonResponse(Response):
    """A response that is complete as it is made.

    Werkzeug looks through the headers again for each answer, and rewrites ``Location`` for old browsers: a twelfth of
    what a grant cost. Where there is something to clean (HEAD, 304) or to close, it still does.
    """

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        body = self.response
        if environ["REQUEST_METHOD"] == "HEAD" or self.status_code == 304 or self._on_close or type(body) is not list:
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return body


class PlainResponse(NamedTuple):
    """JSON that is to be sent, and its own headers."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def response(self) -> JsonResponse:
        """It as Flask's views return it."""
        given = Headers()
        given.add("Content-Type", JSON)  # one by one: asking a mapping what it is costs more than all of it
        for name, value in self.headers.items():
            given.add(name, value)
        return JsonResponse(self.content, self.status, given)

    def start(self, start_response: Any) -> list[bytes]:
        """It as WSGI has it, without Flask."""
        own = [("Content-Type", JSON), *self.headers.items(), ("Content-Length", str(len(self.content)))]
        start_response(f"{self.status} {HTTP_STATUS_CODES[self.status]}", own)
        return [self.content]


_NOT_KEPT: Mapping[str, str] = {"Cache-Control": NOT_KEPT}


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> PlainResponse:
    """``body`` as JSON; moments become RFC 3339 with ``Z``. No cache keeps it, unless ``headers`` say otherwise."""
    own = {**_NOT_KEPT, **headers} if headers else _NOT_KEPT
    return PlainResponse(status, own, orjson.dumps(body, option=orjson.OPT_UTC_Z))


def render(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonResponse:
    """The same as a response of Flask's."""
    return answer(body, status, headers).response()
