"""CORS by flask-cors: pages of the configured origins may call the API, and no others.

No cookie is read here, so no credentials mode is needed: a page sends its ticket in ``Authorization``.
"""

import re
from collections.abc import Sequence

from flask import Flask, Response, request
from flask_cors import cross_origin

ANY = "*"

METHODS = ["GET", "POST", "DELETE", "OPTIONS"]

REQUEST_HEADERS = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
"""Any header (RFC 9110's token). Monitoring adds headers to each request of a page (Sentry, OpenTelemetry, Application
Insights, Jaeger), which nothing here reads, and of which no list is complete. Pages are identified by their origins."""

EXPOSED_HEADERS = ["ETag", "Idempotency-Replayed", "Location", "Retry-After"]

MAX_AGE = 86_400
"""How long a browser may cache a preflight, in seconds; browsers have their own upper bounds."""


def allow(app: Flask, origins: Sequence[str], *, blueprints: Sequence[str], paths: Sequence[str]) -> None:
    """Adds CORS headers for pages of ``origins`` (each exact, or `ANY` alone) on the routes of ``blueprints``.

    That includes errors, also for unknown routes below ``paths``, and preflights, which need no credential. Other
    routes of ``app`` are unchanged; without origins nothing is registered. CORS headers that the application has set on
    our routes are removed: if a header has two origins, browsers refuse both.
    """
    if not origins:
        return
    ours, below, exact = frozenset(blueprints), tuple(paths), ANY not in origins
    answer = cross_origin(
        # flask-cors takes a text with brackets, as an IPv6 address has them, for a pattern
        origins=[re.compile(re.escape(origin) + r"\Z") for origin in origins] if exact else ANY,
        methods=METHODS,
        allow_headers=[REQUEST_HEADERS],
        expose_headers=EXPOSED_HEADERS,
        max_age=MAX_AGE,
        supports_credentials=False,
        send_wildcard=True,
        always_send=False,
        vary_header=False,  # it sets none for an origin that is refused
        automatic_options=True,
        allow_private_network=False,
    )(_as_it_is)

    def add_headers(response: Response) -> Response:
        environ = request.environ
        from_page = "HTTP_ORIGIN" in environ
        if not from_page and environ["REQUEST_METHOD"] == "POST":  # most requests: no page, and nothing to cache
            return response
        known = request.url_rule is not None
        if not (request.blueprint in ours if known else request.path.startswith(below)):
            return response
        if from_page:
            for name in {name for name, _ in response.headers if name.lower().startswith("access-control-")}:
                del response.headers[name]
            response = answer(response)
        if exact:  # a cache must not give one origin's response to another
            response.vary.add("Origin")
        return response

    # the last of all, so that the application's own hooks, registered before or after ours, have run
    app.after_request_funcs.setdefault(None, []).insert(0, add_headers)


def _as_it_is(response: Response) -> Response:
    return response
