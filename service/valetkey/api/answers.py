"""Answers: JSON by orjson, in a response that costs little."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from flask import Response


class JsonResponse(Response):
    """A response that is complete as it is made.

    Werkzeug looks through the headers again for each answer, and rewrites ``Location`` for old browsers: a twelfth of
    what a grant cost. Where there is something to clean (HEAD, 304) or to close, it still does.
    """

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD" or self.status_code == 304 or self._on_close:
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return [self.get_data()]


def render(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonResponse:
    """``body`` as JSON; moments become RFC 3339 with ``Z``."""
    content = orjson.dumps(body, option=orjson.OPT_UTC_Z)
    return JsonResponse(content, status, {"Content-Type": "application/json", **(headers or {})})
