"""Rendering: JSON by orjson, in an inexpensive response."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from valetkey.api.bodies import JSON

RETRY_AFTER = 2
"""When clients should poll again for an upload whose bytes have not arrived, or for an erasure, in seconds."""

NOT_KEPT = "no-store"
"""The default `Cache-Control`: a CDN that caches everything would ignore credentials."""


class JsonResponse(Response):
    """A response that needs no more processing.

    For each response werkzeug scans the headers again and rewrites ``Location`` for old browsers: a twelfth of the cost
    of a grant. It still does so if there is something to remove (HEAD, 304) or to close.
    """

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        body = self.response
        if environ["REQUEST_METHOD"] == "HEAD" or self.status_code == 304 or self._on_close or type(body) is not list:
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return body


class PlainResponse(NamedTuple):
    """A JSON body with its status and headers."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def response(self) -> JsonResponse:
        """The response for a Flask view."""
        given = Headers()
        given.add("Content-Type", JSON)  # one by one: checking the type of a mapping costs more than all of them
        for name, value in self.headers.items():
            given.add(name, value)
        return JsonResponse(self.content, self.status, given)

    def start(self, start_response: Any) -> list[bytes]:
        """Sends it by WSGI, without Flask."""
        own = [("Content-Type", JSON), *self.headers.items(), ("Content-Length", str(len(self.content)))]
        start_response(f"{self.status} {HTTP_STATUS_CODES[self.status]}", own)
        return [self.content]


_NOT_KEPT: Mapping[str, str] = {"Cache-Control": NOT_KEPT}


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> PlainResponse:
    """``body`` as JSON, with times in RFC 3339 with ``Z``. It is not cached unless ``headers`` say otherwise."""
    own = {**_NOT_KEPT, **headers} if headers else _NOT_KEPT
    return PlainResponse(status, own, orjson.dumps(body, option=orjson.OPT_UTC_Z))


def render(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonResponse:
    """The same as a Flask response."""
    return answer(body, status, headers).response()
