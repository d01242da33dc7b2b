"""Rendering: JSON by orjson, in a response that costs little."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from flask import Response
from werkzeug.datastructures import Headers

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


def render(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonResponse:
    """``body`` as JSON; moments become RFC 3339 with ``Z``. No cache keeps it, unless ``headers`` say otherwise."""
    content = orjson.dumps(body, option=orjson.OPT_UTC_Z)
    given = Headers()
    given.add("Content-Type", "application/json")  # one by one: asking a mapping what it is costs more than all of it
    if not headers or "Cache-Control" not in headers:
        given.add("Cache-Control", NOT_KEPT)
    for name, value in (headers or {}).items():
        given.add(name, value)
    return JsonResponse(content, status, given)
